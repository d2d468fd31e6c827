"""A study packed on one clone is checked on another: what follows from its runs agrees, and what does not is named."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from tests.workflow.conftest import STUDY, Checkout, build, finished, undisturbed

from lawbook.bundle.archive import MANIFEST, Manifest, describe, write_archive
from lawbook.bundle.check import check_bundle
from lawbook.bundle.compare import compare_json, compare_tables, with_earlier_columns
from lawbook.laws.note import notes_to_json, refusal, warning
from lawbook.storage.provenance import read_provenance
from lawbook.storage.tables import read_roles, read_table, write_csv, write_table

__all__ = ["finished", "undisturbed"]


@pytest.fixture(scope="session")
def bundle(undisturbed: Checkout, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the bundle of the study that was run."""
    out = tmp_path_factory.mktemp("bundle") / f"{STUDY}.zip"
    made = undisturbed.lawbook("export", STUDY, "--out", str(out))
    assert made.returncode == 0, made.stderr
    assert f"lawbook check-bundle {STUDY}.zip" in made.stdout
    return out


def test_another_clone_finds_the_same_claims_tables_and_figures(bundle: Path, tmp_path: Path) -> None:
    other = build(tmp_path / "another clone")

    checked = other.lawbook("check-bundle", str(bundle), "--out", "found")

    assert checked.returncode == 0, checked.stdout + checked.stderr
    lines = checked.stdout.splitlines()
    assert all(line.startswith("identical") for line in lines[:-2]), checked.stdout
    for part in (
        "planned runs",
        "claims",
        "fits",
        "picture of figure",
        "data of figure",
        "answers of figure",
        "CSV files",
    ):
        assert any(part in line for line in lines)
    assert (other.folder / "found/again/report.html").stat().st_size > 10_000
    assert not (other.folder / "results").exists(), "nothing was trained"


def test_a_bundle_of_the_first_format_still_checks(tmp_path: Path) -> None:
    """It was exported before a study named its analyses, of a study of one pruning frontier."""
    found = list(check_bundle(Path(__file__).parent / "first_format.zip", tmp_path))

    assert {finding.agreement for finding in found} <= {"identical", "agrees"}, found
    compared = {finding.what for finding in found}
    assert {f"pruning_frontier/el2n/{table}" for table in ("points", "slopes", "verdict")} <= compared
    assert {"planned runs", "claims"} <= compared


def tamper(bundle: Path, folder: Path, change: Callable[[Path], None]) -> Path:
    """Return the bundle with files changed and a manifest that fits them."""
    with zipfile.ZipFile(bundle) as archive:
        archive.extractall(folder / "members")
    members = folder / "members"
    told = json.loads((members / MANIFEST).read_text())
    (members / MANIFEST).unlink()
    change(members / "results")
    files = {str(path.relative_to(members)): path for path in sorted(members.rglob("*")) if path.is_file()}
    manifest = Manifest.model_validate({**told, "files": describe(files)})
    write_archive(folder / "tampered.zip", manifest, files)
    return folder / "tampered.zip"


def better_claim(results: Path) -> None:
    """Let a claim hold."""
    claims = read_table(results / "claims.parquet").assign(verdict="holds")
    write_table(claims, results / "claims.parquet", "claims", read_provenance(results / "claims.parquet"))
    write_csv(claims, results / "claims.csv")


def better_run(results: Path) -> None:
    """Let one run have half the error."""
    runs = read_table(results / "runs.parquet")
    runs.loc[runs["metric"] == "random", "test_error"] /= 2
    file = results / "runs.parquet"
    write_table(runs, file, made=read_provenance(file), roles=read_roles(file))
    write_csv(runs, results / "runs.csv")


def better_picture(results: Path) -> None:
    """Draw over a figure."""
    file = next(results.glob("figures/law_*.svg"))
    file.write_text(file.read_text().replace("</svg>", '<rect width="9" height="9"/></svg>'))


def better_answers(results: Path) -> None:
    """Let the page say another value of a point than the figure's data do."""
    file = next(results.glob("figures/law_*.json"))
    answers = json.loads(file.read_text())
    trace = answers["panels"][0]["traces"][0]
    trace["y"][0] = trace["y"][0] / 2
    file.write_text(json.dumps(answers))


def better_twin(results: Path) -> None:
    """Change a number in a CSV alone."""
    file = results / "fits.csv"
    file.write_text(file.read_text().replace("power", "power!", 1))


def fewer_runs(results: Path) -> None:
    """Drop a run."""
    runs = read_table(results / "runs.parquet").iloc[1:]
    file = results / "runs.parquet"
    write_table(runs, file, made=read_provenance(file), roles=read_roles(file))
    write_csv(runs, results / "runs.csv")


def better_products(results: Path) -> None:
    """Change four things that are made of the runs, each by itself."""
    for change in (better_claim, better_picture, better_answers, better_twin):
        change(results)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        pytest.param(
            better_products,
            [
                "claims: verdict of row 1: holds in the bundle, ",
                "picture of figure law_",
                "answers of figure law_",
                "CSV files: fits.csv",
            ],
            marks=pytest.mark.slow,
        ),
        (better_run, ["fits: estimate of row 1: "]),
        pytest.param(fewer_runs, ["planned runs: 1 planned ones lack"], marks=pytest.mark.slow),
    ],
)
def test_what_does_not_follow_from_the_runs_is_named(
    bundle: Path,
    undisturbed: Checkout,
    tmp_path: Path,
    change: Callable[[Path], None],
    named: list[str],
) -> None:
    tampered = tamper(bundle, tmp_path, change)

    checked = undisturbed.lawbook("check-bundle", str(tampered))

    assert checked.returncode == 1, checked.stdout + checked.stderr
    for what in named:
        assert f"differs    {what}" in checked.stdout
    assert "See what differs." in checked.stdout


