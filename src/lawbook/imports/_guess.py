"""A mapping guessed from the keys of the runs, and the file in which it stands with what was not taken."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lawbook.errors import LawbookError, listed
from lawbook.imports import Run
from lawbook.imports._mapping import places, value_at
from lawbook.imports._values import is_finite, quantity

SHOWN = 6
"""So many alternatives are told of one column."""


@dataclass(frozen=True)
class Wanted:
    """A column that is looked for: in which parts of a run, and by which names, the best first.

    A name is matched against a whole key, then against how a key ends, in lower case with `_` for all that separates.
    needed: without it there is nothing to fit, so that a tie is not left open.
    """

    column: str
    spaces: tuple[str, ...]
    names: tuple[str, ...]
    needed: bool = False


_HELD_OUT = "(val|valid|validation|eval|evaluation|dev)"
WANTED = (
    Wanted(
        "N",
        ("config", "summary"),
        (
            "(n|num)_(params|parameters)|params|parameters|(param|parameter)s?_count",
            "total_(params|parameters)|(n|num)_total_params|model_(params|parameters|n_params|num_params)",
            "(n|num)?_?(trainable|non_?embedding)_(params|parameters)|(params|parameters)_(trainable|non_?embedding)",
            "model_size",
        ),
        needed=True,
    ),
    Wanted(
        "D",
        ("summary", "config"),
        (
            "(n_|num_|total_|train_|training_|consumed_|seen_)?tokens(_seen|_consumed|_trained|_processed|_total)?",
            "num_input_tokens_seen|(total|num|n)_train(ing)?_tokens|(train|training)_tokens_(seen|total)",
            "(n_|num_|total_|consumed_|seen_)?(samples|examples)(_seen|_total)?",
            "(n|num)?_?train(ing)?_(samples|examples)(_seen)?|n_train|(train_|dataset_|data_)size",
        ),
        needed=True,
    ),
    Wanted(
        "loss",
        ("summary",),
        (
            f"{_HELD_OUT}_loss",
            f"(loss_{_HELD_OUT})|{_HELD_OUT}_.*loss(_avg|_mean)?",
            "test_loss|loss_test",
            "(train|training)_loss|loss_train(ing)?",
            "loss|final_loss|nll",
        ),
        needed=True,
    ),
    Wanted("lr", ("config",), ("(max_|peak_|base_|init_|initial_)?(lr|learning_rate)",)),
    Wanted(
        "seed", ("config",), ("seed", "(random|global|train|training|torch|data)_seed|(random|rng)_state")
    ),
    Wanted(
        "batch_size",
        ("config",),
        (
            "global_(train_)?batch_size",
            "(train_|total_|effective_)?batch_size",
            "(per_device_|micro_)(train_)?batch_size",
        ),
    ),
)
"""The columns that are looked for."""


@dataclass(frozen=True)
class Guess:
    """What was found for a column: the equally good values, one unless it is a tie, and the others."""

    column: str
    best: tuple[str, ...]
    others: tuple[str, ...]
    n_runs: int


def guess(runs: Sequence[Run]) -> list[Guess]:
    """Return what columns there may be in runs. Values that are the same number in every run are no tie.

    Raises LawbookError, with the metrics that there are, where none looks like a loss or a size.
    """
    numeric = _numeric(runs)
    guesses = [one for wanted in WANTED if (one := _guess(wanted, runs, numeric))]
    columns = {one.column for one in guesses}
    if "loss" not in columns:
        metrics = [place for place in numeric if place.startswith("summary.")]
        raise LawbookError(
            f"no metric looks like a loss; write a mapping, columns: {{loss: summary.KEY, N: config.KEY}}, and name it "
            f"with --map; there are {listed(metrics) or 'no metrics at all'}"
        )
    if not columns & {"N", "D"}:
        raise LawbookError(
            f"nothing looks like a number of parameters (N) or of tokens (D); write a mapping, columns: {{loss: "
            f"{next(one.best[0] for one in guesses if one.column == 'loss')}, N: config.KEY}}, and name it with --map; "
            f"there are {listed(numeric)}"
        )
    return guesses


def _guess(wanted: Wanted, runs: Sequence[Run], numeric: Mapping[str, int]) -> Guess | None:
    ranked = sorted((rank, place) for place in numeric if (rank := _rank(wanted, place)) is not None)
    if not ranked:
        return None
    best = [place for rank, place in ranked if rank == ranked[0][0]]
    first = _numbers(runs, best[0])
    ties = [best[0], *(place for place in best[1:] if _numbers(runs, place) != first)]
    others = [place for _, place in ranked if place not in ties]
    return Guess(wanted.column, tuple(ties), tuple(others), numeric[best[0]])


def _rank(wanted: Wanted, place: str) -> tuple[int, int, int] | None:
    """Return how well a value fits: by its name, how much of the key is the name, and the part of the run.

    The name is the whole key, or how it ends at a dot or slash, or how it ends at all: `lr`, `optimizer.lr`, `min_lr`.
    """
    space, _, key = place.partition(".")
    if space not in wanted.spaces:
        return None
    parts = [re.sub(r"[^a-z0-9]+", "_", part).strip("_") for part in re.split("[./]", key.lower())]
    ends = ["_".join(parts[place:]) for place in range(len(parts))]
    for rank, name in enumerate(wanted.names):
        pattern = re.compile(f"(?:{name})")
        if pattern.fullmatch(ends[0]):
            return rank, 0, wanted.spaces.index(space)
        if any(pattern.fullmatch(end) for end in ends[1:]):
            return rank, 1, wanted.spaces.index(space)
    for rank, name in enumerate(wanted.names):
        if re.fullmatch(f".*_(?:{name})", ends[0]):
            return rank, 2, wanted.spaces.index(space)
    return None


def _numeric(runs: Sequence[Run]) -> dict[str, int]:
    """Return where finite numbers stand, with in how many runs."""
    found: dict[str, int] = {}
    for run in runs:
        for place in places(run):
            if place.startswith(("config.", "summary.")) and is_finite(value_at(run, place, run.summary)):
                found[place] = found.get(place, 0) + 1
    return found


def _numbers(runs: Sequence[Run], place: str) -> list[int | float | None]:
    return [quantity(value_at(run, place, run.summary)) for run in runs]


def is_open(one: Guess) -> bool:
    """Tell whether a guess is a tie that the user must end: of what a law needs."""
    return len(one.best) > 1 and one.column in {wanted.column for wanted in WANTED if wanted.needed}


def taken(guesses: Sequence[Guess]) -> dict[str, str]:
    """Return the columns that are no ties."""
    return {one.column: one.best[0] for one in guesses if len(one.best) == 1}


def mapping_text(guesses: Sequence[Guess], n_runs: int) -> str:
    """Return the mapping file of some guesses, with a comment on each; a tie is a list, of which one is to stay."""
    lines = [
        "# Which values of the runs become columns; guessed from their keys. Correct it and import again.",
        "columns:",
    ]
    for one in guesses:
        also = ", ".join(map(json.dumps, one.others[:SHOWN]))
        more = f"; not taken: {also}" if also else ""
        if len(one.best) == 1:
            lines.append(
                f"  {one.column}: {json.dumps(one.best[0])}  # in {one.n_runs} of {n_runs} runs{more}"
            )
        elif is_open(one):
            lines.append(f"  {one.column}: {json.dumps(list(one.best))}  # keep one of these{more}")
        else:
            ties = ", ".join(map(json.dumps, one.best[:SHOWN]))
            lines.append(f"  # {one.column}: one of {ties}")
    lines += [
        "# where: {config.optimizer: adamw, config.layers: {at_least: 4}}  # only runs with these values",
        "# states: [finished, unknown, crashed]                            # runs that ended so; unknown: not said",
        "# at: last                                                       # or min (of the loss), or every (step)",
        "# require: [loss, N]                                             # columns that must be finite numbers",
    ]
    return "\n".join(lines) + "\n"
