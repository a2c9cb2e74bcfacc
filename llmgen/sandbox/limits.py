"""How much a program may take."""

from __future__ import annotations

import math

from llmgen.types import Struct


class Limits(Struct):
    """Limits of one program: seconds and bytes.

    Wall clock for the whole of it; memory (address space), CPU time, size of a file and open files for each
    of its processes; `scratch` is all that it can write. `output` is kept of stdout and of stderr each, and
    above `most_output` it is killed.
    """

    timeout_s: float = 10.0
    memory: int = 1 << 30
    file: int = 1 << 20
    scratch: int = 64 << 20
    open_files: int = 64
    processes: int = 64
    output: int = 64 << 10
    most_output: int = 1 << 20

    @property
    def cpu_s(self) -> int:
        """CPU seconds of one process: above the wall clock, so that a busy loop ends as a timeout."""
        return math.ceil(self.timeout_s) + 1
