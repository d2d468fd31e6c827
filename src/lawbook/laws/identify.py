"""Do the points fix a law's parameters, and if not, which combination of them is free?"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np

from lawbook.laws.law import Array, Law
from lawbook.laws.solver import jacobian
from lawbook.laws.uncertainty import Estimate

ILL_CONDITIONED = 1e8
"""Condition number of the scaled Jacobian from which on parameters are not identified."""
_NEGLIGIBLE = 0.05
"""Share of a free combination's largest part below which another part is not named."""


def condition(law: Law, x: Array, parameters: Array) -> float:
    """Return the condition number of the Jacobian of log ŷ, its columns scaled to length 1."""
    J = jacobian(law, x, parameters)
    size = np.linalg.norm(J, axis=0)
    if not np.all(size > 0):
        return np.inf
    singular = np.linalg.svd(J / size, compute_uv=False)
    return float(singular[0] / singular[-1]) if singular[-1] > 0 else np.inf


def free_combination(law: Law, x: Array, parameters: Array) -> str:
    """Name the combinations of parameters that the design x (n, d) fixes least, such as 'log A - 3.1 alpha'.

    They are the right singular vectors of the Jacobian of log ŷ, its columns scaled to length 1, of singular
    values below the largest by `ILL_CONDITIONED`, but at least the last, reduced to as few parameters each as
    can be. Parameters that are searched by their logarithm are named by it. Parameters: (p,).
    """
    unseen, shown, size, null = _null_space(law, x, parameters)
    return "; ".join([*unseen, *(_combination(shown, v, size) for v in _reduced(null))])


def free_parameters(law: Law, x: Array, parameters: Array) -> set[str]:
    """Return the names of the parameters that take part in the combinations of `free_combination`."""
    unseen, shown, _, null = _null_space(law, x, parameters)
    large = np.abs(null) >= _NEGLIGIBLE * np.abs(null).max(axis=1, keepdims=True, initial=0.0)
    free = [*unseen, *(name for name, part in zip(shown, large.T, strict=True) if part.any())]
    return {name.removeprefix("log ") for name in free}


def stuck_parameters(law: Law, x: Array, estimates: Mapping[str, Estimate]) -> list[str]:
    """Return the parameters whose interval has no width because all draws sit on a bound: 0 of a term, or the box's.

    None where nothing has a width: the law is then met exactly.
    """
    if not any(each.low < each.high for each in estimates.values()):
        return []
    bounds = dict.fromkeys(law.linear, (0.0,)) | {
        name: tuple(ends) for name, ends in zip(law.nonlinear, law.box(x).tolist(), strict=True)
    }
    return [
        name for name, each in estimates.items()
        if each.low == each.high and np.isclose(each.value, bounds[name], rtol=1e-6, atol=0.0).any()
    ]  # fmt: skip


def without_ends(estimates: Mapping[str, Estimate], names: Collection[str]) -> dict[str, Estimate]:
    """Return the estimates of these names without their intervals."""
    return {
        name: Estimate(each.value, np.nan, np.nan, "none")
        for name, each in estimates.items()
        if name in names
    }


def _null_space(law: Law, x: Array, parameters: Array) -> tuple[list[str], list[str], Array, Array]:
    """Return the parameters without effect, the others with their columns' sizes, and the free directions."""
    names, J = _log_jacobian(law, x, parameters)
    size = np.linalg.norm(J, axis=0)
    seen = size > 0
    unseen = [name for name, alive in zip(names, seen, strict=True) if not alive]
    shown = [name for name, alive in zip(names, seen, strict=True) if alive]
    if not shown:
        return unseen, shown, size[seen], np.zeros((0, 0))
    _, singular, rows = np.linalg.svd(J[:, seen] / size[seen], full_matrices=True)
    singular = np.concatenate([singular, np.zeros(len(rows) - len(singular))])
    null = rows[singular <= singular[0] / ILL_CONDITIONED]
    if not len(null) and not unseen:
        null = rows[-1:]
    return unseen, shown, size[seen], null


def _log_jacobian(law: Law, x: Array, parameters: Array) -> tuple[list[str], Array]:
    """Return d log ŷ / d log c_j of the c_j > 0 and d log ŷ / d θ_k, or d log θ_k: names and (n, p')."""
    m = len(law.linear)
    c, theta = parameters[:m], parameters[m:]
    log_y = law.log_predict(x, parameters)
    with np.errstate(divide="ignore"):
        size = np.log(np.abs(np.append(c, 1.0)))
        terms = [size[j] + log_phi for j, log_phi in enumerate(law.log_basis(x, theta[None]))]
    weights = [w * np.sign(c[j]) if j < m else w for j, w in enumerate(law.weights(x, theta[None]))]
    shares = [
        np.broadcast_to(w * np.exp(t - log_y), (1, len(x)))[0] for w, t in zip(weights, terms, strict=True)
    ]
    slopes = np.zeros((len(theta), len(x)))
    for (j, k), slope in law.slopes(x, theta[None]).items():
        slopes[k] += shares[j] * np.broadcast_to(slope, (1, len(x)))[0]
    spaced = np.array(law.log_spaced, dtype=bool)
    slopes *= np.where(spaced, theta, 1.0)[:, None]
    kept = [j for j in range(m) if c[j] != 0]
    names = [f"log {law.linear[j]}" for j in kept]
    names += [f"log {name}" if log else name for name, log in zip(law.nonlinear, spaced, strict=True)]
    return names, np.concatenate([np.reshape([shares[j] for j in kept], (-1, len(x))), slopes]).T


def _reduced(null: Array) -> Array:
    """Return a basis of the row space of `null` (r, p) in reduced echelon form, by the largest pivots."""
    null = null.copy()
    used: list[int] = []
    for row in range(len(null)):
        size = np.abs(null[row])
        size[used] = 0.0
        used.append(int(np.argmax(size)))
        null[row] /= null[row, used[-1]]
        for other in range(len(null)):
            if other != row:
                null[other] -= null[other, used[-1]] * null[row]
    return null


def _combination(names: list[str], v: Array, size: Array) -> str:
    """Write Σ v_k size_k q_k, scaled to the coefficient 1 of its first part, without its negligible parts."""
    parts = [k for k in range(len(v)) if abs(v[k]) >= _NEGLIGIBLE * np.abs(v).max()]
    weight = v * size / (v[parts[0]] * size[parts[0]])
    text = names[parts[0]]
    for k in parts[1:]:
        text += f" {'+' if weight[k] > 0 else '-'} {abs(weight[k]):.3g} {names[k]}"
    return text
