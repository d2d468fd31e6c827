"""Fit: the laws of a study, with intervals, and how far the exponents move under other choices.

In:  runs.parquet, and curves.parquet if a law has points along them; the block `laws` of the study, through its digest
Out: fits, draws, predictions, points, slopes and sensitivity, as Parquet; fits also as CSV
"""


rule fit_laws:
    input:
        inputs.fitted,
    output:
        expand("<results>/{{study}}/{table}.parquet", table=FIT_TABLES),
        csv=report(
            "<results>/{study}/fits.csv",
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
        laws=inputs.laws_digest,
        code=inputs.code("fit"),
    shell:
        '"$LAWBOOK_PYTHON" "$LAWBOOK_SCRIPTS/fit_laws.py" {wildcards.study:q}'
        ' --expect {params.laws:q} {params.code:q} --runs {input:q} --out "$(dirname {output.csv:q})" > {log:q} 2>&1'
