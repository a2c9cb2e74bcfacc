"""The documentation names everything a user can type, and what it shows can be run."""

import os
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

from llmgen.benchmarks import BENCHMARKS
from llmgen.cli.main import COMMANDS, cli

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
PAGES = README + "".join(page.read_text() for page in sorted((ROOT / "docs").glob("*.md")))


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)


def commands():
    """Every command a user can type, as its words -> the click command."""
    found, ahead = {}, [((), cli)]
    while ahead:
        words, command = ahead.pop()
        context = click.Context(command)
        if isinstance(command, click.Group):
            ahead += [
                ((*words, name), command.get_command(context, name))
                for name in command.list_commands(context)
            ]
        if words:
            found[" ".join(words)] = command
    return found


@pytest.mark.parametrize("name", COMMANDS)
def test_the_readme_names_the_command(name):
    assert f"`llmgen {name}" in README


def test_the_pages_name_every_command_and_flag():
    missing = [
        f"llmgen {name} {flag}"
        for name, command in commands().items()
        for flag in ("", *(o for p in command.params if isinstance(p, click.Option) for o in p.opts))
        if (f"llmgen {name}" if not flag else f"`{flag}") not in PAGES
    ]
    assert missing == []


@pytest.mark.parametrize("name", BENCHMARKS.names())
def test_the_pages_name_every_benchmark(name):
    assert f"llmgen eval {name}" in PAGES


def test_the_tree_names_every_folder_and_file_of_the_package():
    names = [p.name for p in (ROOT / "llmgen").iterdir() if p.name[0] not in "_." and p.name != "__pycache__"]
    tree = README[README.index("## The tree") :]
    assert [name for name in names if name not in tree] == []


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """A new folder, its environment, and (block, result) of each runnable shell block, run there in order."""
    folder = tmp_path_factory.mktemp("readme")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environ = {**os.environ, "PATH": path, "LLMGEN_HOME": str(folder / ".llmgen")}
    results = [
        (
            block,
            subprocess.run(
                ["bash", "-euc", block], cwd=folder, env=environ, capture_output=True, text=True, check=False
            ),
        )
        for block in blocks("sh")
        if block.startswith("# test\n")
    ]
    return folder, environ, results


def test_the_shell_blocks_run(ran):
    _, _, results = ran
    assert results
    for block, result in results:
        assert result.returncode == 0, f"{block}\n{result.stdout}\n{result.stderr}"


@pytest.mark.parametrize("query", blocks("sql"))
def test_the_sql_blocks_run(ran, query):
    folder, environ, _ = ran
    command = ["llmgen", "sql", query, "--format", "csv"]
    result = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip()
