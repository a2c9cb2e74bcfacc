"""The splits of FineTuneBench: which file each is, what it is for, and how its answers are scored."""

from __future__ import annotations

from typing import Literal, TypeAlias

from llmgen.benchmarks.finetunebench.scorer import Mode
from llmgen.types import AnswerType, Struct

Domain: TypeAlias = Literal["news", "people", "coding", "medical"]
SplitName: TypeAlias = Literal[
    "memorization", "rephrased", "date_changed", "secondary", "comparison", "generalization"
]
Role: TypeAlias = Literal["train", "rank", "diagnostic"]
Key: TypeAlias = tuple[Domain, SplitName]

DOMAINS: tuple[Domain, ...] = ("news", "people", "coding", "medical")
FOLDERS: dict[Domain, str] = {
    "news": "latest_news",
    "people": "fictional_people",
    "coding": "coding",
    "medical": "medical",
}
ATTRIBUTES = ("weight", "height", "age", "occupation", "color", "city")  # row order within a person
ANSWER_TYPES: dict[Mode, AnswerType] = {
    "short": "short_text",
    "contains": "short_text",
    "abstain": "short_text",
    "yesno": "categorical_label",
    "identifier": "code",
    "judge": "free",
}


class Split(Struct, frozen=True):
    """One file. `question` is the column with the bare question; the prompt column is what is sent.

    `role`: `train` may be trained on and ranks as memorization, `rank` ranks as generalization,
    `diagnostic` never enters the ranking. `replayed` is the stem of the file with recorded answers.
    """

    domain: Domain
    name: SplitName
    stem: str
    role: Role
    mode: Mode
    question: str
    columns: tuple[str, ...]
    replayed: str = ""

    @property
    def key(self) -> Key:
        """(domain, split name)."""
        return self.domain, self.name

    @property
    def path(self) -> str:
        """The file, relative to the data folder."""
        return f"{FOLDERS[self.domain]}/{self.stem}.csv"


_NEWS = ("id", "prompt", "answer", "fact", "used_in_analysis")
_PEOPLE = ("id", "prompt", "answer", "fact")
_UPDATE = ("id", "prompt", "answer_before", "answer")


def _split(domain: Domain, name: SplitName, role: Role, mode: Mode, question: str, *more: str) -> Split:
    columns = {"news": _NEWS, "people": _PEOPLE, "coding": _UPDATE, "medical": _UPDATE}[domain]
    folder = FOLDERS[domain]
    recorded = "original" if name == "memorization" else name
    return Split(
        domain=domain,
        name=name,
        stem=f"{folder}_{name}",
        role=role,
        mode=mode,
        question=question,
        columns=tuple(dict.fromkeys((*columns, question, *more))),
        replayed=f"{folder}_{recorded}_w_responses" if domain in {"news", "people"} else "",
    )


SPLITS: tuple[Split, ...] = (
    _split("news", "memorization", "train", "short", "question"),
    _split("news", "rephrased", "rank", "contains", "rephrased_question"),
    _split("news", "date_changed", "diagnostic", "abstain", "date_changed_question", "original_question"),
    _split("people", "memorization", "train", "short", "question"),
    _split("people", "rephrased", "rank", "short", "rephrased_question"),
    _split("people", "secondary", "diagnostic", "yesno", "question"),
    _split("people", "comparison", "diagnostic", "yesno", "question"),
    _split("coding", "memorization", "train", "identifier", "prompt"),
    _split("coding", "generalization", "rank", "identifier", "prompt"),
    _split("medical", "memorization", "train", "judge", "prompt", "updated_fact_description"),
    _split("medical", "generalization", "rank", "judge", "prompt"),
)
BY_KEY: dict[Key, Split] = {split.key: split for split in SPLITS}

LAYOUT = "DIR/datasets/{latest_news,fictional_people,coding,medical}/*.csv, or these four folders in DIR"
