"""Prices: golden sums, who wins, and that unknown is None."""

from __future__ import annotations

import datetime as dt

import pytest

from llmgen.config import ContextTier, Price, ProviderRow, Settings
from llmgen.errors import ConfigError
from llmgen.gateway.prices import FREE, Tariff, cost, load_prices
from llmgen.types import Completion, Usage

ROWS = {
    "openai": ProviderRow(),
    "azure": ProviderRow(price_prefix="openai"),
    "vllm": ProviderRow(local=True),
    "together": ProviderRow(),
}


def _completion(prompt=1000, output=100, endpoint="e", via="live", **usage):
    return Completion(
        texts=("x",),
        finish_reasons=("stop",),
        model="m",
        endpoint=endpoint,
        via=via,
        usage=Usage(prompt_tokens=prompt, completion_tokens=output, **usage),
    )


def test_golden_price_of_gpt_4o_mini():
    price = load_prices(Settings(), ROWS)("openai", "gpt-4o-mini")
    assert (price.input, price.output) == (0.15, 0.60)
    usage = Usage(prompt_tokens=1000, completion_tokens=100)
    assert cost(price, usage) == pytest.approx(0.00021, rel=1e-12)
    assert cost(price, usage, batch=True) == pytest.approx(0.000105, rel=1e-12)


def test_cached_tokens_have_their_own_price():
    usage = Usage(prompt_tokens=1000, cached_tokens=400)
    assert cost(Price(input=2, output=8, cached_input=0.5), usage) == pytest.approx(0.0014)
    assert cost(Price(input=2, output=8), usage) == pytest.approx(0.002)


def test_a_long_prompt_pays_its_tier():
    price = Price(
        input=1.25, output=10, context_tiers=(ContextTier(above_tokens=200_000, input=2.5, output=15),)
    )
    assert cost(price, Usage(prompt_tokens=200_000)) == pytest.approx(0.25)
    assert cost(price, Usage(prompt_tokens=200_001, completion_tokens=100)) == pytest.approx(0.5015025)


@pytest.mark.parametrize(
    ("row", "model", "input_price"),
    [
        ("openai", "gpt-4o-mini-2024-07-18", 0.15),
        ("openai", "ft:gpt-4o-mini-2024-07-18:acme::abc123", 0.30),
        ("azure", "gpt-4o", 2.5),
        ("vllm", "anything", 0.0),
        ("together", "gpt-4o", None),
        ("openai", "gpt-99", None),
        ("nobody", "gpt-4o", None),
    ],
)
def test_lookup(row, model, input_price):
    price = load_prices(Settings(), ROWS)(row, model)
    assert (None if price is None else price.input) == input_price


def test_settings_win_over_home_and_home_over_packaged(tmp_path):
    (tmp_path / "prices.json").write_text(
        '{"as_of": "2026-01-02", "prices": [{"models": ["openai/gpt-4o", "openai/gpt-4o-mini"],'
        ' "input": 7, "output": 9}]}'
    )
    own = {"gpt-4o-mini": Price(input=1, output=1)}
    table = load_prices(Settings(home=str(tmp_path), prices=own), ROWS)
    assert table("openai", "gpt-4o-mini").input == 1
    assert table("openai", "gpt-4o").input == 7
    assert table("openai", "gpt-4.1").input == 2
    row = table.find("openai", "gpt-4o")
    assert (row.origin, row.as_of) == ("home", "2026-01-02")


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"as_of": "soon", "prices": []}', '{"as_of": "2026-01-01"}']
)
def test_a_broken_home_file_is_named(tmp_path, text):
    (tmp_path / "prices.json").write_text(text)
    with pytest.raises(ConfigError, match=r"prices\.json"):
        load_prices(Settings(home=str(tmp_path)), ROWS)


def test_the_packaged_table_is_dated_sourced_and_without_addresses():
    rows = load_prices(Settings(), ROWS).rows()
    assert len({row.name for row in rows}) == len(rows) > 30
    for row in rows:
        assert row.origin == "packaged"
        assert dt.date.fromisoformat(row.price.valid_from) <= dt.date.fromisoformat(row.as_of)
        assert row.price.source
        assert "://" not in row.price.source
        assert row.price.output >= row.price.input > 0


def test_old_prices_warn_once_per_table():
    table = load_prices(Settings(prices={"openai/mine": Price(input=1, output=1)}), ROWS)
    used = [("openai", "gpt-4o"), ("openai", "gpt-4.1"), ("openai", "mine"), ("openai", "gpt-99")]
    as_of = dt.date.fromisoformat(table.find("openai", "gpt-4o").as_of)
    assert table.warnings(used, as_of + dt.timedelta(days=90)) == []
    (line,) = table.warnings(used, as_of + dt.timedelta(days=91))
    assert "91 days old" in line
    assert table.warnings([("openai", "mine")], as_of + dt.timedelta(days=999)) == []


def test_a_tariff_prices_by_who_answered_and_reserves_for_the_dearest():
    tariff = Tariff({"a": Price(input=1, output=8), "b": Price(input=2, output=4)})
    assert (tariff.input, tariff.output) == (2, 8)
    assert tariff.cost(_completion(endpoint="a")) == pytest.approx(0.0018)
    assert tariff.cost(_completion(endpoint="b")) == pytest.approx(0.0024)


def test_the_only_endpoint_is_priced_whatever_the_answer_calls_it():
    assert Tariff({"a": Price(input=1, output=8)}).cost(_completion(endpoint="b")) == pytest.approx(0.0018)


def test_unknown_is_none_never_zero():
    tariff = Tariff({"a": None, "b": Price(input=2, output=4)})
    assert not tariff.known
    assert tariff.cost(_completion(endpoint="a")) is None
    assert tariff.cost(_completion(endpoint="stranger")) is None
    assert tariff.cost(_completion(0, 0, endpoint="b")) is None
    assert Tariff({"a": FREE}).cost(_completion(0, 0, endpoint="a")) == 0.0


def test_the_vendors_own_figure_wins():
    tariff = Tariff({"e": Price(input=2, output=4)})
    assert tariff.cost(_completion(cost_usd=0.5)) == 0.5
