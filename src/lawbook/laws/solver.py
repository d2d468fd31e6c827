"""One solver for every law: starts in the nonlinear parameters only, then batched Levenberg–Marquardt.

Residuals are r = log y − log ŷ. Many problems (starts × data sets × bootstrap draws) over one design are
solved together: the arrays lead with the problem. Nothing here depends on the units of x and y: the
design's own box bounds the nonlinear parameters, the linear ones are found by non-negative least squares,
and steps and stopping are measured in log residuals.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import qmc

from lawbook.errors import LawbookError, suggest
from lawbook.laws.law import Array, Counts, Flags, Law
from lawbook.laws.linear import least_squares, nonnegative_least_squares
from lawbook.seeds import generator

LOSSES = ("log_least_squares", "log_huber")
_CHUNK = 150_000
"""Numbers in the largest array of one chunk of problems: small enough to stay in a core's cache."""
_ITERATIONS = 200
_EXACT, _DRAWN = 1e-11, 1e-7
"""Largest cosine between the residuals and a column of the Jacobian, for an estimate and for a draw."""
_ROUND_OFF = 1e-15
"""Log residuals below this are zero in float64."""
_TAIL_CURVATURE = 0.1
"""Share of the reweighting curvature kept in Huber's linear tails: their exact curvature is 0."""


@dataclass(frozen=True)
class Loss:
    """The penalty ρ of a log residual: ½ r², or Huber's, linear beyond ±δ; one-sided where censored."""

    name: str = "log_least_squares"
    delta: float | None = None

    def __post_init__(self) -> None:
        if self.name not in LOSSES:
            raise LawbookError(f"unknown loss {self.name!r}; {suggest(self.name, LOSSES)}")
        if self.name == "log_huber" and not (self.delta is not None and 0 < self.delta < np.inf):
            raise LawbookError(f"loss 'log_huber' needs delta > 0, a log residual; got {self.delta!r}")

    def evaluate(self, r: Array, censored: Flags) -> tuple[Array, Array, Array]:
        """Return ρ(r), its derivative ψ and a positive curvature for the Gauss–Newton model."""
        with np.errstate(over="ignore"):
            if self.name == "log_huber" and self.delta is not None:
                size = np.abs(r)
                tail = size > self.delta
                rho = np.where(tail, self.delta * (size - 0.5 * self.delta), 0.5 * r * r)
                psi = np.clip(r, -self.delta, self.delta)
                curvature = np.where(tail, _TAIL_CURVATURE * self.delta / np.where(tail, size, 1.0), 1.0)
            else:
                rho, psi, curvature = 0.5 * r * r, r, np.ones_like(r)
        # A censored y is an upper limit: a law that stays below it pays nothing.
        free = censored & (r >= 0)
        return np.where(free, 0.0, rho), np.where(free, 0.0, psi), np.where(free, 0.0, curvature)


@dataclass(frozen=True)
class Solution:
    """The optimum of each problem: parameters (B, p), linear then nonlinear, and how it was reached.

    `objective` is Σ w ρ(r) with the weights scaled to mean 1; `gradient` the largest derivative of the mean
    loss along a parameter, per unit of root-mean-square change in log ŷ.
    """

    parameters: Array
    objective: Array
    gradient: Array
    converged: Flags
    starts: int
    starts_at_best: Counts


@dataclass(frozen=True)
class Design:
    """The distinct x of the points, (n, d), with what every problem over them shares."""

    law: Law
    x: Array
    box: Array

    @classmethod
    def of(cls, law: Law, x: Array) -> Design:
        """Return the design of a law over x (n, d), with the law's box for it."""
        return cls(law, x, law.box(x))

    def starts(self, count: int | None = None) -> Array:
        """Return start values of the nonlinear parameters, (S, k): Sobol points in the box.

        By default 32 for one nonlinear parameter and twice as many for each further one, at most 512.
        """
        k = len(self.law.nonlinear)
        count = count or min(512, 16 * 2**k)
        sobol = qmc.Sobol(k, scramble=True, rng=generator(0, f"starts {self.law.name}"))
        unit = sobol.random_base2(int(np.ceil(np.log2(count))))[:count]
        low, high = self.box[:, 0], self.box[:, 1]
        log_spaced = np.array(self.law.log_spaced)
        with np.errstate(invalid="ignore", divide="ignore"):
            geometric = low * (high / low) ** unit
        return np.where(log_spaced, geometric, low + (high - low) * unit)


