"""Report: figures, verdicts on the claims, and the page that tells it all.

In:  the tables of a study (curves and costs only of one that trains); a figure's block, the claims, or the
     whole study, through their digests
Out: figures/{figure}.svg, .pdf, .png and the figure's data as .csv; claims.parquet and .csv; report.html
"""


rule draw_figure:
    input:
        inputs.tables("curves", "scores", "scorings", *QUANTA_TABLES),
    output:
        multiext("<results>/{study}/figures/{figure}", ".pdf", ".png", ".csv"),
        svg=report(
            "<results>/{study}/figures/{figure}.svg",
            caption="../report/figure.rst",
            category="{study}",
            subcategory="Figures",
            labels={"shows": "{figure}"},
        ),
    log:
        "<logs>/{study}/draw_figure/{figure}.log",
    localrule: True
    conda:
        "../../envs/lawbook.yaml"
    params:
        figure=inputs.figure_digest,
        code=inputs.code("draw"),
    shell:
        '"$LAWBOOK_PYTHON" "$LAWBOOK_SCRIPTS/draw_figure.py" {wildcards.study:q} --figure {wildcards.figure:q}'
        ' --expect {params.figure:q} {params.code:q} --out "$(dirname {output.svg:q})" > {log:q} 2>&1'


rule judge_claims:
    input:
        inputs.tables("curves", "scorings", *QUANTA_TABLES),
    output:
        table="<results>/{study}/claims.parquet",
        csv=report(
            "<results>/{study}/claims.csv",
            caption="../report/claims.rst",
            category="{study}",
            subcategory="Tables",
            labels={"shows": "claims"},
        ),
    log:
        "<logs>/{study}/judge_claims.log",
    localrule: True
    conda:
        "../../envs/lawbook.yaml"
    params:
        claims=inputs.claims_digest,
        code=inputs.code("judge"),
    shell:
        '"$LAWBOOK_PYTHON" "$LAWBOOK_SCRIPTS/judge_claims.py" {wildcards.study:q}'
        " --expect {params.claims:q} {params.code:q} --out {output.table:q} > {log:q} 2>&1"


rule write_report:
    input:
        tables=inputs.tables(
            "curves", "costs", "source", "scores", "scorings", *QUANTA_TABLES
        ),
        claims="<results>/{study}/claims.parquet",
        figures=inputs.drawn,
    output:
        report(
            "<results>/{study}/report.html",
            caption="../report/report.rst",
            category="{study}",
            subcategory="Report",
            labels={"shows": "the whole report"},
        ),
    log:
        "<logs>/{study}/write_report.log",
    localrule: True
    conda:
        "../../envs/lawbook.yaml"
    params:
        study=inputs.study_digest,
        code=inputs.code("report"),
    shell:
        '"$LAWBOOK_PYTHON" "$LAWBOOK_SCRIPTS/write_report.py" {wildcards.study:q}'
        " --expect {params.study:q} {params.code:q} --out {output:q} > {log:q} 2>&1"
