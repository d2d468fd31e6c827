"""Train: all runs of a shard in one process, then one table of all shards.

In:  config/studies/{study}.yaml, through the digest of each shard's runs; scores.parquet for pruned shards
Out: shards/{shard}.parquet (curves) and shards/{shard}.runs.parquet (outcomes and costs);
     runs, curves and costs of the whole study, as Parquet and CSV
"""


rule train_shard:
    input:
        scores=house.scores,
    output:
        curves="<results>/{study}/shards/{shard}.parquet",
        outcomes="<results>/{study}/shards/{shard}.runs.parquet",
    log:
        "<logs>/{study}/train_shard/{shard}.log",
    conda:
        "../../envs/lawbook.yaml"
    threads: 1
    resources:
        mem_mb=house.memory_mb,
        runtime=house.minutes,
    params:
        runs=house.shard_digest,
        code=house.code("train"),
    shell:
        "exec python scripts/train_shard.py {wildcards.study} --shard {wildcards.shard}"
        " --expect {params.runs} {params.code} --scores {input.scores}"
        " --out {output.curves} {output.outcomes} > {log} 2>&1"


rule collect_runs:
    input:
        curves=house.shards,
        outcomes=house.outcomes,
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
        plan=house.plan_digest,
        code=house.code("collect"),
    shell:
        "python scripts/collect_runs.py {wildcards.study}"
        " --expect {params.plan} {params.code} --shards {input.curves} --out {output.tables} > {log} 2>&1"