@dataclass(frozen=True)
class Data:
    """What differs between data sets over one design: log y, weights and censoring, each (B, n).

    A weight 0 takes a point out; its log y must still be finite.
    """

    log_y: Array
    weights: Array
    censored: Flags

    def take(self, index: Counts | Flags) -> Data:
        """Return the data sets at these positions."""
        return Data(self.log_y[index], self.weights[index], self.censored[index])

    def at_points(self, chosen: Flags) -> Data:
        """Return the data sets at the chosen points (n,) only."""
        return Data(self.log_y[:, chosen], self.weights[:, chosen], self.censored[:, chosen])


def solve(
    law: Law,
    x: Array,
    data: Data,
    loss: Loss | None = None,
    *,
    warm: Array | None = None,
    starts: int | None = None,
) -> Solution:
    """Return argmin Σ_i w_i ρ(log y_i − log Σ_j c_j φ_j(x_i; θ)) over c ≥ 0 and θ in its box, per data set.

    x: (n, d), all distinct; data: (B, n) each. Without `warm`, every data set is solved from every Sobol
    start. With `warm` (p,), parameters near the optimum, each is solved from there and from the best of the
    starts for that data set. `starts` is their number.
    """
    loss = loss or Loss()
    design = Design.of(law, x)
    # y in units of its geometric mean and weights of mean 1: units change nothing, not even round-off's size.
    centre = np.average(
        data.log_y, axis=1, weights=np.where(data.weights.sum(1, keepdims=True) > 0, data.weights, 1)
    )
    total = data.weights.sum(axis=1, keepdims=True)
    count = np.maximum((data.weights > 0).sum(axis=1, keepdims=True), 1)
    scaled = Data(
        data.log_y - centre[:, None],
        data.weights * np.where(total > 0, count / np.where(total > 0, total, 1), 0),
        data.censored,
    )
    grid = design.starts(starts)
    B, n = data.log_y.shape
    if warm is None:
        problems = _solve_all(design, scaled, loss, grid)
    else:
        problems = _solve_warm(design, scaled, loss, grid, warm, centre)
    S = problems[1].shape[1]
    parameters, objective, gradient, converged = problems
    best = np.argmin(objective, axis=1)
    rows = np.arange(B)
    lowest = objective[rows, best]
    # Excess relative to the optimum, or, where that is round-off, to a residual of 1e-13.
    at_best = objective <= lowest[:, None] * (1 + 1e-9) + 0.5e-26 * n
    chosen = parameters[rows, best]
    m = len(law.linear)
    with np.errstate(over="ignore"):
        chosen[:, :m] *= np.exp(centre)[:, None]
    return Solution(
        chosen, lowest, gradient[rows, best], converged[rows, best], S, at_best.sum(axis=1).astype(np.int64)
    )


Problems = tuple[Array, Array, Array, Flags]


def _solve_all(design: Design, data: Data, loss: Loss, grid: Array) -> Problems:
    """Solve every data set from every start: (B, S, ...) each."""
    B, S = len(data.log_y), len(grid)
    which = np.repeat(np.arange(B), S)
    theta = np.tile(grid, (B, 1))
    c = np.concatenate(
        [_linear_at(design, data.take(np.arange(b, b + 1)), grid) for b in range(B)], axis=0
    ).reshape(B * S, -1)
    solved = _descend_chunks(design, data, which, np.concatenate([c, theta], axis=1), loss, _EXACT)
    return _by_data_set(solved, B, S)


