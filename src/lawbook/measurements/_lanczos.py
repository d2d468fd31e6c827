"""The largest eigenvalue of symmetric operators, each run's by itself."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from lawbook.models._products import products

TOLERANCE = 1e-4
"""Largest residual ‖A v - θ v‖ of the eigenvector, in units of the largest |eigenvalue|; θ is off by far less."""


def largest_eigenvalue(product: Callable[[Tensor], Tensor], start: Tensor, iterations: int) -> Tensor:
    """Return the largest eigenvalue (R,) of R symmetric operators, not a number where it has not converged.

    By Lanczos iteration with full reorthogonalisation (Golub and Van Loan, "Matrix Computations", section 10.3): the
    largest eigenvalue θ of the operator in the Krylov space of the start. It has converged when the residual
    |β_k s_k| is small, of which θ is off by its square over the gap. Each run's value is that of its own first
    converged iteration, whatever the others need.

    product: from vectors (R, P) to the operators' products with them, (R, P); start: (R, P).
    """
    n_runs, size = start.shape
    iterations = min(iterations, size)
    vector = start / torch.linalg.vector_norm(start, dim=1, keepdim=True)
    basis = start.new_empty(n_runs, iterations, size)
    tridiagonal = torch.zeros(n_runs, iterations, iterations, dtype=torch.float64)
    found = torch.full((n_runs,), torch.nan, dtype=torch.float64)
    for k in range(iterations):
        basis[:, k] = vector
        so_far = basis[:, : k + 1]
        image = product(vector)
        tridiagonal[:, k, k] = (image * vector).sum(1)
        for _ in range(2):  # once leaves what rounding brings back
            along = products(None, so_far, image.unsqueeze(2))
            image = image - products(None, so_far.mT, along).squeeze(2)
        rest = torch.linalg.vector_norm(image, dim=1)
        values, last_entry = _largest(tridiagonal[:, : k + 1, : k + 1])
        residual = rest.double() * last_entry.abs()
        converged = found.isnan() & (residual <= TOLERANCE * values.abs().amax(1)) | (k + 1 == size)
        found = torch.where(converged & found.isnan(), values[:, -1], found)
        if k + 1 == iterations or not found.isnan().any():
            break
        tridiagonal[:, k, k + 1] = tridiagonal[:, k + 1, k] = rest
        vector = torch.where(rest[:, None] > 0, image / rest[:, None], 0.0)
    return found


def _largest(matrices: Tensor) -> tuple[Tensor, Tensor]:
    """Return the eigenvalues (R, k) in ascending order, and the last entry (R,) of the largest one's eigenvector."""
    finite = matrices.isfinite().all(-1).all(-1)
    values, vectors = torch.linalg.eigh(torch.where(finite[:, None, None], matrices, 0.0))
    return torch.where(finite[:, None], values, torch.nan), vectors[:, -1, -1]
