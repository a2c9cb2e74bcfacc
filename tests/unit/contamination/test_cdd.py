"""CDD: which items are judged, how, and what is refused."""

import time
import unicodedata

import pytest

from llmgen.contamination.base import Options
from llmgen.contamination.cdd import build, wilson
from llmgen.errors import UsageError
from llmgen.types import Draw, Sample

CODE = "def add(a, b):\n    total = a + b\n    print('the sum of both is', total)\n    return total\n"
OTHERS = [
    f"def add_{n}(x, y):\n    # way number {n}\n    return sum([x, y]) + {n} * {n}\n" for n in range(50)
]


def about(**fields):
    return Sample(**({"id": "s1", "question": "Write add.", "answer_type": "code", "target": CODE} | fields))


@pytest.fixture
def read(evidence):
    """Reads answers: read(greedy, draws, options=Options(...), ...)."""

    def read(greedy, draws, *, options=None, **fields):
        return build(options or Options())(evidence(greedy, draws, **fields))

    return read


def test_many_near_copies_flag_an_item(read):
    found = read(CODE, [CODE] * 11 + OTHERS[:39])
    assert (found.score, found.flagged, found.n_asked, found.n_used) == (0.22, True, 50, 50)
    assert found.details["verdict"] == "flagged"
    assert found.details["near"] == 11
    assert found.details["near_draws"] == [0, 1, 2, 3, 4]


def test_exactly_the_threshold_is_not_above_it(read):
    found = read(CODE, [CODE] * 10 + OTHERS[:40])
    assert (found.score, found.flagged, found.details["verdict"]) == (0.2, False, "not_flagged")
    assert found.details["ci_low"] == pytest.approx(0.1124, abs=0.0001)
    assert found.details["ci_high"] == pytest.approx(0.3304, abs=0.0001)


@pytest.mark.parametrize(
    ("m", "low", "high"),
    [(0, 0, 0.0714), (1, 0.0035, 0.1050), (10, 0.1124, 0.3304), (16, 0.2076, 0.4581), (50, 0.9286, 1)],
)
def test_the_interval_is_wilsons(m, low, high):
    assert wilson(m, 50) == pytest.approx((low, high), abs=0.0001)


def test_a_share_of_the_length_is_rounded_down_where_decimals_say_so(read):
    """.29 * 100 is 28.999999999999996 in binary: 29 edits of 100 tokens are still near."""
    greedy = " ".join(["word"] * 50) + "\n"
    changed = " ".join(["word"] * 21 + ["else"] * 29) + "\n"
    found = read(greedy, [changed] * 20, options=Options(alpha=0.29))
    assert (found.details["l"], found.details["c"], found.score) == (100, 29, 1.0)


def test_one_edit_too_many_is_not_near(read):
    greedy = " ".join(["word"] * 50) + "\n"
    changed = " ".join(["word"] * 20 + ["else"] * 30) + "\n"
    assert read(greedy, [changed] * 20, options=Options(alpha=0.29)).score == 0


@pytest.mark.parametrize(
    "item",
    [
        about(answer_type="alphabet_option", target="B"),
        about(answer_type="categorical_label", target="entailment"),
        about(answer_type="short_text", target="42"),
        about(answer_type="math", target=" -1,234.5 "),
        about(answer_type="short_text", target="$12%"),
    ],
)
def test_answers_that_betray_nothing_are_refused(read, item):
    found = read(CODE, [CODE] * 50, about=item)
    assert (found.score, found.flagged) == (None, None)
    assert (found.details["verdict"], found.details["reason"]) == ("insufficient", "answer_only")


@pytest.mark.parametrize("target", ["42 apples", "v1.2.3", "", None])
def test_other_targets_are_read(read, target):
    assert read(CODE, [CODE] * 50, about=about(answer_type="free", target=target)).flagged is True


@pytest.mark.parametrize("greedy", [None, "", " \n", "```\n```", Draw(text=None, reason="refused")])
def test_nothing_is_said_without_a_greedy_answer(read, greedy):
    found = read(greedy, OTHERS)
    assert (found.score, found.flagged, found.details["reason"]) == (None, None, "no_greedy")
    assert found.n_used == 50


