"""The 288 runs of a figure on muP in stacks, beside a process per run, in CPU-seconds.

    python benchmarks/mup_record.py [--widths 8 16 32 64] [--samples 3] [--page]

The design is that of nanoGPT-mup's figure on Shakespeare's characters (https://github.com/EleutherAI/nanoGPT-mup): 4
widths × 12 rates × 3 seeds × 2 parametrizations, 122 steps, two blocks; at widths of 8 to 64 in place of 256 to 2,048
and contexts of 16 tokens in place of 1,024. Lawbook trains all in one process, a stack per width and parametrization,
as the jobs of a study do, which begin from one that has imported its libraries. The peers, an ordinary Lightning
process and one of a bare PyTorch loop (`peer_mup.py`), begin with its weights, learn its windows and evaluate the same
ones for validation at the end, by which rates are chosen; of each width a few of their runs are measured, evenly spaced
among the rates, half before and half after the stacks. All have one thread. `--page` writes docs/mup_record.md.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from processes import timed

HERE = Path(__file__).parent
STUDY, PAGE = HERE / "mup_record.yaml", HERE.parent / "docs" / "mup_record.md"
PARAMETRIZATIONS = ("standard", "mup")
PEERS = {"lightning": "Lightning process", "bare": "bare process"}
SAMPLES = 3


@dataclass(frozen=True)
class Stacks:
    """What the process of all stacks took in CPU-seconds: beside the stacks, and each by width and parametrization.

    rows: rate, seed and validation loss of its runs.
    """

    start_s: float
    seconds: Mapping[tuple[int, str], float]
    rows: Mapping[tuple[int, str], Sequence[Mapping[str, float]]]

    @property
    def runs(self) -> int:
        """Return the number of runs."""
        return sum(map(len, self.rows.values()))

    @property
    def total_s(self) -> float:
        """Return the CPU-seconds of all."""
        return self.start_s + sum(self.seconds.values())

    def per_run(self, width: int) -> float:
        """Return the CPU-seconds of a run of a width, with its share of the start."""
        of_width = [key for key in self.rows if key[0] == width]
        seconds = sum(self.seconds[key] for key in of_width)
        return seconds / sum(len(self.rows[key]) for key in of_width) + self.start_s / self.runs


@dataclass
class Peer:
    """CPU-seconds and validation losses of the sampled runs of one peer, by width; runs: rate and seed of each."""

    seconds: dict[int, list[float]] = field(default_factory=dict)
    losses: dict[int, list[float]] = field(default_factory=dict)
    runs: dict[int, list[tuple[float, int]]] = field(default_factory=dict)


@cache
def planned() -> Sequence[Any]:
    """Return the planned runs of all stacks."""
    from lawbook.studies import load_study, make_plan

    return make_plan(load_study(STUDY)).runs


def members_of(width: int, parametrization: str) -> list[Any]:
    """Return the planned runs of one stack."""
    wanted = (width, parametrization)
    return [run for run in planned() if (run.config["width"], run.config["parametrization"]) == wanted]


def train_stacks(widths: Sequence[int], folder: Path) -> list[dict[str, Any]]:
    """Train all stacks with an empty cache, one after another; return what each is, its CPU-seconds and its rows.

    What they share is done before the first: the text is read and the network's gradients are checked.
    """
    from lawbook.training.process import load_libraries

    load_libraries()
    from lawbook.storage.tables import write_table
    from lawbook.training.exactness import require_exact
    from lawbook.training.shard import data_digest, train_shard

    data_digest(planned()[0].config)
    require_exact(planned()[0].config, folder / "cache")
    stacks: list[dict[str, Any]] = []
    for width in widths:
        for parametrization in PARAMETRIZATIONS:
            began, members = time.process_time(), members_of(width, parametrization)
            name = f"{width}_{parametrization}"
            curves, outcomes = train_shard(members, shard=name, cache=folder / "cache", code="benchmark")
            write_table(curves, folder / f"{name}.parquet", "curves")
            write_table(outcomes, folder / f"{name}.runs.parquet", "outcomes")
            seconds = time.process_time() - began
            last = curves[(curves["metric"] == "loss") & (curves["step"] == curves["step"].max())]
            losses = last.set_index("run_id")["value"]
            rows = [
                {
                    "rate": run.config["learning_rate"],
                    "seed": run.config["seed"],
                    "validation": float(losses[run.run_id]),
                }
                for run in members
            ]
            stacks.append({"stack": [width, parametrization], "seconds": seconds, "rows": rows})
    return stacks


def write_beginnings(width: int, folder: Path) -> None:
    """Write the windows, and the initial weights of each seed of a width as state of the peers' network."""
    import torch
    from peer_mup import shape_of
    from peer_transformer import Transformer
    from transformer_step import take_over

    from lawbook.tasks import tasks
    from lawbook.training.sources import open_source
    from lawbook.training.stack import StackedRuns

    configs = {run.config["seed"]: run.config for run in members_of(width, "standard")}
    config: Any = configs[0]
    task: Any = tasks[config["task"]]
    examples, splits = task.examples(config), task.splits(config)
    places = {"train": splits["pool"][: config["samples"]], "validation": splits["validation"]}
    np.savez(
        folder / "windows.npz",
        **{f"{split}_inputs": examples.inputs[of] for split, of in places.items()},
        **{f"{split}_targets": examples.targets[of] for split, of in places.items()},
    )
    for seed, of_seed in configs.items():
        alone = StackedRuns([of_seed], open_source([of_seed], {}))
        network = Transformer(shape_of(width))
        take_over(network, {name: rows[0].detach() for name, rows in alone.weights.items()})
        torch.save(network.state_dict(), folder / f"weights_{width}_{seed}.pt")


