"""What the report says of quanta: clusters as text that runs nothing, verdicts either way, planted figures."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.conftest import write_results

from lawbook.analyses.text_quanta.block import TABLES
from lawbook.analyses.text_quanta.notices import notices
from lawbook.analyses.text_quanta.section import clusters_of, verdict
from lawbook.report.page import write_report
from lawbook.report.sections import shown_sections
from lawbook.results.reader import Results
from lawbook.storage.tables import write_table
from lawbook.studies import Study, load_study, make_plan
from lawbook.studies.analysis import Analyses

STUDY = """
title: Quanta of a hostile text
question: Does any of it run?
task: {name: corpus, vocabulary: 256, context: 16}
model: {name: transformer}
sweeps:
  sizes: {axes: {width: [8, 16, 32, 64], seed: {count: 2}}}
laws:
  loss_by_size: {sweep: sizes, y: test_loss, x: n_params, compare: [power]}
analyses:
  text_quanta:
    tokens: {sweep: sizes, where: {width: 64}, samples: 60, clusters: [2, 3, 4], shown: 3}
figures: [rank_frequency, emergence]
claims:
  - {quantity: quanta_cosine_gain, at_least: 0, origin: exploratory}
  - {quantity: quanta_learning_gain, at_least: 0, origin: exploratory}
