"""The frontier of a fitted law L(N, D): the N that minimises it along C(N, D) = C."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from lawbook.errors import LawbookError, listed
from lawbook.laws.fitted import Fit
from lawbook.laws.frontier.cost import SIX, Cost, compute_of, log_budgets, samples_at
from lawbook.laws.frontier.result import MOST_DRAWS, Frontier, Optima, percentile_method, refused, summarise
from lawbook.laws.law import Array, Law
from lawbook.laws.note import refusal, warning
from lawbook.laws.uncertainty import quantile_levels
from lawbook.storage.status import FitStatus

_DOUBTS = ("lack_of_fit", "systematic_residuals")
"""Warnings of a fit, short of a refusal, that its frontier carries on."""

_DEFAULT_BUDGETS = 13
_GRID = 513
_MARGIN = np.log(1e3)
_STEP = 2e-3
"""In log N: the differences of fourth order below are then exact to about 1e-10 of the curvature."""
_NEWTON_STEPS = 5
_FAR = 300.0
_STENCIL = np.array([-2.0, -1.0, 0.0, 1.0, 2.0]) * _STEP
_SLOPE = np.array([1.0, -8.0, 0.0, 8.0, -1.0]) / (12 * _STEP)
_CURVATURE = np.array([-1.0, 16.0, -30.0, 16.0, -1.0]) / (12 * _STEP**2)


def parametric(fitted: Fit, budgets: ArrayLike | None = None, *, flops: Cost = SIX) -> Frontier:
    """Return N*, D* and D*/N* of a fitted law of N and D at each budget, with bands from the fit's draws.

    Chinchilla's law under C = k·N·D has the closed form N* = G (C/k)^(β/(α+β)), G = (αA/βB)^(1/(α+β));
    for other laws or rules log L is minimised over log N. Without `budgets` (m,), 13 span the range of C of
    the fitted points; those beyond it get a Note, as do those without a minimum in some draws, and those
    without one in half of the draws are left out. A fit whose status is not 'ok' (misspecified laws are
    refused there) gives a refused frontier with the reason; a miss too small for that is passed on.
    Raises LawbookError for a law without the inputs N and D, or a budget ≤ 0.
    Source: Hoffmann et al. 2022, arXiv:2203.15556, approach 3 and eq. 4.
    """
    law = fitted.law
    columns = size_and_samples(law)
    if fitted.status != FitStatus.OK:
        text = f"the fit of {law.name} is {fitted.status}: {fitted.reason}"
        return refused("parametric", refusal("fit_not_ok", text, status=fitted.status))
    x = fitted.points[list(fitted.inputs)].to_numpy(dtype=float)[:, columns]
    spent = np.log(compute_of(x[:, 0], x[:, 1], flops))
    every = np.linspace(spent.min(), spent.max(), _DEFAULT_BUDGETS)
    log_c = every if budgets is None else log_budgets(budgets)
    drawn = fitted.draws[np.isfinite(fitted.draws).all(axis=1)]
    parameters = np.vstack([fitted.parameters, drawn])
    if law.name == "chinchilla" and not callable(flops):
        log_n = closed_form(parameters, log_c - np.log(flops))
    else:
        log_n = _minimise(law, parameters, log_c, _bracket(x[:, 0], log_c, spent), flops)
    # Where a term vanishes the optimum runs away: no budget has one.
    log_n = np.where(np.abs(log_n) < _FAR, log_n, np.nan)
    log_l = _along(law, parameters, log_c, log_n[:, :, None], flops)[:, :, 0]
    has = np.isfinite(log_n) & np.isfinite(log_l)
    share = has[1:].mean(axis=0) if len(drawn) else np.ones(len(log_c))
    found = has[0] & (share >= MOST_DRAWS)
    notes = [note for note in fitted.notes if note.code in _DOUBTS]
    for code, chosen, what in (
        ("no_optimum", ~found, "have no minimum over N, or none in half of the draws, and are left out"),
        (
            "draws_without_optimum",
            found & (share < 1),
            "have intervals over the draws with a minimum over N only",
        ),
        ("extrapolated", (log_c < spent.min() - 1e-9) | (log_c > spent.max() + 1e-9), "lie beyond the data"),
    ):
        if chosen.any():
            at = np.exp(log_c[chosen]).tolist()
            text = f"{len(at)} budgets {what}: C = {listed(f'{c:.3g}' for c in at)}"
            notes.append(warning(code, text, budgets=at))
    optima = Optima(
        log_c[found], log_n[0, found], log_l[0, found], log_n[1:, found], log_l[1:, found],
        np.full(int(found.sum()), np.nan), quantile_levels(fitted.method, fitted.n_seeds, fitted.level),
        percentile_method(fitted.method), tuple(notes),
    )  # fmt: skip
    return summarise(optima, "parametric", flops, fitted.level)


def closed_form(parameters: Array, log_product: Array) -> Array:
    """Return log N* (..., m) of Chinchilla's law, parameters (..., 5) = E, A, B, α, β, at log(N·D) (m,).

    >>> float(np.exp(closed_form(np.array([1.69, 406.4, 410.7, 0.34, 0.28]), np.log([1e20])))[0].round(-6))
    1448000000.0
    """
    _, a, b, alpha, beta = np.moveaxis(parameters[..., None], -2, 0)
    with np.errstate(divide="ignore"):
        log_g = (np.log(alpha * a) - np.log(beta * b)) / (alpha + beta)
    return np.asarray(log_g + beta / (alpha + beta) * log_product)


def size_and_samples(law: Law) -> list[int]:
    """Return which of a law's inputs are N and D. Raises LawbookError unless it has these two."""
    for size, samples in (("N", "D"), ("m", "n")):
        if sorted(law.inputs) == sorted((size, samples)):
            return [law.inputs.index(size), law.inputs.index(samples)]
    raise LawbookError(f"the frontier needs a law of N and D; {law.name} is one of {', '.join(law.inputs)}")


