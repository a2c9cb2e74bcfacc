"""Hostile programs are contained and reported, as root and as an ordinary user; the host is unharmed."""

import json
import os
import secrets
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

ORDINARY = 54321
USERS = [0, ORDINARY] if os.geteuid() == 0 else [os.geteuid()]
MOST_PROCESSES = 64
KEPT = 64 << 10


class Drill(NamedTuple):
    """`ends` are the endings that are right; `says` is in the output, `never` is not."""

    code: str
    ends: tuple[str, ...]
    test: str = ""
    says: str = ""
    reason: str = ""
    is_quick: bool = False


TRY = """
def attempt(name, action):
    try:
        print(name, "DONE", action())
    except BaseException as error:
        print(name, "refused", type(error).__name__)
"""

HOST_FILES = """
import os
paths = ["/etc/passwd", "/etc/shadow", "HOME_FOLDER", "/home", "/var", "/opt", "PROJECT", "SECRET_FILE"]
for path in paths:
    attempt(path, lambda: os.listdir(path) if os.path.isdir(path) else open(path).read())
print(sorted(os.listdir("/")))
"""

SYMLINKS = """
import os
targets = ["/etc/shadow", "SECRET_FILE", "/proc/1/root/etc/passwd", "/proc/1/cwd/../etc/passwd",
           "../../../../../../etc/passwd", "/proc/self/root/etc/passwd"]
for number, target in enumerate(targets):
    os.symlink(target, f"link{number}")
    attempt(target, lambda: open(f"link{number}").read())
for number, target in enumerate(["/prog.py", "/usr/bin/python3", "/usr/planted", "/planted", "/dev/planted"]):
    os.symlink(target, f"out{number}")
    attempt(target, lambda: open(f"out{number}", "w").write("x"))
    attempt(target, lambda: os.unlink(target))
"""

ENVIRONMENT = """
import os
print(dict(os.environ))
for pid in filter(str.isdigit, os.listdir("/proc")):
    for file in ("environ", "cmdline", "status"):
        attempt(f"{pid}/{file}", lambda: open(f"/proc/{pid}/{file}", "rb").read())
    attempt(f"{pid}/fd", lambda: [os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")
                                  if os.path.islink(f"/proc/{pid}/fd/{fd}")])
"""

NETWORK = """
import socket
def reach(family, address):
    with socket.socket(family) as client:
        client.settimeout(2)
        client.connect(address)
attempt("loopback", lambda: reach(socket.AF_INET, ("127.0.0.1", PORT)))
attempt("outside", lambda: reach(socket.AF_INET, ("192.0.2.1", 80)))
attempt("abstract", lambda: reach(socket.AF_UNIX, chr(0) + "drill-HOST_PID"))
attempt("name", lambda: socket.getaddrinfo("example.com", 80))
attempt("raw", lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1))
"""

NAMESPACES = """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
def call(name, *arguments):
    if getattr(libc, name)(*arguments) != 0:
        raise OSError(ctypes.get_errno(), name)
attempt("mount", lambda: call("mount", b"none", b"/tmp", b"tmpfs", 0, None))
attempt("unmount", lambda: call("umount2", b"/tmp", 2))
for flag in (0x10000000, 0x20000, 0x40000000, 0x20000000):
    attempt(f"unshare {flag:x}", lambda: call("unshare", flag))
attempt("chroot", lambda: os.chroot("/tmp"))
attempt("root", lambda: os.setuid(0))
attempt("host name", lambda: call("sethostname", b"x", 1))
attempt("nice", lambda: os.nice(-5))
"""

KILL = """
import os, signal
for pid in (os.getppid(), 1, HOST_PID):
    for number in (signal.SIGKILL, signal.SIGTERM):
        attempt(f"kill {pid}", lambda: os.kill(pid, number))
attempt("kill all", lambda: os.kill(-1, signal.SIGKILL))
attempt("kill group", lambda: os.killpg(HOST_PID, signal.SIGKILL))
print("still here")
"""

DAEMON = """
import os
open("/proc/self/comm", "w").write("NAME")
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.close(0), os.close(1), os.close(2)
        import time
        time.sleep(600)
    os._exit(0)
os.wait()
"""

FORK_BOMB = """
import os
open("/proc/self/comm", "w").write("NAME")
while True:
    os.fork()
"""

