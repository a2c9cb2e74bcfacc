"""FineTuneBench summed up: counts, averages, strata, gains, agreement, the check."""

import pytest

from llmgen.analysis.finetunebench import summarise
from llmgen.analysis.finetunebench.averages import Cell, average, macro_mean
from llmgen.analysis.finetunebench.check import compare
from llmgen.summary import ScoredRow

SPLITS = {
    ("news", "train"): "short",
    ("news", "rank"): "contains",
    ("people", "train"): "short",
    ("people", "rank"): "short",
    ("coding", "train"): "identifier",
    ("coding", "rank"): "identifier",
    ("medical", "train"): "judge",
    ("medical", "rank"): "judge",
}
CONTEXT = {
    "files": {
        f"{domain}_{role}": {"domain": domain, "split": role, "role": role, "mode": mode}
        for (domain, role), mode in SPLITS.items()
    }
}


def row(domain, role, number, outcome="correct", **more):
    value = {"correct": 1.0, "wrong": 0.0, "stale": 0.0, "abstain": 0.0}.get(outcome)
    tags = {"domain": domain, "role": role, "file": f"{domain}_{role}", "fact_key": f"{domain}/{number}"}
    tags |= {"cluster": f"{domain}/{number // 2}", **more.pop("tags", {})}
    scores = more.pop("scores", dict.fromkeys(("exact", "notebook", "normalised"), value))
    return ScoredRow(
        sample_id=f"{domain}/{role}/{number}",
        tags=tags,
        outcome=outcome,
        value=value,
        **{"scores": scores, **more},
    )


def rows_of(outcomes, domain="news", role="train", **more):
    return [row(domain, role, number, outcome, **more) for number, outcome in enumerate(outcomes)]


def test_both_rates_and_every_exclusion_are_counted():
    outcomes = ["correct"] * 6 + ["wrong", "stale", "abstain", "error", "refused", "truncated", "unparsed"]
    metrics = summarise(rows_of(outcomes), None, CONTEXT).metrics["files"]["news_train"]
    assert (metrics["n"], metrics["n_graded"], metrics["n_correct"]) == (13, 9, 6)
    assert (metrics["accuracy"], metrics["accuracy_all"]) == (0.6667, 0.4615)
    names = ("stale", "abstain", "errors", "refused", "truncated", "unparsed")
    assert {name: metrics[name] for name in names} == dict.fromkeys(names, 1)


def test_an_error_lowers_n_graded_and_leaves_accuracy(load_table):
    whole = summarise(rows_of(["correct", "wrong"] * 5), None, CONTEXT)
    broken = summarise(rows_of(["correct", "wrong"] * 5 + ["error"] * 2), None, CONTEXT)
    before, after = (found.metrics["files"]["news_train"] for found in (whole, broken))
    assert (before["accuracy"], before["n_graded"]) == (after["accuracy"], after["n_graded"]) == (0.5, 10)
    assert (before["errors"], after["errors"], after["n"]) == (0, 2, 12)
    assert load_table(broken, "Splits")[0]["excluded"] == "2 error"


@pytest.fixture
def load_table():
    """A table of a summary by title, as dicts."""

    def load_table(summary, title):
        table = next(table for table in summary.tables if table.title == title)
        return [dict(zip(table.columns, cells, strict=True)) for cells in table.rows]

    return load_table


def test_every_row_of_results_has_n_interval_and_exclusions(load_table):
    summary = summarise([row(domain, role, 0) for domain, role in SPLITS], None, CONTEXT)
    for title in ("Splits", "Averages over domains"):
        for cells in load_table(summary, title):
            assert cells["n"].isdecimal()
            assert " to " in cells["95 % interval"]
            assert cells["excluded"] == "0"


def test_four_domains_make_the_average():
    rows = [
        row(domain, role, n, "correct" if n < 3 else "wrong") for domain, role in SPLITS for n in range(4)
    ]
    metrics = summarise(rows, None, CONTEXT).metrics
    assert metrics["memorization"]["name"] == "FineTuneBench average"
    assert metrics["memorization"]["value"] == 0.75
    assert metrics["retention_gap"] == {"value": 0.0, "domains": ["news", "people", "coding", "medical"]}


