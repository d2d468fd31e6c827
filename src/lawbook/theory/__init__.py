"""Exact results to lay trained runs beside: functions of arrays that know nothing of studies or torch."""
