"""What models cost: llmgen.toml over the data home's prices.json over the packaged table.

An unknown price is None, never 0. Only local rows cost 0.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal, TypeAlias

import msgspec

from llmgen.config import Price, ProviderRow, Settings
from llmgen.errors import ConfigError
from llmgen.types import Completion, Struct, Usage

Origin: TypeAlias = Literal["settings", "home", "packaged"]

PACKAGED = Path(__file__).with_name("prices.json")
FRESH_DAYS = 90
FREE = Price(input=0.0, output=0.0)
_MILLION = 1e6
_PRECEDENCE: dict[Origin, int] = {"settings": 0, "home": 1, "packaged": 2}


class PriceEntry(Price, kw_only=True, forbid_unknown_fields=True):
    """One price and the names (`row/model`) that it holds for."""

    models: tuple[str, ...]


class PriceFile(Struct, forbid_unknown_fields=True):
    """A price table on disk. `as_of` is the ISO date up to which its prices are known to hold."""

    as_of: str
    prices: tuple[PriceEntry, ...]


class PriceRow(Struct):
    """One line of `llmgen models prices`. `as_of` is empty for prices of llmgen.toml."""

    name: str
    price: Price
    origin: Origin
    as_of: str = ""


class PriceTable:
    """(row name, model) -> price, None when unknown.

    Asked are `row/model`, `price_prefix/model` and plain `model`, each also with a fine-tuned model's
    base (`ft:<base>`); for each name llmgen.toml wins over the home file, and that over the packaged one.
    """

    def __init__(self, rows: Iterable[PriceRow], providers: Mapping[str, ProviderRow]) -> None:
        self._rows: dict[str, PriceRow] = {}
        for row in rows:
            self._rows.setdefault(row.name, row)
        self._providers = providers

    def __call__(self, provider: str, model: str) -> Price | None:
        """The price in force; `FREE` for local rows without one."""
        row = self.find(provider, model)
        if row is not None:
            return row.price
        vendor = self._providers.get(provider)
        return FREE if vendor is not None and vendor.local else None

    def find(self, provider: str, model: str) -> PriceRow | None:
        """The line that holds for this model, with its origin and date."""
        vendor = self._providers.get(provider)
        prefix = vendor.price_prefix if vendor is not None else None
        names = [
            full for name in _spellings(model) for full in (f"{provider}/{name}", f"{prefix}/{name}", name)
        ]
        found = [self._rows[name] for name in names if name in self._rows]
        return min(found, key=lambda row: _PRECEDENCE[row.origin], default=None)

    def rows(self) -> list[PriceRow]:
        """Every price in force, by name."""
        return sorted(self._rows.values(), key=lambda row: row.name)

    def warnings(self, used: Iterable[tuple[str, str]], today: dt.date) -> list[str]:
        """One line for every table date older than 90 days among the (row name, model) pairs in use."""
        found = (self.find(provider, model) for provider, model in used)
        dates = {row.as_of for row in found if row is not None and row.as_of}
        return [
            f"prices are of {date} ({(today - dt.date.fromisoformat(date)).days} days old): "
            "costs and budgets may be off; put today's into [prices] of llmgen.toml"
            for date in sorted(dates)
            if (today - dt.date.fromisoformat(date)).days > FRESH_DAYS
        ]


class Tariff:
    """What one stack's requests may cost and did cost, over the endpoints that may answer them."""

    def __init__(self, by_endpoint: Mapping[str, Price | None], *, prompt_per_text: bool = False) -> None:
        self._by_endpoint = by_endpoint
        self._only = next(iter(by_endpoint.values())) if len(by_endpoint) == 1 else None
        self.prompt_per_text = prompt_per_text
        known = [price for price in by_endpoint.values() if price is not None]
        self.known = len(known) == len(by_endpoint)
        self.free = self.known and all(price == FREE for price in known)
        self.input = max((_dearest_input(price) for price in known), default=0.0)
        self.output = max((_dearest_output(price) for price in known), default=0.0)
        limits = [price.max_output_tokens for price in known]
        self.max_output_tokens = max((limit for limit in limits if limit), default=None)

    def cost(self, completion: Completion) -> float | None:
        """USD of `completion`: the vendor's figure if it gave one, None when price or usage are unknown."""
        usage = completion.usage
        if usage.cost_usd is not None:
            return usage.cost_usd
        price = self._by_endpoint.get(completion.endpoint, self._only)
        if price is None or (not self.free and usage.prompt_tokens + usage.completion_tokens == 0):
            return None
        return cost(price, usage, batch=completion.via == "batch")


def cost(price: Price, usage: Usage, *, batch: bool = False) -> float:
    """USD of `usage`: fresh and cached input tokens and output tokens (reasoning included), per million."""
    per_input, per_cached, per_output = price.input, price.cached_input, price.output
    for tier in price.context_tiers:
        if usage.prompt_tokens > tier.above_tokens:
            per_input, per_cached, per_output = tier.input, tier.cached_input, tier.output
    fresh = usage.prompt_tokens - usage.cached_tokens
    cached = usage.cached_tokens * (per_input if per_cached is None else per_cached)
    usd = (fresh * per_input + cached + usage.completion_tokens * per_output) / _MILLION
    return usd * price.batch_factor if batch else usd


def load_prices(settings: Settings, providers: Mapping[str, ProviderRow]) -> PriceTable:
    """The table in force. Raises ConfigError when the data home's prices.json cannot be read."""
    rows = [PriceRow(name=name, price=price, origin="settings") for name, price in settings.prices.items()]
    home = settings.home_path / "prices.json"
    if settings.home and home.exists():
        rows += _read(home, "home")
    return PriceTable(rows + _read(PACKAGED, "packaged"), providers)


def _read(file: Path, origin: Origin) -> list[PriceRow]:
    try:
        table = msgspec.json.decode(file.read_bytes(), type=PriceFile)
        dt.date.fromisoformat(table.as_of)
    except (OSError, ValueError, msgspec.MsgspecError) as error:
        raise ConfigError(
            f"{file}: not a price table: {error}", hint="mend the file or move it aside"
        ) from error
    return [
        PriceRow(name=name, price=_plain(entry), origin=origin, as_of=table.as_of)
        for entry in table.prices
        for name in entry.models
    ]


def _plain(entry: PriceEntry) -> Price:
    return Price(**{field: getattr(entry, field) for field in Price.__struct_fields__})


def _spellings(model: str) -> tuple[str, ...]:
    """`ft:gpt-4o-mini-2024-07-18:org::id` is priced as `ft:gpt-4o-mini-2024-07-18`."""
    if model.startswith("ft:"):
        return (model, ":".join(model.split(":")[:2]))
    return (model,)


def _dearest_input(price: Price) -> float:
    return max(price.input, *(tier.input for tier in price.context_tiers), 0.0)


def _dearest_output(price: Price) -> float:
    return max(price.output, *(tier.output for tier in price.context_tiers), 0.0)
