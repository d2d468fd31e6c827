"""Plan: publish the grid of a study.

In:  config/studies/{study}.yaml, through the digest of its plan
Out: plan.parquet, a row per run: identity, sweeps, shard, axes, N, FLOPs, bytes, predicted seconds
"""


rule plan_study:
    output:
        inputs.leaves("plan"),
    log:
        "<logs>/{study}/plan_study.log",
    localrule: True
    conda:
        "../../envs/lawbook.yaml"
    params:
        configuration=inputs.configuration("plan"),
    shell:
        '"$LAWBOOK_PYTHON" "$LAWBOOK_SCRIPTS/plan_study.py" {wildcards.study:q}'
        " --expect {params.configuration:q} --out {output:q} > {log:q} 2>&1"
