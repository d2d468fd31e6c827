"""Which column of a table from outside tells the seeds, by the names that tools and people give it."""

from __future__ import annotations

import re
from collections.abc import Iterable

_BESIDE = frozenset(
    ("random", "rng", "global", "run", "trainer", "train", "training", "model", "data", "init", "torch", "numpy", "np",
     "config", "cfg", "hparams", "hyperparameters", "params", "param", "args", "settings", "everything", "id", "idx",
     "index", "no", "nr", "number", "value")
)  # fmt: skip
"""Words beside `seed` in a name that still tells seeds, as in `config.random_seed`; not so `n_seed`, `seed_loss`."""


def seed_columns(names: Iterable[str]) -> list[str]:
    """Return the columns that tell the seeds: `seed` where it is there, else each whose name says the same.

    >>> seed_columns(["N", "Seed", "seed"]), seed_columns(["config.seed", "loss", "nSeeds"])
    (['seed'], ['config.seed'])
    >>> seed_columns(["randomSeed", "data_seed", "seed_loss", "speed"])
    ['randomSeed', 'data_seed']
    """
    names = list(names)
    return ["seed"] if "seed" in names else [name for name in names if _tells_seeds(name)]


def _tells_seeds(name: str) -> bool:
    words = [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", name)]
    return words.count("seed") == 1 and all(word in _BESIDE for word in words if word != "seed")
