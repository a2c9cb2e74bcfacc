"""Extractor `code`: the program out of fences and prose, whole functions and continuations."""

import pytest

from llmgen.errors import UsageError
from llmgen.extract import EXTRACTORS
from llmgen.types import Sample

SAMPLE = Sample(id="x", question="?", answer_type="code", tags={"entry_point": "f"})
BODY = "    y = x + 1\n    return y\n"
WHOLE = f"def f(x):\n{BODY}"


async def read(text, sample=SAMPLE):
    return await EXTRACTORS.load("code")()(sample, text)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (WHOLE, WHOLE),
        (f"```python\n{WHOLE}```", WHOLE),
        (f"Here you are:\n\n```python\n{WHOLE}```\n\nIt adds one.", WHOLE),
        (f"~~~~ py\n{WHOLE}~~~~\n", WHOLE),
        (f"  ```\n{WHOLE}  ```", WHOLE),
        (f"````\n{WHOLE}````", WHOLE),
        (f"```python\r\n{WHOLE}```".replace("\n", "\r\n").replace("\r\r", "\r"), WHOLE),
        (f"<think>def f(x): pass</think>\n```\n{WHOLE}```", WHOLE),
        # several blocks
        (f"```\nf(1)\n```\n```python\n{WHOLE}```", WHOLE),
        (f"```python\n{WHOLE}```\nUsage:\n```python\nprint(f(1))\n```", WHOLE),
        (f"```python\ndef f(x):\n    return x\n```\nNo, wait:\n```python\n{WHOLE}```", WHOLE),
        (f"```\n\n```\n```\n{BODY}```", BODY),
        ("```\nreturn x + 1\n```\n```\nf(1)\n```", "return x + 1\n"),
        # an answer that ends inside its block
        ("```python\ndef f(x):\n    y = x +", "def f(x):\n    y = x +"),
        # answers that go on with the prompt
        (BODY, BODY),
        (f"{BODY}```\nThis adds one.", BODY.rstrip("\n")),
        (f"{BODY}```\nUsage:\n```python\nprint(f(1))\n```", BODY.rstrip("\n")),
        (f"```\n{BODY}This adds one.", BODY),
        (f"\n{BODY}\nThis adds one to x.\nIt is simple.", f"\n{BODY}\n"),
        (f"{BODY}\ndef g():\n    return (", f"{BODY}\n"),
        # prose without fences
        (f"Sure. This is it:\n\n{WHOLE}", WHOLE),
        (f"import math\n\n{WHOLE}\nI hope that this helps!", f"import math\n\n{WHOLE}\n"),
        ("From what I see, f adds one.\n@cache\ndef f(x): return x + 1", "@cache\ndef f(x): return x + 1"),
    ],
)
async def test_code_is_read(text, code):
    answer = await read(text)
    assert (answer.kind, answer.value, answer.extractor, answer.method) == (
        "answered",
        code,
        "code",
        "code@1",
    )


@pytest.mark.parametrize("text", ["I cannot do that.", "x = (((", "\0", "\ud800", "-" * 50_000, "(" * 9_999])
async def test_what_is_no_python_is_read_as_it_came(text):
    assert (await read(text)).value == text


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "text",
    ["\n", " ", "`", "```\nx\n```\n", "word\n", "def f(x):\n", "x = [1, (2, 3)]\n", "    return 1\n", "# "],
)
async def test_very_long_answers_take_no_time(text):
    answer = await read(text * (400_000 // len(text)) + "bad (")
    assert answer.kind == ("no_valid_answer" if text == "`" else "answered")  # a fence alone


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        (" \n", "empty"),
        ("<think>well</think>", "reasoning only"),
        ("```\n```", "no code"),
        ("```", "no code"),
    ],
)
async def test_nothing_to_read(text, reason):
    answer = await read(text)
    assert (answer.kind, answer.value, answer.reason) == ("no_valid_answer", None, reason)


async def test_without_the_name_the_first_block_is_taken():
    sample = Sample(id="x", question="?", answer_type="code")
    assert (await read("```\na = 1\n```\n```\nb = 2\n```", sample)).value == "a = 1\n"


def test_code_has_no_options():
    with pytest.raises(UsageError, match="model"):
        EXTRACTORS.load("code")(model="m")
