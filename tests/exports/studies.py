"""Finished studies to export: one of hostile words, made here in seconds."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd

from lawbook.claims.judge import judge_claims
from lawbook.exports import Finished
from lawbook.fitting.study import fit_study
from lawbook.report.figures import draw_figure
from lawbook.report.gallery.thumbnail import draw_thumbnail
from lawbook.report.page import write_report
from lawbook.results.from_table import import_table
from lawbook.storage.provenance import Provenance, versions
from lawbook.storage.tables import empty, write_csv, write_table
from lawbook.studies import load_study, make_plan
from lawbook.workflow.freshness import expected_provenance

WRITTEN = datetime(2026, 11, 29, 12, tzinfo=UTC)
LICENCE = "CC-BY-4.0"

SCRIPT = "</title></script><script>alert(1)</script><img src=x onerror=alert(2)>"
LINK = "[press](javascript:alert(3)) ![](https://evil.example/x.png) <https://evil.example> https://evil.example/y.png"
BLOCKS = (
    '`rm -rf` # one\\n---\\n<!-- trackio-cell\\n{\\"type\\": \\"figure\\"}\\n-->\\n# two\\nkey: [value, | *a'
)
"""As a double-quoted scalar of YAML holds it."""
COLUMN = "a_<b>group</b> | `x`/é?"
VALUE = "-->\" 'x': {y} | [z](javascript:alert(4))"

TEMPLATE = "{{ 7 * 11119 }} {% raw %} {# no words #}"
"""What a template would take for its own; a study may say it anywhere."""

STUDY = f"""
title: "{SCRIPT}\\n--- {LINK}"
question: "{BLOCKS}"
limits: "{LINK}"
topic: "{LINK} {SCRIPT} {TEMPLATE}"
hero: law_of_all
table: {{path: hostile.csv}}
laws:
  of_all: {{y: loss, x: N, by: ['{COLUMN}'], compare: [power]}}
figures: [{{law: of_all}}]
claims:
  - {{value: of_all.power.alpha, where: {{'{COLUMN}': "{VALUE.replace('"', chr(92) + '"')}"}},
     expected: 0.5, within: 0.1, origin: published, source: "{LINK} {BLOCKS}",
     scale: {{flops: 6.0e18}}, note: "{SCRIPT} {LINK} {TEMPLATE} \\" ' {BLOCKS}"}}
"""


def hostile_study(folder: Path) -> Finished:
    """Return a study whose words, and whose column and its value, are an attack on whoever shows them."""
    rng = np.random.default_rng(0)
    size = np.tile(2.0 ** np.arange(4, 11), 6)
    loss = size**-0.5 * np.exp(0.02 * rng.standard_normal(len(size)))
    table = pd.DataFrame({"N": size, "loss": loss, COLUMN: VALUE, "seed": np.repeat(np.arange(6), 7)})
    table.to_csv(folder / "hostile.csv", index=False)
    (folder / "hostile.yaml").write_text(STUDY, encoding="utf-8")
    plan, results = make_plan(load_study(folder / "hostile.yaml")), folder / "results"
    content, made = plan.study.content, {}
    for name, expected in expected_provenance(plan).items():
        told = (expected.stage, expected.configuration, expected.code, versions())
        made[name.removesuffix(".parquet")] = Provenance(plan.study.name, *told)
    runs, source = import_table(plan)
    write_table(runs, results / "runs.parquet", made=made["runs"], roles=plan.roles)
    write_table(source, results / "source.parquet", "source", made["source"])
    found = fit_study(content.laws, runs, draws=50)
    found["sensitivity"] = empty("sensitivity")
    for name, rows in found.items():
        write_table(rows, results / f"{name}.parquet", name, made[name])
    claims = judge_claims(content.claims, results)
    write_table(claims, results / "claims.parquet", "claims", made["claims"])
    for name, rows in {"runs": runs, "fits": found["fits"], "claims": claims}.items():
        write_csv(rows, results / f"{name}.csv")
    for block in content.figures:
        draw_figure(block, results, content, results / "figures", made[f"figures/{block.name}.svg"])
        draw_thumbnail(block, results, content)
    write_report(plan.study, results)
    return Finished(plan, results, WRITTEN, LICENCE)
