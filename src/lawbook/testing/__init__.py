"""Public checks: each holds an entry of a registry, shipped or a user's own, to its contract.

Call one from a test of your own: `check_task("mine", {"samples": 64})`. An AssertionError says what is broken.
"""

from lawbook.testing.laws import check_law
from lawbook.testing.measurements import check_measurement
from lawbook.testing.models import check_model
from lawbook.testing.tasks import check_task
from lawbook.testing.training import check_loss, check_optimizer

__all__ = ["check_law", "check_loss", "check_measurement", "check_model", "check_optimizer", "check_task"]
