"""One scale for two calibrations: theta' = A·theta + B, from common models or from common items."""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import ArrayLike

from llmgen.analysis.irt.fit import Fit
from llmgen.analysis.irt.items import Array, Flags, Items, slopes_at
from llmgen.errors import UsageError
from llmgen.types import Struct

FEWEST_COMMON = 10
_ROUNDS, _FAR = 2, 3.0
_NODES = np.linspace(-4.0, 4.0, 81)
_STEPS, _ARRIVED = 100, 1e-10
_TO_SD = 1.4826  # of a normal distribution, from its median absolute deviation


class Link(Struct, frozen=True, eq=False):
    """theta' = scale·theta + shift; `kept` says which common items or models the link rests on."""

    scale: float
    shift: float
    kept: Flags

    def abilities(self, theta: Array) -> Array:
        """Abilities on the reference scale; standard errors are multiplied by `scale`."""
        return self.scale * theta + self.shift

    def items(self, items: Items) -> Items:
        """Items on the reference scale: a/A and d - a·B/A, so that b' = A·b + B."""
        a = items.a / self.scale
        return Items(a=a, d=items.d - a * self.shift, c=items.c, u=items.u)


def linked(found: Fit, link: Link) -> Fit:
    """The fit on the reference scale, with its errors."""
    shift = link.shift / link.scale
    var_d = found.se_d**2 + (shift * found.se_a) ** 2 - 2.0 * shift * found.cov_ad
    return msgspec.structs.replace(
        found,
        items=link.items(found.items),
        theta=link.abilities(found.theta),
        se_theta=link.scale * found.se_theta,
        se_pool=link.scale * found.se_pool,
        se_a=found.se_a / link.scale,
        se_b=found.se_b * link.scale,
        se_d=np.sqrt(np.maximum(var_d, 0.0)),
        cov_ad=(found.cov_ad - shift * found.se_a**2) / link.scale,
    )


def link_models(reference: ArrayLike, new: ArrayLike) -> Link:
    """Mean/sigma linking from the abilities of common models, (n,) each.

    A = sd(reference)/sd(new), B = mean(reference) - A·mean(new). Raises UsageError below 10 models.
    """
    old, own = np.asarray(reference, float), np.asarray(new, float)
    kept: Flags = np.logical_and(np.isfinite(old), np.isfinite(own))
    _enough(int(kept.sum()), "models")
    if own[kept].std() == 0.0:
        raise UsageError("the common models all have one ability", hint="link by items")
    scale = float(old[kept].std() / own[kept].std())
    return Link(scale=scale, shift=float(old[kept].mean() - scale * own[kept].mean()), kept=kept)


def link_items(reference: Items, new: Items) -> Link:
    """Stocking-Lord linking (1983) from common items: the two test characteristic curves are made one.

    Starts at mean/sigma of the difficulties; twice the items whose difficulties then differ by more than
    three robust standard deviations are dropped. Raises UsageError when fewer than 10 items are left.
    """
    steep = np.isfinite(reference.b) & np.isfinite(new.b)
    kept = steep & (np.sign(reference.a) == np.sign(new.a))
    _enough(int(kept.sum()), "items")
    for round_ in range(_ROUNDS + 1):
        scale, shift = _stocking_lord(reference.take(kept), new.take(kept))
        if round_ == _ROUNDS:
            break
        residual = reference.b - (scale * new.b + shift)
        middle = np.median(residual[kept])
        spread = _TO_SD * np.median(np.abs(residual[kept] - middle))
        near = np.abs(residual - middle) <= _FAR * max(float(spread), 1e-6)
        kept = kept & near
        _enough(int(kept.sum()), "items")
    return Link(scale=scale, shift=shift, kept=kept)


def _enough(n: int, what: str) -> None:
    if n < FEWEST_COMMON:
        raise UsageError(
            f"{n} common {what} that agree, linking needs {FEWEST_COMMON}", hint="calibrate both together"
        )


def _stocking_lord(reference: Items, new: Items) -> tuple[float, float]:
    """(A, B) that minimise Σ_q w (Σ_j P_ref(theta_q) - Σ_j P_new((theta_q - B)/A))², by Gauss-Newton."""
    w = np.exp(-0.5 * _NODES * _NODES)
    target = slopes_at(reference, _NODES)[0].sum(axis=1)
    scale = float(np.median(np.abs(new.a)) / np.median(np.abs(reference.a)))
    shift = float(np.median(reference.b) - scale * np.median(new.b))

    def loss(scale: float, shift: float) -> tuple[float, Array, Array]:
        theta = (_NODES - shift) / scale
        p, slope = (table.sum(axis=1) for table in slopes_at(new, theta))
        return float(w @ (target - p) ** 2), target - p, slope

    now, residual, slope = loss(scale, shift)
    for _ in range(_STEPS):
        theta = (_NODES - shift) / scale
        design = np.stack([-slope * theta / scale, -slope / scale], axis=1)
        step = np.linalg.lstsq(design * np.sqrt(w)[:, None], residual * np.sqrt(w), rcond=None)[0]
        size = 1.0
        while size > _ARRIVED:
            tried = float(max(scale + size * step[0], 0.1 * scale)), float(shift + size * step[1])
            after = loss(*tried)
            if after[0] <= now:
                break
            size *= 0.5
        else:
            break
        moved = max(abs(tried[0] - scale), abs(tried[1] - shift))
        (scale, shift), (now, residual, slope) = tried, after
        if moved < _ARRIVED:
            break
    return scale, shift
