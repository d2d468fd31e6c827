"""Report: figures, verdicts on the claims, and the page that tells it all.

In:  the tables of a study (curves and costs only of one that trains); a figure's block, the claims, or the
     whole study, through their digests
Out: figures/{figure}.svg, .pdf, .png and the figure's data as .csv and .json; claims.parquet and .csv; report.html,
     and what it begins with as card.json
"""


rule draw_figure:
    input:
        inputs.reads("draw"),
    output:
        inputs.leaves("draw", ".pdf", ".png", ".csv", ".json"),
        svg=report(
            inputs.leaves("draw", ".svg"),
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
        configuration=inputs.configuration("draw"),
        code=inputs.code("draw"),
    shell:
        '"$LAWBOOK_PYTHON" "$LAWBOOK_SCRIPTS/draw_figure.py" {wildcards.study:q} --part {wildcards.figure:q}'
        " --expect {params.configuration:q} {params.code:q} --out {output.svg:q} > {log:q} 2>&1"


rule judge_claims:
    input:
        inputs.reads("judge"),
    output:
        table=inputs.leaves("judge", ".parquet"),
        csv=report(
            inputs.leaves("judge", ".csv"),
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
        configuration=inputs.configuration("judge"),
        code=inputs.code("judge"),
    shell:
        '"$LAWBOOK_PYTHON" "$LAWBOOK_SCRIPTS/judge_claims.py" {wildcards.study:q}'
        " --expect {params.configuration:q} {params.code:q} --out {output.table:q} > {log:q} 2>&1"


rule write_report:
    input:
        inputs.reads("report"),
    output:
        page=report(
            inputs.leaves("report", ".html"),
            caption="../report/report.rst",
            category="{study}",
            subcategory="Report",
            labels={"shows": "the whole report"},
        ),
        card=inputs.leaves("report", ".json"),
    log:
        "<logs>/{study}/write_report.log",
    localrule: True
    conda:
        "../../envs/lawbook.yaml"
    params:
        configuration=inputs.configuration("report"),
        code=inputs.code("report"),
    shell:
        '"$LAWBOOK_PYTHON" "$LAWBOOK_SCRIPTS/write_report.py" {wildcards.study:q}'
        " --expect {params.configuration:q} {params.code:q} --out {output:q} > {log:q} 2>&1"
