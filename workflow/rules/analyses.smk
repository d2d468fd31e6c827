"""Analyses: what looks across the runs of a study and is no law; a rule for each kind, all of one text.

In:  runs.parquet, and what that kind says it needs of curves, fits, and weights, which training has left in the cache
     and which are trained again, exactly, where they are missing; the study's block `analyses`, through its digest
Out: {kind}/{analysis}/{table}.parquet, the tables that the kind names
"""

for kind in inputs.analyses:

    rule:
        name:
            f"analyse_{kind}"
        input:
            inputs.reads("analyse", kind=kind),
        output:
            inputs.leaves("analyse", kind=kind),
        log:
            f"<logs>/{{study}}/analyse_runs/{kind}/{{analysis}}.log",
        conda:
            "../../envs/lawbook.yaml"
        threads: 1
        resources:
            mem_mb=inputs.analysis_memory_mb(kind),
        params:
            kind=kind,
            configuration=inputs.configuration("analyse", kind=kind),
            code=inputs.code("analyse", kind=kind),
        shell:
            'exec "$LAWBOOK_PYTHON" "$LAWBOOK_SCRIPTS/analyse_runs.py" {wildcards.study:q}'
            " --part {params.kind:q}/{wildcards.analysis:q} --expect {params.configuration:q} {params.code:q}"
            " --out {output:q} > {log:q} 2>&1"
