"""The 288 runs of a figure on muP in stacks, beside a process per run, in CPU-seconds.

    python benchmarks/mup_record.py [--widths 8 16 32 64] [--samples 3] [--page]

The design is that of nanoGPT-mup's figure on Shakespeare's characters: 4 widths × 12 rates × 3 seeds × 2 parametrizations
of 122 steps, two blocks (Dey et al., https://github.com/EleutherAI/nanoGPT-mup), at widths of 8 to 64 in place of 256 to
2,048 and contexts of 32 tokens in place of 1,024. Lawbook trains them all, in a process per width and parametrization.
The peers, an ordinary Lightning process and one of a bare PyTorch loop (`peer_mup.py`), begin with its weights and learn
its windows; a few of their runs per width are measured, evenly spaced among the rates. All take turns on one thread.
`--page` writes docs/mup_record.md.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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
class Measured:
    """CPU-seconds of one width: of each stack with its number of runs, and of the sampled runs of each peer.

    best: log2 of the best rate by parametrization, NaN where it lies on an edge of the rates. losses: test losses of
    the sampled runs by peer, and of the same runs in the stack as `stack`.
    """

    width: int
    stacks: Mapping[str, tuple[float, int]]
    peers: Mapping[str, NDArray[np.float64]]
    best: Mapping[str, float]
    losses: Mapping[str, NDArray[np.float64]]

    @property
    def per_run(self) -> float:
        """Return the CPU-seconds of a run in the stacks, start of their processes included."""
        seconds, runs = np.sum(list(self.stacks.values()), axis=0)
        return float(seconds / runs)


def members_of(width: int, parametrization: str) -> list[Any]:
    """Return the planned runs of one stack."""
    from lawbook.studies import load_study, make_plan

    wanted = (width, parametrization)
    runs = make_plan(load_study(STUDY)).runs
    return [run for run in runs if (run.config["width"], run.config["parametrization"]) == wanted]


def train_stack(width: int, parametrization: str, folder: Path) -> list[dict[str, float]]:
    """Train the runs of one stack with an empty cache; return rate, seed, validation and test loss of each."""
    from lawbook.training.process import load_libraries

    load_libraries()
    from lawbook.storage.tables import write_table
    from lawbook.training.shard import train_shard

    members = members_of(width, parametrization)
    name = f"{width}_{parametrization}"
    curves, outcomes = train_shard(members, shard=name, cache=folder / "cache", code="benchmark")
    write_table(curves, folder / f"{name}.parquet", "curves")
    write_table(outcomes, folder / f"{name}.runs.parquet", "outcomes")
    last = curves[(curves["metric"] == "loss") & (curves["step"] == curves["step"].max())]
    losses = last.pivot_table(index="run_id", columns="split", values="value", dropna=False)
    return [
        {
            "rate": run.config["learning_rate"],
            "seed": run.config["seed"],
            **{split: float(losses.loc[run.run_id, split]) for split in ("validation", "test")},
        }
        for run in members
    ]


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
    places = {"train": splits["pool"][: config["samples"]], "test": splits["test"]}
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


def measure_width(width: int, samples: int, folder: Path) -> Measured:
    """Train a width's stacks and sampled runs of the peers, which take turns; return what they took."""
    write_beginnings(width, folder)
    stacks: dict[str, tuple[float, int]] = {}
    found: dict[str, list[dict[str, float]]] = {}

    def stack(parametrization: str) -> None:
        process = timed(sys.executable, __file__, "--stack", width, parametrization, folder)
        found[parametrization] = json.loads(process.said.splitlines()[-1])
        stacks[parametrization] = (process.cpu_s, len(found[parametrization]))

    stack("standard")
    rates = sorted({row["rate"] for row in found["standard"]})
    sampled = [
        (rates[i], n % 3) for n, i in enumerate(np.linspace(2, len(rates) - 4, samples).round().astype(int))
    ]
    seconds: dict[str, list[float]] = {way: [] for way in PEERS}
    losses: dict[str, list[float]] = {way: [] for way in PEERS}
    for turn, (rate, seed) in enumerate(sampled):
        for way in list(PEERS)[:: 1 - 2 * (turn % 2)]:
            process = timed(sys.executable, HERE / "peer_mup.py", way, folder, width, seed, rate)
            seconds[way].append(process.cpu_s)
            losses[way].append(float(process.said.splitlines()[-1]))
    stack("mup")
    in_stack = {(row["rate"], row["seed"]): row["test"] for row in found["standard"]}
    return Measured(
        width,
        stacks,
        {way: np.array(values) for way, values in seconds.items()},
        {name: best_rate(rows) for name, rows in found.items()},
        {
            **{way: np.array(values) for way, values in losses.items()},
            "stack": np.array([in_stack[s] for s in sampled]),
        },
    )


