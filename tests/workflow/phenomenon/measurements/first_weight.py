"""How much of the first layer's weights lies on the first input."""

from lawbook.measurements import Column, Measurement


class FirstWeight(Measurement):
    """Σ_j w_j1² / Σ_ij w_ij² of the first layer: 1/16 at random, 1 where nothing else is looked at."""

    needs = frozenset({"weights"})
    columns = (Column("first_weight", "Share of the first input in the weights"),)

    def compute(self, view):
        """Return the share of each run, (R,)."""
        squares = next(iter(view.weights.values())).double().square().sum(dim=1)
        return {"first_weight": squares[:, 0] / squares.sum(dim=1)}


measurement = FirstWeight
