"""Plan: publish the grid of a study.

In:  config/studies/{study}.yaml, through the digest of its plan
Out: plan.parquet, a row per run: identity, sweeps, shard, axes, N, FLOPs, bytes, predicted seconds
"""


rule plan_study:
    output:
        "<results>/{study}/plan.parquet",
    log:
        "<logs>/{study}/plan_study.log",
    localrule: True
    conda:
        "../../envs/lawbook.yaml"
    params:
        plan=inputs.plan_digest,
    shell:
        '"$LAWBOOK_PYTHON" "$LAWBOOK_SCRIPTS/plan_study.py" {wildcards.study:q}'
        " --expect {params.plan:q} --out {output:q} > {log:q} 2>&1"
