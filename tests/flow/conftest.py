"""The command line as users call it, in this process and as one of its own, against the vendor emulator."""

import asyncio
import contextlib
import importlib
import io
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from llmgen.cli.main import main
from llmgen.errors import LlmgenError
from llmgen.gateway.emulator.running import running
from llmgen.gateway.engines.pull import pull
from llmgen.gateway.engines.weights import KNOWN, find

CANARY = "canary-Vb83q-secret-key-9876543210"
LLMGEN = str(Path(sys.executable).with_name("llmgen"))
MODEL = "openai/gpt-4o-mini"
WAIT_S = 120.0

CONFIG = """
[providers.openai]
base_url = "{openai}"
[providers.vllm]
base_url = "{vllm}"
[providers.openrouter]
base_url = "{openrouter}"
[retry]
max_backoff_s = 0.02
[timeouts]
connect_s = 2.0
breaker_open_s = 0.02
breaker_max_open_s = 0.04
give_up_s = 20.0
"""


def until(condition, what, timeout=WAIT_S):
    """Waits until `condition()` is true and returns its value; never longer than `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while not (value := condition()):
        assert time.monotonic() < deadline, f"{what}: not within {timeout} s"
        time.sleep(0.01)
    return value


def here(_, target, *arguments):
    """Calls in this process what would have a process of its own."""
    module, _, attribute = target.partition(":")
    return getattr(importlib.import_module(module), attribute)(*arguments)


@dataclass(frozen=True)
class Done:
    """How one call ended."""

    code: int
    out: str
    err: str

    @property
    def json(self):
        """The one JSON document on stdout."""
        return json.loads(self.out)

    @property
    def numbers(self):
        """What the summary says about the model: equal for equal answers."""
        fields = ("n", "n_graded", "mean", "ci_low", "ci_high", "metrics", "exclusions")
        return {field: self.json[field] for field in fields}


class Child:
    """One call in a process of its own, under way; what it says goes to files, so that it can be watched."""

    def __init__(self, argv, cwd, env):
        self._out, self._err = tempfile.TemporaryFile(), tempfile.TemporaryFile()  # noqa: SIM115  # see close
        self.process = subprocess.Popen(
            argv,
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=self._out,
            stderr=self._err,
        )

    def wait(self, timeout=240):
        """Waits for its end."""
        code = self.process.wait(timeout)
        return Done(code, _read(self._out), _read(self._err))

    def close(self):
        """Ends it if it is not over, and its files."""
        self.process.kill()
        self.process.wait()
        self._out.close()
        self._err.close()

    def said(self):
        """What is on stderr by now."""
        return _read(self._err)

    def signal(self, number):
        """Sends a signal."""
        self.process.send_signal(number)


def _read(file):
    return os.pread(file.fileno(), 1 << 24, 0).decode()


class Cli:
    """`llmgen` in a folder of its own with its own settings file and data home."""

    until = staticmethod(until)
    program = LLMGEN

    def __init__(self, folder, config):
        self.folder = folder
        self.home = folder / ".llmgen"
        self.config = folder / "llmgen.toml"
        self.config.write_text(config)
        self.env = {"OPENAI_API_KEY": CANARY, "OPENROUTER_API_KEY": CANARY}
        self.children = []

    def __call__(self, *words):
        """`llmgen WORDS` in this process alone, through its entry point: half a second faster than `run`."""
        out, err = io.StringIO(), io.StringIO()
        with (
            pytest.MonkeyPatch.context() as patch,
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            for name, value in self.env.items():
                patch.setenv(name, value)
            patch.delenv("LLMGEN_HOME", raising=False)
            patch.chdir(self.folder)
            patch.setattr(sys, "argv", ["llmgen", *map(str, words)])
            for module in ("llmgen.results", "llmgen.store.fold"):
                patch.setattr(f"{module}.in_child", here)
            with pytest.raises(SystemExit) as end:
                main()
        return Done(end.value.code, out.getvalue(), err.getvalue())

    def eval(self, *words, model=MODEL):
        """`llmgen eval finetunebench --model MODEL WORDS --json` in this process."""
        return self("eval", "finetunebench", "--model", model, *words, "--json")

    def spawn(self, *words, prefix=()):
        """`llmgen WORDS` in a process of its own; `prefix` is a command that starts it."""
        env = {**os.environ, **self.env, "PYTHONUNBUFFERED": "1"}
        env.pop("LLMGEN_HOME", None)
        child = Child([*prefix, LLMGEN, *map(str, words)], self.folder, env)
        self.children.append(child)
        return child

    def run(self, *words, **how):
        """The same, to its end."""
        return self.spawn(*words, **how).wait()

    def follow(self, advice):
        """Runs the command that a message gave, for example `resume with: llmgen eval --resume X`."""
        found = re.search(r"resume[^:\n]*: (llmgen .*)$", advice, re.MULTILINE)
        assert found, advice
        return self(*shlex.split(found[1])[1:], "--json")

    def sql(self, query):
        """The rows of a query."""
        done = self("sql", query, "--format", "json")
        assert done.code == 0, done.err
        return done.json

    def journal(self, run_id):
        """The lines of a run's journal that can be read."""
        lines = []
        for raw in (self.home / "journal" / f"{run_id}.jsonl").read_text().splitlines():
            with contextlib.suppress(ValueError):
                lines.append(json.loads(raw))
        return lines

    def records(self, run_id):
        """(sample, repeat) of every record in a journal, in order."""
        records = [line["record"] for line in self.journal(run_id) if line["t"] == "record"]
        return [(record["sample"]["id"], record.get("repeat", 0)) for record in records]


@pytest.fixture(scope="session")
def emulator_server():
    with running() as emulator:
        yield emulator


@pytest.fixture
def emulator(emulator_server):
    """A serving emulator, as new, that serves priced models."""
    emulator_server.reset()
    emulator_server.served = ("gpt-4o-mini", "gpt-4o", "judge")
    return emulator_server


@pytest.fixture
def asked(emulator):
    """`asked()`: the prompts that were sent, in order of arrival."""

    def prompts():
        return [seen.body["messages"][-1]["content"] for seen in list(emulator.seen) if seen.method == "POST"]

    return prompts


@pytest.fixture
def llmgen(tmp_path, emulator):
    """The command line with providers at the emulator. No secret may be left in what it has written."""
    folder = tmp_path / "work"
    folder.mkdir()
    urls = {name: emulator.url(name) for name in ("openai", "vllm", "openrouter")}
    cli = Cli(folder, CONFIG.format(**urls))
    yield cli
    for child in cli.children:
        child.close()
    for path in tmp_path.rglob("*"):
        if path.is_file() and not path.is_symlink():
            assert CANARY.encode() not in path.read_bytes(), f"the key is in {path}"


@pytest.fixture(scope="session")
def weights(root):
    """The folder with the embedded model, which is fetched once, as `make demo` does."""
    smol = KNOWN["smollm2-135m"]
    home = root / ".llmgen"
    if find(smol, home) is None:
        try:
            asyncio.run(pull(smol, home, lambda _: None))
        except LlmgenError as error:
            pytest.skip(f"no weights: {error.message}")
    return find(smol, home).parent


@pytest.fixture(name="until")
def until_fixture():
    """`until(condition, what)`: waits for a condition, not for a time."""
    return until
