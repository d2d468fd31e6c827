"""Write the gallery of finished studies."""

import argparse
from pathlib import Path

import _path  # noqa: F401

from lawbook.report.gallery.page import write_gallery
from lawbook.workflow.jobs import reported

with reported():
    parser = argparse.ArgumentParser(description="The page of all finished studies.")
    parser.add_argument("studies", nargs="+")
    parser.add_argument("--absent", nargs="*", default=[])
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    write_gallery(given.studies, given.out, given.absent)
