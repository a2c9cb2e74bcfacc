"""The answers of one item as token lists that can be compared: one route for all of them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias, get_args

from llmgen.contamination.distance import Tokens
from llmgen.contamination.texts import Missing, Prepared, final_text
from llmgen.contamination.tokens import CAP, Tokenizer, encode_distinct
from llmgen.evidence import Evidence
from llmgen.types import Draw, Sample, Struct

Prepare: TypeAlias = Callable[[Draw], Prepared]

_NUMBER = re.compile(r"[-+]?[$€£]?\d[\d,]*(?:\.\d+)?%?")


class Compared(Struct):
    """One answer: its index among the draws, the text and the tokens that are compared."""

    place: int
    text: str
    tokens: Tokens
    missing: Missing | None


class Answers(Struct):
    """What an item's answers are compared by. `draws` leaves out those that came without a text.

    `greedy` is None without a greedy answer. `missing` counts, by reason, every draw that was asked for and
    holds nothing to compare.
    """

    greedy: Compared | None
    draws: tuple[Compared, ...]
    missing: dict[str, int]
    tokenizer: str

    def counts(self) -> dict[str, int]:
        """The missing draws by reason, as details of a verdict."""
        return {f"n_{name}": self.missing.get(name, 0) for name in get_args(Missing)}


def compared(evidence: Evidence, tokenizer: Tokenizer, prepare: Prepare = final_text) -> Answers:
    """All answers of the item through `prepare` and one tokenizer; distinct texts are tokenised once.

    The answers' own token ids serve only if the greedy answer and all draws have them and no text was
    changed beyond its spelling, because ids of a fence or a thought cannot be told from the rest.
    """
    greedy = evidence.greedy or Draw(reason="not_returned")
    draws = [greedy, *evidence.draws]
    prepared = [prepare(draw) for draw in draws]
    texted = [at for at, draw in enumerate(draws) if draw.text is not None or not prepared[at].missing]
    own = tokenizer.own_ids and all(draws[at].token_ids is not None and prepared[at].whole for at in texted)
    tokens: Sequence[Tokens] = (
        [list((draws[at].token_ids or ())[:CAP]) for at in texted]  # rapidfuzz reads lists faster
        if own
        else encode_distinct(tokenizer, [prepared[at].text for at in texted])
    )
    found = [
        Compared(place=at - 1, text=prepared[at].text, tokens=ids, missing=prepared[at].missing)
        for at, ids in zip(texted, tokens, strict=True)
    ]
    first = found.pop(0) if texted[:1] == [0] else None
    missing = Counter(text.missing for text in prepared[1:] if text.missing)
    missing["not_returned"] += max(0, evidence.n_asked - len(evidence.draws))
    return Answers(
        greedy=first,
        draws=tuple(found),
        missing={reason: number for reason, number in missing.items() if reason and number},
        tokenizer="ids" if own else tokenizer.name,
    )


def is_answer_only(sample: Sample) -> bool:
    """Whether the right answer is a letter, a label or a number: too little text to betray a memory."""
    if sample.answer_type in {"alphabet_option", "categorical_label"}:
        return True
    return sample.target is not None and _NUMBER.fullmatch(sample.target.strip()) is not None


def insufficient(reason: str, **details: Any) -> dict[str, Any]:
    """Details of a sample about which nothing can be said."""
    return {"verdict": "insufficient", "reason": reason, **details}
