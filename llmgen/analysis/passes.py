"""pass@k: the chance that at least one of k programs passes (Chen et al., arXiv 2107.03374)."""

from __future__ import annotations

import math


def pass_at_k(n: int, c: int, k: int) -> float | None:
    """1 - C(n - c, k) / C(n, k), unbiased, from c passes among n draws; None when n < k.

    Computed as 1 - prod_{i=n-c+1..n} (1 - k/i).
    """
    if n < k:
        return None
    if n - c < k:
        return 1.0
    return 1.0 - math.prod(1.0 - k / i for i in range(n - c + 1, n + 1))
