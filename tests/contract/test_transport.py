"""The transport: one session for all, proxies of the environment, many requests at once."""

import asyncio

import pytest

from llmgen.config import Settings, TimeoutSettings
from llmgen.errors import ConfigError
from llmgen.gateway import transport
from llmgen.gateway.transport import Transport, listening

PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture
def no_proxies(monkeypatch):
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    return monkeypatch


async def test_providers_share_one_session_and_the_last_one_closes_it(ask, request_for):
    first, second = await ask("openai"), await ask("together")
    assert len(transport._sessions) == 1
    await first.complete(request_for(first))
    await first.aclose()
    await first.aclose()
    assert (await second.complete(request_for(second))).text
    await second.aclose()
    assert not transport._sessions


async def test_many_at_once(ask, request_for, emulator):
    emulator.latency_s = 0.2
    provider = await ask("openai", settings=Settings(timeouts=TimeoutSettings(total_s=60)))
    requests = [request_for(provider, f"question {i}") for i in range(200)]
    completions = await asyncio.gather(*map(provider.complete, requests))
    assert [each.text for each in completions] == [f"You said: question {i}" for i in range(200)]
    assert emulator.in_flight_peak > 100


async def test_a_cancelled_request_leaves_the_others_alone(ask, request_for, emulator):
    emulator.latency_s = 0.1
    provider = await ask("openai")
    tasks = [asyncio.create_task(provider.complete(request_for(provider))) for _ in range(4)]
    await asyncio.sleep(0)
    tasks[0].cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(results[0], asyncio.CancelledError)
    assert all(each.text for each in results[1:])


async def test_the_proxy_of_the_environment_is_used(ask, request_for, emulator, no_proxies):
    no_proxies.setenv("http_proxy", emulator.address)
    provider = await ask("openai", base_url="http://vendor.invalid/openai/v1")
    assert (await provider.complete(request_for(provider))).text
    assert emulator.seen[-1].headers["host"] == "vendor.invalid"


async def test_the_proxy_is_not_used_for_loopback_nor_where_excepted(emulator, no_proxies):
    no_proxies.setenv("http_proxy", "http://proxy.invalid:3128")
    no_proxies.setenv("no_proxy", "excepted.invalid")
    for url in (emulator.url(), "http://localhost:1/v1", "http://[::1]:1/v1", "http://excepted.invalid/v1"):
        direct = Transport(url, TimeoutSettings())
        assert direct._proxy is None
        await direct.aclose()


async def test_a_proxy_that_cannot_be_used_is_one_line(no_proxies):
    no_proxies.setenv("all_proxy", "socks5://user:secret@proxy.invalid:1080")
    with pytest.raises(ConfigError, match="is not an http:// proxy") as caught:
        Transport("https://vendor.invalid/v1", TimeoutSettings())
    assert "secret" not in caught.value.message
    assert not transport._sessions


async def test_listening_hears_its_own_task_only(ask, request_for):
    provider = await ask("openai")

    async def heard(n):
        with listening() as replies:
            for _ in range(n):
                await provider.complete(request_for(provider))
        return len(replies)

    assert await asyncio.gather(heard(1), heard(2), heard(3)) == [1, 2, 3]
    await provider.complete(request_for(provider))
    assert await heard(1) == 1


@pytest.mark.parametrize(("local", "total"), [(False, 600.0), (True, 1800.0)])
async def test_local_servers_get_more_time(local, total):
    found = Transport("http://127.0.0.1:1", TimeoutSettings(), local=local)
    assert found._timeout.total == total
    assert found._timeout.sock_connect == 10.0
    assert found._timeout.sock_read == 300.0
    await found.aclose()
