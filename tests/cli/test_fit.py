"""`lawbook fit`: what it prints, what it writes, its exit codes, and how soon it answers."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.report.fonts import fonts_in

from lawbook.cli.app import main
from lawbook.errors import LawbookError
from lawbook.laws import fit, laws
from lawbook.storage.user_table import read_source

CHINCHILLA = Path(__file__).parents[3] / "shared/data/chinchilla_epoch_svg_extracted.csv"
FILES = ["draws.parquet", "figure.pdf", "figure.png", "figure.svg", "fit.json", "predictions.csv"]
TRUTH = {"E": 0.3, "A": 5.0, "alpha": 0.5}

Call = Callable[..., tuple[int, str, str]]


def planted(seeds: int = 6, points: int = 10) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    x, seed = np.meshgrid(np.geomspace(100, 1e5, points), np.arange(seeds))
    noise = 0.02 * rng.standard_normal(x.shape) + 0.01 * rng.standard_normal((seeds, 1))
    loss = (TRUTH["E"] + TRUTH["A"] * x ** -TRUTH["alpha"]) * np.exp(noise)
    return pd.DataFrame({"samples": x.ravel(), "seed": seed.ravel(), "loss": loss.ravel()})


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Return a function that runs `lawbook fit` beside runs.csv: arguments -> exit code, output, errors."""
    planted().to_csv(tmp_path / "runs.csv", index=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments: str, table: str = "runs.csv", x: str = "samples") -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["lawbook", "fit", table, "--y", "loss", "--x", x, *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return run


def test_one_law_is_printed_with_intervals_starts_and_verdict(call: Call) -> None:
    code, out, errors = call("--law", "power_floor", "--draws", "200")

    assert (code, errors) == (0, "")
    assert "y = E + A x^-α" in out
    assert "10 points from 60 runs, 6 independent; samples 100 to 1e+05 (3 decades)" in out
    assert "the law fits (lack of fit against seed noise: p = " in out
    assert "starts reached the optimum" in out
    row = next(line.split() for line in out.splitlines() if line.strip().startswith("α"))
    assert float(row[2]) < TRUTH["alpha"] < float(row[4])
    assert "--out FOLDER writes" in out


def test_everything_is_written_with_all_digits(call: Call, tmp_path: Path) -> None:
    code, out, _ = call("--law", "power_floor", "--draws", "200", "--seed", "3", "--out", "some/fit")

    folder = tmp_path / "some/fit"
    assert code == 0
    assert out.splitlines()[-1] == "Open some/fit/figure.png"
    assert sorted(path.name for path in folder.iterdir()) == FILES
    assert [path.name for path in folder.parent.iterdir()] == ["fit"]
    found = json.loads((folder / "fit.json").read_text())
    expected = fit(planted(), "power_floor", y="loss", x="samples", draws=200, seed=3)
    assert found["schema"] == 2
    assert found["file"] == {
        "name": "runs.csv",
        "sha256": hashlib.sha256((tmp_path / "runs.csv").read_bytes()).hexdigest(),
        "rows": 60,
    }
    estimates = found["fits"]["power_floor"]["estimates"]
    for name, estimate in expected.estimates.items():
        for end in ("value", "low", "high"):
            assert estimates[name][end] == pytest.approx(getattr(estimate, end), rel=1e-12)
    assert len(found["fits"]["power_floor"]["points"]) == 10
    draws = pd.read_parquet(folder / "draws.parquet")
    assert list(draws.columns) == ["law", "draw", "parameter", "value"]
    alpha = draws.loc[draws.parameter == "alpha", "value"]
    np.testing.assert_allclose(alpha, expected.draws[:, 2], rtol=1e-9)
    predictions = pd.read_csv(folder / "predictions.csv")
    assert predictions["samples"].iloc[-1] == pytest.approx(4e5)
    assert (predictions["low"] < predictions["estimate"]).all()
    assert (predictions["estimate"] < predictions["high"]).all()
    assert (folder / "figure.png").read_bytes().startswith(b"\x89PNG")
    assert fonts_in(folder / "figure.pdf") <= {"Type0", "CIDFontType2"}


def test_the_same_question_gives_the_same_bytes(call: Call, tmp_path: Path) -> None:
    for folder in ("one", "two"):
        call("--law", "power", "--draws", "60", "--out", folder)

    for name in FILES:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_json_on_stdout_is_the_file(call: Call, tmp_path: Path) -> None:
    _, out, _ = call("--law", "power", "--draws", "60", "--out", "fit", "--json")

    assert out == (tmp_path / "fit/fit.json").read_text()


def test_laws_are_compared_on_the_held_out_scales_beside_the_power_law(call: Call, tmp_path: Path) -> None:
    code, out, _ = call(
        "--compare", "power_floor,exponential", "--holdout-largest", "2", "--draws", "200", "--out", "fit"
    )

    found = json.loads((tmp_path / "fit/fit.json").read_text())
    table = {row["form"]: row for row in found["comparison"]["table"]}
    assert set(table) == {"power", "power_floor", "exponential"}
    assert table["power_floor"]["heldout_error"] < 0.1 * table["power"]["heldout_error"]
    assert found["comparison"]["preferred"] == found["headline"] == "power_floor"
    assert (code, found["exit_code"]) == (0, 0)
    assert "held out: at the 2 largest scales" in out
    assert "Preferred: power_floor" in out


def test_one_law_may_be_held_against_the_power_law(call: Call) -> None:
    code, out, _ = call("--law", "power_floor", "--holdout-largest", "2", "--draws", "200")

    assert code == 0
    assert out.startswith("power_floor  ")
    assert "held out: at the 2 largest scales" in out


def test_a_named_schedule_is_held_out_and_judged(call: Call, tmp_path: Path) -> None:
    step = np.tile(np.arange(200.0, 6001.0, 200.0), 2)
    name = np.repeat(["constant", "drop"], 30)
    rate = np.where((name == "drop") & (step > 3000), 2e-4, 1e-3)
    x = np.column_stack([name == "drop", step, rate]).astype(float)
    loss = np.exp(laws["annealing"].log_predict(x, np.array([2.0, 0.5, 1.0, 0.5, 300.0])))
    table = pd.DataFrame({"schedule": name, "step": step, "learning_rate": rate, "loss": loss})
    table.to_csv(tmp_path / "schedules.csv", index=False)

    asked = ("--law", "annealing", "--draws", "20", "--holdout-schedule", "constant")
    code, out, _ = call(*asked, "--json", table="schedules.csv", x="schedule,step,learning_rate")
    wrong, _, said = call(*asked[:-1], "cosine", table="schedules.csv", x="schedule,step,learning_rate")

    held = json.loads(out)["held_schedule"]
    assert (code, held["schedule"], len(held["table"])) == (0, "constant", 30)
    assert held["r2"] > 0.9999
    assert held["mae"] < 1e-3
    assert (wrong, "no row has the schedule 'cosine'" in said) == (2, True)


@pytest.mark.parametrize(("settings", "expected"), [({}, 3), ({"optimizer": 1.3}, 1)])
def test_one_law_and_a_comparison_refuse_alike(
    settings: dict[str, float], expected: int, call: Call, tmp_path: Path
) -> None:
    rng = np.random.default_rng(0)
    N, D = (each.ravel() for each in np.meshgrid(np.geomspace(1e7, 1e9, 5), np.geomspace(1e9, 3e10, 4)))
    if not settings:  # tied inputs, else a setting that nobody named
        N, D = (np.geomspace(1e7, 1e9, 20) * k for k in (1, 20))
    parts = [
        pd.DataFrame(
            {"N": N, "D": D, "optimizer": name, "loss": by * (1.8 + 300 * N**-0.35 + 900 * D**-0.33)}
        )
        for name, by in {"adam": 1.0, **settings}.items()
    ]
    table = pd.concat(parts)
    table["loss"] *= np.exp(0.001 * rng.standard_normal(len(table)))
    table.drop_duplicates(["N", "D", "optimizer"]).to_csv(tmp_path / "joint.csv", index=False)

    codes = {
        call(option, "chinchilla", "--draws", "40", table="joint.csv", x="N,D")[0]
        for option in ("--law", "--compare")
    }

    assert codes == {expected}


@pytest.mark.parametrize("asked", [("--law", "power_floor"), ("--compare", "power,power_floor")])
def test_a_seed_that_is_the_same_throughout_changes_nothing(
    asked: tuple[str, str], call: Call, tmp_path: Path
) -> None:
    once = planted(seeds=1).drop(columns="seed")
    once.to_csv(tmp_path / "bare.csv", index=False)
    once.assign(seed=42).to_csv(tmp_path / "same.csv", index=False)

    (code, bare, _), (again, same, _) = (
        call(*asked, "--draws", "40", table=f"{name}.csv") for name in ("bare", "same")
    )

    assert code == again
    assert same.replace("same.csv", "bare.csv") == bare


def test_what_stays_open_is_exit_code_3(call: Call, tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    x = np.tile(np.geomspace(100, 300, 6), 4)
    loss = x**-0.3 * np.exp(0.05 * rng.standard_normal(24))
    pd.DataFrame({"samples": x, "seed": np.repeat(range(4), 6), "loss": loss}).to_csv(
        tmp_path / "runs.csv", index=False
    )

    code, out, _ = call("--compare", "power,exponential", "--draws", "200")

    assert code == 3
    assert "Undecided: " in out


def test_a_refused_law_is_exit_code_1_and_says_why(call: Call, tmp_path: Path) -> None:
    planted().assign(loss=0.7).to_csv(tmp_path / "runs.csv", index=False)

    code, out, errors = call("--law", "power", "--out", "fit", "--draws", "60")

    assert (code, errors) == (1, "")
    assert "REFUSED: flat: the slope" in out
    assert json.loads((tmp_path / "fit/fit.json").read_text())["status"] == "refused"


def test_rows_are_chosen_by_where(call: Call, tmp_path: Path) -> None:
    table = pd.concat([planted().assign(rule="total"), planted().assign(rule="head", loss=1.0)])
    table.to_csv(tmp_path / "runs.csv", index=False)

    code, out, _ = call(
        "--law",
        "power_floor",
        "--draws",
        "60",
        "--where",
        "rule=total",
        "--where",
        "seed=0",
        "--where",
        "seed=1",
    )

    assert code == 0
    assert "10 points from 20 runs, 2 independent" in out
    assert "mixes 2 rules" in call("--law", "power_floor")[2]


def test_parquet_gives_what_csv_gives(call: Call, tmp_path: Path) -> None:
    planted().to_parquet(tmp_path / "runs.parquet")
    options = ("--law", "power", "--draws", "60", "--json")

    one, two = (json.loads(call(*options, table=name)[1]) for name in ("runs.csv", "runs.parquet"))

    assert one["fits"] == two["fits"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--law", "powr"], "runs.csv: unknown law 'powr'; did you mean 'power'?"),
        (["--law", "power", "--loss", "hubr"], "runs.csv: unknown loss 'hubr'; "),
        (["--law", "power", "--loss", "log_huber"], "needs delta > 0"),
        (
            ["--law", "power", "--compare", "power"],
            "name one law with --law or --formula, or several with --compare a,b,c",
        ),
        ([], "name one law with --law or --formula, or several with --compare a,b,c"),
        (["--compare", ","], "--compare ',' names nothing"),
        (["--law", "chinchilla"], "the law chinchilla has 2 inputs (N, D); x names 1: samples"),
        (
            ["--law", "power", "--cluster", "sed"],
            "runs.csv: the table has no column 'sed'; did you mean 'seed'?",
        ),
        (["--law", "power", "--n-eval", "0"], "n_eval = 0 must be ≥ 1"),
        (["--law", "power", "--weights", "w"], "the table has no column 'w'"),
        (
            ["--law", "power", "--where", "sed=1"],
            "--where: the table has no column 'sed'; did you mean 'seed'?",
        ),
        (
            ["--law", "power", "--where", "seed=9"],
            "--where: no row has seed = 9; its values: 0, 1, 2, 3, 4, 5",
        ),
        (["--law", "power", "--where", "seed"], "--where 'seed': write it as column=value"),
        (["--law", "power", "--out", "runs.csv"], "runs.csv: cannot be written"),
        (["--law", "power", "--out", "runs.csv/fit"], "runs.csv/fit: cannot be written"),
    ],
)
def test_a_mistake_in_the_options_is_one_message(
    call: Call, tmp_path: Path, arguments: list[str], message: str
) -> None:
    code, out, errors = call(*arguments, "--draws", "40")

    assert (code, out) == (2, "")
    assert message in errors
    assert errors.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["runs.csv"]


def test_an_error_while_writing_leaves_what_was_there(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    call("--law", "power", "--draws", "40", "--out", "fit")
    before = {path.name: path.read_bytes() for path in (tmp_path / "fit").iterdir()}

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("lawbook.storage.tables.write_csv", full)
    code, _, errors = call("--law", "power_floor", "--draws", "40", "--out", "fit")

    assert (code, errors) == (
        2,
        "Error: fit: cannot be written (No space left on device); name another folder\n",
    )
    assert {path.name: path.read_bytes() for path in (tmp_path / "fit").iterdir()} == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["fit", "runs.csv"]


def test_files_that_are_not_there_are_named_with_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "runs.csv").write_text("a,b\n1,2\n")
    with pytest.raises(LawbookError, match=r"runz\.csv: there is no such file; did you mean 'runs\.csv'"):
        read_source(tmp_path / "runz.csv")
    with pytest.raises(LawbookError, match="is no regular file"):
        read_source(tmp_path)
    (tmp_path / "bad.parquet").write_bytes(b"PAR1 but no more")
    with pytest.raises(LawbookError, match=r"bad\.parquet: is not a Parquet table"):
        read_source(tmp_path / "bad.parquet")


def test_rows_count_as_a_spreadsheet_shows_them(tmp_path: Path) -> None:
    text = '\ufeffx;note;y\n1;"two\nlines";0.5\n\n2; n/a ;\n3;ja;1e-3\n'
    (tmp_path / "runs.csv").write_text(text, encoding="utf-8")

    table = read_source(tmp_path / "runs.csv").table

    assert list(table.columns) == ["x", "note", "y"]
    assert list(table.index) == [2, 4, 5]
    assert list(table["x"]) == [1.0, 2.0, 3.0]
    assert table["note"].fillna("").tolist() == ["two\nlines", "", "ja"]
    np.testing.assert_array_equal(table["y"], [0.5, np.nan, 1e-3])


def chinchilla(folder: Path) -> Path:
    if not CHINCHILLA.exists():
        pytest.skip("the public Chinchilla points are not here")
    table = pd.read_csv(CHINCHILLA).nsmallest(240, "loss")
    N, C = table["Model Size"], table["Training FLOP"]
    pd.DataFrame({"N": N, "D": C / (6 * N), "loss": table["loss"]}).to_csv(
        folder / "chinchilla.csv", index=False
    )
    return folder / "chinchilla.csv"


def test_240_points_are_answered_without_what_is_heavy(tmp_path: Path) -> None:
    file = chinchilla(tmp_path)
    program = (
        "import sys\n"
        "from lawbook.cli.app import main\n"
        f"sys.argv = ['lawbook', 'fit', {str(file)!r}, '--y', 'loss', '--x', 'N,D', '--law', 'chinchilla',"
        " '--loss', 'log_huber', '--delta', '1e-3', '--json']\n"
        "try:\n    main()\n"
        "finally:\n"
        "    heavy = {'torch', 'snakemake', 'pytorch_lightning', 'matplotlib', 'scipy.stats'} & set(sys.modules)\n"
        "    print('heavy', sorted(heavy), file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)

    found = json.loads(done.stdout)["fits"]["chinchilla"]
    assert found["objective"] == pytest.approx(0.001018274018, rel=1e-9)
    a = found["derived"]["a"]  # N* ∝ C^a; its standard error is .020
    assert a["value"] == pytest.approx(0.5139, abs=5e-5)
    assert 0.45 < a["low"] < 0.49 < 0.53 < a["high"] < 0.57
    assert done.stderr.splitlines()[-1] == "heavy []"


def test_what_repeats_a_row_is_its_fold_where_that_varies_else_its_seed(call: Call, tmp_path: Path) -> None:
    table = pd.read_csv(tmp_path / "runs.csv")
    seeds, folds = table["seed"].nunique(), 3
    for name, fold in (("one", 0), ("several", table["seed"] % folds)):
        table.assign(fold=fold).to_csv(tmp_path / f"{name}.csv", index=False)
    found = [
        call("--law", "power", "--draws", "50", "--json", table=f"{name}.csv")[1]
        for name in ("one", "several")
    ]
    n_seeds = [json.loads(text)["fits"]["power"]["n_seeds"] for text in found]

    assert n_seeds == [seeds, folds]
