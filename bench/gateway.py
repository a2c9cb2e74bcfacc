"""The gateway against its peers and its bars: CPU, rate, memory, rate limits, start-up.

    python bench/gateway.py [--quick]

Our figures are end to end: `llmgen eval finetunebench` through the command line, cache off, store on
(render, key, HTTP, extract, grade, journal, fold, summary). Peers only ask, but for lm-eval, which is
measured as a whole run too. Every client is a process of its own, rounds are interleaved, figures are
medians. lm-eval and litellm come from `make peers`; a peer that is not installed is left out.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from lab import (
    BENCH,
    LLMGEN,
    ROOT,
    Bars,
    Cost,
    Server,
    child,
    data_home,
    evaluate,
    number,
    per_request_ms,
    server,
    table,
)

PEERS = ("aiohttp", "openai", "lm-eval", "litellm")
NOT_INSTALLED = 3
IN_FLIGHT = 128
# Requests of one round: as many as take each client a few seconds.
ROUND = {"llmgen": 10_000, "aiohttp": 10_000, "openai": 2_000, "lm-eval": 2_000, "litellm": 1_000}
LATENCY_S, SLOW_IN_FLIGHT = 0.2, 200
IDEAL_RATE = SLOW_IN_FLIGHT / LATENCY_S
RPM, BURST, LIMITED = 6000, 50, 1000
IDEAL_LIMITED_S = (LIMITED - BURST) / (RPM / 60)


def main() -> int:
    """Runs all parts and prints their tables; exit code 1 when a bar was missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="one round, a tenth of the requests")
    flags = parser.parse_args()
    scale, rounds = (10, 1) if flags.quick else (1, 3)
    bars = Bars()
    start_up(bars, 5 if flags.quick else 21)
    cpu(bars, rounds, scale)
    latency(bars, rounds, scale)
    memory(bars, 100_000 // scale)
    rate_limits(bars)
    return bars.report()


def start_up(bars: Bars, times: int) -> None:
    """`llmgen --help` beside an interpreter that does nothing."""
    bare, helped = [], []
    for _ in range(times):
        bare.append(child([sys.executable, "-c", "pass"]).wall_s)
        helped.append(child([LLMGEN, "--help"]).wall_s)
    ours, floor = median(helped) * 1000, median(bare) * 1000
    table("Start-up", ("", "ms"), [("python -c pass", number(floor)), ("llmgen --help", number(ours))])
    bars.at_most("llmgen --help, wall", ours, 150, "ms")
    bars.at_most("llmgen --help against python -c pass", ours / floor, 14, "x")


def cpu(bars: Bars, rounds: int, scale: int) -> None:
    """CPU of one request and the rate on a server without latency."""
    cost: dict[str, list[float]] = {}
    rate: dict[str, list[float]] = {}
    rss: dict[str, list[float]] = {}

    def note(client: str, cpu_ms: float, per_s: float, rss_mb: float) -> None:
        cost.setdefault(client, []).append(cpu_ms)
        rate.setdefault(client, []).append(per_s)
        rss.setdefault(client, []).append(rss_mb)

    for _ in range(rounds):
        with server() as to:
            requests = ROUND["llmgen"] // scale
            small, large = ours(to, 100), ours(to, requests + 100)
            span = large.wall_s - small.wall_s
            note("llmgen", per_request_ms(large, small, requests), requests / span, large.rss_mb)
            for name, told in peers(to, scale, IN_FLIGHT):
                asked = told["answered"]
                note(name, told["cpu_s"] / asked * 1000, asked / told["wall_s"], told["rss_mb"])
    middle = {client: median(values) for client, values in cost.items()}
    table(
        f"No latency, {IN_FLIGHT} in flight, median of {rounds}; llmgen: the whole run, cache off, store on",
        ("client", "requests/s", "CPU ms/request", "against llmgen", "RSS MB"),
        [
            (
                name,
                number(median(rate[name])),
                number(middle[name]),
                f"{middle[name] / middle['llmgen']:.2f}x",
                number(median(rss[name])),
            )
            for name in middle
        ],
    )
    bars.at_most("CPU per request, end to end", middle["llmgen"], 0.35, "ms")
    bars.at_most("CPU per request against bare aiohttp", middle["llmgen"] / middle["aiohttp"], 4.5, "x")
    if "lm-eval" in middle:
        bars.at_most(
            "CPU per request against a whole lm-eval run", middle["llmgen"] / middle["lm-eval"], 0.25, "x"
        )


def latency(bars: Bars, rounds: int, scale: int) -> None:
    """The rate on a server that takes 200 ms, with 200 in flight: how much of the ideal is reached."""
    rate: dict[str, list[float]] = {}
    cost: dict[str, list[float]] = {}
    requests = 20_000 if scale == 1 else 10_000  # fewer would measure the slow start
    for _ in range(rounds):
        with server("--latency", str(LATENCY_S)) as to:
            run = ours(to, requests, "--max-in-flight", str(SLOW_IN_FLIGHT))
            rate.setdefault("llmgen", []).append(requests / to.stats()["span_s"])
            cost.setdefault("llmgen", []).append(run.cpu_s / requests * 1000)
            for name, told in peers(to, scale, SLOW_IN_FLIGHT):
                rate.setdefault(name, []).append(told["answered"] / told["wall_s"])
                cost.setdefault(name, []).append(told["cpu_s"] / told["answered"] * 1000)
    table(
        f"200 ms latency, {SLOW_IN_FLIGHT} in flight, ideal {IDEAL_RATE:,.0f}/s, median of {rounds}",
        ("client", "requests/s", "of ideal", "CPU ms/request"),
        [
            (name, number(median(values)), f"{median(values) / IDEAL_RATE:.0%}", number(median(cost[name])))
            for name, values in rate.items()
        ],
    )
    bars.at_least(
        "rate at 200 ms and 200 in flight, of ideal", median(rate["llmgen"]) / IDEAL_RATE * 100, 90, "%"
    )


def memory(bars: Bars, requests: int) -> None:
    """Resident memory of one run at its half and at its end; children that it starts are told apart."""
    seen: dict[float, float] = {}
    peak = 0.0
    with server() as to, data_home() as home:

        def watch(pid: int) -> None:
            nonlocal peak
            seen[to.stats()["answered"]] = memory_mb(pid, "VmRSS")
            peak = max(peak, memory_mb(pid, "VmHWM"))

        run = evaluate(home, to, requests, "--cache", "off", "--max-in-flight", str(IN_FLIGHT), watch=watch)
    half = max(mb for answered, mb in seen.items() if answered <= requests / 2)
    whole = max(mb for answered, mb in seen.items() if answered < requests)
    table(
        f"Memory over {requests:,} requests",
        ("", "RSS MB"),
        [
            (f"most until {requests // 2:,}", number(half)),
            (f"most until {requests:,}", number(whole)),
            ("peak of the process, summary included", number(peak)),
            ("peak of it or of a child that it waited for", number(run.rss_mb)),
        ],
    )
    bars.at_most(f"RSS after {requests:,} requests", peak, 120, "MB")
    bars.at_most(f"RSS growth from {requests // 2:,} to {requests:,}", whole - half, 5, "MB")


def rate_limits(bars: Bars) -> None:
    """A server that allows 6,000 requests a minute: how long 1,000 take, and how many were refused."""
    cases = [
        ("bucket, --rpm 6000", ("--rpm", str(RPM)), "", (), 1.10, 0),
        ("learnt from headers", (), 'rate_headers = "openai"', (), 1.20, 100),
        ("AIMD alone", (), "", ("--no-rate-headers",), 1.80, None),
    ]
    rows = []
    for name, flags, row, server_flags, slack, refusals in cases:
        with server("--latency", "0.1", "--rpm", str(RPM), "--burst", str(BURST), *server_flags) as to:
            with data_home() as home:
                evaluate(home, to, LIMITED, "--cache", "off", "--max-in-flight", "64", *flags, row=row)
            stats = to.stats()
        rows.append((name, f"{stats['answered']:.0f}", number(stats["span_s"]), f"{stats['refused']:.0f}"))
        bars.at_most(f"6,000 RPM, {name}: time against ideal", stats["span_s"] / IDEAL_LIMITED_S, slack, "x")
        bars.at_least(f"6,000 RPM, {name}: answered", stats["answered"], LIMITED)
        if refusals is not None:
            bars.at_most(f"6,000 RPM, {name}: 429s", stats["refused"], refusals)
    table(
        f"6,000 RPM, burst {BURST}, {LIMITED:,} requests, ideal {IDEAL_LIMITED_S:.1f} s",
        ("limit", "answered", "s", "429s"),
        rows,
    )


def ours(to: Server, requests: int, *flags: str) -> Cost:
    """One evaluation in a new data home."""
    with data_home() as home:
        return evaluate(home, to, requests, "--cache", "off", "--max-in-flight", str(IN_FLIGHT), *flags)


def peers(to: Server, scale: int, in_flight: int) -> Iterator[tuple[str, dict[str, float]]]:
    """What each installed peer tells of its own run."""
    for name in PEERS:
        run = child(
            [
                interpreter(name),
                str(BENCH / "peers.py"),
                name,
                to.url,
                str(ROUND[name] // scale),
                str(in_flight),
            ]
        )
        if run.code == 0:
            yield name, json.loads(run.out.splitlines()[-1])
        elif run.code != NOT_INSTALLED:
            print(f"{name}: failed with exit code {run.code}", file=sys.stderr)


def interpreter(peer: str) -> str:
    """The Python that has `peer`: the venv that `make peers` built, else this one."""
    own = ROOT / f".venv-{peer}" / "bin" / "python"
    return str(own) if own.exists() else sys.executable


def memory_mb(pid: int, field: str) -> float:
    """A process's resident memory, now (`VmRSS`) or at its peak (`VmHWM`); 0 when it has just ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith(field)), 0.0)


if __name__ == "__main__":
    sys.exit(main())
