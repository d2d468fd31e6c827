"""Batched projected Levenberg–Marquardt over many problems (starts × data sets × draws) on one design."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from lawbook.laws.design import Data, Design
from lawbook.laws.law import Array, Counts, Flags
from lawbook.laws.linear import least_squares
from lawbook.laws.loss import Loss

_CHUNK = 100_000
"""Numbers in the largest array of one chunk of problems: small enough to stay in a core's cache."""
_DIFFERENCE = 1e-5
"""Root-mean-square change of log ŷ over which the gradient is differenced."""
_LONGEST = 1e-3
"""Longest such step in a coordinate, for one that the points hardly feel."""
_AT_REST = 1e-5
"""Cosine between residuals and a column below which a descent that stalled has converged all the same."""
_ROUND_OFF = 1e-16
"""Log residuals below this are zero in float64."""
_LARGEST_LOG = 300.0
_GRAM_CONDITION = 1e-8
"""Smallest ratio of squared pivots at which a Gram matrix gives the step of a QR to eight digits."""


def _sum(a: Array) -> Array:
    return np.asarray(np.add.reduce(a, axis=1))


@dataclass(frozen=True)
class Effort:
    """How far a descent goes.

    `tolerance` is the largest cosine between the residuals and a column of the Jacobian at rest. Of `steps`
    Gauss–Newton steps at most, the last ones may leave a share `leave` of the problems unfinished; then come
    at most `newton` Newton steps. `gram` allows steps by the Gram matrix where that loses nothing.
    """

    tolerance: float
    steps: int
    leave: float = 0.0
    newton: int = 0
    gram: bool = True


@dataclass
class State:
    """A point of each problem: coordinates, objective Σ w ρ(r), residuals, and −dr / dq, (B, p, n)."""

    q: Array
    objective: Array
    r: Array
    J: Array

    def keep(self, rows: Flags) -> State:
        """Return the problems at `rows` only."""
        return State(*(getattr(self, part.name)[rows] for part in fields(self)))

    def put(self, rows: Flags, other: State) -> State:
        """Return this state with the problems at `rows` taken from another."""
        if rows.all():
            return other
        for part in fields(self):
            getattr(self, part.name)[rows] = getattr(other, part.name)[rows]
        return self


def evaluate(design: Design, data: Data, q: Array, loss: Loss, project: bool = True) -> State:
    """Evaluate the law, its Jacobian and the loss at coordinates q (B, p).

    With `project`, at the common factor of the linear coefficients that is best for log least squares.
    """
    law, m = design.law, len(design.law.linear)
    theta = design.nonlinear(q)
    slopes, stretch = law.slopes(design.x, theta), design.stretch(theta)
    logs, _ = design.log_terms(theta)
    J = np.zeros((len(q), q.shape[1], len(design.x)))
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        if design.one_term:
            log_fit = q[:, :1] + logs[0]
            J[:, 0] = 1.0
            shares = [np.ones((1, 1))]
        else:
            phi = [np.exp(np.maximum(np.minimum(log_phi, _LARGEST_LOG), -_LARGEST_LOG)) for log_phi in logs]
            weights = law.weights(design.x, theta)
            total = np.zeros((len(q), len(design.x)))
            for j in range(m):
                total += (weights[j] * q[:, j, None]) * phi[j]
            if law.offset:
                total += weights[m] * phi[m]
            log_fit, inverse = np.log(total), 1.0 / total
            shares = []
            for j in range(m):
                np.multiply(weights[j] * phi[j], inverse, out=J[:, j])
                shares.append(q[:, j, None] * J[:, j])
            if law.offset:
                shares.append(weights[m] * phi[m] * inverse)
        for (j, k), slope in slopes.items():
            centred = slope - design.mean_of(j, slope)
            if design.logged[k] or design.signed[k]:
                centred = centred * stretch[:, k, None]
            J[:, m + k] += shares[j] * centred
    r, factor = loss.residuals(data.log_y, log_fit)
    if not data.weights.all():
        # Where a point is out, the law may be anything, infinite too.
        out = data.weights == 0
        r, J = np.where(out, 0.0, r), np.where(out[:, None, :], 0.0, J)
    dead = ~np.isfinite(r).all(axis=1)
    if factor is not None:
        J *= factor[:, None, :]
    if dead.any():
        r[dead], J[dead] = 0.0, 0.0
    project = project and loss.name == "log_least_squares" and not data.censored.any()
    if project and not design.one_term and not law.offset:
        # log ŷ is linear in the logarithm of a common factor of c, whose best value is known.
        weight = data.weights.sum(axis=1)
        shift = _sum(data.weights * r) / np.where(weight > 0, weight, 1.0)
        shift = np.maximum(np.minimum(shift, _LARGEST_LOG), -_LARGEST_LOG)
        q = q.copy()
        q[:, :m] *= np.exp(shift)[:, None]
        J[:, :m] *= np.exp(-shift)[:, None, None]
        r = r - shift[:, None]
    objective = _sum(data.weights * loss.value(r, data.censored))
    return State(q, np.where(dead, np.inf, objective), r, J)


