"""Threads: numpy's own are kept to one, blocks of work are shared among the cores instead.

The products here are small, and the threads of a BLAS spin while they wait for one another: on a machine
that others use as well they made a fit twelve times slower than one thread is.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from typing import TypeVar

from threadpoolctl import ThreadpoolController

T = TypeVar("T")
R = TypeVar("R")

_MOST = 8


@contextmanager
def single_blas() -> Iterator[None]:
    """One thread for every BLAS call inside."""
    with _controller().limit(limits=1, user_api="blas"):
        yield


def each(function: Callable[[T], R], parts: Iterable[T]) -> Iterator[R]:
    """`function` of every part, in order; numpy lets go of the interpreter's lock while it computes."""
    known = list(parts)
    if len(known) == 1:
        return iter([function(known[0])])
    return _pool().map(function, known)


@cache
def _controller() -> ThreadpoolController:
    return ThreadpoolController()


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=min(os.cpu_count() or 1, _MOST), thread_name_prefix="irt")
