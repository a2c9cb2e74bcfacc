"""An extractor from a plain function: it asks nobody and waits for nothing."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps

import msgspec

from llmgen.types import Answer, Extract, Sample


def embedded(read: Callable[[Sample, str], Answer]) -> Extract:
    """The extractor of `read`. It takes its own time, of the processor: other work is none of its cost."""

    @wraps(read)
    async def extract(sample: Sample, text: str) -> Answer:
        started = time.thread_time_ns()
        answer = read(sample, text)
        return msgspec.structs.replace(answer, elapsed_us=(time.thread_time_ns() - started) // 1000)

    return extract
