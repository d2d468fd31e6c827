"""`lawbook suggest`: which runs to make next."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lawbook.errors import LawbookError

if TYPE_CHECKING:
    from rich.console import Console

    from lawbook.fitting.suggestion import Advice

_SHOWN = 30


def suggest(
    table: Annotated[Path, typer.Argument(help="The runs that there are.", show_default=False)],
    y: Annotated[str, typer.Option("--y", help="Column of the loss or error.", show_default=False)],
    x: Annotated[str, typer.Option("--x", help="Columns it depends on: N,D.", show_default=False)],
    pool: Annotated[
        Path, typer.Option(help="A table of the runs that could be made, a row each.", show_default=False)
    ],
    cost: Annotated[
        str, typer.Option(help="What a run costs, of the pool's columns: 6*N*D.", show_default=False)
    ],
    target: Annotated[
        list[str],
        typer.Option(
            help="Where y is to be predicted: N=7e10,D=1.4e12, or a table. Repeat.", show_default=False
        ),
    ],
    budget: Annotated[
        float, typer.Option(min=0, help="What all runs may cost together.", show_default=False)
    ],
    out: Annotated[
        Path | None, typer.Option(help="Write the chosen runs: CSV, or YAML as a sweep of a study.")
    ] = None,
    level: Annotated[float, typer.Option(min=0.5, max=0.999, help="Level of the interval.")] = 0.95,
    seed: Annotated[int, typer.Option(min=0, help="Seed of what is drawn where no law can choose.")] = 0,
) -> None:
    """Choose the runs that are expected to sharpen the prediction at the target most for their cost.

    lawbook suggest runs.csv --y loss --x N,D --pool runs.csv --cost "6*N*D" --target "N=7e10,D=1.4e12" --budget 1e21

    Several laws judge together, those that predict the held-out runs best. Where there are too few runs for a law, or
    none predicts, runs are drawn in proportion to 1/cost, and this is said.
    """
    from rich.console import Console

    from lawbook.cli.fit import names_in
    from lawbook.fitting.question import Question
    from lawbook.fitting.suggestion import suggest as suggested
    from lawbook.storage.user_table import read_source

    names = names_in(x, "--x")
    question = Question(y=y, x=names, laws=("auto",), target=tuple(target), level=level, seed=seed)
    advice = suggested(question, read_source(table), read_source(pool), cost, budget)
    console = Console()
    _show(advice, level, console)
    if out is not None:
        _write(advice, names, out)
        console.print(f"Wrote {out}", highlight=False)


def _show(advice: Advice, level: float, console: Console) -> None:
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    found, runs = advice.suggestion, advice.runs
    if found.fallback:
        console.print(
            f"[yellow]Drawn in proportion to 1/cost[/yellow]: {escape(found.fallback)}", highlight=False
        )
    else:
        console.print(f"Chosen by {escape(', '.join(advice.laws))}", highlight=False)
    columns = [name for name in runs.columns if name not in ("half_width", "cumulative_cost")]
    shown = Table(
        *map(escape, columns), "all cost", f"± at {100 * level:g} %", box=box.SIMPLE_HEAD, pad_edge=False
    )
    for row in runs.head(_SHOWN).to_dict("records"):
        width = row["half_width"]
        after = _width(width, advice) if width == width else "–"
        cells = [
            f"{row[name]:.5g}" if isinstance(row[name], float) else escape(str(row[name])) for name in columns
        ]
        shown.add_row(*cells, f"{row['cumulative_cost']:.4g}", after)
    console.print(shown)
    if len(runs) > _SHOWN:
        console.print(f"… {len(runs)} runs in all; --out FILE writes them", highlight=False)
    if advice.now == advice.now:
        last = float(runs["half_width"].iloc[-1]) if len(runs) else advice.now
        console.print(
            f"The interval of y at the target is ± {_width(advice.now, advice)} now, and expected to become"
            f" ± {_width(last, advice)}",
            highlight=False,
        )
    if found.rivals:
        one, other = map(escape, found.rivals)
        price = f"{found.decision:.3g}" if found.decision == found.decision else "more than the whole pool"
        console.print(f"To tell {one} from {other} would cost {price}", highlight=False)


def _width(width: float, advice: Advice) -> str:
    return f"{100 * width:.3g} %" if advice.of_log else f"{width:.3g}"


def _write(advice: Advice, inputs: tuple[str, ...], out: Path) -> None:
    """Write the chosen runs as CSV, or as a sweep that can be pasted into a study."""
    import yaml

    from lawbook.storage.files import write_text

    if out.suffix in (".yaml", ".yml"):
        axes = {name: [float(value) for value in advice.runs[name]] for name in inputs}
        sweep = {"sweeps": {"suggested": {"combine": "zip", "axes": axes}}}
        write_text(out, yaml.safe_dump(sweep, sort_keys=False, default_flow_style=None, width=110))
    elif out.suffix == ".csv":
        write_text(out, advice.runs.to_csv(index=False))
    else:
        raise LawbookError(f"{out}: write to a name that ends in .csv, or in .yaml for a sweep of a study")
