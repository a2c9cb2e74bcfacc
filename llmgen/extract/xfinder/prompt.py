"""The prompts that the published weights were released with, byte for byte (specification, section 5.1)."""

from __future__ import annotations

from llmgen.extract.judge import Fill
from llmgen.extract.ranges import Range
from llmgen.text import without_surrogates
from llmgen.types import Struct

SYSTEM = "You are a help assistant tasked with extracting the precise key answer from given output sentences."
TRAINING_SYSTEM = (
    f"{SYSTEM} You must only provide the extracted key answer without including any additional text."
)
STOPS = ("<|endoftext|>", "<|im_end|>", "<eoa>", "<||>", "<end_of_turn>", "<|eot_id|>")
GAP = " … "
_BREAK = "\u200b"


class Form(Struct):
    """How a prompt is written: the template's name, the system line, a text before the question.

    `escape` breaks up control tokens inside the texts that are read; the published code does not.
    """

    template: str
    system: str = SYSTEM
    instruction: str = ""
    escape: bool = False

    def render(self, fill: Fill, answers: Range, question: str, output: str) -> str:
        """The raw prompt. Lone surrogates, which no request can carry, become U+FFFD."""
        values = {"question": question, "output": output, "range": range_text(answers)}
        if self.escape:
            values = {name: text.replace("<|", f"<{_BREAK}|") for name, text in values.items()}
        (message,) = fill(self.template, system=self.system, instruction=self.instruction, **values)
        return without_surrogates(message.content)


def range_text(answers: Range) -> str:
    """The range as Python's `str()` writes its list (single quotes), or the description itself."""
    if answers.texts:
        return str([list(pair) for pair in zip(answers.values, answers.texts, strict=True)])
    return str(list(answers.values)) if answers.values else answers.description


def elided(output: str, kept: int) -> str:
    """The first fifth and the last four fifths of what is kept of an output, `kept` characters in all."""
    if kept >= len(output):
        return output
    first = kept // 5
    return f"{output[:first]}{GAP}{output[len(output) - (kept - first) :]}"
