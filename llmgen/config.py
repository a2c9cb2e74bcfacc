"""Settings: llmgen.toml, then the environment, into one frozen value. Secrets are names here, never values.

The data home is `$LLMGEN_HOME`, else `home` of the file, else `./.llmgen`. An unknown key is an error that
names it. Flags of the command line override single fields with `msgspec.structs.replace`.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from llmgen.errors import ConfigError
from llmgen.types import Api, Struct

Positive = Annotated[float, msgspec.Meta(gt=0)]
Count = Annotated[int, msgspec.Meta(ge=1)]


class ProviderRow(Struct, forbid_unknown_fields=True):
    """One vendor that speaks the OpenAI dialect: everything in which it differs, as data.

    `auth` is the header the key goes into; `n_mode` says whether the vendor returns n texts itself or has
    to be asked n times, `max_n` how many texts it gives at once; `tpm_counts` whether its token limit counts
    what was reserved or what was used; `rate_headers` names the family of rate-limit headers it sends.
    `max_stop` and `max_top_logprobs` are the vendor's limits (None = no logprobs at all);
    `max_completions_logprobs` is the limit of the completions API where it differs. `logprobs_style`: `flag`
    = `logprobs: true` and `top_logprobs: k`, `count` = `logprobs: k`. `lists_models` is False where /models
    does not name everything that is served. `json_schema` says that `response_format` can hold a reply to a
    schema. `local` servers cost nothing, need no key and get longer timeouts. One that `queues` what it does
    not work on yet gets all requests at once, so that its batch is full from the start.
    """

    base_url: str = ""
    key_env: str | None = None
    auth: Literal["bearer", "api-key", "none"] = "bearer"
    apis: tuple[Api, ...] = ("chat",)
    n_mode: Literal["native", "loop"] = "native"
    max_n: Count | None = None
    max_tokens_field: str = "max_tokens"
    max_top_logprobs: int | None = None
    max_completions_logprobs: int | None = None
    logprobs_style: Literal["flag", "count"] = "flag"
    lists_models: bool = True
    max_stop: int | None = None
    seed: bool = True
    prompt_logprobs: bool = False
    json_schema: bool = False
    rate_headers: Literal["openai", "none"] = "none"
    tpm_counts: Literal["used", "reserved"] = "used"
    price_prefix: str | None = None
    extra_headers: dict[str, str] = {}
    local: bool = False
    queues: bool = False


class Route(Struct, forbid_unknown_fields=True):
    """A name for several `row/model` members: the next one is asked when one is down."""

    members: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]


class BudgetSettings(Struct, forbid_unknown_fields=True):
    """Caps over one run, all models, extractors and judges together. None = no cap."""

    usd: Positive | None = None
    tokens: Count | None = None
    requests: Count | None = None
    allow_unpriced: bool = False


class LimitSettings(Struct, forbid_unknown_fields=True):
    """How fast requests may leave. rpm/tpm None = learnt from headers or not limited."""

    rpm: Positive | None = None
    tpm: Positive | None = None
    max_in_flight: Count = 200
    start_in_flight: Count = 10
    pause_scale: Positive = 1.0
    max_pause_s: Positive = 600.0


class RetrySettings(Struct, forbid_unknown_fields=True):
    """The one retry layer: attempts and deadline for failures, patience for rate limits."""

    max_attempts: Count = 6
    max_backoff_s: Positive = 60.0
    retry_deadline_s: Positive = 900.0
    rate_limit_patience_s: Positive = 3600.0


class TimeoutSettings(Struct, forbid_unknown_fields=True):
    """Seconds. `total_s` None = 600 for vendors, 1800 for local servers."""

    connect_s: Positive = 10.0
    idle_s: Positive = 300.0
    body_idle_s: Positive = 60.0
    total_s: Positive | None = None
    breaker_open_s: Positive = 30.0
    breaker_max_open_s: Positive = 300.0
    give_up_s: Positive = 900.0


class ContextTier(Struct, forbid_unknown_fields=True):
    """The prices (US dollars per million tokens) of a request whose prompt is longer than `above_tokens`."""

    above_tokens: Count
    input: Annotated[float, msgspec.Meta(ge=0)]
    output: Annotated[float, msgspec.Meta(ge=0)]
    cached_input: Annotated[float, msgspec.Meta(ge=0)] | None = None


class Price(Struct, forbid_unknown_fields=True):
    """US dollars per million tokens; reasoning tokens cost what output costs.

    `max_output_tokens` is the longest answer the model gives: what a budget reserves for a request that
    names no `max_tokens`. `valid_from` is an ISO date, `source` the vendor's page by its title.
    """

    input: Annotated[float, msgspec.Meta(ge=0)]
    output: Annotated[float, msgspec.Meta(ge=0)]
    cached_input: Annotated[float, msgspec.Meta(ge=0)] | None = None
    batch_factor: Annotated[float, msgspec.Meta(gt=0, le=1)] = 0.5
    context_tiers: tuple[ContextTier, ...] = ()
    max_output_tokens: Count | None = None
    valid_from: str = ""
    source: str = ""


class Settings(Struct, forbid_unknown_fields=True):
    """All of llmgen.toml. `home` is absolute after loading.

    `providers.NAME` holds only the fields in which a row differs from the packaged row of that name (or a
    whole new row); the providers table merges and checks it.
    """

    home: str = ""
    providers: dict[str, dict[str, Any]] = {}
    routes: dict[str, Route] = {}
    budget: BudgetSettings = BudgetSettings()
    limits: LimitSettings = LimitSettings()
    retry: RetrySettings = RetrySettings()
    timeouts: TimeoutSettings = TimeoutSettings()
    prices: dict[str, Price] = {}
    judge: str | None = None
    durability: Literal["batch", "line", "none"] = "batch"

    @property
    def home_path(self) -> Path:
        """The data home."""
        return Path(self.home)


def load_settings(
    path: Path | None = None, environ: Mapping[str, str] = os.environ, cwd: Path | None = None
) -> Settings:
    """Reads `path` (or `./llmgen.toml` if it is there). Raises ConfigError naming file and key."""
    here = cwd or Path.cwd()
    file = path or here / "llmgen.toml"
    settings = Settings()
    if path is not None or file.exists():
        settings = _read(file)
    home = environ.get("LLMGEN_HOME") or settings.home or ".llmgen"
    return msgspec.structs.replace(settings, home=str((here / Path(home).expanduser()).resolve()))


def secret(name: str | None, environ: Mapping[str, str] = os.environ) -> str | None:
    """The value of the environment variable `name`, None when unset or blank. Never stored."""
    return (environ.get(name) or "").strip() or None if name else None


def _read(file: Path) -> Settings:
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read {file}: {error}") from error
    try:
        return msgspec.convert(tomllib.loads(text), Settings)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{file} is not valid TOML: {error}") from error
    except msgspec.ValidationError as error:
        raise ConfigError(f"{file}: {error}") from error
