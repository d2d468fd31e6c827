"""Train: all runs of a shard in one process, or each by several, then one table of all shards.

In:  config/studies/{study}.yaml, through the digest of each shard's runs; scores.parquet for pruned shards
Out: shards/{shard}.parquet (curves) and shards/{shard}.runs.parquet (outcomes and costs);
     runs, curves and costs of the whole study, as Parquet and CSV
"""


rule train_shard:
    input:
        inputs.reads("train"),
    output:
        inputs.leaves("train"),
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
        configuration=inputs.configuration("train"),
        code=inputs.code("train"),
    shell:
        'exec "$LAWBOOK_PYTHON" "$LAWBOOK_SCRIPTS/train_shard.py" {wildcards.study:q} --part {wildcards.shard:q}'
        " --expect {params.configuration:q} {params.code:q} --out {output:q} > {log:q} 2>&1"


rule collect_runs:
    input:
        inputs.reads("collect"),
    output:
        tables=inputs.leaves("collect", ".parquet"),
        twins=inputs.leaves("collect", ".csv"),
    log:
        "<logs>/{study}/collect_runs.log",
    localrule: True
    conda:
        "../../envs/lawbook.yaml"
    params:
        configuration=inputs.configuration("collect"),
        code=inputs.code("collect"),
    shell:
        '"$LAWBOOK_PYTHON" "$LAWBOOK_SCRIPTS/collect_runs.py" {wildcards.study:q}'
        " --expect {params.configuration:q} {params.code:q} --out {output.tables:q} > {log:q} 2>&1"
