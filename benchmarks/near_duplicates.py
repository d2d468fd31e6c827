"""SemDeDup on planted near-duplicates, of images and of a corpus: what it removes, and what a student then unlearns.

python benchmarks/near_duplicates.py             20 data sets of each kind: prints the table, a minute
python benchmarks/near_duplicates.py --page      also writes docs/near_duplicates.md
"""

from __future__ import annotations

import argparse
import re
import sysconfig
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from rich.progress import track
from scipy import stats
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from lawbook.pruning.duplicates import earlier_cosine, gap
from lawbook.pruning.embedding import principal_components
from lawbook.storage.files import write_text
from lawbook.tasks.digits import task

PAGE = Path(__file__).parents[1] / "docs/near_duplicates.md"

MODULES = ("_pydecimal", "argparse", "difflib", "doctest", "inspect", "ipaddress", "mailbox", "optparse", "pdb",
           "pickletools", "smtplib", "statistics", "subprocess", "tarfile", "threading", "typing")  # fmt: skip
"""Modules of Python's standard library, long ones: the corpus, in passages, whose label is their module."""

PASSAGE, APART = 300, 500
"""Letters of a passage, and from the start of one to the next."""

MISTYPED, NOISE = 0.03, 0.05
"""Share of the letters of a copy that are drawn anew; pixel noise of a copy, in standard deviations of a pixel."""

STRENGTH = 1e4
"""Of the mean loss, over that of the penalty ½‖w‖² of inputs whose squared length is 1 on average."""

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]


@dataclass(frozen=True)
class Planted:
    """A training set of which half are perturbed copies of the others, (2n,) in random order, and unseen examples.

    embedding: what SemDeDup reads; inputs and unseen: what a student reads; is_copy: which were added.
    """

    embedding: Floats
    inputs: Floats
    labels: Labels
    is_copy: NDArray[np.bool_]
    unseen: Floats
    unseen_labels: Labels


def planted_digits(seed: int, n: int = 700) -> Planted:
    """Return n images of digits, a noisy copy of each, and the images that are left."""
    rng = np.random.default_rng(seed)
    examples = task.examples({})
    images = examples.inputs.reshape(len(examples.targets), -1).astype(float)
    chosen, left = np.split(rng.permutation(len(images)), [n])
    originals = images[chosen]
    copies = originals + rng.normal(0, NOISE * originals.std(), originals.shape)
    order = rng.permutation(2 * n)
    inputs = np.concatenate([originals, copies])[order]
    labels = np.tile(examples.targets[chosen], 2)[order]
    return Planted(
        principal_components(inputs), inputs, labels, order >= n, images[left], examples.targets[left]
    )


def planted_corpus(seed: int, n: int = 700) -> Planted:
    """Return n passages of Python's standard library, a mistyped copy of each, and the passages that are left.

    Passages are read as tf-idf of their three and four letters, and SemDeDup reads 128 singular directions of it.
    """
    rng = np.random.default_rng(seed)
    texts, module = passages()
    chosen, left = np.split(rng.permutation(len(texts)), [n])
    originals = [texts[i] for i in chosen]
    order = rng.permutation(2 * n)
    both = [*originals, *(mistyped(text, rng) for text in originals)]
    grams = TfidfVectorizer(analyzer="char", ngram_range=(3, 4), max_features=20_000, sublinear_tf=True)
    found = grams.fit_transform([both[i] for i in order])
    directions = TruncatedSVD(128, random_state=seed).fit(found)
    embedding = directions.transform(found)
    unseen = directions.transform(grams.transform([texts[i] for i in left]))
    return Planted(embedding, embedding, np.tile(module[chosen], 2)[order], order >= n, unseen, module[left])


@cache
def passages() -> tuple[list[str], Labels]:
    """Return the corpus in passages, and the module of each."""
    texts, module = [], []
    for place, name in enumerate(MODULES):
        text = (Path(sysconfig.get_path("stdlib")) / f"{name}.py").read_text(encoding="utf-8")
        cut = [text[start : start + PASSAGE] for start in range(0, len(text) - PASSAGE, APART)]
        cut = [passage for passage in cut if len(set(re.findall(r"\w+", passage))) > 15]
        texts += cut
        module += [place] * len(cut)
    return texts, np.array(module)


def mistyped(text: str, rng: np.random.Generator) -> str:
    """Return a text with some of its letters drawn anew."""
    letters = np.array(list(text))
    wrong = rng.random(len(letters)) < MISTYPED
    letters[wrong] = rng.choice(list("abcdefghijklmnopqrstuvwxyz"), wrong.sum())
    return "".join(letters)


KINDS: dict[str, Callable[[int], Planted]] = {"digits": planted_digits, "corpus": planted_corpus}


