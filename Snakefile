from pathlib import Path


# A link to this file may stand in another folder.
include: Path(workflow.snakefile).resolve().parent / "workflow/Snakefile"


# Without a target Snakemake makes the first rule of this very file; one that is included does not count.
use rule all as default_study
