"""The laws, one file each: `forms/NAME.py` defines `law`, the law NAME."""

from lawbook.laws.law import Law
from lawbook.registry import Registry

laws: Registry[Law] = Registry("lawbook.laws.forms", "law", "law")