def removed(planted: Planted, seed: int, *, originals_first: bool) -> NDArray[np.bool_]:
    """Return what SemDeDup removes, (2n,), at the ε of the widest gap.

    originals_first: whether an original counts as earlier than its copy, or the order is drawn from the seed, in
    which case either of the two may be what is removed.
    """
    order = np.argsort(planted.is_copy, kind="stable") if originals_first else None
    distance = 1.0 - earlier_cosine(planted.embedding, seed, order=order)
    return np.asarray(distance < gap(distance))


def errors(planted: Planted, removed: NDArray[np.bool_]) -> tuple[float, float]:
    """Return the share of unseen examples that logistic regressions get wrong: fitted to all, and to what is left."""
    scale = np.sqrt(np.square(planted.inputs).sum(axis=1).mean())
    inputs, unseen = planted.inputs / scale, planted.unseen / scale
    found = []
    for kept in (np.ones_like(removed), ~removed):
        # The penalty is one of the mean loss: as strong for half of the examples as for all.
        student = LogisticRegression(C=STRENGTH / kept.sum(), max_iter=1000)
        student.fit(inputs[kept], planted.labels[kept])
        found.append(float(np.mean(student.predict(unseen) != planted.unseen_labels)))
    return found[0], found[1]


def measure(kind: str, sets: int) -> pd.DataFrame:
    """Return a row per data set: shares of plants and originals removed, and the error before and after."""
    rows = []
    for seed in track(range(sets), kind):
        planted = KINDS[kind](seed)
        gone = removed(planted, seed, originals_first=True)
        before, after = errors(planted, removed(planted, seed, originals_first=False))
        rows.append((kind, gone[planted.is_copy].mean(), gone[~planted.is_copy].mean(), before, after))
    return pd.DataFrame(rows, columns=["kind", "plants", "originals", "before", "after"])


def interval(values: pd.Series) -> tuple[float, float, float]:
    """Return a mean with its 95 % interval by Student's t."""
    reach = stats.t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values))
    return float(values.mean()), float(values.mean() - reach), float(values.mean() + reach)


def text_of(table: pd.DataFrame) -> str:
    """Return the table as Markdown, in percent and points."""
    lines = [
        "| data | plants removed | originals removed | error before | error after − before, points |",
        "|---|---|---|---|---|",
    ]
    for kind, rows in table.groupby("kind", sort=False):
        plants, originals = (f"{100 * rows[c].mean():.2f} %" for c in ("plants", "originals"))
        worst = f"{100 * rows['plants'].min():.2f}", f"{100 * rows['originals'].max():.2f}"
        change, low, high = (100 * value for value in interval(rows["after"] - rows["before"]))
        lines.append(
            f"| {kind} | {plants} (least {worst[0]}) | {originals} (most {worst[1]})"
            f" | {100 * rows['before'].mean():.2f} % | {change:+.2f} [{low:+.2f}, {high:+.2f}] |"
        )
    return "\n".join(lines)


def page_of(table: pd.DataFrame, sets: int) -> str:
    """Return docs/near_duplicates.md."""
    return f"""# Near-duplicates that were planted, and what SemDeDup makes of them

Half of each training set are perturbed copies of the other half; {sets} data sets of each kind. Nobody tells ε: it is
the widest gap between the distances (`lawbook.pruning.duplicates.gap`). Originals come first here, so that what is
removed is a plant or a mistake.

- *digits*: 700 images, each with a copy of which every pixel has noise of {NOISE:g} standard deviations.
- *corpus*: 700 passages of {PASSAGE} letters from {len(MODULES)} modules of Python's standard library, each with a copy
  of which {100 * MISTYPED:g} % of the letters are mistyped; read as tf-idf of three and four letters, in 128
  directions.
- *error*: of a logistic regression on unseen examples, fitted to all and to what SemDeDup leaves when examples come in
  random order; which digit it is, or which module. The penalty is as strong beside the mean loss in both. The mean
  difference over data sets has a 95 % interval.

{text_of(table)}

Written by `python benchmarks/near_duplicates.py --page`.
"""


def main() -> None:
    """Print the table; write the page if asked to."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sets", type=int, default=20, help="data sets of each kind, two or more")
    parser.add_argument("--page", action="store_true")
    arguments = parser.parse_args()
    began = time.perf_counter()
    table = pd.concat([measure(kind, arguments.sets) for kind in KINDS], ignore_index=True)
    print(text_of(table))
    print(f"{time.perf_counter() - began:.0f} s")
    if arguments.page:
        write_text(PAGE, page_of(table, arguments.sets))
        print(PAGE)


if __name__ == "__main__":
    main()
