"""What a user may choose about FineTuneBench."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta

from llmgen.benchmarks.finetunebench.splits import DOMAINS, Domain, SplitName
from llmgen.types import Struct

Scorer: TypeAlias = Literal["normalised", "exact", "notebook", "judge"]
Gold: TypeAlias = Literal["recomputed", "published"]


class Options(Struct, frozen=True, forbid_unknown_fields=True):
    """Can the model be taught new facts, and does it know them or only repeat them?"""

    data: Annotated[
        str | None,
        Meta(description="Folder with the real data (datasets/ in it, or itself); else our own sample set."),
    ] = None
    domains: Annotated[tuple[Domain, ...], Meta(description="Only these domains.")] = DOMAINS
    splits: Annotated[tuple[SplitName, ...], Meta(description="Only these splits; all when left out.")] = ()
    subset: Annotated[
        Literal["analysed", "all"], Meta(description="The rows that were published about, or all.")
    ] = "analysed"
    gold: Annotated[
        Gold | None,
        Meta(description="Gold of the comparison split (default: recomputed, in a replay published)."),
    ] = None
    scorer: Annotated[
        Scorer,
        Meta(
            description="The verdict that counts (default: normalised, on what the first extractor read);"
            " the others are stored beside it."
        ),
    ] = "normalised"
    shift_year: Annotated[
        Annotated[int, Meta(ge=1900, le=2099)] | None,
        Meta(description="Ask the date_changed questions about this year instead: new items."),
    ] = None
    coding_derive: Annotated[
        bool, Meta(description="Paraphrases of ours as the absent coding memorization split: non-standard.")
    ] = False
    replay: Annotated[
        str | None, Meta(description="Folder with recorded answers: score those of --model, ask nobody.")
    ] = None
    check: Annotated[
        str | None, Meta(description="reference.json to compare a replay with; exit 1 when a number differs.")
    ] = None