FORK_AND_STAY = """
import os, time
open("/proc/self/comm", "w").write("NAME")
try:
    while os.fork() > 0:
        pass
finally:
    time.sleep(600)
"""

MEMORY_BY_FORKS = """
import os, time
for _ in range(3):
    if os.fork() == 0:
        block = bytearray(2 << 30)
        time.sleep(600)
        os._exit(0)
statuses = [os.wait()[1] for _ in range(3)]
assert all(statuses), statuses
print("all refused")
"""

LIMITS = """
import resource
for name in ("RLIMIT_AS", "RLIMIT_CPU", "RLIMIT_FSIZE", "RLIMIT_NOFILE", "RLIMIT_NPROC", "RLIMIT_CORE"):
    limit = getattr(resource, name)
    hard = resource.getrlimit(limit)[1]
    attempt(name, lambda: resource.setrlimit(limit, (hard + 1, hard + 1)))
attempt("no memory limit", lambda: resource.setrlimit(resource.RLIMIT_AS, (-1, -1)))
"""

SCRATCH = """
for number in range(200):
    with open(f"file{number}", "wb") as file:
        file.write(bytes(1 << 20))
"""

OUTSIDE = """
import os
for path in ("/x", "/dev/x", "/dev/shm/x", "/proc/x", "/usr/x", "/bin/x", "HOME_FOLDER/x", "/etc/x"):
    attempt(path, lambda: open(path, "w").write("x"))
open("x", "w").write("x")
print("scratch works", os.getcwd())
"""

PATIENT = ("fail",)
DRILLS: dict[str, Drill] = {
    "right": Drill("def f(): return 1", ("pass",), test="assert f() == 1"),
    "wrong": Drill("def f(): return 2", ("fail",), test="assert f() == 1", reason="AssertionError"),
    "infinite loop": Drill("while True: pass", ("timeout",), is_quick=True),
    "loop that catches everything": Drill(
        "while True:\n try:\n  while True: pass\n except BaseException: pass", ("timeout",), is_quick=True
    ),
    "sleep": Drill("import time; time.sleep(60)", ("timeout",), is_quick=True),
    "sleep with all output closed": Drill(
        "import os, time; os.close(1); os.close(2); time.sleep(60)", ("timeout",), is_quick=True
    ),
    "8 GiB": Drill("x = bytearray(8 << 30)", PATIENT, reason="MemoryError"),
    "memory that grows": Drill("x = []\nwhile True: x.append(bytearray(1 << 26))", PATIENT),
    "memory by forks": Drill(TRY + MEMORY_BY_FORKS, ("pass",), says="all refused"),
    "deep recursion": Drill("def f(): f()\nf()", PATIENT, reason="RecursionError"),
    "bottomless recursion": Drill(
        "import sys; sys.setrecursionlimit(10**9)\nf = lambda: f()\nf()", ("fail", "timeout"), is_quick=True
    ),
    "4 MiB file": Drill("open('x', 'wb').write(bytes(4 << 20))", PATIENT),
    "many files": Drill(SCRATCH, PATIENT, reason="No space left"),
    "writing outside": Drill(TRY + OUTSIDE, ("pass",), says="scratch works /tmp"),
    "raising limits": Drill(TRY + LIMITS, ("pass",), says="refused"),
    "fork bomb": Drill(FORK_BOMB, ("fail", "timeout"), is_quick=True),
    "processes that stay": Drill(FORK_AND_STAY, ("timeout",), is_quick=True),
    "daemon": Drill(DAEMON, ("pass",)),
    "kill": Drill(TRY + KILL, ("pass",), says="still here"),
    "network": Drill(TRY + NETWORK, ("pass",), says="refused"),
    "host files": Drill(TRY + HOST_FILES, ("pass",), says="['bin', 'dev', 'lib', 'lib64', 'proc',"),
    "symlinks": Drill(TRY + SYMLINKS, ("pass",), says="refused"),
    "environment": Drill(TRY + ENVIRONMENT, ("pass",), says="'PATH': '/usr/bin'"),
    "namespaces": Drill(TRY + NAMESPACES, ("pass",), says="refused"),
    "50 MB of stdout": Drill("print('x' * 50_000_000)", PATIENT, reason="too much output"),
    "endless stderr": Drill(
        "import sys\nwhile True: sys.stderr.write('x' * 1000)", PATIENT, reason="too much output"
    ),
    "stdin": Drill("input()", PATIENT, reason="EOF"),
    "prints PASS": Drill("print('PASS'); print('ok'); raise SystemExit", PATIENT, reason="before its tests"),
    "exit 0": Drill("import sys; sys.exit(0)", PATIENT, test="assert False", reason="before its tests"),
    "_exit 0": Drill(
        "def f(): import os; os._exit(0)", PATIENT, test="f()\nassert False", reason="before its tests"
    ),
    "prints itself": Drill(
        "print(open(__file__).read()); raise SystemExit", PATIENT, reason="before its tests"
    ),
    "ends by a signal": Drill("import os; os.kill(os.getpid(), 9)", PATIENT),
    "says it is bubblewrap": Drill(
        "import sys; print('bwrap: no permission', file=sys.stderr); sys.exit(1)", PATIENT, reason="bwrap: no"
    ),
    "no Python": Drill("def f(:", PATIENT, reason="SyntaxError"),
    "a null byte": Drill("x = '\0'", PATIENT),
    "a lone surrogate": Drill("x = '\ud800'", PATIENT, reason="SyntaxError"),
    "400 KiB of source": Drill("x = 1\n" * 70_000, ("pass",)),
}


