"""Table: import the runs of a study from the table that it names, where it names one instead of sweeps.

In:  the study's table, through the digest of its content; never as an input, so that a mere copy reruns nothing
Out: runs.parquet and runs.csv, as collect_runs leaves them for a study that trains; source.parquet, which says
     where they come from
"""


ruleorder: collect_runs > import_table


rule import_table:
    input:
        inputs.reads("import"),
    output:
        tables=inputs.leaves("import", ".parquet"),
        twin=inputs.leaves("import", ".csv"),
    log:
        "<logs>/{study}/import_table.log",
    localrule: True
    conda:
        "../../envs/lawbook.yaml"
    params:
        configuration=inputs.configuration("import"),
        code=inputs.code("import"),
    shell:
        '"$LAWBOOK_PYTHON" "$LAWBOOK_SCRIPTS/import_table.py" {wildcards.study:q}'
        " --expect {params.configuration:q} {params.code:q} --out {output.tables:q} > {log:q} 2>&1"
