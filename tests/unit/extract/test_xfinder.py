"""xFinder without its weights: what is sent, how replies are read, what failures become."""

import math

import pytest

from llmgen.errors import BudgetReached, ProviderError, UsageError
from llmgen.extract.base import ExtractContext
from llmgen.extract.options import Options
from llmgen.extract.ranges import Range
from llmgen.extract.xfinder.comparator import same_as_published
from llmgen.extract.xfinder.extractor import XFinder, build
from llmgen.extract.xfinder.prompt import STOPS, SYSTEM, TRAINING_SYSTEM, Form, elided, range_text
from llmgen.extract.xfinder.reply import confidence, cut, read
from llmgen.types import Completion, Sample, TokenLogprobs

OPTIONS = Sample(id="s", question="Which?", answer_type="alphabet_option", choices=("red", "blue"))
FORM = Form(template="xfinder_qwen1505")
LETTERS = Range(answer_type="alphabet_option", values=("A", "B"), texts=("red", "blue"))
MATH = Range(answer_type="math", description="a number")


@pytest.mark.parametrize(
    ("answers", "reply", "expected"),
    [
        (LETTERS, "B", ("answered", "B", "")),
        (LETTERS, " (b) ", ("answered", "B", "")),
        (LETTERS, "blue", ("answered", "B", "")),
        (LETTERS, "B. red", ("answered", "B", "conflict")),
        (LETTERS, "[No valid answer]", ("no_valid_answer", None, "no_valid_answer")),
        (LETTERS, "no valid answer.", ("no_valid_answer", None, "no_valid_answer")),
        (LETTERS, "C", ("no_valid_answer", None, "out_of_range")),
        (LETTERS, "  \n", ("error", None, "empty_reply")),
        (MATH, " 54+4000d ", ("answered", "54+4000d", "")),
        (MATH, "[NO VALID ANSWER].", ("no_valid_answer", None, "no_valid_answer")),
    ],
)
def test_replies(answers, reply, expected):
    assert read(answers, reply) == expected


def test_the_earliest_stop_ends_a_reply():
    assert cut("B<|eot_id|>x<eoa>") == ("B", True)
    assert cut("B<eoa>x<|eot_id|>") == ("B", True)
    assert cut("B") == ("B", False)


def test_confidence_is_the_mean_of_the_kept_tokens():
    logprobs = TokenLogprobs(tokens=("1", "2", "<eoa>"), logprobs=(-0.1, -0.3, -9.0))
    assert confidence(logprobs, "12") == pytest.approx(math.exp(-0.2))
    assert confidence(TokenLogprobs(tokens=(), logprobs=()), "") is None


def test_the_range_is_written_as_python_writes_it():
    assert range_text(LETTERS) == "[['A', 'red'], ['B', 'blue']]"
    assert range_text(Range(answer_type="categorical_label", values=("don't", 'a "b"'))) == str(
        ["don't", 'a "b"']
    )
    assert range_text(MATH) == "a number"


def test_elision_keeps_a_fifth_before_and_the_rest_after():
    assert elided("0123456789", 5) == "0 … 6789"
    assert elided("0123", 4) == "0123"


async def test_the_request_is_a_raw_prompt(scripted, fill):
    line = scripted("B")
    answer = await XFinder(line, fill, FORM)(OPTIONS, "It is blue.")
    assert (answer.kind, answer.value, answer.raw, answer.extractor) == ("answered", "B", "B", "xfinder")
    (request,) = line.asked
    assert request.api == "completions"
    (message,) = request.messages
    assert message.content.startswith(f"<|System|>:{SYSTEM}\n<|User|>:Question: ")
    assert message.content.endswith("Key extracted answer: \n<|Bot|>:")
    sampling = request.sampling
    assert (sampling.temperature, sampling.n, sampling.max_tokens) == (0.0, 1, 256)
    assert sorted(sampling.stop) == sorted(STOPS)


async def test_only_as_many_stops_as_the_vendor_takes(scripted, fill):
    line = scripted("B<|eot_id|> and more", max_stop=4)
    answer = await XFinder(line, fill, FORM)(OPTIONS, "It is blue.")
    assert line.asked[0].sampling.stop == ("<|im_end|>", "<|endoftext|>", "<eoa>", "<||>")
    assert answer.value == "B"
    await XFinder(line, fill, Form(template="xfinder_llama38it"))(OPTIONS, "It is blue.")
    assert line.asked[1].sampling.stop[0] == "<|eot_id|>"


async def test_a_cut_reply_is_an_error_unless_it_had_ended(scripted, fill):
    def truncated(text):
        return Completion(texts=(text,), finish_reasons=("length",), model="m")

    answer = await XFinder(scripted(truncated("B and")), fill, FORM)(OPTIONS, "x")
    assert (answer.kind, answer.reason, answer.raw) == ("error", "extractor_truncated", "B and")
    answer = await XFinder(scripted(truncated("B<eoa>B<eoa>")), fill, FORM)(OPTIONS, "x")
    assert (answer.kind, answer.value) == ("answered", "B")


async def test_a_failed_request_is_an_error_and_a_budget_stop_is_not(scripted, fill):
    answer = await XFinder(scripted(ProviderError("timeout", "slow")), fill, FORM)(OPTIONS, "x")
    assert (answer.kind, answer.reason) == ("error", "timeout: slow")
    for stop in (BudgetReached("spent"), ProviderError("cancelled", "stopped")):
        with pytest.raises(type(stop)):
            await XFinder(scripted(stop), fill, FORM)(OPTIONS, "x")


