"""The view leaderboard gives the numbers that the analysis gives for the same rows."""

import random

import duckdb
import pytest

from llmgen.analysis.distributions import student_quantile
from llmgen.analysis.intervals import mean_interval, wilson
from llmgen.store.db import open_read, open_write
from llmgen.store.queries import leaderboard


def graded(make_record, name, value, cluster=None, repeat=0):
    record = make_record(name, repeat=repeat, tags={"cluster": cluster} if cluster else {})
    outcome = "wrong" if value == 0 else "correct"
    return with_grade(record, type(record.grade)(outcome=outcome, value=value))


def with_grade(record, grade):
    fields = {field: getattr(record, field) for field in record.__struct_fields__}
    return type(record)(**{**fields, "grade": grade})


def _random(seed, n, clusters, choices):
    rng = random.Random(seed)
    return [(rng.choice(choices), f"c{rng.randrange(clusters)}" if clusters else None) for _ in range(n)]


CASES = {
    "binary": _random(1, 60, 0, (0.0, 1.0)),
    "binary, clustered": _random(2, 60, 12, (0.0, 1.0)),
    "fractions": _random(3, 25, 0, (0.0, 0.25, 0.5, 1.0)),
    "fractions, clustered": _random(4, 45, 30, (0.0, 0.3, 1.0)),
    "two clusters": _random(5, 10, 2, (0.0, 1.0)),
    "one cluster": _random(6, 10, 1, (0.0, 1.0)),
    "none right": [(0.0, None)] * 50,
    "all right": [(1.0, None)] * 7,
    "one": [(1.0, None)],
    "one fraction": [(0.4, None)],
    "all equal": [(0.5, None)] * 9,
    "all clusters agree": [(0.0, "a"), (1.0, "a"), (0.0, "b"), (1.0, "b"), (0.0, "c"), (1.0, "c")],
    "all right, clustered": [(1.0, f"c{n % 4}") for n in range(20)],
    "t cut at 1": [(0.9, "a"), (1.0, "b"), (1.0, "c")],
}


@pytest.mark.parametrize("case", CASES)
def test_means_and_intervals_are_those_of_the_analysis(stored, make_run, make_record, case):
    rows = CASES[case]
    home = stored(make_run(), [graded(make_record, f"s{n}", v, c) for n, (v, c) in enumerate(rows)])
    score = leaderboard(home)[make_run().id]
    expected = mean_interval([v for v, _ in rows], [c or f"s{n}" for n, (_, c) in enumerate(rows)])
    assert (score.n, score.n_graded) == (len(rows), len(rows))
    assert score.mean == pytest.approx(expected.mean, abs=1e-12)
    assert score.se == (None if expected.se is None else pytest.approx(expected.se, abs=1e-9))
    assert score.ci_low == pytest.approx(expected.low, abs=1e-6)
    assert score.ci_high == pytest.approx(expected.high, abs=1e-6)


def test_repeats_are_averaged_inside_a_sample_first(stored, make_run, make_record):
    drawn = {"a": (1.0, 0.0, 0.0), "b": (1.0, 1.0), "c": (0.0,)}
    records = [
        graded(make_record, name, value, repeat=repeat)
        for name, values in drawn.items()
        for repeat, value in enumerate(values)
    ]
    home = stored(make_run(), records)
    score = leaderboard(home)[make_run().id]
    expected = mean_interval([1 / 3, 1.0, 0.0])
    assert (score.n, score.n_graded) == (3, 3)
    assert (score.mean, score.se) == (pytest.approx(expected.mean), pytest.approx(expected.se))


def test_what_could_not_be_graded_is_counted_and_not_averaged(stored, make_run, make_record):
    outcomes = ("correct", "wrong", "stale", "abstain", "refused", "truncated", "unparsed", "error", "failed")
    home = stored(make_run(), [make_record(name, outcome=name) for name in outcomes])
    score = leaderboard(home)[make_run().id]
    assert (score.n, score.n_graded, score.mean) == (9, 4, 0.25)
    assert (score.n_failed, score.n_refused, score.n_truncated, score.n_unparsed) == (2, 1, 1, 1)
    assert (score.ci_low, score.ci_high) == pytest.approx(wilson(1, 4))


def test_diagnostic_samples_do_not_rank(stored, make_run, make_record):
    home = stored(
        make_run(),
        [
            make_record("a", tags={"role": "rank"}),
            make_record("b", tags={"role": "diagnostic"}, outcome="wrong"),
            make_record("c", tags={"role": "diagnostic"}, outcome="failed"),
        ],
    )
    score = leaderboard(home)[make_run().id]
    assert (score.n, score.mean, score.n_failed) == (1, 1.0, 0)


def test_a_run_without_answers_has_a_row(stored, make_run):
    home = stored(make_run(), [])
    score = leaderboard(home)[make_run().id]
    assert (score.n, score.n_graded, score.mean, score.ci_low, score.n_failed) == (0, 0, None, None, 0)


def test_the_t_quantile_is_students(tmp_path):
    with open_write(tmp_path) as con:
        rows = con.execute("SELECT df, t975(df) FROM range(1, 3000) AS r(df)").fetchall()
    for df, found in rows:
        assert found == pytest.approx(student_quantile(0.975, df), abs=3e-7)


@pytest.mark.parametrize(("k", "n"), [(0, 50), (187, 1000), (50, 50), (49, 50)])
def test_the_wilson_bounds(tmp_path, k, n):
    with open_write(tmp_path) as con:
        found = con.execute(f"SELECT wilson_low({k}, {n}), wilson_high({k}, {n})").fetchall()
    assert found[0] == pytest.approx(wilson(k, n), abs=1e-9)


def test_the_views_cannot_be_written(stored, make_run, make_record):
    home = stored(make_run(), [make_record("a")])
    with open_read(home) as reader, pytest.raises(duckdb.Error, match="read-only"):
        reader.con.execute("DELETE FROM store.records")
