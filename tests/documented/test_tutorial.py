"""The tutorial, followed to its end: its commands typed, and its keys put into the study, in their order."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml
from tests.documented.clone import Clone, fresh_clone
from tests.documented.commands import REPOSITORY, TUTORIAL, of_markdown

STUDY = "data_exponent"


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.timeout(1800)
def test_the_tutorial_ends_where_it_says(tmp_path: Path) -> None:
    text = (REPOSITORY / TUTORIAL).read_text(encoding="utf-8")
    clone = fresh_clone(tmp_path)
    told = re.findall(r"α = ([\d.]+) \[([\d.]+), ([\d.]+)\]", text)

    # Keys of the study stand in fenced blocks; what lies between two of them are commands.
    *parts, last = re.split(r"```yaml\n(.*?)```", text, flags=re.DOTALL)
    for said, keys in zip(parts[::2], parts[1::2], strict=True):
        type_all(clone, said)
        file = clone.folder / f"config/studies/{STUDY}.yaml"
        file.write_text(yaml.safe_dump(yaml.safe_load(file.read_text()) | yaml.safe_load(keys)))
    type_all(clone, last)

    card = json.loads((clone.folder / f"results/{STUDY}/card.json").read_text())
    (exponent,) = card["exponents"]
    found = [exponent[name] for name in ("estimate", "low", "high")]
    # Another processor rounds otherwise, and a network's error is a count of images.
    assert found == pytest.approx([float(value) for value in told[1]], abs=0.05)
    assert [claim["verdict"] for claim in card["claims"]] == ["holds"]


def type_all(clone: Clone, text: str) -> None:
    failed = [said for line in of_markdown(text) if (said := clone.type(line))]
    assert not failed, "\n\n".join(failed)