def test_too_few_draws_store_the_peak_and_judge_nothing(read):
    found = read(CODE, [CODE] * 5 + OTHERS[:14])
    assert (found.flagged, found.details["reason"]) == (None, "too_few_samples")
    assert found.score == pytest.approx(5 / 19)


def test_a_vendor_that_returned_fewer_than_asked(read):
    found = read(CODE, OTHERS[:20], n_asked=50)
    assert (found.n_asked, found.n_used, found.flagged) == (50, 20, False)
    assert found.details["n_not_returned"] == 30


def test_no_draws_at_all(read):
    found = read(CODE, [], n_asked=50)
    assert (found.score, found.flagged, found.n_used) == (None, None, 0)
    assert (found.details["ci_low"], found.details["ci_high"]) == (None, None)
    assert found.details["reason"] == "too_few_samples"


def test_a_short_greedy_answer_is_refused(read):
    found = read("a = 1", ["a = 1"] * 50)
    assert (found.score, found.flagged, found.details["reason"]) == (1.0, None, "too_short")
    assert found.details["greedy_tokens"] == 5


def test_the_first_guard_that_holds_gives_the_reason(read):
    assert read(None, [], about=about(answer_type="alphabet_option")).details["reason"] == "answer_only"
    assert read(None, []).details["reason"] == "no_greedy"
    assert read("a", ["a"]).details["reason"] == "too_few_samples"


def test_every_missing_draw_is_counted_by_its_reason(read):
    draws = [
        *OTHERS[:21],
        "",
        " \n ",
        "```python\n```",
        Draw(reason="refused"),
        Draw(reason="error"),
        Draw(text="<think>endless", finish="length"),
        Draw(text="", finish="length"),
        None,
    ]
    found = read(CODE, draws, n_asked=30)
    assert {name: number for name, number in found.details.items() if name.startswith("n_")} == {
        "n_empty": 2,
        "n_only_fence": 1,
        "n_refused": 1,
        "n_error": 1,
        "n_truncated": 2,
        "n_not_returned": 2,
    }
    assert found.n_used == 21


def test_fifty_empty_draws_are_no_peak(read):
    found = read(CODE, [""] * 50)
    assert (found.score, found.flagged, found.n_used) == (None, None, 0)


def test_thoughts_are_not_compared(read):
    draws = [f"<think>{other}</think>{CODE}" for other in OTHERS]
    found = read(f"<think>hm</think>\n{CODE}", draws)
    assert found.score == 1.0


def test_spelling_makes_no_distance(read):
    greedy = (
        "Le caf\u00e9 \u00e9l\u00e9gant pr\u00e8s de la for\u00eat \u00e9tait tr\u00e8s agr\u00e9able\n" * 3
    )
    nfd = unicodedata.normalize("NFD", greedy)
    assert nfd != greedy
    found = read(greedy, [nfd.replace("\n", "\r\n")] * 20, options=Options(alpha=0))
    assert found.score == 1.0


def test_notes_on_identical_draws_long_answers_and_unstable_greedy_answers(read):
    assert read(CODE, [CODE] * 20).details["notes"] == ["degenerate"]
    assert read(CODE, OTHERS).details["notes"] == []
    assert read(CODE * 5, OTHERS).details["notes"] == ["prefix_only"]
    assert read(CODE, OTHERS, greedy_unstable=True).details["notes"] == ["greedy_unstable"]


def test_only_the_first_hundred_tokens_are_compared(read):
    longer = [f"{CODE * 5}# and then {n}" for n in range(20)]
    assert read(CODE * 5, longer).score == 1.0


def test_long_and_hostile_outputs_are_quick(read):
    texts = ["word " * 100_000, "x" * 500_000, "\ud800" * 100_000, "```\n" * 100_000, "é" * 100_000]
    start = time.process_time()
    found = read(CODE, [text + str(n) for n in range(10) for text in texts])
    assert found.n_used == 50
    assert time.process_time() - start < 15


