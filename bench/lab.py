"""What the benchmarks share: children with their cost, the server, tables, and bars that pass or fail."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

BENCH = Path(__file__).parent
ROOT = BENCH.parent
LLMGEN = str(Path(sys.executable).parent / "llmgen")
ITEMS = 50


@dataclass(frozen=True, kw_only=True)
class Cost:
    """One finished child: exit code, seconds of wall and CPU (user + system), peak memory in MB, stdout."""

    code: int
    wall_s: float
    cpu_s: float
    rss_mb: float
    out: str


def child(
    argv: Sequence[str], *, cwd: Path | None = None, watch: Callable[[int], None] | None = None
) -> Cost:
    """Runs a child to its end; `watch` is called with its pid every 50 ms meanwhile.

    Raises RuntimeError with the end of its stderr when it was killed by a signal.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        start = time.perf_counter()
        process = subprocess.Popen(argv, cwd=cwd, stdin=subprocess.DEVNULL, stdout=out, stderr=err)
        if watch is not None:
            while os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
                watch(process.pid)
                time.sleep(0.05)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        text, complaint = out.read().decode(), err.read().decode()
    if process.returncode < 0:
        raise RuntimeError(f"{argv[0]} was killed by signal {-process.returncode}: {complaint[-2000:]}")
    if complaint and process.returncode:
        print(complaint[-2000:], file=sys.stderr)
    return Cost(
        code=process.returncode,
        wall_s=wall,
        cpu_s=usage.ru_utime + usage.ru_stime,
        rss_mb=usage.ru_maxrss / 1024,
        out=text,
    )


@dataclass(frozen=True)
class Server:
    """A running bench/server.py."""

    url: str

    def stats(self) -> dict[str, float]:
        """answered, refused, and span_s: seconds between the first and the last answer."""
        with urllib.request.urlopen(f"{self.url}/stats") as answer:
            stats: dict[str, float] = json.load(answer)
        return stats


@contextmanager
def server(*flags: str) -> Iterator[Server]:
    """A server process of its own, ended at the end of the block."""
    process = subprocess.Popen(
        [sys.executable, str(BENCH / "server.py"), *flags],
        stdout=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield Server(f"http://127.0.0.1:{int(process.stdout.readline())}/v1")
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@contextmanager
def data_home() -> Iterator[Path]:
    """An empty folder to run `llmgen` in, removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="llmgen-bench-") as folder:
        yield Path(folder)


def evaluate(
    home: Path,
    to: Server,
    requests: int,
    *flags: str,
    row: str = "",
    watch: Callable[[int], None] | None = None,
) -> Cost:
    """The main job end to end, through the command line: `requests` answers of the server, graded and stored.

    `row` adds lines to the provider row. Raises RuntimeError unless every sample was answered.
    """
    (home / "llmgen.toml").write_text(f'[providers.bench]\nbase_url = "{to.url}"\nauth = "none"\n{row}\n')
    items = min(ITEMS, requests)
    argv = [LLMGEN, "eval", "finetunebench", "--model", "bench/bench", "--limit", str(items)]
    cost = child([*argv, "--repeats", str(requests // items), "--json", *flags], cwd=home, watch=watch)
    if cost.code != 0:
        raise RuntimeError(f"llmgen eval ended with exit code {cost.code}: {cost.out[-500:]}")
    return cost


def per_request_ms(large: Cost, small: Cost, more_requests: int) -> float:
    """CPU milliseconds of one more request: start-up and shut-down cancel out."""
    return (large.cpu_s - small.cpu_s) / more_requests * 1000


@dataclass
class Bars:
    """Limits that a benchmark has to keep; printed at the end with pass or FAIL."""

    rows: list[tuple[str, str, str, str]] = field(default_factory=list)
    failed: bool = False

    def at_most(self, what: str, value: float, limit: float, unit: str = "") -> None:
        """`value` must not exceed `limit`."""
        self._judge(what, value, f"<= {limit:,g} {unit}", passed=value <= limit)

    def at_least(self, what: str, value: float, limit: float, unit: str = "") -> None:
        """`value` must not fall short of `limit`."""
        self._judge(what, value, f">= {limit:,g} {unit}", passed=value >= limit)

    def report(self) -> int:
        """Prints all bars; the exit code: 0 when all were kept, else 1."""
        table("Bars", ("bar", "measured", "limit", ""), self.rows)
        return int(self.failed)

    def _judge(self, what: str, value: float, limit: str, *, passed: bool) -> None:
        self.failed |= not passed
        self.rows.append((what, number(value), limit, "pass" if passed else "FAIL"))


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Prints a table of texts with aligned columns."""
    lines = [columns, *rows]
    widths = [max(len(line[at]) for line in lines) for at in range(len(columns))]
    print(f"\n{title}")
    for line in lines:
        print("  " + "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def number(value: float) -> str:
    """A figure with the digits that matter: 12,345 or 12.3 or .123."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.3f}"
