"""Read a data set and a logbook with mlcroissant and Trackio, in whose environment this runs; print what they found.

Called with the file croissant.json and the folder that holds .trackio.
"""

import json
import sys
from pathlib import Path

import mlcroissant
from huggingface_hub import DatasetCard
from trackio import logbook

croissant, folder = map(Path, sys.argv[1:])
dataset = mlcroissant.Dataset(jsonld=str(croissant))
counts = {one.id: sum(1 for _ in dataset.records(one.id)) for one in dataset.metadata.record_sets}
project = logbook.find_project_dir(folder)
print(
    json.dumps(
        {
            "version": dataset.metadata.ctx.conforms_to.value,
            "fields": {one.id: [field.name for field in one.fields] for one in dataset.metadata.record_sets},
            "counts": counts,
            "card": DatasetCard.load(croissant.parent / "README.md").data.to_dict(),
            "manifest": logbook.build_manifest(project),
            "metadata": logbook.read_metadata(project),
            "pages": logbook.read_logbook_data(project)["pages"],
            "text": logbook.read_logbook(project),
        },
        default=lambda value: value.decode() if isinstance(value, bytes) else str(value),
    )
)
