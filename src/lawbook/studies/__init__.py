"""Studies: from one YAML file to runs, shards and costs. Nothing here imports torch: it runs at parse time."""

from lawbook.studies.identity import Run
from lawbook.studies.plan import Plan, make_plan, plan_study, pools_digest, shard_digest
from lawbook.studies.study import Study, find_study, load_study, study_names

__all__ = [
    "Plan", "Run", "Study", "find_study", "load_study", "make_plan", "plan_study",
    "pools_digest", "shard_digest", "study_names",
]  # fmt: skip