def measure(widths: Sequence[int], samples: int, folder: Path) -> tuple[Stacks, dict[str, Peer]]:
    """Train all stacks between the sampled runs of the peers, which take turns; return what they took."""
    for width in widths:
        write_beginnings(width, folder)
    rates = sorted({run.config["learning_rate"] for run in members_of(widths[0], "standard")})
    places = np.linspace(2, len(rates) - 4, samples).round().astype(int)
    sampled = [(rates[place], n % 3) for n, place in enumerate(places)]
    peers = {way: Peer() for way in PEERS}

    def turn(rate: float, seed: int) -> None:
        for width in widths:
            for way, peer in peers.items():
                process = timed(sys.executable, HERE / "peer_mup.py", way, folder, width, seed, rate)
                peer.seconds.setdefault(width, []).append(process.cpu_s)
                peer.losses.setdefault(width, []).append(float(process.said.splitlines()[-1]))
                peer.runs.setdefault(width, []).append((rate, seed))

    for run in sampled[: samples // 2]:
        turn(*run)
    process = timed(sys.executable, __file__, "--stacks", folder, "--widths", *widths)
    for run in sampled[samples // 2 :]:
        turn(*run)
    found = {
        (width, name): each
        for each in json.loads(process.said.splitlines()[-1])
        for width, name in [each["stack"]]
    }
    seconds = {key: each["seconds"] for key, each in found.items()}
    rows = {key: each["rows"] for key, each in found.items()}
    return Stacks(process.cpu_s - sum(seconds.values()), seconds, rows), peers


def best_rate(rows: Sequence[Mapping[str, float]]) -> float:
    """Return log2 of the rate with the least mean validation loss, between the rates; NaN on an edge."""
    from lawbook.laws.valley import bottom

    rates = np.array(sorted({row["rate"] for row in rows}))
    means = [np.mean([row["validation"] for row in rows if row["rate"] == rate]) for rate in rates]
    return float(bottom(np.log2(rates), np.log(means)[None])[0])


def ratio(values: NDArray[np.float64]) -> str:
    """Return the median of ratios with their range."""
    return f"× {np.median(values):.0f} ({values.min():.0f}–{values.max():.0f})"


def row_of(width: int, stacks: Stacks, peers: Mapping[str, Peer]) -> str:
    """Return the row of a width in the table of seconds."""
    per_run = stacks.per_run(width)
    cells = [str(width), f"{per_run:.2f}"]
    for way in PEERS:
        seconds = np.array(peers[way].seconds[width])
        cells += [f"{np.median(seconds):.1f}", ratio(seconds / per_run)]
    return f"| {' | '.join(cells)} |"


def rate_row(width: int, stacks: Stacks, bare: Peer) -> str:
    """Return the row of a width in the table of best rates."""
    best = [best_rate(stacks.rows[width, name]) for name in PARAMETRIZATIONS]
    told = ["on an edge" if np.isnan(rate) else f"{rate:+.1f}" for rate in best]
    in_stack = {(row["rate"], row["seed"]): row["validation"] for row in stacks.rows[width, "standard"]}
    apart = max(
        abs(in_stack[run] - loss) for run, loss in zip(bare.runs[width], bare.losses[width], strict=True)
    )
    return f"| {width} | {' | '.join(told)} | {apart:.2f} |".replace("-", "−")


def page(widths: Sequence[int], stacks: Stacks, peers: Mapping[str, Peer], samples: int) -> str:
    """Return docs/mup_record.md."""
    import torch

    runs, stacked = stacks.runs, stacks.total_s
    totals = {
        way: sum(np.median(peer.seconds[width]) for width in widths) * runs / len(widths)
        for way, peer in peers.items()
    }
    seconds = "\n".join(row_of(width, stacks, peers) for width in widths)
    rates = "\n".join(rate_row(width, stacks, peers["bare"]) for width in widths)
    return f"""# The 288 runs of a figure on muP

Written by `python benchmarks/mup_record.py --page`; PyTorch {torch.__version__}, one thread,
{torch.backends.cpu.get_cpu_capability()}.

A figure of nanoGPT-mup shows valleys of the loss over learning rates on Shakespeare's characters, of four widths in
standard parametrization and under muP. Its design, and what is trained here:

| | nanoGPT-mup | here |
|---|---|---|
| widths | 256, 512, 1,024, 2,048 | {", ".join(map(str, widths))} |
| rates × seeds × parametrizations | 12 × 3 × 2 | 12 × 3 × 2 |
| steps | 122 | 122 |
| blocks, context, windows in a step | 2, 1,024, 8 | 2, 16, 8 |
| text | Shakespeare's characters | bytes of Python's own library |

It scripts a process per run. Here {runs} runs are trained in one process, in stacks of {runs // len(stacks.rows)}, in
{stacked:,.0f} CPU-seconds: {stacks.start_s:.0f} for its start, the reading of the text and the check of the network's
gradients, the others for training and for the evaluation by which a rate is chosen. A Lightning process per run would
take {totals["lightning"]:,.0f} (× {totals["lightning"] / stacked:.0f}), a process of a bare PyTorch loop per run
{totals["bare"]:,.0f} (× {totals["bare"] / stacked:.0f}), by the medians of {samples} runs per width. They are of the
same network, initial weights, windows and AdamW (`benchmarks/peer_mup.py`), and evaluate the same windows.

CPU-seconds of a run, and how many times as long a process per run takes, with the range over the measured runs:

| width | in stacks | {" | ".join(f"{name} | than stacks" for name in PEERS.values())} |
|---|---|---|---|---|---|
{seconds}

log2 of the best learning rate by mean validation loss, and the largest difference of a measured run's validation loss
between stack and bare loop, which draw other batches of the same windows:

| width | standard | muP | validation loss apart, nats |
|---|---|---|---|
{rates}

Start-up is most of what a process per run takes: about as long at every width. So the factor is largest where networks
are narrow, and falls as their arithmetic grows.
"""


def main() -> None:
    """Measure, print, and with `--page` write the page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--widths", type=int, nargs="+", default=[8, 16, 32, 64])
    parser.add_argument(
        "--samples", type=int, default=SAMPLES, help="runs of a peer that are measured at each width"
    )
    parser.add_argument("--page", action="store_true", help=f"write {PAGE.name}")
    parser.add_argument("--stacks", type=Path, help=argparse.SUPPRESS)
    wanted = parser.parse_args()
    if wanted.stacks:
        print(json.dumps(train_stacks(wanted.widths, wanted.stacks)))
        return
    with tempfile.TemporaryDirectory() as temporary:
        found = measure(wanted.widths, wanted.samples, Path(temporary))
    text = page(wanted.widths, *found, wanted.samples)
    print(text)
    if wanted.page:
        PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
