"""Did items change between two stored calibrations: another night, version of a model family, or prompt?

two fits -> their answers again -> the later scale put on the earlier one -> a test of every common item
"""

from __future__ import annotations

import math
from pathlib import Path

from llmgen.analysis.irt.drift import drift
from llmgen.analysis.irt.items import Items, items_of
from llmgen.analysis.irt.linking import link_items
from llmgen.errors import UsageError
from llmgen.store import irt as stored
from llmgen.store.irt import StoredItem
from llmgen.store.responses import Stored, stored_matrix
from llmgen.types import Struct


class ItemDrift(Struct, omit_defaults=False):
    """One item: the change of the share right at equal ability, and whether that is beyond chance.

    None where one side has no answers.
    """

    benchmark: str
    sample_id: str
    area: float | None
    p: float | None
    p_adjusted: float | None
    drifted: bool


class Drifted(Struct, omit_defaults=False):
    """Two fits by their ids, and the common items, most changed first.

    The second fit's abilities are scale·theta + shift on the first one's scale, as `n_linking` items say.
    `benchmark_drifted`: more than a tenth of the items did.
    """

    old: str
    new: str
    scale: float
    shift: float
    n_linking: int
    benchmark_drifted: bool
    items: tuple[ItemDrift, ...]


def compare_fits(home: Path, old: str, new: str) -> Drifted:
    """Tests the items that two stored fits (ids, beginnings of ids, or `last`) have in common.

    Raises UsageError when a name fits no fit or several, when both are the same, and when fewer than 10
    common items agree enough to link the scales; StoreError when the store cannot be read.
    """
    ids = stored.fit_id(home, old), stored.fit_id(home, new)
    if ids[0] == ids[1]:
        raise UsageError(
            f"both names mean {ids[0]}", hint='llmgen sql "select fit_id, created from irt_fits"'
        )
    before, after = (_answers(home, fit) for fit in ids)
    parameters = [{(i.benchmark, i.sample_id): i for i in stored.stored_items(home, fit)} for fit in ids]
    columns = [{key: j for j, key in enumerate(_keys(answers))} for answers in (before, after)]
    common = sorted(parameters[0].keys() & parameters[1].keys() & columns[0].keys() & columns[1].keys())
    link = link_items(*(_items([known[key] for key in common]) for known in parameters))
    theta_old, theta_new = _abilities(home, ids[0], before), _abilities(home, ids[1], after)
    result = drift(
        before.matrix.responses[:, [columns[0][key] for key in common]],
        after.matrix.responses[:, [columns[1][key] for key in common]],
        theta_old,
        [link.scale * theta + link.shift for theta in theta_new],
    )
    numbers = zip(
        common, *(x.tolist() for x in (result.area, result.p, result.p_adjusted, result.drifted)), strict=True
    )
    items = [
        ItemDrift(
            benchmark=key[0],
            sample_id=key[1],
            area=_known(area),
            p=_known(p),
            p_adjusted=_known(adjusted),
            drifted=drifted,
        )
        for key, area, p, adjusted, drifted in numbers
    ]
    return Drifted(
        old=ids[0],
        new=ids[1],
        scale=link.scale,
        shift=link.shift,
        n_linking=int(link.kept.sum()),
        benchmark_drifted=result.benchmark,
        items=tuple(sorted(items, key=lambda item: -abs(item.area or 0.0))),
    )


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value


def _answers(home: Path, fit: str) -> Stored:
    chosen = stored.stored_selection(home, fit)
    return stored_matrix(home, chosen.selection, chosen.how)


def _keys(answers: Stored) -> list[tuple[str, str]]:
    return list(zip(answers.benchmarks, answers.matrix.items, strict=True))


def _items(known: list[StoredItem]) -> Items:
    return items_of(*([getattr(item, name) for item in known] for name in ("a", "d", "c")))


def _abilities(home: Path, fit: str, answers: Stored) -> list[float]:
    known = stored.stored_abilities(home, fit)
    return [known.get(model, math.nan) for model in answers.matrix.models]
