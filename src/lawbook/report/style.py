"""One look for all figures: colours that everyone can tell apart, print sizes, the same bytes each time."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib import colormaps, ticker
from matplotlib.axes import Axes

# Matplotlib would import them at the first file of each kind, and so would every job that starts warm.
from matplotlib.backends import backend_agg, backend_pdf, backend_svg  # noqa: F401
from matplotlib.colorbar import Colorbar
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.font_manager import fontManager

from lawbook.report.glyphs import cover
from lawbook.report.typesetting import fit_texts
from lawbook.results.words import plain
from lawbook.storage.files import written_atomically

# Okabe and Ito 2008, "Color universal design"; yellow is left out, since it fades on white.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#555555")
BLACK, GREY, RED = "#222222", "#888888", "#B00020"
MARKERS = ("o", "s", "^", "D", "v", "P", "X")

SINGLE, DOUBLE = 3.5, 7.2
"""Widths of one and two columns of print, in inches."""

DRAWN = 2000
"""Most points of a law that are drawn: more lie on top of each other, and make files that no viewer opens."""

_STYLE: dict[Any, Any] = {
    "axes.axisbelow": True,
    "axes.edgecolor": BLACK,
    "axes.grid": True,
    "axes.grid.which": "both",
    "axes.labelsize": 8,
    "axes.linewidth": 0.6,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 8.5,
    "axes.unicode_minus": True,
    "figure.dpi": 100,
    "font.family": "DejaVu Sans",
    "font.size": 8,
    "grid.color": "#E4E4E4",
    "grid.linewidth": 0.5,
    "legend.borderaxespad": 0.2,
    "legend.fontsize": 7,
    "legend.frameon": False,
    "legend.title_fontsize": 7,
    "lines.linewidth": 1.3,
    "lines.markersize": 4,
    "pdf.fonttype": 42,  # TrueType; venues refuse Type 3
    "savefig.dpi": 200,
    "svg.fonttype": "path",
    "text.parse_math": False,  # a dollar sign in a column's name is one
    "xtick.labelsize": 7,
    "xtick.major.width": 0.6,
    "xtick.minor.width": 0.4,
    "ytick.labelsize": 7,
    "ytick.major.width": 0.6,
    "ytick.minor.width": 0.4,
}

_STAMPS = ("Date", "CreationDate", "Software")
"""Metadata that matplotlib writes unless it is told None: the time, and its own version."""


@contextmanager
def styled() -> Iterator[None]:
    """Draw and save figures in this style, whatever the user's own settings and fonts are."""
    _prefer_own_fonts()
    with warnings.catch_warnings(), mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_STYLE)
        yield


@cache
def _prefer_own_fonts() -> None:
    """Let DejaVu Sans be the one that Matplotlib brings: another copy gives other bytes.

    Another may be installed, and the list of fonts in a home may be that of an environment that is gone.
    """
    folder = Path(mpl.get_data_path(), "fonts/ttf")
    known = {font.fname for font in fontManager.ttflist}
    for file in folder.glob("DejaVuSans*.ttf"):
        if str(file) not in known:
            fontManager.addfont(str(file))
    # Of fonts that suit alike the first is taken.
    fontManager.ttflist.sort(key=lambda font: Path(font.fname).parent != folder)


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure of this size in inches, outside pyplot's global state."""
    return Figure(figsize=(width, height), layout="constrained")


