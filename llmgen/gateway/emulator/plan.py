"""Which fault meets which request, and how fast requests are let in."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

from llmgen.gateway.emulator.faults import NAMES, Fault
from llmgen.types import Struct


class Seen(Struct, frozen=True):
    """One request as the server saw it. `connection` numbers the TCP connections from 0."""

    index: int
    method: str
    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    connection: int


Plan: TypeAlias = Callable[[Seen], Fault | None]


def healthy(_: Seen) -> Fault | None:
    """Nothing goes wrong."""
    return None


def script(*faults: Fault | str | None) -> Plan:
    """One fault per request, in order of arrival; None or the end of the list: a good answer."""
    queue = deque(checked(fault) for fault in faults)
    return lambda _: queue.popleft() if queue else None


def always(fault: Fault | str) -> Plan:
    """The same fault for every request."""
    found = checked(fault)
    return lambda _: found


def rates(shares: Mapping[str, float], seed: int = 0) -> Plan:
    """Each fault with its probability, drawn per request from `seed`."""
    rng = random.Random(seed)  # noqa: S311  # a test's dice
    faults: list[Fault | None] = [*map(checked, shares), None]
    weights = [*shares.values(), max(0.0, 1.0 - sum(shares.values()))]
    return lambda _: rng.choices(faults, weights)[0]


def checked(fault: Fault | str | None) -> Fault | None:
    """`fault` as a Fault. Raises ValueError for a name that means nothing."""
    if fault is None:
        return None
    found = Fault(name=fault) if isinstance(fault, str) else fault
    if found.name not in NAMES and not found.name.isdigit():
        raise ValueError(f"no fault {found.name!r}; there are HTTP statuses and {', '.join(NAMES)}")
    return found


def plan_of(faults: Iterable[Mapping[str, Any]]) -> Plan:
    """A script from plain JSON: `[{"name": "429", "headers": {"retry-after": "1"}}, {}]`."""
    return script(*(Fault(**fault) if fault else None for fault in faults))


class Bucket:
    """A vendor's limit: `rpm` requests a minute, `burst` of them at once."""

    def __init__(self, rpm: float, burst: int, clock: Callable[[], float]) -> None:
        self.rpm = rpm
        self._burst = burst
        self._clock = clock
        self._level = float(burst)
        self._at = clock()

    def take(self) -> bool:
        """Whether this request is let in."""
        now = self._clock()
        self._level = min(self._burst, self._level + (now - self._at) * self.rpm / 60.0)
        self._at = now
        if self._level < 1:
            return False
        self._level -= 1
        return True

    def headers(self) -> dict[str, str]:
        """The rate-limit headers of the OpenAI family."""
        missing = max(0.0, 1 - self._level) * 60.0 / self.rpm
        return {
            "x-ratelimit-limit-requests": f"{self.rpm:g}",
            "x-ratelimit-remaining-requests": str(int(self._level)),
            "x-ratelimit-reset-requests": f"{missing * 1000:.0f}ms",
        }
