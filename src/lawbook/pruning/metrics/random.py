"""Random pruning: no score; the order is drawn from the run's seed."""

from lawbook.pruning.metrics import Metric

metric = Metric(name="random", source="the control of every pruning study", score=None)