@dataclass(frozen=True)
class Descent:
    """Where each problem's descent ended: coordinates, objective, relative gradient, and whether at rest."""

    q: Array
    objective: Array
    gradient: Array
    converged: Flags

    def take(self, index: Counts) -> Descent:
        """Return the problems at these positions."""
        return Descent(*(getattr(self, part.name)[index] for part in fields(self)))

    def copy(self) -> Descent:
        """Return a copy with arrays of its own."""
        return self.take(np.arange(len(self.q)))

    def put(self, index: Counts, other: Descent) -> None:
        """Set the problems at these positions to those of another."""
        for part in fields(self):
            getattr(self, part.name)[index] = getattr(other, part.name)


def descend(
    design: Design,
    data: Data,
    which: Counts,
    start: Array,
    loss: Loss,
    effort: Effort,
    fixed: Flags | None = None,
) -> Descent:
    """Minimise from each start (B, p) on the data sets `which` (B,), some problems at a time.

    `fixed` (p,) marks coordinates that stay at their start.
    """
    n, p = len(design.x), start.shape[1]
    step = max(1, _CHUNK // ((n + p) * p))
    parts = [
        _descend(design, data.take(which[low : low + step]), start[low : low + step], loss, effort, fixed)
        for low in range(0, max(len(which), 1), step)
    ]
    return Descent(
        *(np.concatenate([getattr(part, each.name) for part in parts]) for each in fields(Descent))
    )


def _descend(
    design: Design,
    data: Data,
    start: Array,
    loss: Loss,
    effort: Effort,
    fixed: Flags | None,
) -> Descent:
    """Take projected Levenberg–Marquardt steps with Moré's column scaling and Nielsen's damping."""
    loose = np.ones(start.shape[1], dtype=bool) if fixed is None else ~fixed
    low, high = np.where(loose[:, None], design.bounds, [-np.inf, np.inf]).T
    # A held constant term leaves the coefficients no common factor.
    project = bool(loose[: len(design.law.linear)].all())
    n = len(design.x)
    now = evaluate(design, data, np.clip(start, low, high), loss, project)
    out = Descent(now.q.copy(), now.objective.copy(), np.full(len(start), np.inf), np.zeros(len(start), bool))
    every = data
    at = np.flatnonzero(np.isfinite(now.objective))
    if len(at) < len(start):
        alive = np.isfinite(now.objective)
        now, data = now.keep(alive), data.take(alive)
    damping, growth = np.full(len(at), 1e-3), np.full(len(at), 2.0)
    for _ in range(effort.steps):
        if len(at) <= effort.leave * len(start):
            break
        w = data.weights
        psi, curvature = loss.derivatives(now.r, data.censored)
        slope, columns, free, steep, size = _rest(design, data, now, psi, loose)
        exact = _sum(w * now.r * now.r) <= n * _ROUND_OFF**2
        done = (steep <= effort.tolerance * size) | (steep <= _ROUND_OFF * np.sqrt(n)) | exact
        if done.all():
            out.put(at, Descent(now.q, now.objective, steep / np.sqrt(n), done))
            return out
        u = _step(now.J, w, psi, curvature, columns, damping, free, slope, quick=effort.gram)
        moved = np.clip(now.q + u, low, high)
        u = moved - now.q
        change = np.matmul(u[:, None, :], now.J)[:, 0]
        predicted = np.einsum("bp,bp->b", slope, u) - 0.5 * np.einsum(
            "bn,bn,bn,bn->b", w, curvature, change, change
        )
        trial = evaluate(design, data, moved, loss, project)
        gain = now.objective - trial.objective
        # At the optimum the objective's own round-off hides the gain: there the model is trusted.
        quiet = predicted <= 1e-10 * now.objective
        accept = (gain > 1e-4 * predicted) | (quiet & (gain >= -1e-12 * now.objective))
        accept &= (predicted > 0) & ~done
        still = (np.abs(u) * columns).max(axis=1) <= 1e-14 * np.sqrt(n)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            ratio = np.where(quiet, 1.0, np.clip(gain / predicted, -1.0, 1.0))
        shrink = np.where(quiet, 0.1, np.maximum(0.2, 1.0 - (2.0 * ratio - 1.0) ** 3))
        damping = np.clip(damping * np.where(accept, shrink, growth), 1e-12, 1e16)
        growth = np.where(accept, 2.0, 2.0 * growth)
        now = now.put(accept, trial)
        over = done | still | (damping >= 1e15)
        if over.any():
            ended = at[over]
            out.q[ended], out.objective[ended] = now.q[over], now.objective[over]
            out.gradient[ended] = steep[over] / np.sqrt(n)
            out.converged[ended] = (done | (steep <= _AT_REST * size + 1e-12))[over]
            at, now, data = at[~over], now.keep(~over), data.take(~over)
            damping, growth = damping[~over], growth[~over]
    if len(at):
        out.q[at], out.objective[at] = now.q, now.objective
        _polish(design, every, out, loss, effort, loose)
    return out


def _rest(
    design: Design, data: Data, now: State, psi: Array, loose: Flags
) -> tuple[Array, Array, Flags, Array, Array]:
    """Return minus the gradient, the columns' sizes, the free coordinates, the steepest slope along a free
    column of size 1, and the size of ψ. At rest no free parameter can lower the loss: the slope vanishes.
    """
    low, high = design.bounds.T
    w = data.weights
    slope = np.matmul(now.J, (w * psi)[:, :, None])[:, :, 0]
    columns = np.sqrt(np.matmul(now.J * now.J, w[:, :, None])[:, :, 0])
    columns = np.where(columns > 0, columns, 1.0)
    free = loose & ~(((now.q <= low) & (slope <= 0)) | ((now.q >= high) & (slope >= 0)))
    steep = np.where(free, np.abs(slope) / columns, 0.0).max(axis=1)
    return slope, columns, free, steep, np.sqrt(_sum(w * psi * psi))


def _polish(design: Design, data: Data, out: Descent, loss: Loss, effort: Effort, loose: Flags) -> None:
    """Finish by Newton steps what Gauss–Newton steps cannot: where residuals bend the loss as the law does.

    The Hessian is that of the loss itself, by central differences of its gradient; its eigenvalues are
    taken by their size, so that a step leads downhill from a saddle, too.
    """
    low, high = design.bounds.T
    n, p = len(design.x), len(loose)

    def gradient(state: State, which: Data) -> Array:
        psi, _ = loss.derivatives(state.r, which.censored)
        return np.asarray(-np.matmul(state.J, (which.weights * psi)[:, :, None])[:, :, 0])

    at = np.flatnonzero(np.isfinite(out.objective) & ~out.converged)
    data = data.take(at)
    now = evaluate(design, data, out.q[at], loss, project=False)
    damping = np.full(len(at), 1e-8)
    for _ in range(effort.newton):
        if not len(at):
            return
        psi, _ = loss.derivatives(now.r, data.censored)
        slope, columns, free, steep, size = _rest(design, data, now, psi, loose)
        # All differences of all problems in one evaluation: coordinate by coordinate, ahead then behind.
        h = np.minimum(_DIFFERENCE * np.sqrt(n) / columns, _LONGEST)
        shifts = np.concatenate([np.eye(p), -np.eye(p)])[:, None, :] * h
        around = data.take(np.tile(np.arange(len(at)), 2 * p))
        moved = evaluate(design, around, (now.q + shifts).reshape(-1, p), loss, project=False)
        ahead, behind = gradient(moved, around).reshape(2, p, len(at), p)
        hessian = ((ahead - behind) / (2 * h.T[:, :, None] * columns)).transpose(1, 0, 2)
        hessian = hessian / columns[:, :, None]
        both = free[:, :, None] & free[:, None, :]
        hessian = np.where(both, 0.5 * (hessian + hessian.transpose(0, 2, 1)), np.eye(p))
        # Where a difference leaves the numbers a law can give, the step goes along the slope alone.
        finite = np.isfinite(hessian).all(axis=(1, 2), keepdims=True)
        values, vectors = np.linalg.eigh(np.where(finite, hessian, np.eye(p)))
        along = np.einsum("bij,bi->bj", vectors, np.where(free, slope / columns, 0.0))
        u = np.einsum("bij,bj->bi", vectors, along / (np.abs(values) + damping[:, None])) / columns
        trial = evaluate(design, data, np.clip(now.q + u, low, high), loss, project=False)
        psi, _ = loss.derivatives(trial.r, data.censored)
        flatter = _rest(design, data, trial, psi, loose)[3] < steep
        gain = now.objective - trial.objective
        accept = (gain > 1e-10 * now.objective) | ((np.abs(gain) <= 1e-10 * now.objective) & flatter)
        now = now.put(accept, trial)
        damping = np.clip(np.where(accept, 0.1, 10.0) * damping, 1e-12, 1e6)
        steep = _rest(design, data, now, loss.derivatives(now.r, data.censored)[0], loose)[3]
        over = (steep <= effort.tolerance * size) | (damping >= 1e6)
        out.q[at], out.objective[at], out.gradient[at] = now.q, now.objective, steep / np.sqrt(n)
        out.converged[at] = steep <= _AT_REST * size + 1e-12
        at, now, data, damping = at[~over], now.keep(~over), data.take(~over), damping[~over]


def _step(
    J: Array,
    w: Array,
    psi: Array,
    curvature: Array,
    columns: Array,
    damping: Array,
    free: Flags,
    slope: Array,
    quick: bool,
) -> Array:
    """Return argmin_u ½ uᵀ (J W Jᵀ + λ diag(columns²)) u − slope · u over the free coordinates, (B, p).

    By orthogonalisation of the weighted Jacobian with the damping as further rows. Where `quick` is asked
    for, by the Gram matrix of the scaled columns in every problem whose pivots show that nothing is lost.
    """
    B, p, n = J.shape
    u = np.zeros((B, p))
    left = np.ones(B, dtype=bool)
    root = np.sqrt(w * curvature)
    scaled = J * root[:, None, :]
    scaled *= (free / columns)[:, :, None]
    if quick:
        gram = np.matmul(scaled, scaled.transpose(0, 2, 1))
        gram[:, np.arange(p), np.arange(p)] += damping[:, None] + ~free
        try:
            pivots = np.linalg.cholesky(gram)[:, np.arange(p), np.arange(p)] ** 2
        except np.linalg.LinAlgError:
            pivots = np.zeros((B, p))
        good = pivots.min(axis=1) > _GRAM_CONDITION * pivots.max(axis=1)
        if good.any():
            right = np.where(free, slope / columns, 0.0)
            u[good] = np.linalg.solve(gram[good], right[good][:, :, None])[:, :, 0]
            left &= ~good
    if left.any():
        A = np.zeros((int(left.sum()), p, n + p))
        A[:, :, :n] = scaled[left]
        A[:, np.arange(p), n + np.arange(p)] = np.sqrt(damping[left])[:, None]
        b = np.zeros((len(A), n + p))
        with np.errstate(divide="ignore", invalid="ignore"):
            b[:, :n] = np.where(curvature > 0, np.sqrt(w / curvature) * psi, 0.0)[left]
        u[left] = least_squares(A, b)
    return u / columns * free
