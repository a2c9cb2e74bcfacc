"""Lines to models: providers opened behind one shared budget, cache and set of limiters."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from llmgen.config import Settings
from llmgen.gateway.prices import load_prices
from llmgen.gateway.providers.recording import Recording
from llmgen.gateway.providers.table import ROWS, open_provider, resolve, row_of
from llmgen.gateway.providers.unopened import Unopened
from llmgen.gateway.stack import Member, Traffic, build_stack, route_endpoint
from llmgen.plan import CacheMode
from llmgen.session import Line, Rehearsal
from llmgen.store.cache import Cache


class Gateway:
    """The lines that one call has open, behind one shared budget, cache and set of limiters."""

    def __init__(
        self, settings: Settings, traffic: Traffic, closing: AsyncExitStack, *, rehearse: bool = False
    ) -> None:
        self.settings = settings
        self.traffic = traffic
        self.lines: list[Line] = []
        self.closing = closing
        self._rehearse = rehearse

    async def open(
        self,
        model_id: str,
        options: dict[str, Any],
        base_urls: Sequence[str] = (),
        record: str | None = None,
    ) -> Line:
        """A line to `model_id`: one endpoint, a configured route, or several equal URLs that are balanced.

        `record` is a file that receives every exchange.
        """
        route = self.settings.routes.get(model_id.removeprefix("route/"))
        if route is not None:
            targets = [(name, options) for name in route.members]
        else:
            targets = [(model_id, {**options, "base_url": url}) for url in base_urls] or [(model_id, options)]
        members = []
        for name, chosen in targets:
            row, how, served = resolve(name, self.settings)
            if self._rehearse and how.local:
                where = str(chosen.get("base_url") or how.base_url or served)
                members.append(Member(Unopened(f"{row}:{where}", how), row, served))
                continue
            provider = await open_provider(name, self.settings, chosen)
            if record is not None:
                provider = Recording(provider, Path(record))
            self.closing.push_async_callback(provider.aclose)
            members.append(Member(provider, row, served))
        return self.connect(model_id, members, balanced=route is None)

    def connect(
        self,
        model_id: str,
        members: Sequence[Member],
        *,
        balanced: bool = False,
        mode: CacheMode | None = None,
    ) -> Line:
        """A line over providers that are open already; `mode` is its cache's, when it differs."""
        several = balanced and len(members) > 1
        stack = build_stack(self.traffic, members, model_id, balanced=several, mode=mode)
        line = (Rehearsal if self._rehearse else Line)(stack, members, route_endpoint(members))
        self.lines.append(line)
        return line


@asynccontextmanager
async def open_gateway(
    settings: Settings, mode: CacheMode, *, rehearse: bool = False
) -> AsyncIterator[Gateway]:
    """The shared part of the gateway: budget, prices and response cache.

    With `rehearse` no model is started and nobody is asked: its lines note what they are asked for.
    """
    async with AsyncExitStack() as closing:
        store = closing.enter_context(Cache(settings.home_path))
        rows = {name: row_of(name, settings) for name in (*ROWS, *settings.providers)}
        traffic = Traffic(settings, load_prices(settings, rows), store, mode)
        yield Gateway(settings, traffic, closing, rehearse=rehearse)
