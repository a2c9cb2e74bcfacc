"""Comparisons of two runs: pairing, exclusions, repeats, clusters, flips."""

import pytest

from llmgen.analysis.paired import compare_rows, compare_unpaired
from llmgen.summary import ScoredRow

A = "110110110111"
B = "100100101011"


def rows(digits, *, cluster_of="".format, prefix="s"):
    """One row per character: 0/1 graded, E error, T truncated."""
    outcomes = {"1": "correct", "0": "wrong", "E": "error", "T": "truncated"}
    return [
        ScoredRow(
            sample_id=f"{prefix}{index}",
            cluster=cluster_of(index),
            outcome=outcomes[digit],
            value=float(digit) if digit in "01" else None,
        )
        for index, digit in enumerate(digits)
    ]


def test_golden_pair_without_clusters():
    result = compare_rows(rows(A), rows(B))
    assert (result.n, result.n_clusters, result.difference) == (12, 12, 0.25)
    assert result.se == pytest.approx(0.179435, abs=1e-6)
    assert (result.test, result.p) == ("mcnemar", pytest.approx(0.375, abs=1e-6))
    assert result.better_a == ("s1", "s4", "s7", "s9")
    assert result.better_b == ("s8",)
    assert result.mde == pytest.approx(2.8016 * 0.179435, abs=1e-4)


def test_golden_pair_with_clusters():
    by_three = {"cluster_of": lambda index: f"c{index // 3}"}
    result = compare_rows(rows(A, **by_three), rows(B, **by_three))
    assert result.se == pytest.approx(0.083333, abs=1e-6)
    assert (result.test, result.p, result.n_clusters) == ("sign-flip", 0.25, 4)
    assert result.warnings == ("only 4 independent clusters: the interval is a rough guess",)


def test_golden_pair_unpaired():
    result = compare_unpaired(rows(A), rows(B, prefix="other"))
    assert result.difference == pytest.approx(0.25)
    assert result.se == pytest.approx(0.199431, abs=1e-6)
    assert (result.test, result.paired) == ("welch", False)
    assert result.a.n_unmatched == result.b.n_unmatched == 12
    assert 0.2 < result.p < 0.25


def test_pairing_finds_what_unpaired_means_do_not():
    a, b = "1" * 80 + "0" * 40, "1" * 66 + "0" * 14 + "0" * 38 + "1" * 2
    assert compare_rows(rows(a), rows(b)).p < 0.01
    assert compare_unpaired(rows(a), rows(b, prefix="x")).p > 0.05


def test_swapping_the_runs_turns_the_sign_only():
    one, two = compare_rows(rows(A), rows(B)), compare_rows(rows(B), rows(A))
    assert two.difference == -one.difference
    assert (two.low, two.high) == pytest.approx((-one.high, -one.low))
    assert (two.p, two.better_a) == (one.p, one.better_b)


def test_ungraded_samples_are_left_out_and_counted_by_kind():
    result = compare_rows(rows("1110EET0"), rows("11E01100"))
    assert result.n == 4
    assert result.a.excluded == {"error": 2, "truncated": 1}
    assert result.b.excluded == {"error": 1}
    assert (result.a.n, result.a.n_graded) == (8, 5)
    assert result.difference == 0


def test_both_figures_when_missing_answers_matter():
    a, b = "1" * 8 + "EE", "1" * 8 + "11"
    dropped = compare_rows(rows(a), rows(b))
    assert dropped.difference == 0
    assert (dropped.other.missing, dropped.other.n) == ("wrong", 10)
    assert dropped.other.difference == pytest.approx(-0.2)
    wrong = compare_rows(rows(a), rows(b), missing="wrong")
    assert wrong.difference == pytest.approx(-0.2)
    assert wrong.a.excluded == {"error": 2}
    assert wrong.other.difference == 0


def test_no_second_figure_within_one_point():
    a, b = "1" * 199 + "E", "1" * 200
    assert compare_rows(rows(a), rows(b)).other is None


def test_repeats_are_averaged_within_a_sample_first():
    def repeated(values):
        return [
            ScoredRow(sample_id=f"s{i}", repeat=r, outcome="correct", value=value)
            for i, draws in enumerate(values)
            for r, value in enumerate(draws)
        ]

    a = repeated([(1.0, 0.0), (1.0, None), (1.0, 1.0)])
    b = repeated([(0.0, 0.0), (1.0, 1.0), (0.0, 1.0)])
    result = compare_rows(a, b)
    assert result.n == 3
    assert result.a.score.mean == pytest.approx((0.5 + 1 + 1) / 3)
    assert result.a.n_partial == 1
    assert result.test == "sign-flip"
    as_wrong = compare_rows(a, b, missing="wrong")
    assert as_wrong.a.score.mean == pytest.approx((0.5 + 0.5 + 1) / 3)


def test_samples_that_only_one_run_has_are_counted():
    result = compare_rows(rows("1111"), rows("11"))
    assert (result.n, result.a.n_unmatched, result.b.n_unmatched) == (2, 2, 0)


def test_nothing_in_common_gives_no_number():
    result = compare_rows(rows("11"), rows("11", prefix="x"))
    assert (result.n, result.difference, result.p, result.test) == (0, None, None, "none")
    assert "nothing to compare" in result.warnings[0]


def test_identical_runs_have_p_one_and_an_honest_interval():
    result = compare_rows(rows(A), rows(A))
    assert (result.difference, result.p) == (0, 1.0)
    assert result.low < 0 < result.high
    assert result.n_for_one_point is None
