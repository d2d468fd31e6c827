"""Slopes of planted counts, agreement with planted tasks, and controls of equal sizes."""

from __future__ import annotations

import numpy as np
import pytest

from lawbook.quanta.agreement import agreement, between_ks, blind_k, purity, stability
from lawbook.quanta.control import compare_paired, matched_control, share_explained, within_similarity
from lawbook.quanta.rank_frequency import envelope, rank_slope

RNG = np.random.default_rng(0)


def test_the_slope_of_planted_counts_is_found() -> None:
    sizes = np.round(1000 * np.arange(1, 31) ** -1.4).astype(int)
    slope = rank_slope([np.repeat(np.arange(30), sizes)], last=20)
    assert slope.estimate == pytest.approx(-1.4, abs=0.02)
    assert slope.low < -1.4 < slope.high
    assert (slope.first, slope.last) == (1, 20)
    with pytest.raises(ValueError, match="too few"):
        rank_slope([np.array([0, 0, 1])])


def test_the_slopes_interval_covers_the_slope_of_the_counts_that_were_drawn_from() -> None:
    p = np.arange(1, 13) ** -1.2
    p /= p.sum()
    expected = np.polyfit(np.log(np.arange(1, 13)), np.log(p), 1)[0]
    covered = 0
    for seed in range(60):
        drawn = np.random.default_rng(seed).choice(12, size=2000, p=p)
        slope = rank_slope([drawn], last=12, draws=200)
        covered += slope.low <= expected <= slope.high
    assert covered >= 50


def test_the_envelope_is_the_largest_size_at_each_rank() -> None:
    assert envelope([np.array([0, 0, 0, 1]), np.array([0, 0, 1, 2])]).tolist() == [3, 1, 1]


def test_agreement_is_one_for_the_tasks_and_near_none_for_their_permutation() -> None:
    tasks = RNG.choice(8, size=600, p=np.arange(8, 0, -1) / 36)
    same = agreement(tasks, tasks)
    assert (same.ari, same.nmi) == (1, 1)
    assert same.null < 0.05
    assert abs(agreement(RNG.permutation(tasks), tasks).ari) < 0.05


def test_stability_and_the_blind_choice_of_k() -> None:
    tasks = np.repeat(np.arange(4), 25)
    found = {(k, seed): tasks % k for k in (2, 4) for seed in (0, 1)}
    found |= {(8, seed): tasks * 2 + np.random.default_rng(seed).integers(2, size=100) for seed in (0, 1)}
    stable = stability(found)
    assert (stable[2], stable[4]) == (1, 1)
    assert stable[8] < 0.8
    assert blind_k(stable) == 4
    assert list(between_ks(found, 0)) == [(2, 4), (4, 8)]
    assert purity(found[2, 0], tasks) == 0.5
    with pytest.raises(ValueError, match="two seeds"):
        stability({(2, 0): tasks})


def test_the_control_has_the_same_sizes_and_pure_words_where_it_can() -> None:
    targets = list("aaaaaaabbbbbccc")
    previous = list("xxxxyyyxxxxxyyz")
    labels = matched_control(targets, previous, [5, 4, 3, 2, 1])
    assert np.bincount(labels).tolist() == [5, 4, 3, 2, 1]
    kinds = [{targets[i] + previous[i] for i in np.flatnonzero(labels == label)} for label in range(5)]
    assert kinds == [{"bx"}, {"ax"}, {"ay"}, {"cy"}, {"cz"}]


def test_a_group_that_is_too_small_is_filled_with_the_same_target() -> None:
    labels = matched_control(list("aaaabbb"), list("xxyzxxx"), [4, 3])
    assert labels.tolist() == [0, 0, 0, 0, 1, 1, 1]


def test_a_cluster_larger_than_any_target_takes_what_is_left() -> None:
    targets, previous = list("aaabbbccdefg"), list("xxxyyyzzxxxx")
    labels = matched_control(targets, previous, [6, 3, 3])
    assert labels.tolist() == [2, 2, 2, 1, 1, 1, 0, 0, 0, 0, 0, 0]


def brute(values: np.ndarray, labels: np.ndarray, units: np.ndarray, counts: np.ndarray) -> float:
    """Return the mean over samples of half the squared difference within a cluster and between units."""
    total = weight = 0.0
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        pairs = [(i, j) for i in members for j in members if units[i] != units[j]]
        w = [counts[i] * counts[j] for i, j in pairs]
        if sum(w):
            half = [(values[i] - values[j]) ** 2 / 2 for i, j in pairs]
            total += counts[members].sum() * np.average(half, weights=w)
            weight += counts[members].sum()
    return total / weight


def test_the_share_explained_is_that_of_pairs_of_different_units() -> None:
    labels, units = np.repeat(np.arange(20), 5), RNG.integers(12, size=100)
    values, counts = RNG.normal(size=20)[labels] + RNG.normal(size=100), RNG.integers(0, 4, size=100)
    expected = 1 - brute(values, labels, units, counts) / brute(values, np.zeros(100), units, counts)
    assert share_explained(values, units)(labels, counts) == pytest.approx(expected)


def test_clusters_that_know_nothing_explain_nothing() -> None:
    labels, values, units = np.repeat(np.arange(40), 5), RNG.normal(size=200), np.arange(200) % 50
    share, once = share_explained(values, units), np.ones(200, dtype=int)
    by_chance = [share(RNG.permutation(labels), once) for _ in range(200)]
    assert abs(np.mean(by_chance)) < 0.02


def test_similarity_within_clusters_is_that_of_different_units() -> None:
    similarity = np.array([[1, 0.2, 0.9, 0.8], [0.2, 1, 0.9, 0.8], [0.9, 0.9, 1, 0.1], [0.8, 0.8, 0.1, 1]])
    within = within_similarity(similarity, np.array(["a", "a", "b", "c"]))
    assert within(np.array([0, 0, 0, 1]), np.array([1, 1, 1, 1])) == pytest.approx(0.9)
    assert within(np.array([0, 0, 1, 1]), np.array([3, 1, 5, 1])) == pytest.approx(0.1)


def test_the_paired_comparison_finds_a_planted_winner_and_no_winner_in_a_tie() -> None:
    labels = np.repeat(np.arange(30), 10)
    values = 2 * RNG.normal(size=30)[labels] + RNG.normal(size=300)
    units = np.arange(300) % 50
    compared = compare_paired(
        share_explained(values, units), labels, RNG.permutation(labels), units, draws=200
    )
    assert compared.n_units == 50
    assert compared.difference[1] > 0.4
    low, high = compared.clusters[1:]
    assert low < compared.clusters[0] < high
    noise = share_explained(RNG.normal(size=300), units)
    tie = compare_paired(noise, labels, RNG.permutation(labels), units, draws=200)
    assert tie.difference[1] < 0 < tie.difference[2]