def save(
    figure: Figure,
    out: Path,
    name: str,
    title: str,
    caption: str,
    made: str | None = None,
    kinds: Collection[str] = ("svg", "pdf", "png"),
) -> None:
    """Write `name` as files of these kinds, with title, caption and how it was made in their metadata.

    Texts longer than their room are wrapped or shortened; the caption then has them whole. Characters that no
    installed font has are named in the caption and on stderr. The same figure gives the same bytes: no dates, and
    ids that derive from the name.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from")  # said once, and in words
        lacking = cover(figure)
        cut = [text for text in fit_texts(figure) if plain(text) not in plain(caption)]
        # All files have this layout, whatever their resolutions; with an engine, each would be drawn twice.
        figure.set_layout_engine(None)
        caption += f" Shortened in the figure: {'; '.join(cut)}." if cut else ""
        if lacking:
            caption += f" {lacking}"
            print(f"Warning: {name}: {lacking}", file=sys.stderr, flush=True)
        _write(figure, out, name, title, caption, made, kinds)


def _write(
    figure: Figure, out: Path, name: str, title: str, caption: str, made: str | None, kinds: Collection[str]
) -> None:
    metadata = {
        "svg": {"Date": None, "Title": title, "Description": caption, "Source": made},
        "pdf": {"CreationDate": None, "Title": title, "Subject": caption, "Keywords": made},
        "png": {"Software": None, "Title": title, "Description": caption, "Source": made},
    }
    with mpl.rc_context({"svg.hashsalt": name}):
        for suffix in kinds:
            about = metadata[suffix]
            stamped = {key: value for key, value in about.items() if value is not None or key in _STAMPS}
            with written_atomically(out / f"{name}.{suffix}") as temporary:
                figure.savefig(temporary, format=suffix, metadata=stamped)


def colours(values: Iterable[object]) -> list[str]:
    """Return a colour per value: a sequential scale where many numbers are ordered, else the palette."""
    values = list(values)
    ordered = all(isinstance(v, int | float | np.number) and not isinstance(v, bool) for v in values)
    if ordered and len(values) > 2:
        # Viridis without its palest end, which fades on white.
        return [to_hex(colormaps["viridis"](place)) for place in np.linspace(0.0, 0.85, len(values))]
    return [PALETTE[i % len(PALETTE)] for i in range(len(values))]


def evenly(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of a table that are drawn as points: all, or of more than `DRAWN` so many, evenly taken."""
    if len(table) <= DRAWN:
        return table
    return table.iloc[np.linspace(0, len(table) - 1, DRAWN).round().astype(int)]


def legend_columns(labels: Sequence[str]) -> int:
    """Return how many columns of these labels stand side by side below a figure of two columns, four at most.

    >>> legend_columns(["a", "b"]), legend_columns(["a long label, " * 4] * 8)
    (2, 1)
    """
    longest = max(map(len, labels), default=0)
    return int(np.clip(120 // (longest + 8), 1, min(4, max(1, len(labels)))))


def log_axis(axes: Axes, which: str, values: Iterable[float]) -> None:
    """Make one axis logarithmic, with plain numbers as ticks; linear if a value is not positive.

    The fewer decades, the more digits get a labelled tick, so that at least two are labelled.
    """
    shown = np.array([v for v in values if np.isfinite(v)], dtype=float)
    if not len(shown) or (shown <= 0).any():
        return
    axis = axes.xaxis if which == "x" else axes.yaxis
    (axes.set_xscale if which == "x" else axes.set_yscale)("log")
    decades = np.log10(shown.max() / shown.min())
    narrow = [
        (0.4, tuple(np.arange(1.0, 10.0))),
        (1.2, (1.0, 2.0, 3.0, 5.0)),
        (2.0, (1.0, 2.0, 5.0)),
        (3.2, (1.0, 3.0)),
    ]
    subs = next((subs for limit, subs in narrow if decades < limit), (1.0,))
    axis.set_major_locator(ticker.LogLocator(base=10, subs=subs, numticks=12))
    axis.set_minor_locator(ticker.LogLocator(base=10, subs=tuple(np.arange(1.0, 10.0)), numticks=12))
    axis.set_major_formatter(ticker.FuncFormatter(tick_text))
    axis.set_minor_formatter(ticker.NullFormatter())


def label_bar(bar: Colorbar, values: Iterable[float], label: str) -> None:
    """Write the name and plain numbers beside a colour bar, whether it is logarithmic or linear."""
    if bar.norm.__class__.__name__ == "LogNorm":
        log_axis(bar.ax, "y", values)
    else:
        bar.ax.yaxis.set_major_formatter(ticker.FuncFormatter(tick_text))
    bar.set_label(label)
    bar.outline.set_visible(False)


_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def tick_text(value: float, _position: int | None = None) -> str:
    """Write a tick: plain from 0.0001 to 99,999, else as a power of ten.

    >>> tick_text(0.02), tick_text(20000.0), tick_text(1e8), tick_text(0.0)
    ('0.02', '20,000', '10⁸', '0')
    """
    if value <= 0:
        return "−" + tick_text(-value) if value < 0 else "0"
    if 9e-5 <= value < 1e5:
        return f"{value:,.0f}" if value >= 10 else f"{value:.3g}"
    exponent = int(np.floor(np.log10(value) + 1e-9))
    mantissa = value / 10**exponent
    power = "10" + str(exponent).translate(_RAISED)
    return power if abs(mantissa - 1) < 1e-6 else f"{mantissa:.0f} × {power}"
