"""How many requests may be in flight: additive increase, multiplicative decrease (AIMD) with slow start."""

from __future__ import annotations

CUT = 0.8


class Window:
    """From `start`: +1 per success until the first cut, then +1/size; x 0.8 per cut; between 1 and `most`."""

    def __init__(self, start: int, most: int) -> None:
        self._most = float(most)
        self._size = min(float(start), self._most)
        self._slow_start = True

    @property
    def size(self) -> float:
        """The number of places (its whole part counts)."""
        return self._size

    def has_room(self, in_flight: int) -> bool:
        """Whether one more may leave."""
        return in_flight + 1 <= self._size

    def grow(self, in_flight: int) -> None:
        """One request succeeded. Places that nobody used prove nothing: only a full window grows."""
        if self._size < self._most and not self.has_room(in_flight):
            self._size = min(self._most, self._size + (1.0 if self._slow_start else 1.0 / self._size))

    def cut(self) -> None:
        """The endpoint was overloaded."""
        self._slow_start = False
        self._size = max(1.0, self._size * CUT)

    def open(self) -> None:
        """Something else paces (a known rate): all places at once."""
        self._size = self._most
