"""Table: take the runs of a study from the table that it names, where it names one instead of sweeps.

In:  the study's table, through the digest of its content; never as an input, so that a mere copy reruns nothing
Out: runs.parquet and runs.csv, as collect_runs leaves them for a study that trains; source.parquet, which says
     where they come from
"""


ruleorder: collect_runs > take_table


rule take_table:
    input:
        inputs.reads("take"),
    output:
        tables=inputs.leaves("take", ".parquet"),
        twin=inputs.leaves("take", ".csv"),
    log:
        "<logs>/{study}/take_table.log",
    localrule: True
    conda:
        "../../envs/lawbook.yaml"
    params:
        configuration=inputs.configuration("take"),
        code=inputs.code("take"),
    shell:
        '"$LAWBOOK_PYTHON" "$LAWBOOK_SCRIPTS/take_table.py" {wildcards.study:q}'
        " --expect {params.configuration:q} {params.code:q} --out {output.tables:q} > {log:q} 2>&1"
