"""Train: all runs of a shard in one process, or each by several, then one table of all shards.

In:  config/studies/{study}.yaml, through the digest of each shard's runs; scores.parquet for pruned shards
Out: shards/{shard}.parquet (curves) and shards/{shard}.runs.parquet (outcomes and costs);
     runs, curves and costs of the whole study, as Parquet and CSV
"""


rule train_shard:
    input:
        scores=inputs.scores,
    output:
        curves="<results>/{study}/shards/{shard}.parquet",
        outcomes="<results>/{study}/shards/{shard}.runs.parquet",
    log:
        "<logs>/{study}/train_shard/{shard}.log",
    conda:
        "../../envs/lawbook.yaml"
    threads: inputs.cores
    resources:
        mem_mb=inputs.memory_mb,
        runtime=inputs.minutes,
        gpu=inputs.gpus,
    params:
        runs=inputs.shard_digest,
        code=inputs.code("train"),
    shell:
        'exec "$LAWBOOK_PYTHON" "$LAWBOOK_SCRIPTS/train_shard.py" {wildcards.study:q} --shard {wildcards.shard:q}'
        " --expect {params.runs:q} {params.code:q} --scores {input.scores:q}"
        " --out {output.curves:q} {output.outcomes:q} > {log:q} 2>&1"


rule collect_runs:
    input:
        curves=inputs.shards,
        outcomes=inputs.outcomes,
    output:
        tables=multiext(
            "<results>/{study}/", "runs.parquet", "curves.parquet", "costs.parquet"
        ),
        twins=multiext("<results>/{study}/", "runs.csv", "curves.csv", "costs.csv"),
    log:
        "<logs>/{study}/collect_runs.log",
    localrule: True
    conda:
        "../../envs/lawbook.yaml"
    params:
        plan=inputs.collect_digest,
        code=inputs.code("collect"),
    shell:
        '"$LAWBOOK_PYTHON" "$LAWBOOK_SCRIPTS/collect_runs.py" {wildcards.study:q}'
        " --expect {params.plan:q} {params.code:q} --out {output.tables:q} > {log:q} 2>&1"
