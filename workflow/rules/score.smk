"""Score: train the probes of each pool that some run prunes by score, and score its examples.

In:  config/studies/{study}.yaml, through the digest of the pools
Out: scores.parquet, a row per pool, metric and example; high = hard; scorings.parquet, how each pool was scored
"""


rule score_pools:
    input:
        inputs.reads("score"),
    output:
        inputs.leaves("score"),
    log:
        "<logs>/{study}/score_pools.log",
    conda:
        "../../envs/lawbook.yaml"
    threads: 1
    resources:
        mem_mb=inputs.memory_mb,
        runtime=inputs.minutes,
        gpu=inputs.gpus,
    params:
        configuration=inputs.configuration("score"),
        code=inputs.code("score"),
    shell:
        'exec "$LAWBOOK_PYTHON" "$LAWBOOK_SCRIPTS/score_pools.py" {wildcards.study:q}'
        " --expect {params.configuration:q} {params.code:q} --out {output:q} > {log:q} 2>&1"