def test_an_incomplete_domain_is_left_out_and_the_average_loses_its_name():
    rows = [row(domain, role, 0) for domain, role in SPLITS if (domain, role) != ("coding", "train")]
    context = {**CONTEXT, "incomplete": {"coding": "absent: coding_memorization.csv"}}
    summary = summarise(rows, None, context)
    for name in ("memorization", "generalization"):
        assert summary.metrics[name]["domains"] == ["news", "people", "medical"]
        assert summary.metrics[name]["name"] == "mean over news, people, medical"
    assert summary.metrics["files"]["coding_rank"]["n"] == 1
    assert any("coding is left out" in line and "absent" in line for line in summary.warnings)


def test_an_ungraded_domain_does_not_count_as_zero():
    rows = [*rows_of(["correct"]), *rows_of(["unparsed"], "medical")]
    metrics = summarise(rows, None, CONTEXT).metrics
    assert (metrics["memorization"]["value"], metrics["memorization"]["domains"]) == (1.0, ["news"])


def test_the_interval_of_an_average_holds_it_and_narrows_with_n():
    def width(n):
        files = {d: {"role": "train", "domain": d, "n": n, "n_correct": n} for d in ("news", "people")}
        low, high = average("memorization", {d: Cell(n, n) for d in files}, files)["ci95"]
        assert low < 1.0 == high
        return high - low

    assert width(200) < width(50)


def test_a_base_that_knows_half_the_facts():
    base = rows_of(["correct"] * 30 + ["wrong"] * 20 + ["abstain"] * 8 + ["error"] * 2)
    tuned = rows_of(["correct"] * 25 + ["wrong"] * 5 + ["correct"] * 21 + ["wrong"] * 9)
    strata = summarise(tuned, base, CONTEXT).metrics["strata"]
    assert {name: strata[name]["n_facts"] for name in ("known", "unknown", "ungraded")} == {
        "known": 30,
        "unknown": 28,
        "ungraded": 2,
    }
    assert (strata["known"]["memorization"]["gained"], strata["known"]["memorization"]["lost"]) == (0, 5)
    unknown = strata["unknown"]["memorization"]
    assert (unknown["n"], unknown["gained"], unknown["base"], unknown["gain"]) == (28, 21, 0.0, 0.75)
    assert strata["ungraded"]["memorization"]["n"] == 0


def test_reworded_questions_follow_their_facts_stratum():
    base = [*rows_of(["correct", "wrong"]), *rows_of(["wrong", "wrong"], role="rank")]
    tuned = [*rows_of(["correct", "correct"]), *rows_of(["correct", "wrong"], role="rank")]
    strata = summarise(tuned, base, CONTEXT).metrics["strata"]
    assert strata["known"]["generalization"]["gain"] == 1.0
    assert strata["unknown"]["generalization"]["gain"] == 0.0


def test_what_an_update_replaced_is_known_before():
    tags = {"tags": {"answer_before": "fit"}}
    base = rows_of(["stale", "wrong", "correct"], "coding", **tags)
    strata = summarise(rows_of(["correct"] * 3, "coding", **tags), base, CONTEXT).metrics["strata"]
    assert {name: group["n_facts"] for name, group in strata["known_before"].items()} == {"yes": 1, "no": 2}


def test_few_unknown_facts_are_a_warning():
    few = summarise(rows_of(["correct"] * 40), rows_of(["correct"] * 21 + ["wrong"] * 19), CONTEXT)
    enough = summarise(rows_of(["correct"] * 40), rows_of(["correct"] * 20 + ["wrong"] * 20), CONTEXT)
    assert any("19 facts" in line for line in few.warnings)
    assert not any("new knowledge" in line for line in enough.warnings)


def test_gains_are_tested_and_resampled_by_person():
    base = rows_of(["wrong"] * 12, "people")
    tuned = rows_of(["correct"] * 6 + ["wrong"] * 6, "people")
    paired = summarise(tuned, base, CONTEXT).metrics["paired"]["people_train"]
    assert (paired["n"], paired["gain"], paired["p"]) == (12, 0.5, pytest.approx(0.03125))
    alone = [*tuned]
    single = summarise(
        [row("people", "train", n, item.outcome, tags={"cluster": str(n)}) for n, item in enumerate(alone)],
        base,
        CONTEXT,
    ).metrics["paired"]["people_train"]
    low, high = paired["ci95"]
    assert high - low > single["ci95"][1] - single["ci95"][0]