def _solve_warm(design: Design, data: Data, loss: Loss, grid: Array, warm: Array, centre: Array) -> Problems:
    """Solve every data set from the warm start and from the best start of the grid: (B, 2, ...) each."""
    B, m = len(data.log_y), len(design.law.linear)
    first = np.tile(warm, (B, 1))
    first[:, :m] *= np.exp(-centre)[:, None]
    second = np.empty_like(first)
    step = max(1, _CHUNK // (grid.shape[0] * design.x.shape[0] * (m + 1)))
    for low in range(0, B, step):
        part = data.take(np.arange(low, min(low + step, B)))
        c = _linear_at(design, part, grid)
        values = np.stack([_value(design, part, c[:, s], grid[s], loss) for s in range(len(grid))], axis=1)
        best = np.argmin(values, axis=1)
        rows = np.arange(len(best))
        second[low : low + len(best)] = np.concatenate([c[rows, best], grid[best]], axis=1)
    both = np.stack([first, second], axis=1).reshape(2 * B, -1)
    which = np.repeat(np.arange(B), 2)
    return _by_data_set(_descend_chunks(design, data, which, both, loss, _DRAWN), B, 2)


def _by_data_set(solved: Problems, B: int, S: int) -> Problems:
    parameters, objective, gradient, converged = solved
    return (
        parameters.reshape(B, S, -1), objective.reshape(B, S), gradient.reshape(B, S), converged.reshape(B, S)
    )  # fmt: skip


def _linear_at(design: Design, data: Data, theta: Array) -> Array:
    """Return the linear coefficients that are best for each data set at each θ of a grid: (B, S, m).

    One term: exact in the log. Several: least squares in relative residuals, close enough to start from.
    """
    log_basis = design.law.log_basis(design.x, theta)  # (S, n, m)
    B, (S, n, m) = len(data.log_y), log_basis.shape
    weights = np.where(data.censored, 0.0, data.weights)
    weights = np.where(weights.sum(axis=1, keepdims=True) > 0, weights, 1.0)
    if m == 1:
        total = weights.sum(axis=1)
        log_c = (np.einsum("bn,bn->b", weights, data.log_y) / total)[:, None] - np.einsum(
            "bn,sn->bs", weights / total[:, None], log_basis[:, :, 0]
        )
        return np.asarray(np.exp(np.clip(log_c, -700.0, 700.0))[..., None])
    shift = log_basis.max(axis=1, keepdims=True)
    root = np.sqrt(weights) * np.exp(-data.log_y)
    root = root / root.max(axis=1, keepdims=True)
    A = (root[:, None, :, None] * np.exp(log_basis - shift)).reshape(B * S, n, m)
    b = np.repeat(root * np.exp(data.log_y), S, axis=0)
    c = nonnegative_least_squares(A, b).reshape(B, S, m)
    return np.asarray(np.exp(np.log(np.maximum(c, 1e-300)) - np.clip(shift[:, 0], -300.0, 300.0)) * (c > 0))


def _value(design: Design, data: Data, c: Array, theta: Array, loss: Loss) -> Array:
    """Return the objective of each data set at c (B, m) and one θ (k,)."""
    with np.errstate(divide="ignore"):
        log_terms = np.log(c)[:, None, :] + design.law.log_basis(design.x, theta[None])
    r = data.log_y - np.logaddexp.reduce(log_terms, axis=-1)
    value: Array = np.einsum("bn,bn->b", data.weights, loss.evaluate(r, data.censored)[0])
    return value


def _descend_chunks(
    design: Design, data: Data, which: Counts, start: Array, loss: Loss, tolerance: float
) -> Problems:
    """Descend from each start on data set `which`, some problems at a time."""
    n, p = design.x.shape[0], start.shape[1]
    step = max(1, _CHUNK // ((n + p) * p))
    parts = [
        _descend(design, data.take(which[low : low + step]), start[low : low + step], loss, tolerance)
        for low in range(0, len(which), step)
    ]
    parameters, objective, gradient, converged = (np.concatenate(part) for part in zip(*parts, strict=True))
    return parameters, objective, gradient, converged


@dataclass
class _State:
    """A point of each problem: its residual terms and the Jacobian of log ŷ in every parameter."""

    parameters: Array
    objective: Array
    psi: Array
    curvature: Array
    J: Array

    def put(self, index: Counts, other: _State, rows: Flags) -> None:
        for name in ("parameters", "objective", "psi", "curvature", "J"):
            getattr(self, name)[index[rows]] = getattr(other, name)[rows]

    def take(self, index: Counts) -> _State:
        return _State(
            self.parameters[index],
            self.objective[index],
            self.psi[index],
            self.curvature[index],
            self.J[index],
        )


def _evaluate(design: Design, data: Data, parameters: Array, loss: Loss, project: bool = True) -> _State:
    """Evaluate the law, its Jacobian and the loss; with `project`, at the best common factor of c."""
    m = len(design.law.linear)
    c, theta = parameters[:, :m], parameters[:, m:]
    log_basis = design.law.log_basis(design.x, theta)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        log_terms = np.log(c)[:, None, :] + log_basis
        top = log_terms.max(axis=2, keepdims=True)
        shares = np.exp(log_terms - top)
        total = shares.sum(axis=2, keepdims=True)
        log_fit = top + np.log(total)
        dead = ~np.isfinite(log_fit[..., 0])
        shares = np.where(dead[..., None], 0.0, shares / total)
        in_c = np.exp(np.clip(log_basis - np.where(dead[..., None], 0.0, log_fit), -300.0, 300.0))
    in_theta = np.einsum("bnm,bnmk->bnk", shares, design.law.log_basis_jacobian(design.x, theta))
    r = np.where(dead, np.inf, data.log_y - log_fit[..., 0])
    if project and loss.name == "log_least_squares":
        # log ŷ is linear in the logarithm of a common factor of c, whose best value is known.
        total_weight = data.weights.sum(axis=1)
        plain = ~(dead | data.censored).any(axis=1) & (total_weight > 0)
        shift = np.einsum("bn,bn->b", data.weights, np.where(plain[:, None], r, 0.0))
        shift = np.clip(shift / np.where(plain, total_weight, 1.0), -300.0, 300.0)
        parameters = parameters.copy()
        parameters[:, :m] *= np.exp(shift)[:, None]
        in_c *= np.exp(-shift)[:, None, None]
        r = r - shift[:, None]
    rho, psi, curvature = loss.evaluate(r, data.censored & ~dead)
    objective = np.where(
        dead.any(axis=1), np.inf, np.einsum("bn,bn->b", data.weights, np.where(dead, 0.0, rho))
    )
    return _State(
        parameters, objective, np.where(dead, 0.0, psi), curvature, np.concatenate([in_c, in_theta], axis=2)
    )


def _descend(design: Design, data: Data, start: Array, loss: Loss, tolerance: float) -> Problems:
    """Minimise by projected Levenberg–Marquardt steps with Moré's column scaling and Nielsen's damping."""
    m = len(design.law.linear)
    low = np.concatenate([np.zeros(m), design.box[:, 0]])
    high = np.concatenate([np.full(m, np.inf), design.box[:, 1]])
    B, n = data.log_y.shape
    p = start.shape[1]
    state = _evaluate(design, data, np.clip(start, low, high), loss)
    damping, growth = np.full(B, 1e-3), np.full(B, 2.0)
    gradient, converged = np.full(B, np.inf), np.zeros(B, bool)
    active = np.flatnonzero(np.isfinite(state.objective))
    identity = np.eye(p)
    for _ in range(_ITERATIONS):
        if not len(active):
            break
        now, here = state.take(active), data.take(active)
        w = here.weights
        wpsi = w * now.psi
        slope = np.einsum("bnp,bn->bp", now.J, wpsi)  # minus the gradient
        columns = np.sqrt(np.einsum("bn,bnp->bp", w, now.J * now.J))
        columns = np.where(columns > 0, columns, 1.0)
        free = ~(((now.parameters <= low) & (slope <= 0)) | ((now.parameters >= high) & (slope >= 0)))
        # Stationary: no free parameter can lower the loss by more than round-off of its residuals.
        steep = np.where(free, np.abs(slope) / columns, 0.0).max(axis=1)
        gradient[active] = steep / np.sqrt(n)
        size = np.sqrt(np.einsum("bn,bn->b", w, now.psi * now.psi))
        done = (
            (steep <= tolerance * size)
            | (steep <= _ROUND_OFF * np.sqrt(n))
            | (now.objective <= n * _ROUND_OFF**2)
        )
        root = np.sqrt(w * now.curvature)
        A = np.empty((len(active), n + p, p))
        A[:, :n] = (root[..., None] * now.J) * free[:, None, :]
        A[:, n:] = (np.sqrt(damping[active])[:, None] * columns)[:, :, None] * identity
        b = np.zeros((len(active), n + p))
        b[:, :n] = np.sqrt(w / np.where(now.curvature > 0, now.curvature, 1.0)) * now.psi
        step = least_squares(A, b) * free
        moved = np.clip(now.parameters + step, low, high)
        taken = moved - now.parameters
        if m == 1:
            # One term: log ŷ is linear in log c, so the step in c is taken there and never leaves c > 0.
            moved[:, 0] = now.parameters[:, 0] * np.exp(np.clip(step[:, 0] / now.parameters[:, 0], -300, 300))
            taken[:, 0] = step[:, 0]
        step = taken
        change = np.einsum("bnp,bp->bn", A[:, :n], step)
        predicted = np.einsum("bn,bn->b", change, b[:, :n] - 0.5 * change)
        trial = _evaluate(design, here, moved, loss)
        gain = now.objective - trial.objective
        # At the optimum the objective's own round-off hides the gain: there the model is trusted.
        quiet = predicted <= 1e-10 * now.objective
        accept = (gain > 1e-4 * predicted) | (quiet & (gain >= -1e-12 * now.objective))
        accept &= predicted > 0
        still = (np.abs(step) * columns).max(axis=1) <= 1e-14 * np.sqrt(n)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            ratio = np.where(quiet, 1.0, np.clip(gain / predicted, -1.0, 1.0))
        shrink = np.maximum(1.0 / 3.0, 1.0 - (2.0 * ratio - 1.0) ** 3)
        damping[active] *= np.where(accept, np.where(quiet, 0.1, shrink), growth[active])
        growth[active] = np.where(accept, 2.0, 2.0 * growth[active])
        state.put(active, trial, accept & ~done)
        damping[active] = np.clip(damping[active], 1e-12, 1e16)
        stuck = still | (damping[active] >= 1e15)
        converged[active] = done | (stuck & (steep <= 1e-6 * size + 1e-12))
        active = active[~(done | stuck)]
    return state.parameters, state.objective, gradient, converged


def jacobian(law: Law, x: Array, parameters: Array) -> Array:
    """Return d log ŷ / d parameters at one point, (n, p'), without the linear coefficients that are 0."""
    design = Design.of(law, x)
    n = len(x)
    once = Data(np.zeros((1, n)), np.ones((1, n)), np.zeros((1, n), dtype=bool))
    J = _evaluate(design, once, parameters[None], Loss(), project=False).J[0]
    m = len(law.linear)
    keep = np.concatenate([parameters[:m] > 0, np.ones(len(parameters) - m, dtype=bool)])
    return np.asarray(J[:, keep])
