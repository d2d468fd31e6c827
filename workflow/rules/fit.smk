"""Fit: the laws of a study, with intervals, and how far the exponents move under other choices.

In:  runs.parquet, and curves.parquet if a law has points along them; the block `laws` of the study, through its digest
Out: fits, draws, predictions, points, slopes and sensitivity, as Parquet; fits also as CSV
"""


rule fit_laws:
    input:
        inputs.reads("fit"),
    output:
        tables=inputs.leaves("fit", ".parquet"),
        csv=report(
            inputs.leaves("fit", ".csv"),
            caption="../report/fits.rst",
            category="{study}",
            subcategory="Tables",
            labels={"shows": "fits"},
        ),
    log:
        "<logs>/{study}/fit_laws.log",
    conda:
        "../../envs/lawbook.yaml"
    threads: 1
    params:
        configuration=inputs.configuration("fit"),
        code=inputs.code("fit"),
    shell:
        '"$LAWBOOK_PYTHON" "$LAWBOOK_SCRIPTS/fit_laws.py" {wildcards.study:q}'
        " --expect {params.configuration:q} {params.code:q} --out {output.tables:q} > {log:q} 2>&1"