def best_rate(rows: Sequence[Mapping[str, float]]) -> float:
    """Return log2 of the rate with the least mean validation loss, between the rates; NaN on an edge."""
    from lawbook.laws.valley import bottom

    rates = np.array(sorted({row["rate"] for row in rows}))
    means = [np.mean([row["validation"] for row in rows if row["rate"] == rate]) for rate in rates]
    return float(bottom(np.log2(rates), np.log(means)[None])[0])


def ratio(values: NDArray[np.float64]) -> str:
    """Return the median of ratios with their range."""
    return f"× {np.median(values):.0f} ({values.min():.0f}–{values.max():.0f})"


def row_of(found: Measured) -> str:
    """Return the row of a width in the table of seconds."""
    cells = [str(found.width), f"{found.per_run:.2f}"]
    for way in PEERS:
        cells += [f"{np.median(found.peers[way]):.1f}", ratio(found.peers[way] / found.per_run)]
    return f"| {' | '.join(cells)} |"


def rate_row(found: Measured) -> str:
    """Return the row of a width in the table of best rates."""
    told = [
        "on an edge" if np.isnan(found.best[name]) else f"{found.best[name]:+.1f}"
        for name in PARAMETRIZATIONS
    ]
    apart = np.abs(found.losses["stack"] - found.losses["bare"]).max()
    return f"| {found.width} | {' | '.join(told)} | {apart:.2f} |".replace("-", "−")


def page(found: Sequence[Measured], samples: int) -> str:
    """Return docs/mup_record.md."""
    import torch

    runs = sum(n for each in found for _, n in each.stacks.values())
    stacked = sum(seconds for each in found for seconds, _ in each.stacks.values())
    peers = {
        way: sum(np.median(each.peers[way]) * sum(n for _, n in each.stacks.values()) for each in found)
        for way in PEERS
    }
    seconds, rates = "\n".join(map(row_of, found)), "\n".join(map(rate_row, found))
    return f"""# The 288 runs of a figure on muP

Written by `python benchmarks/mup_record.py --page`; PyTorch {torch.__version__}, one thread,
{torch.backends.cpu.get_cpu_capability()}.

The figure of nanoGPT-mup on Shakespeare's characters shows the valleys of the loss over learning rates, of four widths in
standard parametrization and under muP. Its design, and what is trained here:

| | nanoGPT-mup | here |
|---|---|---|
| widths | 256, 512, 1,024, 2,048 | {", ".join(str(each.width) for each in found)} |
| rates × seeds × parametrizations | 12 × 3 × 2 | 12 × 3 × 2 |
| steps | 122 | 122 |
| blocks, context, windows in a step | 2, 1,024, 8 | 2, 32, 8 |
| text | Shakespeare's characters | bytes of Python's own library |

It scripts a process per run. Here {runs} runs are trained in stacks, a process per width and parametrization, its start
and both evaluations included, in {stacked:,.0f} CPU-seconds. A Lightning process per run would take
{peers["lightning"]:,.0f} (× {peers["lightning"] / stacked:.0f}), a process of a bare PyTorch loop per run
{peers["bare"]:,.0f} (× {peers["bare"] / stacked:.0f}), as the medians of {samples} runs per width say. These are of the
same network, initial weights, windows and AdamW (`benchmarks/peer_mup.py`), and are evaluated once.

CPU-seconds of a run, and how many times as long a process per run takes, with the range over the runs that were measured:

| width | in stacks | {" | ".join(f"{name} | than stacks" for name in PEERS.values())} |
|---|---|---|---|---|---|
{seconds}

log2 of the best learning rate by mean validation loss, and the largest difference of a measured run's test loss between
stack and bare loop, which draw other batches of the same windows:

| width | standard | muP | test loss apart, nats |
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
    parser.add_argument(
        "--stack", nargs=3, metavar=("WIDTH", "PARAMETRIZATION", "FOLDER"), help=argparse.SUPPRESS
    )
    wanted = parser.parse_args()
    if wanted.stack:
        width, parametrization, folder = wanted.stack
        print(json.dumps(train_stack(int(width), parametrization, Path(folder))))
        return
    found = []
    with tempfile.TemporaryDirectory() as temporary:
        for width in wanted.widths:
            found.append(measure_width(width, wanted.samples, Path(temporary)))
            print(row_of(found[-1]), rate_row(found[-1]), flush=True)
    text = page(found, wanted.samples)
    if wanted.page:
        PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
