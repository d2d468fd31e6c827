"""Quanta: tokens of a text, or examples of known tasks, clustered by their gradients in one run, and judged.

In:  runs.parquet; the block `quanta` or `known_quanta` of the study, through its digest; the weights of its runs,
     which training has left in the cache, and which are trained again, exactly, where they are missing
Out: quanta (what was clustered, with its cluster), quanta_sizes, quanta_scores and token_losses, as Parquet
"""


rule discover_quanta:
    input:
        inputs.kept,
    output:
        expand("<results>/{{study}}/{table}.parquet", table=QUANTA_TABLES),
    log:
        "<logs>/{study}/discover_quanta.log",
    conda:
        "../../envs/lawbook.yaml"
    threads: 1
    resources:
        mem_mb=4000,
    params:
        quanta=inputs.quanta_digest,
        code=inputs.code("discover"),
    shell:
        'exec "$LAWBOOK_PYTHON" "$LAWBOOK_SCRIPTS/discover_quanta.py" {wildcards.study:q}'
        " --expect {params.quanta:q} {params.code:q} --runs {input:q} --out {output:q} > {log:q} 2>&1"
