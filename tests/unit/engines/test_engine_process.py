"""Who a process is, and that only our own are ended."""

import os
import signal
import socket
import subprocess
import sys

import msgspec
import pytest

from llmgen.errors import StoreError
from llmgen.gateway.engines import process

STUBBORN = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(child.pid, flush=True)
time.sleep(600)
"""


@pytest.fixture
def started():
    """Starts a Python in a process group of its own; whatever is left of it is ended after the test."""
    children = []

    def start(code):
        child = subprocess.Popen(
            [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, start_new_session=True
        )
        children.append(child)
        return child

    yield start
    for child in children:
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        child.stdout.close()


def test_this_process_is_itself():
    me = process.identity(os.getpid())
    assert process.alive(me)
    assert "pytest" in me.command
    assert not process.alive(msgspec.structs.replace(me, started=me.started + "1"))
    assert not process.alive(msgspec.structs.replace(me, command="another"))


def test_a_zombie_is_nobody(started):
    child = started("print('here', flush=True)")
    child.stdout.read()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert process.identity(child.pid) is None


async def test_a_group_that_ignores_sigterm_is_killed(started):
    leader = started(STUBBORN)
    grandchild = int(leader.stdout.readline())
    who = process.identity(leader.pid)
    members = process.group(leader.pid)
    assert {member.pid for member in members} == {leader.pid, grandchild}
    assert await process.stop(who, patience_s=0.2)
    assert leader.wait() == -signal.SIGKILL
    assert process.identity(grandchild) is None


async def test_what_survives_a_killed_leader_is_ended(started):
    leader = started(STUBBORN)
    grandchild = int(leader.stdout.readline())
    who, members = process.identity(leader.pid), process.group(leader.pid)
    leader.kill()
    leader.wait()
    assert process.identity(grandchild)
    assert await process.stop(who, members)
    assert process.identity(grandchild) is None


async def test_a_process_that_has_the_pid_by_now_is_left_alone(started):
    bystander = started("import time; print(1, flush=True); time.sleep(600)")
    bystander.stdout.readline()
    now = process.identity(bystander.pid)
    earlier = msgspec.structs.replace(now, started="1")
    assert await process.stop(earlier, [earlier], patience_s=0.1)
    assert process.alive(now)


async def test_nobody_answers():
    assert await process.get(f"http://127.0.0.1:{process.free_port()}/health") == (0, b"")


def test_a_port_in_use_is_not_free():
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert not process.port_is_free(server.getsockname()[1])
    assert process.port_is_free(process.free_port())


def test_the_last_lines_of_a_log(tmp_path):
    log = tmp_path / "log"
    assert process.tail(log) == ""
    log.write_bytes(b"\xff begin\n" + b"x" * 100_000 + b"\n" + b"".join(b"line %d\n" % n for n in range(50)))
    assert process.tail(log, 3) == "line 47\nline 48\nline 49"


def test_a_home_that_cannot_hold_logs(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="cannot create"):
        process.servers_dir(tmp_path / "file")