def test_own_ids_are_taken_where_all_answers_have_them(read):
    ids = tuple(range(30))
    found = read(Draw(text=CODE, token_ids=ids), [Draw(text=text, token_ids=ids) for text in OTHERS])
    assert (found.details["tokenizer"], found.score) == ("ids", 1.0)


@pytest.mark.parametrize(
    "odd",
    [
        Draw(text=CODE),
        Draw(text=f"```python\n{CODE}```", token_ids=tuple(range(30))),
        Draw(text=f"<think>a</think>{CODE}", token_ids=tuple(range(30))),
    ],
)
def test_one_answer_without_fitting_ids_sends_all_to_regex(read, odd):
    draws = [Draw(text=text, token_ids=tuple(range(30))) for text in OTHERS]
    found = read(Draw(text=CODE, token_ids=tuple(range(30))), [*draws, odd])
    assert (found.details["tokenizer"], found.details["near"]) == ("regex", 1)


def test_a_refused_draw_does_not_cost_the_ids(read):
    draws = [Draw(text=text, token_ids=tuple(range(30))) for text in OTHERS]
    found = read(Draw(text=CODE, token_ids=tuple(range(30))), [*draws, Draw(reason="refused")])
    assert (found.details["tokenizer"], found.n_used) == ("ids", 50)


def test_the_medoid_stands_in_for_a_greedy_answer(read):
    draws = [*OTHERS[:15], *[CODE] * 30]
    found = read(None, draws, options=Options(centre="medoid"))
    assert (found.n_used, found.score, found.details["centre"]) == (44, 29 / 44, "medoid")
    assert found.details["near_draws"] == [16, 17, 18, 19, 20]  # draw 15 is the medoid itself
    assert read(None, [], options=Options(centre="medoid")).details["reason"] == "too_few_samples"


def test_the_medoid_is_left_out_of_its_own_share(read):
    found = read(None, [CODE] * 21, options=Options(centre="medoid"))
    assert (found.score, found.n_used, found.details["near"]) == (1.0, 20, 20)


@pytest.mark.parametrize(("greedy", "draw", "score"), [("", "", 1.0), ("", CODE, 0.0)])
def test_the_published_preset_judges_empty_answers(read, greedy, draw, score):
    found = read(greedy, [draw] * 50, options=Options(preset="published"))
    assert (found.score, found.flagged) == (score, score > 0.01)


def test_the_published_preset_flags_one_near_copy_in_fifty_and_none_in_a_hundred(read):
    options = Options(preset="published")
    assert read(CODE, [CODE, *OTHERS[:49]], options=options).flagged is True
    assert read(CODE, [CODE, *OTHERS, *OTHERS[:49]], options=options).flagged is False


def test_the_published_preset_has_no_guards(read):
    options = Options(preset="published-real-world")
    assert read("42", ["42"], options=options, about=about(target="42")).flagged is True
    empty = read(CODE, [], options=options)
    assert (empty.score, empty.flagged, empty.n_used) == (0.0, False, 0)
    assert read(None, OTHERS, options=options).details["reason"] == "no_greedy"


def test_the_published_preset_takes_a_refusal_for_the_word_none(read):
    refusal = Draw(reason="refused")
    found = read(refusal, [refusal] * 50, options=Options(preset="published"))
    assert (found.score, found.n_used) == (1.0, 50)
    assert read(refusal, ["None"] * 50, options=Options(preset="published")).score == 1.0


def test_the_settings_are_part_of_the_verdict(read):
    details = read(CODE, OTHERS, options=Options(alpha=0.1, xi=0.5, tokenizer="regex")).details
    assert (details["preset"], details["alpha"], details["xi"]) == ("robust", 0.1, 0.5)
    assert (details["tokenizer"], details["centre"]) == ("regex", "greedy")


def test_a_tokenizer_that_is_not_there(tmp_path):
    with pytest.raises(UsageError, match="no tokenizer at"):
        build(Options(tokenizer=str(tmp_path / "nothing")))