@pytest.fixture(scope="module", params=USERS, ids=["root" if uid == 0 else "ordinary" for uid in USERS])
def drilled(request, bubblewrap, root, tmp_path_factory):  # noqa: ARG001  # skips without bubblewrap
    """All drills under one user: name -> result, and what the host saw of them."""
    secret = secrets.token_hex(8)
    file = tmp_path_factory.mktemp("host") / "secret"
    file.write_text(secret)
    for folder in (file, *file.parents[:3]):
        folder.chmod(0o755)
    words = {"SECRET_FILE": str(file), "PROJECT": str(root), "HOME_FOLDER": str(Path.home())}
    names = {name: f"drill{number}{secret[:6]}" for number, name in enumerate(DRILLS)}
    drills = []
    for name, drill in DRILLS.items():
        code = drill.code
        for word, value in {**words, "NAME": names[name]}.items():
            code = code.replace(word, value)
        drills.append({"code": code, "test": drill.test, "is_quick": drill.is_quick})
    child = subprocess.run(
        [sys.executable, Path(__file__).with_name("as_user.py"), str(request.param)],
        input=json.dumps(drills),
        env={**os.environ, "LLMGEN_SECRET": secret, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert child.returncode == 0, child.stderr
    told = json.loads(child.stdout)
    assert told["uid"] == request.param
    results = dict(zip(DRILLS, told.pop("results"), strict=True))
    return {**told, "results": results, "names": names, "secret": secret}


@pytest.mark.parametrize("name", DRILLS)
def test_it_ends_as_it_should(drilled, name):
    drill, result = DRILLS[name], drilled["results"][name]
    assert result["ended"] in drill.ends, result
    assert drill.says in result["stdout"], result
    assert drill.reason in result["reason"], result


@pytest.mark.parametrize("name", DRILLS)
def test_nothing_was_done_and_nothing_leaked(drilled, name):
    result = drilled["results"][name]
    done = [line for line in result["stdout"].splitlines() if " DONE " in line]
    # it may look at the sandbox's own processes, and signal the first of them, which changes nothing
    assert [line for line in done if not line.startswith(("1/", "2/", "kill 1 "))] == []
    assert drilled["secret"] not in result["stdout"] + result["stderr"]


@pytest.mark.parametrize("name", DRILLS)
def test_output_is_bounded_and_no_process_is_left(drilled, name):
    result, process = drilled["results"][name], drilled["names"][name]
    assert len(result["stdout"]) <= KEPT
    assert len(result["stderr"]) <= KEPT
    assert drilled["most"].get(process, 0) <= MOST_PROCESSES
    assert process not in drilled["left"]


def test_the_bomb_went_off(drilled):
    assert drilled["most"][drilled["names"]["processes that stay"]] > 10


def test_nobody_was_reached_over_the_network(drilled):
    assert drilled["visitors"] == 0


def test_a_program_inherits_three_descriptors(drilled):
    stdout = drilled["results"]["environment"]["stdout"]
    (listed,) = [line for line in stdout.splitlines() if line.startswith("2/fd")]
    assert listed.count("pipe:") == 2
    assert listed.count("'/") == 1  # the null device, and nothing else of the host