"""
HOSTILE = ["</mark><script>alert(1)</script>", "<img src=x onerror=alert(2)>", "' onclick=alert(3) \x1b[2J"]


def tokens() -> pd.DataFrame:
    """Return three clusters of 30, 20 and 10 tokens, each of hostile words."""
    cluster = np.repeat([0, 1, 2], [30, 20, 10])
    return pd.DataFrame(
        {
            "window": np.arange(60), "position": 14, "file": [f"<b>{i % 7}</b>.txt" for i in range(60)],
            "before": [f"line {i}\n    {HOSTILE[c]} " for i, c in enumerate(cluster)],
            "target": [HOSTILE[c] for c in cluster], "after": "\0</code></p>", "loss": 0.1, "loss_held_out": 0.2,
            "learned_step": 100.0, "cluster": cluster, "control": np.roll(cluster, 3),
        }
    )  # fmt: skip


def scores(gap: float = 0.1) -> pd.DataFrame:
    """Return the scores of clusters that win on cosines by `gap` and leave learning times open."""
    rows: list[tuple[object, ...]] = [
        ("tokens", part, None, n, None, None, None)
        for part, n in (("", 900.0), ("below_threshold", 90.0), ("candidates", 70.0), ("clustered", 60.0))
    ]
    rows += [
        ("loss_threshold", "", None, 0.25, None, None, None),
        ("blind_k", "", None, 3.0, None, None, None),
        ("learned", "held_out", None, 0.9, None, None, 60),
        ("rank_slope", "envelope", None, -0.9, -1.1, -0.7, 3),
    ]
    for k in (2, 3, 4):
        rows += [(what, part, k, 0.8, None, None, None) for what, part in
                 (("stability", "seeds"), ("target", "purity"), ("target", "nmi"))]  # fmt: skip
        for what, low in (("held_out_cosine", gap - 0.05), ("learning_time", -0.2)):
            rows += [
                (what, part, k, gap, low, gap + 0.05, 7) for part in ("clusters", "control", "difference")
            ]
    return pd.DataFrame(rows, columns=["what", "part", "k", "estimate", "low", "high", "n"])


def written(folder: Path) -> Study:
    """Return a study of quanta, its results folder filled with planted tables."""
    (folder / "hostile.yaml").write_text(STUDY)
    plan = make_plan(load_study(folder / "hostile.yaml"))
    runs = plan.table().drop(columns=["bytes", "predicted_s", "shard"])
    loss = 3 * (runs["n_params"] / 1000) ** -0.1
    runs = runs.assign(
        n_train=4096, n_unique=4096, n_eval=100, status="ok", reason="", test_error=0.5, train_error=0.5,
        validation_error=0.5, test_loss=loss, train_loss=loss, validation_loss=loss,
        diverged_step=pd.array([None] * len(runs), dtype="Int64"),
    )  # fmt: skip
    falls = {"monogenic": [5, 5, 0, 0], "polygenic": [6, 4, 2, 0], "unlearned": [3, 3, 3, 3]}
    rows = [
        (place, 0, f"{HOSTILE[0]} ", HOSTILE[1], run["run_id"], run["seed"], run["n_params"], value, kind)
        for place, kind in enumerate(list(falls) * 4)
        for (_, run), value in zip(
            runs.sort_values(["seed", "n_params"]).iterrows(), falls[kind] * 2, strict=True
        )
    ]
    sizes = [(k, 0, rank + 1, n) for k, all_n in {2: [40, 20], 3: [30, 20, 10], 4: [20, 18, 12, 10]}.items()
             for rank, n in enumerate(all_n)]  # fmt: skip
    tables = {
        "tokens": tokens(),
        "scores": scores(),
        "sizes": pd.DataFrame(sizes, columns=["k", "seed", "rank", "size"]),
        "losses": pd.DataFrame(
            rows,
            columns=["window", "position", "before", "target", "run_id", "seed", "n_params", "loss", "kind"],
        ),
    }
    for name, table in tables.items():
        write_table(table, folder / f"text_quanta/tokens/{name}.parquet", TABLES[name])
    write_results(plan.study, runs, folder)
    return plan.study


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """Return a study of quanta with its page."""
    folder = tmp_path_factory.mktemp("hostile")
    found = written(folder)
    write_report(found, folder)
    return found


class Elements(HTMLParser):
    """Collects what a browser would act on, and the text that is highlighted."""

    def __init__(self) -> None:
        super().__init__()
        self.acting: list[str] = []
        self.marked: list[str] = []
        self._inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = tag
        self.acting += [tag] if tag in ("img", "iframe", "object") else []
        self.acting += [f"{tag} {name}" for name, _ in attrs if name.startswith("on")]

    def handle_data(self, data: str) -> None:
        if self._inside == "script" and "alert" in data:
            self.acting.append(data)
        if self._inside == "mark":
            self.marked.append(data)
        self._inside = ""


def test_a_hostile_text_is_shown_as_text_and_runs_nothing(study: Study) -> None:
    html = (study.file.parent / "report.html").read_text()
    found = Elements()
    found.feed(html)

    assert found.acting == []
    assert html.count("alert(1)") > 10, "the words are shown, as words"
    assert any("script" in text for text in found.marked)
    assert len(found.marked) == 30, "ten tokens of each cluster"
    assert html.count('<div class="searched">') == 1


def test_clusters_come_largest_first_with_their_targets_and_files() -> None:
    found = clusters_of(tokens(), shown=4)
    assert [cluster.size for cluster in found] == [30, 20, 10]
    assert [len(cluster.lines) for cluster in found] == [4, 4, 4]
    assert found[1].files == "7 files"
    assert found[0].lines[0].before.startswith("line 0⏎")
    assert found[0].lines[0].after.startswith("∎")


def test_the_section_says_who_wins_either_way(study: Study) -> None:
    (shown,) = shown_sections(study.content, Results(study.file.parent))
    (section,) = shown.shown["parts"]
    assert (shown.title, shown.template, section.name) == ("Quanta", "text_quanta/section.html", "tokens")
    assert [wins for _, wins, _ in section.verdicts] == ["clusters of gradients win", "undecided"]
    assert [row[0] for row in section.rows] == ["2", "3", "4"]
    lost = verdict("held_out_cosine", scores(gap=-0.1), 3)
    assert lost[1] == "the control of target and previous token wins"


def test_fewer_tokens_than_were_asked_for_are_warned_of(study: Study) -> None:
    results = Results(study.file.parent)
    assert list(notices(study.content, results)) == []
    block = study.content.analyses.of("text_quanta")["tokens"].model_copy(update={"samples": 500})
    named = study.content.analyses.model_copy(update={"text_quanta": {"tokens": block}})
    more = study.content.model_copy(update={"analyses": named})
    said = "tokens: only 60 of 500 tokens qualify; raise analyses.text_quanta.tokens.loss_quantile"
    assert list(notices(more, results)) == [("few_tokens", said)]


def test_claims_are_judged_by_the_clusters_that_are_shown(study: Study) -> None:
    claims = pd.read_parquet(study.file.parent / "claims.parquet")
    assert claims["verdict"].tolist() == ["holds", "undecided"]
    assert claims["estimate"].tolist() == pytest.approx([0.1, 0.1])


def test_figures_show_what_is_planted(study: Study) -> None:
    folder = study.file.parent / "figures"
    ranks = pd.read_csv(folder / "rank_frequency.csv")
    assert ranks[ranks["k"] == "largest"]["size"].tolist() == [40, 20, 12, 10]
    means = pd.read_csv(folder / "emergence.csv").query("token != token")
    assert means[means["part"] == "polygenic"]["loss"].tolist() == [6, 4, 2, 0]
    svg = (folder / "emergence.svg").read_text()
    assert re.search("100% of the tokens the same kind, where chance gives 33%", svg)


def test_a_study_without_quanta_has_no_such_section(study: Study, tmp_path: Path) -> None:
    content = study.content.model_copy(update={"analyses": Analyses()})
    assert shown_sections(content, Results(tmp_path)) == []