def unfit(results: Path) -> None:
    """Take a column away that the laws need."""
    runs = read_table(results / "runs.parquet").drop(columns=["samples"])
    file = results / "runs.parquet"
    write_table(runs, file, made=read_provenance(file), roles=read_roles(file))


def test_tables_that_do_not_fit_the_study_are_one_message(
    bundle: Path, undisturbed: Checkout, tmp_path: Path
) -> None:
    checked = undisturbed.lawbook("check-bundle", str(tamper(bundle, tmp_path, unfit)))

    assert checked.returncode == 2
    assert "tampered.zip" in checked.stderr
    assert "Traceback" not in checked.stderr


def test_a_study_that_is_not_finished_or_was_edited_since_is_not_packed(finished: Checkout) -> None:
    finished.edit("config/studies/smoke.yaml", "at_most: 0", "at_most: 0.01")
    edited = finished.lawbook("export", STUDY)
    finished.path("figures/law_error_by_data.pdf").unlink()
    lacking = finished.lawbook("export", STUDY)
    elsewhere = finished.lawbook("export", STUDY, "--out", "results")

    for refused, problem in (
        (edited, "claims.parquet was made from another version of config/studies/smoke.yaml"),
        (lacking, "law_error_by_data.pdf is not there yet; `lawbook run smoke` makes it"),
        (elsewhere, "name a file that ends in .zip"),
    ):
        assert refused.returncode == 2
        assert problem in refused.stderr
        assert "Traceback" not in refused.stderr
    assert not list((finished.folder / "results").glob("*.zip"))


def test_numbers_agree_to_a_millionth_and_missing_ones_only_with_missing_ones() -> None:
    kept = pd.DataFrame({"law": ["a", "b"], "estimate": [1.0, float("nan")], "gradient": [1e-9, 1e-9]})

    assert compare_tables("t", kept, kept.copy()).agreement == "identical"
    rounded = kept.assign(estimate=[1.0 + 1e-9, float("nan")], gradient=[2e-9, 1e-9])
    assert compare_tables("t", kept, rounded).agreement == "agrees"
    for other in (
        kept.assign(estimate=[1.0 + 1e-5, float("nan")]),
        kept.assign(estimate=[1.0, 2.0]),
        kept.assign(law=["a", None]),
        kept.iloc[:1],
        kept.rename(columns={"law": "laws"}),
    ):
        assert compare_tables("t", kept, other).agreement == "differs"


def test_answers_agree_to_the_digits_that_they_are_written_with() -> None:
    kept = {"panels": [{"title": "a", "y": [1.00001, None, 3]}], "runs": []}

    def other(y: object, title: str = "a", **more: object) -> dict[str, object]:
        return {"panels": [{"title": title, "y": y}], "runs": [], **more}

    assert compare_json("f", kept, other([1.00001, None, 3])).agreement == "identical"
    assert compare_json("f", kept, other([1.00002, None, 3.0])).agreement == "agrees"
    for again, said in (
        (other([1.00004, None, 3]), "panels[0].y[0]: 1.00001 in the bundle, 1.00004 again"),
        (other([1.00001, 2, 3]), "panels[0].y[1]: None in the bundle, 2 again"),
        (other([1.00001, None]), "panels[0].y: [1.00001, None, 3] in the bundle, [1.00001, None] again"),
        (other([1.00001, None, 3], "b"), "panels[0].title: a in the bundle, b again"),
        (other([1.00001, None, 3], warnings=[]), "differs"),
    ):
        found = compare_json("f", kept, again)
        assert said in (found.detail, found.agreement)
        assert found.agreement == "differs"


def test_notes_agree_if_they_say_the_same_whatever_the_last_digits_of_their_details() -> None:
    def table(p: float, text: str = "p = 0.0012") -> pd.DataFrame:
        return pd.DataFrame({"notes": [notes_to_json([warning("lack_of_fit", text, p=p)])]})

    assert compare_tables("t", table(0.00123), table(0.00123000001)).agreement == "agrees"
    assert compare_tables("t", table(0.00123), table(0.00123, "p = 0.0013")).agreement == "differs"


def test_a_table_of_fits_from_before_there_were_notes_is_compared_as_it_was() -> None:
    notes = [
        [refusal("flat", "flat: it includes 0"), warning("rising", "y rises"), warning("no_repeats", "none")],
        [],
    ]
    again = pd.DataFrame(
        {"status": ["refused", "ok"], "notes": list(map(notes_to_json, notes)), "bic": [1.0, 2.0]}
    )
    kept = pd.DataFrame(
        {
            "status": ["refused", "ok"], "reason": ["flat: it includes 0", ""],
            "warnings": ["rising: y rises\nno_repeats: none", ""], "bic": [1.0, 2.0],
        }
    )  # fmt: skip
    verdicts = pd.DataFrame({"reason": ["too few"], "warnings": [None]})
    judged = pd.DataFrame({"reason": ["too few"], "notes": [notes_to_json([])]})

    assert compare_tables("fits", kept, with_earlier_columns(again, list(kept))).agreement == "identical"
    assert (
        compare_tables("verdicts", verdicts, with_earlier_columns(judged, list(verdicts))).agreement
        != "differs"
    )
    other = kept.assign(reason=["no decay: A = 0", ""])
    assert compare_tables("fits", other, with_earlier_columns(again, list(kept))).agreement == "differs"
    assert with_earlier_columns(again, list(again)) is again
