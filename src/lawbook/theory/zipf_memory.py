r"""A linear memory of K orthonormal facts with Zipf frequencies, under SGD and under steps by signs or by Muon.

Fact k has the frequency p_k ∝ k^-(1+α), and a loss of one until the memory holds it: L = Σ_k p_k (1 - w_k)². From
w = 0, batches of B, with n_k examples of fact k among them:

    SGD at the rate η     1 - w_k is multiplied by 1 - η n_k / B, of which the square has the mean
                          1 - 2 η p + η² (p² + p (1 - p) / B), a factor for each step;
    signs, Muon, η = 1    w_k is 1 as soon as fact k is seen: L = Σ_k p_k (1 - p_k)^D, the coverage law, D = B t.

Of both the loss falls as D^-α/(1+α): SGD needs B/(2η) encounters of a fact where they need one, which moves the
prefactor. With all facts in every batch, n_k / B = p_k, time tells them apart: under SGD L = Σ_k p_k (1 - η p_k)^{2t},
again a power law, by signs or Muon L = (1 - η t)², all facts at once, none.

Source: Hutter 2021, arXiv:2102.04074, for the coverage law. The gradient of a sum over orthonormal facts is diagonal
in them, and the orthogonal factor of a diagonal matrix is that of its signs.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from lawbook.axes import Config
from lawbook.theory.quanta import frequencies, sampler_loss

Floats = NDArray[np.float64]


def sgd_loss(steps: ArrayLike, n_facts: int, alpha: float, rate: float, batch_size: float = np.inf) -> Floats:
    """Compute the expected loss after some steps (S,) of SGD, (S,); of an infinite batch that of all facts at once.

    >>> sgd_loss([0, 1], 1, 0.5, 0.5)
    array([1.  , 0.25])
    """
    p = frequencies(n_facts, alpha)
    factor = 1 - 2 * rate * p + rate**2 * (p**2 + p * (1 - p) / batch_size)
    return np.array([float(p @ factor**step) for step in np.atleast_1d(np.asarray(steps))])


def sign_loss(steps: ArrayLike, rate: float) -> Floats:
    """Compute (1 - η t)² up to t = 1/η, of all facts at once.

    >>> sign_loss([0, 1, 2], 0.5)
    array([1.  , 0.25, 0.  ])
    """
    return np.square(np.maximum(0.0, 1 - rate * np.asarray(steps, dtype=np.float64)))


class ZipfMemory:
    """What is exact of the task `zipf_memory` learned from 0 by one layer: test_loss, and the coverage, test_unseen."""

    def along_steps(self, config: Config, steps: NDArray[np.int64], y: str) -> Floats:
        """Compute y after `steps` (S,); NaN of what is not known, such as signs at a rate that does not divide 1."""
        facts, alpha, rate = config["n_facts"], config["alpha"], config["learning_rate"]
        batch, sampled = config["batch_size"], config["draws"] == "sampled"
        by_signs = config["optimizer"] in ("signum", "muon")
        if not _is_known(config) or y not in ("test_loss", "test_unseen"):
            return np.full(len(steps), np.nan)
        if y == "test_unseen" or (by_signs and rate == 1.0 and sampled):
            seen = sampler_loss(batch * steps, facts, alpha)
            return seen if sampled else np.where(steps > 0, 0.0, 1.0)
        if config["optimizer"] == "sgd":
            return sgd_loss(steps, facts, alpha, rate, batch if sampled else np.inf)
        whole = not sampled and abs(1 / rate - round(1 / rate)) < 1e-9
        return sign_loss(steps, rate) if whole else np.full(len(steps), np.nan)

    def __call__(self, runs: pd.DataFrame, x: str, y: str) -> pd.Series:
        """Compute y of each row of a table of runs, after its `step`, else after the run's last one."""
        exact = pd.Series(np.nan, index=runs.index, dtype=float)
        after = "step" if "step" in runs else "steps"
        axes = ["n_facts", "alpha", "draws", "optimizer", "learning_rate", "batch_size"]
        for _, alike in runs[runs["task"] == "zipf_memory"].groupby(axes):
            config = {str(axis): value for axis, value in alike.iloc[0].items()}
            steps = alike[after].to_numpy(dtype=np.int64)
            distinct, place = np.unique(steps, return_inverse=True)
            exact[alike.index] = self.along_steps(config, distinct, y)[place]
        return exact


def _is_known(config: Config) -> bool:
    from_zero = config["model"] == "linear" or (
        config["model"] == "diagonal" and config["layers"] == 1 and config["start_strength"] == 0
    )
    plain = config["momentum"] == 0 and config["weight_decay"] == 0 and config["schedule"] == "constant"
    return bool(from_zero and plain)


exact_curve = ZipfMemory()
