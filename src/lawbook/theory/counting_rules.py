r"""How the best size grows with compute by each rule of counting parameters, on Chinchilla's surface, exactly.

The loss of a model of N_T parameters after D tokens is L = E + A/N_T^α + B/D^β. Where width and depth grow in
proportion, N parameters outside of the embeddings come with ω N^(1/3) inside them, N_T = N + ω N^(1/3). A study counts
its sizes as s(N) and its compute as C = 6 c(N) D, with N or N_T for each of s and c. At a budget of compute so counted

    α A κ_T / N_T^α = β B κ_c / D^β,    κ_f = d log f / d log N,    κ_T = 1 - ⅔ ω N^(1/3) / N_T,

so that the best N has the budget C(N) = 6 c (β B κ_c / (α A κ_T))^(1/β) N_T^(α/β), and sizes grow at the local exponent

    d log s / d log C = κ_s / (κ_c + (α κ_T + κ_c'/κ_c - κ_T'/κ_T) / β),    f' = d f / d log N.

It goes to β/(α+β) as N → ∞, by every rule: only finite sizes tell them apart.

Source: Pearce and Song 2024, arXiv:2406.12907, which has C(N) without embeddings and ω = 47,491.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

NON_EMBEDDING, TOTAL = "non_embedding", "total"
RULES = (NON_EMBEDDING, TOTAL)
"""What a size counts: parameters outside of the embeddings, N, or all of them, N_T."""

SIX = 6.0
"""FLOPs per parameter and token."""
_GRID = np.linspace(np.log(1e-2), np.log(1e18), 4001)
_NEWTON_STEPS = 3


@dataclass(frozen=True)
class Surface:
    """L = E + A/N_T^α + B/D^β with N_T = N + ω N^(1/3), ω = `embedding`. Parameters are numbers."""

    E: float
    A: float
    B: float
    alpha: float
    beta: float
    embedding: float = 0.0

    @property
    def limit(self) -> float:
        """Return β/(α+β), the exponent of the best size at infinite compute."""
        return self.beta / (self.alpha + self.beta)

    def count(self, size: ArrayLike, rule: str) -> Floats:
        """Return the parameters of models with N outside of the embeddings, counted by a rule.

        >>> Surface(1.8, 482, 2085, 0.35, 0.37, embedding=47491).count(8.0, "total")
        array(94990.)
        """
        n = np.asarray(size, dtype=float)
        return n if rule == NON_EMBEDDING else np.asarray(n + self.embedding * np.cbrt(n))

    def loss(self, size: ArrayLike, samples: ArrayLike) -> Floats:
        """Return L of models with N parameters outside of the embeddings, after D tokens."""
        d = np.asarray(samples, dtype=float)
        return np.asarray(self.E + self.A / self.count(size, TOTAL) ** self.alpha + self.B / d**self.beta)

    def budget(self, size: ArrayLike, rule: str) -> Floats:
        """Return C(N), the compute, counted by a rule, for which models with N are the best."""
        n = np.asarray(size, dtype=float)
        kappa, _ = self._slopes(n, TOTAL)
        kappa_c, _ = self._slopes(n, rule)
        ratio = self.beta * self.B * kappa_c / (self.alpha * self.A * kappa)
        samples = (ratio * self.count(n, TOTAL) ** self.alpha) ** (1 / self.beta)
        return np.asarray(SIX * self.count(n, rule) * samples)

    def local_exponent(self, size: ArrayLike, size_rule: str, compute_rule: str) -> Floats:
        """Return d log s / d log C at the best sizes N, s counted by one rule and C by another."""
        n = np.asarray(size, dtype=float)
        (kappa_s, _), (kappa_c, bend_c) = self._slopes(n, size_rule), self._slopes(n, compute_rule)
        kappa, bend = self._slopes(n, TOTAL)
        return np.asarray(
            kappa_s / (kappa_c + (self.alpha * kappa + bend_c / kappa_c - bend / kappa) / self.beta)
        )

    def best_size(self, compute: ArrayLike, rule: str) -> Floats:
        """Return N*(C), without embeddings, for compute counted by a rule.

        >>> surface = Surface(1.8172, 482.01, 2085.43, 0.3478, 0.3658, 47491)
        >>> surface.budget(surface.best_size([1e15, 1e20], "non_embedding"), "non_embedding")
        array([1.e+15, 1.e+20])
        """
        log_c = np.log(np.asarray(compute, dtype=float))
        log_n = np.interp(log_c, np.log(self.budget(np.exp(_GRID), rule)), _GRID)
        for _ in range(_NEWTON_STEPS):
            off = log_c - np.log(self.budget(np.exp(log_n), rule))
            log_n = log_n + off * self.local_exponent(np.exp(log_n), NON_EMBEDDING, rule)
        return np.asarray(np.exp(log_n))

    def _slopes(self, size: Floats, rule: str) -> tuple[Floats, Floats]:
        """Return κ = d log f / d log N of a count f, and dκ / d log N."""
        if rule == NON_EMBEDDING:
            return np.ones_like(size), np.zeros_like(size)
        share = self.embedding * np.cbrt(size) / self.count(size, TOTAL)
        kappa = 1 - 2 / 3 * share
        return kappa, -2 / 3 * share * (1 / 3 - kappa)


def exponent_over(compute: ArrayLike, sizes: ArrayLike) -> float:
    """Return the exponent of sizes (m,) in compute (m,) by least squares of log on log."""
    return float(np.polyfit(np.log(compute), np.log(sizes), 1)[0])


def best_of_sampled(surface: Surface, sampled: ArrayLike, compute: ArrayLike, rule: str) -> NDArray[np.int64]:
    """Return which of the sampled sizes (k,), without embeddings, has the least loss at each budget (m,).

    This is how Kaplan et al. and Pearce and Song read a frontier: there is no size between those that were trained.
    """
    n, c = np.asarray(sampled, dtype=float), np.asarray(compute, dtype=float)[:, None]
    return np.asarray(surface.loss(n, c / (SIX * surface.count(n, rule))).argmin(axis=1))
