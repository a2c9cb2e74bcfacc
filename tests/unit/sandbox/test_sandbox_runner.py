"""The runner: its pool, its memory, its errors, and an end that comes even when llmgen is killed."""

import asyncio
import os
import platform
import signal
import subprocess
import sys
import uuid
from pathlib import Path

import msgspec
import pytest

from llmgen.sandbox.command import Interpreter
from llmgen.sandbox.limits import Limits
from llmgen.sandbox.probe import probe
from llmgen.sandbox.runner import Runner, open_runner

UNIQUE = "import uuid; print(uuid.uuid4())"
SEPARATE_COUNTS = tuple(int(part) for part in platform.release().split(".")[:2]) >= (5, 14)


def named(name):
    """The processes that gave themselves this name."""
    found = []
    for file in Path("/proc").glob("[0-9]*/comm"):
        try:
            if file.read_text().strip() == name:
                found.append(int(file.parent.name))
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


async def until(holds, seconds=30.0):
    async with asyncio.timeout(seconds):
        while not holds():  # noqa: ASYNC110  # another process sets no event
            await asyncio.sleep(0.02)


@pytest.fixture(scope="module", params=["bwrap", "none"])
def kind(request):
    if request.param == "bwrap":
        request.getfixturevalue("bubblewrap")
    return request.param


@pytest.fixture
def runner(kind):
    return open_runner(kind, 30.0)


@pytest.fixture
def name():
    return f"t{uuid.uuid4().hex[:12]}"


def naming(name, then):
    return f"open('/proc/self/comm', 'w').write({name!r})\n{then}"


async def test_right_and_wrong(runner):
    assert (await runner("def f(x): return x + 1", "assert f(1) == 2")).ended == "pass"
    wrong = await runner("def f(x): return x - 1", "assert f(1) == 2, 'one more'")
    assert (wrong.ended, wrong.reason) == ("fail", "AssertionError: one more")
    assert (await runner("import sys; sys.exit(0)", "assert False")).ended == "fail"


async def test_the_marker_is_not_shown(runner):
    assert (await runner("print('x')", "")).stdout == "x\n"


async def test_time_is_up(kind, name):
    runner = open_runner(kind, 0.5)
    execution = await runner(naming(name, "import time; time.sleep(600)"), "")
    assert (execution.ended, execution.reason) == ("timeout", "time was up")
    assert execution.elapsed_s >= 0.5
    assert named(name) == []


async def test_equal_programs_run_once(runner):
    first, second = await asyncio.gather(runner(UNIQUE, ""), runner(UNIQUE, ""))
    assert first is second
    assert await runner(UNIQUE, "") is first
    assert (await runner(UNIQUE, "assert True")).stdout != first.stdout


async def test_the_pool_is_as_large_as_the_machine(runner, name):
    cpus = len(os.sched_getaffinity(0))
    programs = [naming(name, f"import time; time.sleep(0.3); {number}") for number in range(cpus * 2 + 1)]
    tasks = asyncio.gather(*(runner(program, "") for program in programs))
    most = 0
    while not tasks.done():
        most = max(most, len(named(name)))
        await asyncio.sleep(0.02)
    assert {execution.ended for execution in await tasks} == {"pass"}
    assert 1 <= most <= cpus


@pytest.mark.skipif(not SEPARATE_COUNTS, reason="before Linux 5.14 processes are counted per user")
async def test_sandboxes_do_not_share_the_limit_on_processes(bubblewrap):  # noqa: ARG001  # skips without it
    runner = open_runner("bwrap", 30.0)
    forks = (
        "import os, time\nfor _ in range(40):\n    if os.fork() == 0:\n        time.sleep(1); os._exit(0)\n"
    )
    waits = "for _ in range(40): os.wait()"
    programs = [f"{forks}{waits} # {number}" for number in range(len(os.sched_getaffinity(0)))]
    executions = await asyncio.gather(*(runner(program, "") for program in programs))
    assert [execution.ended for execution in executions] == ["pass"] * len(programs)


async def test_a_call_that_is_given_up_leaves_nothing(runner, name):
    call = asyncio.create_task(runner(naming(name, "import time; time.sleep(600)"), ""))
    await until(lambda: named(name))
    call.cancel()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    assert named(name) == []


async def test_programs_die_with_llmgen(kind, name, root):
    program = naming(name, "import time; time.sleep(600)")
    script = (
        "import asyncio; from llmgen.sandbox import open_runner\n"
        f"async def main(): await open_runner({kind!r}, 600.0)({program!r}, '')\n"
        "asyncio.run(main())"
    )
    child = subprocess.Popen([sys.executable, "-c", script], cwd=root)  # noqa: ASYNC220  # it is only started
    try:
        await until(lambda: named(name))
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait()
    await until(lambda: not named(name))


async def test_a_failure_of_the_sandbox_is_an_error_and_is_tried_again(bubblewrap, tmp_path, broken_bwrap):  # noqa: ARG001  # skips without it
    limits = Limits()
    setup = probe("bwrap", limits)
    tools = msgspec.structs.replace(setup.tools, bwrap=str(broken_bwrap))
    runner = Runner(msgspec.structs.replace(setup, tools=tools), limits)
    execution = await runner("x = 1", "")
    assert (execution.ended, execution.reason) == ("error", "sandbox: bwrap: out of order")
    broken_bwrap.write_text(f'#!/bin/sh\nexec {setup.tools.bwrap} "$@"\n')
    assert (await runner("x = 1", "")).ended == "pass"


async def test_folders_inside_the_bound_ones_can_be_hidden(bubblewrap, open_folder):  # noqa: ARG001  # skips without it
    for name in ("shown", "secret"):
        (open_folder / name).mkdir()
        (open_folder / name / "file").write_text(name)
    limits, hidden = Limits(), [open_folder / "secret", Path("/nowhere")]
    setup = probe("bwrap", limits)
    interpreter = Interpreter(executable="/usr/bin/python3", version="", prefix=str(open_folder))
    runner = Runner(msgspec.structs.replace(setup, interpreter=interpreter), limits, hidden)
    look = f"import os\nfor x in ('shown', 'secret'): print(x, os.listdir({str(open_folder)!r} + '/' + x))"
    assert (await runner(look, "")).stdout == "shown ['file']\nsecret []\n"


async def test_without_a_sandbox_root_becomes_nobody_and_the_environment_is_empty(monkeypatch):
    monkeypatch.setenv("LLMGEN_SECRET", "s3cret")
    look = "import os; print(os.getuid(), sorted(os.environ)); open('x', 'w').close()"
    execution = await open_runner("none", 30.0)(look, "")
    uid = os.geteuid() or 65534
    assert execution.stdout.startswith(f"{uid} ['LC_CTYPE', 'PATH'")
    assert "SECRET" not in execution.stdout
    assert execution.ended == "pass"


async def test_without_a_sandbox_limits_hold():
    runner = open_runner("none", 30.0)
    assert "MemoryError" in (await runner("x = bytearray(8 << 30)", "")).reason
    flood = await runner("print('x' * 50_000_000)", "")
    assert (flood.ended, flood.reason, len(flood.stdout)) == ("fail", "too much output", 1 << 16)
    assert (await runner("open('x', 'wb').write(bytes(4 << 20))", "")).ended == "fail"