def _bracket(size: Array, log_c: Array, spent: Array) -> tuple[Array, Array]:
    """Return where to look for log N*, (m,) each: N* grows as C^a with a between 0 and 1."""
    low = np.log(size.min()) + np.minimum(log_c - spent.min(), 0.0) - _MARGIN
    return low, np.log(size.max()) + np.maximum(log_c - spent.max(), 0.0) + _MARGIN


def _minimise(law: Law, parameters: Array, log_c: Array, bracket: tuple[Array, Array], flops: Cost) -> Array:
    """Return log N* (B, m): the lowest point of a grid, then Newton's method. NaN where the grid's end is."""
    log_n = np.full((len(parameters), len(log_c)), np.nan)
    spacing = (bracket[1] - bracket[0]) / (_GRID - 1)
    for j, one in enumerate(log_c):
        grid = np.linspace(bracket[0][j], bracket[1][j], _GRID)
        size = np.exp(grid)
        x = np.stack([size, samples_at(np.exp(one), size, flops)], axis=1)
        values = law.log_predict(x[:, size_and_samples(law)], parameters)
        lowest = np.where(np.isnan(values), np.inf, values).argmin(axis=1)
        log_n[:, j] = np.where((lowest > 0) & (lowest < _GRID - 1), grid[lowest], np.nan)
    start = log_n.copy()
    for _ in range(_NEWTON_STEPS):
        around = _along(law, parameters, log_c, log_n[:, :, None] + _STENCIL, flops)
        slope, curvature = around @ _SLOPE, around @ _CURVATURE
        with np.errstate(divide="ignore", invalid="ignore"):
            newton = np.where(curvature > 0, -slope / curvature, -np.sign(slope) * spacing / 2)
        log_n = np.clip(log_n + newton, start - spacing, start + spacing)
    return log_n


def _along(law: Law, parameters: Array, log_c: Array, log_n: Array, flops: Cost) -> Array:
    """Return log L at sizes (B, m, s) along the budgets (m,), each data set's own parameters (B, p)."""
    size = np.exp(log_n)
    samples = samples_at(np.exp(log_c)[:, None], size, flops)
    x = np.stack([size, samples], axis=-1).reshape(len(parameters), -1, 2)[:, :, size_and_samples(law)]
    values = [law.log_predict(own, theta) for own, theta in zip(x, parameters, strict=True)]
    return np.array(values).reshape(log_n.shape)
