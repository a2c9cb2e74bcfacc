"""A token bucket for a vendor's limit per minute, of requests or of tokens."""

from __future__ import annotations

SHARE_OF_LIMIT = 0.99
CAPACITY_S = 0.2
SLOWER = 0.95
RESTORED_PER_STEP = 0.01
RESTORE_STEP_S = 10.0


class Bucket:
    """Refills at 0.99 x limit / 60 per second, holds 0.2 s of refill (at least 1), starts full.

    An amount larger than the capacity waits for a full bucket and drives it negative. `slow_down` is for
    limits learnt from headers: the rate falls by 5 % and comes back by 1 % of the limit per clean 10 s.
    """

    def __init__(self, per_minute: float, now: float) -> None:
        self.per_minute = per_minute
        self._factor = 1.0
        self._slowed_at = now
        self._updated = now
        self._level = self.capacity

    @property
    def rate(self) -> float:
        """Refill per second."""
        return SHARE_OF_LIMIT * self._factor * self.per_minute / 60.0

    @property
    def capacity(self) -> float:
        """The most it holds."""
        return max(1.0, CAPACITY_S * self.rate)

    def delay(self, amount: float, now: float) -> float:
        """Seconds until `amount` may be taken, 0 if it may be now."""
        self._refill(now)
        missing = min(amount, self.capacity) - self._level
        return max(0.0, missing / self.rate)

    def take(self, amount: float) -> None:
        """Removes `amount`; call `delay` first."""
        self._level -= amount

    def give_back(self, amount: float) -> None:
        """Returns what was taken too much (negative: takes what was taken too little)."""
        self._level = min(self.capacity, self._level + amount)

    def lower_to(self, remaining: float, now: float) -> None:
        """The vendor says that less is left; its word may only lower the level."""
        self._refill(now)
        self._level = min(self._level, remaining)

    def set_limit(self, per_minute: float, now: float) -> None:
        """A new limit per minute; the level stays, within the new capacity."""
        self._refill(now)
        self.per_minute = per_minute
        self._level = min(self._level, self.capacity)

    def slow_down(self, now: float) -> None:
        """The learnt rate was too high."""
        self._refill(now)
        self._factor *= SLOWER
        self._slowed_at = now

    def _refill(self, now: float) -> None:
        if self._factor < 1.0:
            steps = int((now - self._slowed_at) / RESTORE_STEP_S)
            self._factor = min(1.0, self._factor + steps * RESTORED_PER_STEP)
            self._slowed_at += steps * RESTORE_STEP_S
        self._level = min(self.capacity, self._level + (now - self._updated) * self.rate)
        self._updated = now
