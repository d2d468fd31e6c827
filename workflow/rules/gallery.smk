"""Gallery: one page of all finished studies, with the figure that shows the answer of each at a size of its own.

In:  the tables of a study, and the block of that figure, through its digest; then the cards of all studies
Out: thumbnail.svg and thumbnail.png of each study; index.html
"""


rule draw_thumbnail:
    input:
        inputs.reads("thumbnail"),
    output:
        inputs.leaves("thumbnail"),
    log:
        "<logs>/{study}/draw_thumbnail.log",
    localrule: True
    conda:
        "../../envs/lawbook.yaml"
    params:
        configuration=inputs.configuration("thumbnail"),
        code=inputs.code("thumbnail"),
    shell:
        '"$LAWBOOK_PYTHON" "$LAWBOOK_SCRIPTS/draw_thumbnail.py" {wildcards.study:q}'
        " --expect {params.configuration:q} {params.code:q} --out {output:q} > {log:q} 2>&1"


rule write_gallery:
    input:
        inputs.pages_in_gallery,
    output:
        "<results>/index.html",
    log:
        "<logs>/write_gallery.log",
    localrule: True
    conda:
        "../../envs/lawbook.yaml"
    params:
        studies=lambda _: inputs.in_gallery,
        absent=lambda _: inputs.not_in_gallery,
        code=inputs.code_of_gallery,
    shell:
        '"$LAWBOOK_PYTHON" "$LAWBOOK_SCRIPTS/write_gallery.py" {params.studies:q} --absent {params.absent:q}'
        " --out {output:q} > {log:q} 2>&1"
