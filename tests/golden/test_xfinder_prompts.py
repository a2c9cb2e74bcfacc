"""xFinder's prompts, byte for byte: the example of the specification and all rows of the public file."""

import hashlib
import json

import pytest

from llmgen.assets import asset_dir
from llmgen.extract.ranges import Range
from llmgen.extract.xfinder.prompt import Form
from llmgen.prompts import Prompts

EXAMPLE = {
    "qwen1505": (293, "ad42aa5a3b9c817e2004a2d58a9549fc4219d63b9e2b38cc483e32497819d9ad"),
    "llama38it": (416, "0436de82684e3fcffba5336b9f5f28f9783bb59d6ab198a2f3d578f884ea1f75"),
}
PUBLIC = {
    "qwen1505": (419_800, "21a3da7548dc1bad72f3f14d98ba2fba58d6cf8acc98ee9099756c31a2d83d6a"),
    "llama38it": (467_278, "037d74793606866db564bab2adf07858faa3a7c17a6a3576148e12c7fbf5ab2b"),
}


def prompt(model, answers, question, output, **changes):
    form = Form(template=f"xfinder_{model}", **changes)
    return form.render(Prompts(asset_dir("prompts")).fill, answers, question, output)


def size_and_hash(text):
    return len(text), hashlib.sha256(text.encode()).hexdigest()


def range_of_row(row):
    listed, kind = row["standard_answer_range"], row["key_answer_type"]
    if isinstance(listed, str):
        return Range(answer_type=kind, description=listed)
    if kind == "alphabet_option":
        return Range(answer_type=kind, values=tuple(r[0] for r in listed), texts=tuple(r[1] for r in listed))
    return Range(answer_type=kind, values=tuple(listed))


@pytest.mark.parametrize("model", EXAMPLE)
def test_the_example_is_byte_equal(model):
    answers = Range(answer_type="alphabet_option", values=("A", "B"), texts=("3", "4"))
    said = prompt(model, answers, "What is 2+2? Answer Choices: (A) 3 (B) 4", "The answer is (B).")
    assert size_and_hash(said) == EXAMPLE[model]


@pytest.mark.parametrize("model", PUBLIC)
def test_every_public_prompt_is_byte_equal(model, shared_data):
    lines = (shared_data / "extraction" / "public.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    joined = "".join(prompt(model, range_of_row(r), r["question"], r["llm_output"]) for r in rows)
    assert size_and_hash(joined) == PUBLIC[model]
