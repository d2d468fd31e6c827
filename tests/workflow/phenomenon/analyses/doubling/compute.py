"""The metric at 2 D over that at D, in the mean over seeds."""

from lawbook.results.selection import of_sweep


def compute(block, inputs):
    """Return the table of factors."""
    means = of_sweep(inputs.results.runs, block.sweep).groupby("samples")[block.y].mean()
    return {"gains": (means / means.shift()).dropna().rename("factor").reset_index()}
