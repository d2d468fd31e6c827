"""What `pip install` brings: everything that lies in the package's folder, and what pyproject.toml says of it."""

from __future__ import annotations

import zipfile
from email import message_from_bytes
from pathlib import Path

from packaging.requirements import Requirement
from tests.environments.installing import LOWEST_PYTHON, PROJECT, REPOSITORY


def test_the_wheel_holds_every_file_of_the_package(wheel: Path) -> None:
    package = REPOSITORY / "src/lawbook"
    here = {
        f"lawbook/{file.relative_to(package)}"
        for file in package.rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}

    assert packed == here
    assert "lawbook/report/templates/page.html" in packed


def test_the_wheel_says_what_the_project_says(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (metadata,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        said = message_from_bytes(archive.read(metadata))
        (licence,) = (name for name in archive.namelist() if name.endswith("/LICENSE"))
        assert archive.read(licence) == (REPOSITORY / "LICENSE").read_bytes()

    assert said["Requires-Python"] == f">={LOWEST_PYTHON}"
    base = {Requirement(one) for one in said.get_all("Requires-Dist", []) if "extra ==" not in one}
    assert base == set(map(Requirement, PROJECT["dependencies"]))
