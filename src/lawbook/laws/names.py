"""What columns are usually called: sizes, repeats, runs, and what is no setting of a run."""

from __future__ import annotations

ROLES = {
    "N": {"n", "nparams", "params", "parameters", "modelsize", "modelparams", "nparamsnonembedding"},
    "D": {"d", "tokens", "ntokens", "samples", "trainingtokens", "datasize"},
    "C": {"c", "flops", "flop", "compute", "trainingflop", "trainingflops"},
}
"""Parameters, tokens and compute, by `bare` names: C ∝ N D in one set of units."""
REPEATS = {
    "seed", "seeds", "randomseed", "rngseed", "configseed", "initseed", "dataseed", "rng", "fold", "repeat",
    "replicate", "replica", "rep", "trial",
}  # fmt: skip
"""Columns that tell repeats of one setting apart."""
RUNS = {"run", "runid", "runname", "wandbrun", "wandbid", "runpath", "runkey"}
"""Columns that tell runs apart, whatever they stand beside."""
RUNS_PERHAPS = {
    "name",
    "id",
    "path",
    "dir",
    "directory",
    "file",
    "checkpointpath",
    "experiment",
    "job",
    "jobid",
}
"""Columns that may tell runs apart, or what runs have in common."""
OUTCOMES = {"status", "state", "reason", "index", "row", "unnamed0", "timestamp", "createdat", "date", "time"}
"""Columns that are no setting of a run."""


def bare(name: object) -> str:
    """Return the letters and digits of a column's name, in lower case.

    >>> bare("Run Name"), bare("config.seed")
    ('runname', 'configseed')
    """
    return "".join(character for character in str(name).lower() if character.isalnum())