async def test_what_is_too_long_is_halved_until_it_fits(scripted, fill):
    def reply(request):
        fits = len(request.messages[0].content) < 1500
        return "B" if fits else ProviderError("context_length", "too long")

    line = scripted(reply)
    answer = await XFinder(line, fill, FORM)(OPTIONS, "start" + "x" * 8000 + "the end")
    assert (answer.value, answer.reason) == ("B", "elided")
    prompt = line.asked[-1].messages[0].content
    assert '"""start' in prompt
    assert 'the end"""' in prompt
    assert " … " in prompt


async def test_a_question_too_long_is_an_error(scripted, fill):
    line = scripted(ProviderError("context_length", "too long"))
    answer = await XFinder(line, fill, FORM)(OPTIONS, "x" * 1000)
    assert (answer.kind, answer.reason) == ("error", "context_length: too long")
    assert len(line.asked) < 10


@pytest.mark.parametrize("text", ["a\0b \ud800 c", "\u202eB\u202c", "B" * 1_000_000])
async def test_hostile_texts_reach_the_model(scripted, fill, text):
    line = scripted("B")
    answer = await XFinder(line, fill, FORM)(OPTIONS, text)
    assert answer.value == "B"
    assert line.asked[0].messages[0].content.encode()


async def test_nothing_is_asked_about_an_empty_text_or_a_free_one(scripted, fill):
    line = scripted("B")
    extract = XFinder(line, fill, FORM)
    assert (await extract(OPTIONS, " \n")).reason == "empty"
    for answer_type in ("free", "code"):
        answer = await extract(Sample(id="f", question="q", answer_type=answer_type), "<think>y</think>x")
        assert (answer.kind, answer.value, answer.extractor) == ("answered", "x", "xfinder")
    assert line.asked == []


async def test_options_change_prompt_and_version(scripted, fill, tmp_path):
    instruction = tmp_path / "instruction.txt"
    instruction.write_text("Judge relevance first.\n")
    line = scripted("B")

    async def open_line(model_id, base_urls=()):
        assert (model_id, tuple(base_urls)) == ("vllm/xFinder-qwen1505", ("http://127.0.0.1:1/v1",))
        return line

    def context(**options):
        return ExtractContext(
            options=Options(xfinder_url="http://127.0.0.1:1/v1", **options), open_line=open_line, fill=fill
        )

    versions = set()
    for options in (
        {},
        {"xfinder_system": "training"},
        {"xfinder_escape": True},
        {"xfinder_instruction": str(instruction)},
    ):
        answer = await (await build(context(**options)))(OPTIONS, "it is <|eot_id|> blue")
        versions.add(answer.method)
    prompts = [request.messages[0].content for request in line.asked]
    assert len(versions) == 4
    assert TRAINING_SYSTEM in prompts[1]
    assert "<|eot_id|>" in prompts[0]
    assert "<|eot_id|>" not in prompts[2]
    assert prompts[3].startswith(f"<|System|>:{SYSTEM}\n<|User|>:Judge relevance first.\nQuestion: ")
    with pytest.raises(UsageError, match="cannot read the instruction"):
        await build(context(xfinder_instruction=str(tmp_path / "absent")))


@pytest.mark.parametrize(
    ("a", "b", "equal"),
    [("1,2", "12", True), (r"2\cdot3", "23", True), ("10 cents", "10 dollars", True), ("50%", "50", True),
     ("12", "12%", True), ("1/2", "0.5", False), ("x=5", "5", True), ("(1,2)", "( 1 , 2 )", True),
     ("3.0", "3", True), ("0.333", "1/3", False), (r"\text{east}", "east", True), (None, None, True),
     ("7", None, False)],
)  # fmt: skip
def test_the_published_comparator_of_math(a, b, equal):
    assert same_as_published(MATH, a, b) is equal


@pytest.mark.parametrize(
    ("a", "equal"), [("B", True), ("b.", True), ("Blue", True), ("(B)", False), ("B. blue", False)]
)
def test_the_published_comparator_of_options(a, equal):
    assert same_as_published(LETTERS, a, "B") is equal


STRESS_EQUAL = r"""1/2 | 0.5
\frac{1}{2} | 0.5
50% | 0.5
1,000 | 1000
\frac12 | 1/2
2\sqrt{3} | \sqrt{12}
(1,2) | ( 1 , 2 )
x=5 | 5
1e3 | 1000
5 dollars | 5
3.0 | 3
3.50 | 3.5
2\cdot3 | 6
x^2 | x^{2}
x^2+2x+1 | (x+1)^2
{1,2} | {2,1}
[2,5) | [2, 5)
-\frac{1}{3} | \frac{-1}{3}
\text{east} | east
9 | 9.00
$18 | 18
18 eggs | 18
1 000 | 1000
\frac{\sqrt{3}}{3} | 1/\sqrt{3}
\infty | infinity
2, -1 | -1, 2
7:30 | 7:30"""
STRESS_UNLIKE = r"""50% | 50
1,2 | 12
2\cdot3 | 23
10 cents | 10 dollars
0.333 | 1/3
22_6 | 22
12 | 12%
\pi | 3.14159
no solution | none"""


def test_the_published_comparator_is_as_often_right_as_measured():
    equal = [tuple(line.split(" | ")) for line in STRESS_EQUAL.splitlines()]
    unlike = [tuple(line.split(" | ")) for line in STRESS_UNLIKE.splitlines()]
    right = sum(same_as_published(MATH, a, b) for a, b in equal)
    false = [a for a, b in unlike if same_as_published(MATH, a, b)]
    assert (len(equal), len(unlike), right + len(unlike) - len(false)) == (27, 9, 17)
    assert false == ["50%", "1,2", r"2\cdot3", "10 cents", "12"]
