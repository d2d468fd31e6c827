"""Quanta: samples whose gradients align, found by clustering (Michaud et al. 2023, arXiv:2303.13506, section 5).

Quanta discovery from gradients in four steps: one gradient per sample (`gradients`), kept as a short sketch
(`sketch`); how alike two are (`affinity`); clusters over a range of k, spectral (`clustering`) or joined pair by pair
(`linkage`); what the clusters say: sizes over ranks (`rank_frequency`), agreement with known tasks, other seeds and
other k (`agreement`), and whether they beat clusters made of the words alone (`control`).
"""
