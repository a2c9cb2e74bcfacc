"""What a user at a terminal sees: progress on stderr, and a shell that knows how a line may go on."""

import json
import os
import pty
import re
import select
import shutil
import subprocess
import time

import pytest

from llmgen.gateway.emulator.faults import Fault


class Terminal:
    """A child on a terminal of its own: stderr is the terminal, stdout a pipe."""

    def __init__(self, llmgen, *words):
        self.master, slave = pty.openpty()
        child_env = {**os.environ, **llmgen.env, "TERM": "xterm", "COLUMNS": "160"}
        self.process = subprocess.Popen(
            [llmgen.program, *words],
            cwd=llmgen.folder,
            env=child_env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=slave,
        )
        os.close(slave)
        self.shown = b""

    def watch(self, timeout=120):
        """Reads the terminal until the child ends; returns what stdout got."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            ready, _, _ = select.select([self.master], [], [], 0.1)
            if ready:
                try:
                    piece = os.read(self.master, 1 << 16)
                except OSError:
                    piece = b""
                if not piece:
                    break
                self.shown += piece
        out = self.process.communicate(timeout=30)[0].decode()
        os.close(self.master)
        return out


def test_progress_on_a_terminal_shows_failures_spend_and_time_left(llmgen, emulator):
    emulator.latency_s = 0.15
    emulator.plan = lambda seen: Fault(name="context_too_long") if seen.index % 6 == 0 else None
    words = ("eval", "finetunebench", "--model", "openai/gpt-4o-mini", "--max-in-flight", "8", "--json")
    terminal = Terminal(llmgen, *words)
    out = terminal.watch()
    assert json.loads(out)["exit_code"] == terminal.process.returncode == 3
    assert out.count("\n") == 1
    shown = terminal.shown.decode()
    assert re.search(r"\d+/136", shown)
    assert re.search(r"[1-9]\d* failed, [1-8] in flight, [\d.]+/s, \d+ tokens, \$0\.00\d+", shown)
    assert re.search(r"0:0[1-9]|0:[1-5]\d", shown), "no time left"


def test_progress_elsewhere_is_one_line_at_the_start(llmgen):
    done = llmgen.run("eval", "finetunebench", "--model", "openai/gpt-4o-mini", "--limit", "3", "--json")
    assert done.err.splitlines()[-1] == "openai/gpt-4o-mini on finetunebench: 3 answers to get"
    assert "\x1b" not in done.err


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_are_valid(llmgen, shell):
    done = llmgen("completion", shell)
    assert done.code == 0
    assert "_LLMGEN_COMPLETE" in done.out
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"no {shell} here")
    subprocess.run([program, "-n"], input=done.out, text=True, check=True, timeout=30)


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("llmgen ev", ["eval"]),
        ("llmgen eval fin", ["finetunebench"]),
        ("llmgen eval finetunebench --max-u", ["--max-usd"]),
        ("llmgen eval nothing --doma", []),
        ("llmgen runs ex", ["export"]),
    ],
)
def test_bash_is_told_how_a_line_may_go_on(llmgen, line, offered):
    words = line.split()
    llmgen.env |= {"_LLMGEN_COMPLETE": "bash_complete", "COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)}
    done = llmgen.run()
    assert [entry.partition(",")[2] for entry in done.out.split()] == offered
