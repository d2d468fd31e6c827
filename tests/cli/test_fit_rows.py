"""`lawbook fit` on tables from anyone's hands: rows that are fitted, by group, the best of a sweep; what is said."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tests.documented.clone import DATA

from lawbook.cli.app import main
from lawbook.results.from_table import import_table
from lawbook.storage.user_table import seed_columns
from lawbook.studies import load_study, make_plan

WILD = DATA / "wild"
Call = Callable[..., tuple[int, str, str]]
STUDY = (
    "title: a\nquestion: b\ntable: {path: FILE}\nlaws:\n  law: {y: val_loss, x: samples, compare: [power]}\n"
)


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Return a function that runs `lawbook fit`: table, arguments -> exit code, output, errors."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")

    def run(table: pd.DataFrame | str | Path, *arguments: str, y: str = "loss") -> tuple[int, str, str]:
        if isinstance(table, pd.DataFrame):
            table.to_csv("runs.csv", index=False)
            table = "runs.csv"
        elif isinstance(table, str):
            Path("runs.csv").write_text(table, encoding="utf-8")
            table = "runs.csv"
        words = ["lawbook", "fit", str(table), "--y", y, "--draws", "40", *arguments]
        monkeypatch.setattr(sys, "argv", words)
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return run


def wild(name: str) -> Path:
    if not (WILD / name).exists():
        pytest.skip(f"{WILD} is not here: set LAWBOOK_DATA")
    return WILD / name


def planted(seeds: int = 3, alpha: float = 0.5) -> pd.DataFrame:
    """Return losses 3 n^-α with 1 % noise, of eight n and some seeds."""
    rng = np.random.default_rng(0)
    n, seed = (part.ravel() for part in np.meshgrid(np.geomspace(1e3, 1e6, 8).round(), np.arange(seeds)))
    return pd.DataFrame(
        {"n": n, "seed": seed, "loss": 3 * n**-alpha * np.exp(0.01 * rng.standard_normal(n.size))}
    )


def notes_of(out: str) -> dict[str, dict[str, Any]]:
    """Return the notes of the one fit of an answer in JSON, by code."""
    (shown,) = json.loads(out)["fits"].values()
    return {note["code"]: note for note in shown["notes"]}


def alpha_of(answer: dict[str, Any]) -> float:
    return float(answer["fits"]["power"]["estimates"]["alpha"]["value"])


def test_numbers_as_people_write_them_give_the_same_answer_and_a_note(call: Call) -> None:
    table = planted()
    plain = json.loads(call(table, "--x", "n", "--law", "power", "--json")[1])
    written = table.assign(
        n=[f"{value / 1e3!r}k" for value in table["n"]], loss=[f"{v!r} ± 0.1" for v in table["loss"]]
    )
    _, out, _ = call(written, "--x", "n", "--law", "power", "--json")

    assert json.loads(out)["fits"]["power"]["estimates"] == plain["fits"]["power"]["estimates"]
    assert notes_of(out)["numbers_as_written"]["severity"] == "info"
    shown = call(written, "--x", "n", "--law", "power")[1]
    assert "! numbers_as_written: column 'loss': " in shown
    assert "what stands behind ± is not used" in shown


def test_every_group_has_its_answer_in_the_table_and_in_its_folder(call: Call, tmp_path: Path) -> None:
    table = pd.concat(
        [planted().assign(set="../a"), planted(alpha=0.25).assign(set="b", loss=lambda t: t["loss"] * 2)]
    )
    options = ("--x", "n", "--law", "power", "--by", "set")
    code, out, errors = call(table, *options, "--out", "fit")

    assert (code, errors) == (0, "")
    assert [line.split()[0] for line in out.splitlines() if " ok " in line] == ["../a", "b"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["fit", "runs.csv"]
    assert sorted(path.name for path in (tmp_path / "fit").iterdir()) == [
        "answers.csv",
        "set=..%2Fa",
        "set=b",
    ]
    numbers = pd.read_csv(tmp_path / "fit/answers.csv").set_index(["set", "parameter"])["estimate"]
    whole = json.loads(call(table, *options, "--json")[1])
    for answer, truth in zip(whole["answers"], (0.5, 0.25), strict=True):
        name = answer["group"]["set"]
        alone = json.loads(call(table, "--x", "n", "--law", "power", "--where", f"set={name}", "--json")[1])
        assert answer["fits"] == alone["fits"]
        assert alpha_of(answer) == pytest.approx(truth, abs=0.01)
        assert numbers[name, "alpha"] == pytest.approx(alpha_of(answer), rel=1e-12)
        folder = tmp_path / "fit" / f"set={name.replace('/', '%2F')}"
        assert json.loads((folder / "fit.json").read_text()) == answer
        assert (folder / "figure.png").exists()


def test_the_exit_code_of_groups_is_that_of_the_worst(call: Call) -> None:
    table = pd.concat([planted().assign(set="a"), planted().assign(set="b", loss=1.0)])
    code, out, _ = call(table, "--x", "n", "--law", "power", "--by", "set")

    assert code == 1
    assert "set = b: flat" in out
    assert json.loads(call(table, "--x", "n", "--law", "power", "--by", "set", "--json")[1])["exit_code"] == 1


def test_a_mistake_in_one_group_is_one_message_that_names_it(call: Call) -> None:
    table = pd.concat([planted().assign(set="a"), planted().assign(set="b", loss=-1.0)])
    code, out, errors = call(table, "--x", "n", "--law", "power", "--by", "set", "--out", "fit")

    assert (code, out) == (2, "")
    assert "runs.csv: where set = b: loss must be > 0" in errors
    assert not Path("fit").exists()


def test_the_best_of_a_sweep_is_fitted(call: Call) -> None:
    rates = pd.concat(
        [planted().assign(lr=lr, loss=lambda t, f=f: t["loss"] * f) for lr, f in ((1, 1.3), (2, 1), (3, 2))]
    )
    code, out, _ = call(rates, "--x", "n", "--law", "power", "--best-over", "lr", "--json")
    best = json.loads(call(planted(), "--x", "n", "--law", "power", "--json")[1])

    assert code == 0
    assert alpha_of(json.loads(out)) == pytest.approx(alpha_of(best), rel=1e-12)
    assert notes_of(out)["best_chosen"]["details"]["chosen_from"] == 72
    assert "best_at_edge" not in notes_of(out)
    edge = notes_of(
        call(rates[rates["lr"] > 1], "--x", "n", "--law", "power", "--best-over", "lr", "--json")[1]
    )
    assert len(edge["best_at_edge"]["details"]["rows"]) == 24


def test_rows_are_selected_before_the_best_are_chosen_and_columns_renamed_before_all(call: Call) -> None:
    rates = pd.concat(
        [planted().assign(lr=lr, loss=lambda t, f=f: t["loss"] * f) for lr, f in ((1, 1.3), (2, 1), (3, 2))]
    )
    options = (
        "--x",
        "params",
        "--law",
        "power",
        "--best-over",
        "lr",
        "--rename",
        "params=n",
        "--where",
        "lr != 2",
    )
    code, out, _ = call(rates, *options, "--where", "params >= 2e3", "--json")

    assert code == 0
    details = notes_of(out)["best_chosen"]["details"]
    assert details["chosen_from"] == 2 * 3 * 7
    assert json.loads(out)["question"]["rename"] == {"n": "params"}


@pytest.mark.parametrize("name", ["Seed", "random_seed", "config.seed", "seed_id"])
def test_seeds_by_another_name_are_the_repeats_and_it_is_said(call: Call, name: str) -> None:
    assert seed_columns([name, "loss"]) == [name]
    table = planted().assign(seed=lambda t: t["seed"] + 10)
    known = json.loads(call(table, "--x", "n", "--law", "power", "--json")[1])
    _, out, _ = call(table.rename(columns={"seed": name}), "--x", "n", "--law", "power", "--json")

    assert json.loads(out)["fits"]["power"]["n_seeds"] == known["fits"]["power"]["n_seeds"] == 3
    assert notes_of(out)["seed_recognised"]["details"] == {"column": name}
    chosen = call(
        table.rename(columns={"seed": name}), "--x", "n", "--law", "power", "--cluster", name, "--json"
    )[1]
    assert "seed_recognised" not in notes_of(chosen)


def test_two_columns_that_may_tell_the_seeds_are_named_and_neither_is_taken(call: Call) -> None:
    table = planted().rename(columns={"seed": "data_seed"}).assign(init_seed=lambda t: t["data_seed"] % 2)
    _, out, _ = call(table, "--x", "n", "--law", "power", "--json")

    assert notes_of(out)["seed_unclear"]["details"]["columns"] == ["data_seed", "init_seed"]
    assert json.loads(out)["fits"]["power"]["n_seeds"] == 24
    _, out, _ = call(table.assign(init_seed=7), "--x", "n", "--law", "power", "--json")
    assert notes_of(out)["seed_recognised"]["details"] == {
        "column": "data_seed"
    }  # a constant tells no repeats
    assert json.loads(out)["fits"]["power"]["n_seeds"] == 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--rename", "n"], "--rename 'n': write it as new=old"),
        (["--rename", "x=m"], "the table has no column 'm' to be renamed"),
        (["--rename", "a=n", "--rename", "b=n"], "column 'n' is renamed twice"),
        (["--by", "set"], "runs.csv: the table has no column 'set'"),
        (["--by", ","], "--by ',' names nothing"),
        (["--best-over", "lr"], "runs.csv: the table has no column 'lr'"),
        (["--best-over", "seed"], "--best-over 'seed' is also x, or tells the repeats"),
        (["--best-by", "loss"], "--best-by says by what --best-over chooses; give both"),
        (["--where", "n >= big"], "--where 'n >= big': 'big' is no number"),
        (["--where", "n ="], "--where 'n =': what must 'n' be?"),
    ],
)
def test_a_mistake_in_the_selection_is_one_message(call: Call, arguments: list[str], message: str) -> None:
    code, out, errors = call(planted(), "--x", "n", "--law", "power", *arguments)

    assert (code, out, errors.count("\n")) == (2, "", 1)
    assert message in errors


@pytest.mark.parametrize("name", ["seed", "fold", "Seed"])
def test_repeats_that_stand_twice_are_one_message(call: Call, name: str) -> None:
    code, _, errors = call(f"n,{name},{name},loss\n1,0,0,3\n2,1,1,2\n", "--x", "n", "--law", "power")

    assert code == 2
    assert f"column {name!r} stands twice in the table (columns 2, 3); rename or remove one" in errors


@pytest.mark.parametrize("column", ["status", "State"])
@pytest.mark.parametrize(("word", "known"), [("crashed", True), ("KILLED", True), ("fine", False)])
def test_both_front_doors_understand_the_same_words(
    call: Call, tmp_path: Path, column: str, word: str, known: bool
) -> None:
    table = planted().rename(columns={"n": "samples", "loss": "val_loss"}).assign(**{column: "finished"})
    table.loc[[3, 5], column] = word
    code, out, errors = call(table, "--x", "samples", "--law", "power", "--json", y="val_loss")
    (tmp_path / "study.yaml").write_text(STUDY.replace("FILE", "runs.csv"))
    plan = make_plan(load_study(tmp_path / "study.yaml"))

    if known:
        rows = notes_of(out)["failed"]["details"]["rows"]
        runs, source = import_table(plan)
        (note,) = json.loads(source["notes"].iloc[0])
        assert rows == note["details"]["rows"] == [5, 7]
        assert len(runs) == json.loads(out)["fits"]["power"]["n_runs"] == 22
    else:
        with pytest.raises(Exception, match="this is no status of a run") as raised:
            import_table(plan)
        assert (code, out) == (2, "")
        assert errors.split("runs.csv: ")[1].strip() == str(raised.value).split("runs.csv: ")[1]


@pytest.mark.parametrize("name", ["st2.csv", "st3.csv", "st4.csv", "state.csv"])
def test_states_in_the_wild(call: Call, tmp_path: Path, name: str) -> None:
    _, out, _ = call(wild(name), "--x", "samples", "--law", "power", "--json", y="val_loss")
    (tmp_path / "study.yaml").write_text(STUDY.replace("FILE", str(wild(name))))
    runs, source = import_table(make_plan(load_study(tmp_path / "study.yaml")))

    assert notes_of(out)["failed"]["details"]["rows"] == [34, 35, 36, 37]
    assert json.loads(source["notes"].iloc[0])[0]["details"]["rows"] == [34, 35, 36, 37]
    assert len(runs) == 32
    assert alpha_of(json.loads(out)) == pytest.approx(0.5, abs=0.01)


def test_the_best_of_rates_in_the_wild(call: Call) -> None:
    _, out, _ = call(wild("lrsweep.csv"), "--x", "N,D", "--law", "chinchilla", "--best-over", "lr", "--json")

    found = json.loads(out)["fits"]["chinchilla"]["estimates"]
    for name, truth in (("E", 1.8), ("alpha", 0.35), ("beta", 0.33)):
        assert found[name]["low"] <= truth <= found[name]["high"]
        assert found[name]["value"] == pytest.approx(truth, abs=1e-4)


def test_points_between_thousands_in_the_wild_are_refused(call: Call) -> None:
    code, _, errors = call(wild("eu_dot2.csv"), "--x", "samples", "--law", "power_floor")

    assert code == 2
    assert "column 'samples' can be read in two ways: rows 2, 3, 4," in errors


@pytest.mark.parametrize("name", ["n_list.parquet", "n_struct.parquet"])
def test_columns_of_lists_in_the_wild_are_as_if_they_were_not_there(call: Call, name: str) -> None:
    options = ("--x", "params", "--law", "power", "--json")
    _, out, _ = call(wild(name), *options)
    _, without, _ = call(pd.read_parquet(wild(name)).drop(columns="a"), *options)

    for key in ("estimates", "n_runs", "status"):
        assert json.loads(out)["fits"]["power"][key] == json.loads(without)["fits"]["power"][key]
    assert set(notes_of(out)) == set(notes_of(without))
    assert "column 'a' holds" in call(wild(name), "--x", "a", "--law", "power")[2]
