"""The field's regular expressions as extractors, faults included (specification, section 2.1).

They show how a published number was made, so they are kept as they are: none abstains on purpose, and
`strict` drops the last character of a line. Sources: lm-evaluation-harness and OpenCompass.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeAlias

from llmgen.extract import rules_first_option, rules_flexible, rules_strict
from llmgen.extract.embedded import embedded
from llmgen.extract.ranges import Range, range_of
from llmgen.types import Answer, Extract, Sample

Rule: TypeAlias = Callable[[Range, str], str | None]

RULES: dict[str, Rule] = {
    "strict": rules_strict.strict,
    "strict:cot": rules_strict.cot,
    "strict:mmlu-pro": rules_strict.mmlu_pro,
    "flexible": rules_flexible.flexible,
    "flexible:oc": rules_flexible.opencompass_number,
    "flexible:freeform": rules_flexible.freeform,
    "first-option": rules_first_option.first_option,
    "first-option:capital": rules_first_option.first_capital,
    "first-option:bbh": rules_first_option.bbh,
}


def _version() -> str:
    files = (rules_strict, rules_flexible, rules_first_option)
    text = b"".join(Path(str(module.__file__)).read_bytes() for module in files)
    return hashlib.sha256(text).hexdigest()[:8]


VERSION = _version()


def extractor(name: str) -> Extract:
    """The extractor of one rule. What lies outside the range is no valid answer, as no match is."""
    rule, method = RULES[name], f"{name}@{VERSION}"

    def extract(sample: Sample, text: str) -> Answer:
        value = rule(range_of(sample), text)
        if value is None or value == "":
            return Answer(kind="no_valid_answer", extractor=name, method=method, reason="no_match")
        return Answer(kind="answered", value=value, extractor=name, method=method)

    return embedded(extract)


build_strict = partial(extractor, "strict")
build_strict_cot = partial(extractor, "strict:cot")
build_strict_mmlu_pro = partial(extractor, "strict:mmlu-pro")
build_flexible = partial(extractor, "flexible")
build_flexible_oc = partial(extractor, "flexible:oc")
build_flexible_freeform = partial(extractor, "flexible:freeform")
build_first_option = partial(extractor, "first-option")
build_first_option_capital = partial(extractor, "first-option:capital")
build_first_option_bbh = partial(extractor, "first-option:bbh")
