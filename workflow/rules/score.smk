"""Score: train the probes of each pool that some run prunes by score, and score its examples.

In:  config/studies/{study}.yaml, through the digest of the pools
Out: scores.parquet, a row per pool, metric and example; high = hard; scorings.parquet, how each pool was scored
"""


rule score_pools:
    input:
        inputs.pools,
    output:
        scores="<results>/{study}/scores.parquet",
        scorings="<results>/{study}/scorings.parquet",
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
        pools=inputs.pools_digest,
        code=inputs.code("score"),
    shell:
        'exec "$LAWBOOK_PYTHON" "$LAWBOOK_SCRIPTS/score_pools.py" {wildcards.study:q}'
        " --expect {params.pools:q} {params.code:q} --out {output.scores:q} {output.scorings:q} > {log:q} 2>&1"
