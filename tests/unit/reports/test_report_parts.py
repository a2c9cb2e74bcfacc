"""Counting records, reading estimates from tables, axes, formats, the command to repeat a run."""

import pytest

from llmgen.reports.forest import SHARE, difference_axis, plot_of
from llmgen.reports.formats import (
    LONGEST_TEXT,
    dollars,
    excerpt,
    is_numeric,
    moment,
    printable,
    span,
)
from llmgen.reports.reproduce import command_of
from llmgen.reports.tally import tally
from llmgen.reports.views import Bar
from llmgen.summary import Table
from llmgen.types import Run


def test_tally_counts_every_record_once(records):
    counted = tally(records)
    assert counted.outcomes == {"correct": 5, "wrong": 3, "stale": 1, "abstain": 1}
    assert counted.exclusions == {"error": 1, "refused": 1, "truncated": 1, "unparsed": 1}
    assert (counted.prompt_tokens, counted.completion_tokens, counted.n_cached) == (130, 26, 1)
    assert counted.served == {"m-1 at openai:https://host/v1": 13}


def test_latency_is_of_answers_that_were_waited_for(records):
    counted = tally(records)  # 2..13 seconds; the first came from the cache, the last failed
    assert (counted.latency_p50_s, counted.latency_p95_s) == (7.0, 13.0)
    assert tally(records[:1]).latency_p50_s is None


def test_examples_show_failures_first_and_are_bounded(records):
    examples = tally(records, shown=2).examples
    assert [example.outcome for example in examples] == [
        *("wrong", "wrong", "stale", "abstain", "error"),
        *("refused", "truncated", "unparsed", "correct", "correct"),
    ]
    assert examples[4].answer is None
    assert examples[4].reason == "gateway: timeout: no byte for 300 s"


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (("people", "50", "0.54", "[0.404, 0.670]"), (0.54, 0.404, 0.67)),
        (("people", "50", "0.540", "0.404 to 0.670"), (0.54, 0.404, 0.67)),
        (("people", "50", "0.54 [.404, .670]"), (0.54, 0.404, 0.67)),
        (("people", "50", "-0.10", "-0.2 to 0.1"), (-0.1, -0.2, 0.1)),
        (("people", "0", "-", "[0.000, 1.000]"), None),
        (("people", "50", "0.9", "[0.1, 0.2]"), None),
        (("people", "50", "0.54", "-"), None),
        (("people", "50", "0.54"), None),
        (("people", "2024", "1 to 5 years"), None),
        (("people", "50", "1,229"), None),
    ],
)
def test_estimates_are_read_from_table_cells(row, expected):
    plot = plot_of(Table(title="t", columns=("domain", "n", "accuracy", "interval")[: len(row)], rows=(row,)))
    bars = plot.bars if plot else ()
    assert [(bar.mean, bar.low, bar.high) for bar in bars] == ([expected] if expected else [])
    assert all((bar.label, bar.n) == ("people", row[1]) for bar in bars)


def test_differences_get_an_axis_around_zero():
    columns = ("facts", "asked", "n", "base", "tuned", "gain", "95 % interval")
    rows = (
        ("new", "rephrased", "9", "0.1", "0.4", "+0.300", "0.100 to 0.500"),
        ("old", "-", "9", "-", "-", "-", "-"),
    )
    plot = plot_of(Table(title="t", columns=columns, rows=rows))
    assert (plot.signed, plot.axis.low, plot.axis.high) == (True, -0.6, 0.6)
    assert [bar.label for bar in plot.bars] == ["new · rephrased"]
    shares = plot_of(Table(title="t", columns=("a", "b", "c"), rows=(("x", "0.4", "[0.1, 0.5]"),)))
    assert (shares.signed, shares.axis) == (False, SHARE)


def test_only_the_estimate_says_whether_it_is_a_difference():
    columns = ("detector", "mean score", "AUC", "95 % interval")
    rows = (("min_k", "-4.454", "0.727", "0.556 to 0.880"),)
    assert plot_of(Table(title="t", columns=columns, rows=rows)).signed is False


def test_what_is_no_share_is_not_plotted():
    rows = (("cdd", "+0.546", "0.357 to 0.725"), ("min_k", "+3.313", "2.463 to 4.133"))
    plot = plot_of(Table(title="t", columns=("detector", "difference", "95 % interval"), rows=rows))
    assert [bar.label for bar in plot.bars] == ["cdd"]
    assert plot_of(Table(title="t", columns=("a", "b", "c"), rows=rows[1:])) is None


def test_an_axis_places_values():
    assert [SHARE.at(value) for value in (0, 0.25, 1, 2)] == ["0.000%", "25.000%", "100.000%", "100.000%"]
    axis = difference_axis([Bar(label="x", mean=0.05, low=-0.02, high=0.12)])
    assert (axis.low, axis.high) == (-0.2, 0.2)
    assert axis.at(0) == "50.000%"
    assert difference_axis([]).high == 1.0


def test_formats():
    assert (dollars(None), dollars(0.0), dollars(0.00021), dollars(12.3)) == (
        "unknown (no price for this model)", "$0.00", "$0.00021", "$12.30",
    )  # fmt: skip
    assert [span(value) for value in (None, 0.25, 75, 7325)] == [
        "unknown",
        "0.25 s",
        "1 min 15 s",
        "2 h 2 min",
    ]
    assert (moment(0.0), moment(1926149411.0)) == ("unknown", "2031-01-14 09:30 UTC")
    assert excerpt("a\n b " * 100).endswith("…")
    assert printable("a\x00b\x1b[31m\n") == "a\ufffdb\ufffd[31m\n"
    assert printable("x" * (LONGEST_TEXT + 1234)).endswith("… 1,234 more characters are in the store")


@pytest.mark.parametrize(
    "cell",
    [
        "0.54",
        "1,234",
        "+0.250",
        "<0.0001",
        "[0.1, 0.2]",
        "0.5 [0.1, 0.9]",
        "0.404 to 0.670",
        "-",
        "",
        "$0.10",
        "12%",
    ],
)
def test_numbers_are_recognised(cell):
    assert is_numeric(cell)


@pytest.mark.parametrize("cell", ["people", "gpt-4", "2 files", "n/a"])
def test_words_are_no_numbers(cell):
    assert not is_numeric(cell)


def test_the_command_leaves_defaults_out_and_quotes():
    plan = {
        "model": "fake/echo",
        "options": {"all": True, "check": False, "data": "it's"},
        "sampling": {"temperature": 0.5, "seed": None},
    }
    run = Run(id="r", benchmark="b", model="fake/echo", settings={"plan": plan})
    assert command_of(run) == "llmgen eval b --model fake/echo --all --data 'it'\"'\"'s' --temperature 0.5"
    assert command_of(Run(id="r", benchmark="b", model="m")) == "llmgen eval b --model m"


def test_the_command_of_a_run_that_asked_nobody():
    plan = {
        "benchmark": "kaf",
        "model": "recorded",
        "options": {"data": ["a.jsonl", "b.jsonl"]},
        "extractors": ["xfinder", "strict"],
        "extractor_options": {"xfinder_url": "http://h/v1"},
    }
    run = Run(id="r", benchmark="kaf", model="recorded", settings={"plan": plan})
    assert command_of(run) == (
        "llmgen eval kaf --data a.jsonl --data b.jsonl --xfinder-url http://h/v1"
        " --extractor xfinder --extractor strict"
    )
