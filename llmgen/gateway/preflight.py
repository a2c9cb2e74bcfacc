"""Before the first paid call: is the key taken, is the model served, for how long, and at what cost."""

from __future__ import annotations

import datetime as dt
import difflib

from llmgen.errors import ProviderError, UsageError
from llmgen.gateway.base import ModelInfo, Provider

SOON = dt.timedelta(days=30)


async def preflight(
    provider: Provider, model: str, *, estimated_usd: float | None, today: dt.date
) -> tuple[str, ...]:
    """What a user should read before the run, one line each. `model` is the endpoint's name for it.

    That the key is there was checked when the provider was built. Raises UsageError when the key is
    refused, the endpoint cannot be reached, or the model is not served (any more). An endpoint that
    cannot list its models is believed.
    """
    lines = []
    try:
        served = await provider.models()
    except ProviderError as error:
        if error.status is None or error.kind in {"auth", "quota"}:
            raise UsageError(f"{provider.endpoint}: {error.message}", hint=_mend(provider, error)) from error
        lines.append(f"{provider.endpoint} did not list its models ({error.message})")
        served = None
    if served is not None:
        lines += _lifetime(_find(served, model, provider.endpoint), today)
    if estimated_usd is not None and not provider.row.local:
        lines.append(f"estimated cost: {estimated_usd:.4f} USD")
    return tuple(lines)


def _mend(provider: Provider, error: ProviderError) -> str:
    if error.kind in {"auth", "quota"}:
        return f"check {provider.row.key_env or 'the key'} and the account"
    return "start the server, or check base_url" if provider.row.local else "check the network and base_url"


def _find(served: list[ModelInfo], model: str, endpoint: str) -> ModelInfo:
    """The entry of `model`: by its name, by Ollama's default tag, or without OpenRouter's variant."""
    by_id = {info.id: info for info in served}
    for name in (model, f"{model}:latest", model.partition(":")[0]):
        if name in by_id:
            return by_id[name]
    close = difflib.get_close_matches(model, by_id, n=3, cutoff=0.5) or sorted(by_id)[:5]
    raise UsageError(
        f"{endpoint} does not serve {model!r}",
        hint=f"it serves {', '.join(close)}" if close else "it serves no model",
    )


def _lifetime(info: ModelInfo, today: dt.date) -> list[str]:
    try:
        end = dt.date.fromisoformat((info.shutdown_date or "")[:10])
    except ValueError:
        return []
    if end <= today:
        raise UsageError(f"{info.id} was shut down on {end}")
    if end - today <= SOON:
        return [f"{info.id} will be shut down on {end}: its scores cannot be repeated after that"]
    return []