def test_yes_or_no_is_held_against_the_majority():
    rows = [
        row("people", "diagnostic", n, "correct" if said == gold else "wrong", target=gold,
            scores={"normalised": float(said == gold), "said_yes": float(said == "Yes")})
        for n, (gold, said) in enumerate([("Yes", "Yes")] * 2 + [("No", "Yes")] * 6 + [("No", "No")] * 2)
    ]  # fmt: skip
    rows.append(row("people", "diagnostic", 99, "unparsed", target="Yes", scores={"said_yes": None}))
    context = {"files": {"people_diagnostic": {"domain": "people", "split": "secondary", "mode": "yesno"}}}
    metrics = summarise(rows, None, context).metrics["files"]["people_diagnostic"]
    assert (metrics["yes_rate"], metrics["majority_baseline"]) == (round(8 / 11, 4), round(8 / 11, 4))
    assert metrics["balanced_accuracy"] == round((2 / 3 + 2 / 8) / 2, 4)
    assert metrics["unparsed"] == 1


def test_judge_and_scorer_are_compared():
    verdicts = [(1.0, 1.0)] * 4 + [(0.0, 0.0)] * 4 + [(1.0, 0.0)] * 2
    rows = [
        row("news", "train", n, "correct", scores={"judge": judged, "normalised": fixed})
        for n, (judged, fixed) in enumerate(verdicts)
    ]
    found = summarise([*rows, row("medical", "train", 0, scores={"judge": 1.0})], None, CONTEXT).metrics[
        "judge"
    ]
    assert found == {"n": 10, "agreement": 0.8, "kappa": pytest.approx((0.8 - 0.48) / 0.52, abs=1e-4)}
    assert "judge" not in summarise(rows_of(["correct"]), None, CONTEXT).metrics


def test_repeats_of_one_sample_are_one_item():
    rows = [
        row("news", "train", 0, outcome, repeat=n) for n, outcome in enumerate(["correct", "wrong", "error"])
    ]
    metrics = summarise(rows, None, CONTEXT).metrics["files"]["news_train"]
    assert (metrics["n"], metrics["n_graded"], metrics["accuracy"], metrics["accuracy_all"]) == (
        1,
        1,
        0.5,
        0.3333,
    )


def test_a_file_of_verdicts_has_no_accuracy(load_table):
    column = {
        "domain": "people",
        "split": "rephrased",
        "n": 150,
        "reason": "verdicts",
        "verdict_accuracy": 0.02,
    }
    summary = summarise(rows_of(["correct"]), None, {**CONTEXT, "unusable": {"people_rephrased": column}})
    metrics = summary.metrics["files"]["people_rephrased"]
    assert (metrics["usable"], metrics["exact"], metrics["normalised"], metrics["accuracy"]) == (
        False,
        *[None] * 3,
    )
    assert (metrics["verdict_accuracy"], metrics["n"]) == (0.02, 150)
    assert "people_rephrased: verdicts; not scored" in summary.warnings
    assert load_table(summary, "Splits")[1]["accuracy"] == "-"


@pytest.mark.parametrize(
    ("change", "drifts"),
    [
        ({}, []),
        ({"n_correct": 7}, ["n_correct"]),
        ({"normalised": 0.79996}, []),
        ({"normalised": 0.7999}, ["normalised"]),
        ({"wilson95": [0.49, 0.9434]}, ["wilson95"]),
        ({"stale": 1}, ["stale"]),
    ],
)
def test_a_check_finds_what_differs(change, drifts):
    files = summarise(rows_of(["correct"] * 8 + ["wrong"] * 2), None, CONTEXT).metrics["files"]
    cell = {name: files["news_train"][name] for name in ("n", "n_correct", "normalised", "wilson95", "stale")}
    found = compare({"news_train": cell | change}, files)
    assert [drift["metric"] for drift in found["drift"]] == drifts
    assert (found["ok"], found["n_cells"]) == (not drifts, 1)


def test_a_drift_is_a_table_and_a_warning(load_table):
    reference = {"news_train": {"n": 3, "normalised": 1.0}, "gone": {"n": 5, "normalised": 0.0}}
    summary = summarise(rows_of(["correct"] * 2), None, {**CONTEXT, "reference": reference, "replay": True})
    assert summary.metrics["check"]["ok"] is False
    cells = load_table(summary, "Numbers that differ from the reference")
    assert [(c["file"], c["metric"], c["reference"], c["measured"]) for c in cells] == [
        ("news_train", "n", "3", "2"),
        ("gone", "n", "5", "None"),
    ]
    assert summary.warnings == ("2 numbers differ from the reference",)


def test_macro_mean_is_unweighted():
    assert macro_mean({"a": 1.0, "b": 0.0, "c": 0.5}) == 0.5


def test_no_rows_at_all():
    metrics = summarise([], None, {}).metrics
    assert metrics["files"] == {}
    assert metrics["memorization"]["value"] is None
