"""The comparators by name: `ours`, and `xfinder`, the published one as described (specification, 3.1)."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from typing import Literal

from llmgen.extract.comparator import Comparator
from llmgen.extract.ranges import range_of
from llmgen.extract.xfinder.comparator import same_as_published
from llmgen.types import Compare, Sample


def open_comparators() -> tuple[dict[str, Compare], Callable[[], Awaitable[None]]]:
    """The comparators, and what closes them. No process is started before an expression needs one."""
    comparator = Comparator(workers=os.cpu_count() or 1)

    async def ours(
        sample: Sample, a: str | None, b: str | None, *, percent: Literal["auto", "notation", "value"]
    ) -> bool | None:
        same = await comparator.same(range_of(sample), a, b, question=sample.question, percent=percent)
        return same.equal

    async def xfinder(
        sample: Sample,
        a: str | None,
        b: str | None,
        *,
        percent: Literal["auto", "notation", "value"],  # noqa: ARG001  # it ignores every percent sign
    ) -> bool | None:
        return same_as_published(range_of(sample), a, b)

    return {"ours": ours, "xfinder": xfinder}, comparator.close
