"""The direction of imports: the contracts in pyproject.toml hold, and each of them can fail."""

import shutil
import subprocess
import sys

import pytest

LINT = "import sys; from importlinter.cli import lint_imports as l; sys.exit(l(no_cache=True, no_logo=True))"
HELP = "import sys; sys.argv[1:] = ['--help']; from llmgen.cli.main import main; main()"
HEAVY = "aiohttp duckdb google jinja2 numpy openai rich torch transformers xllamacpp"


def lint(folder):
    return subprocess.run(
        [sys.executable, "-c", LINT], cwd=folder, capture_output=True, text=True, check=False
    )


def test_the_contracts_hold(root):
    result = lint(root)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        ("types.py", "import llmgen.errors", "layers"),
        ("store/__init__.py", "import llmgen.gateway", "layers"),
        ("unheard_of.py", '"""A module that no layer names."""', "layers"),
        ("gateway/base.py", "import llmgen.gateway.providers", "acyclic"),
        ("analysis/__init__.py", "import duckdb", "duckdb"),
        ("evaluate.py", "import aiohttp", "aiohttp"),
        ("wiring.py", "import rich.table", "rich"),
        ("cli/eval.py", "def f():\n    import torch", "torch"),
    ],
)
def test_a_planted_breach_is_found(root, tmp_path, module, line, contract):
    shutil.copytree(root / "llmgen", tmp_path / "llmgen", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(root / "pyproject.toml", tmp_path)
    with (tmp_path / "llmgen" / module).open("a") as file:
        file.write(f"\n{line}\n")
    result = lint(tmp_path)
    told = [line for line in result.stdout.splitlines() if "BROKEN" in line or "not listed" in line]
    assert result.returncode == 1
    assert any(contract in line.lower() for line in told), result.stdout


@pytest.mark.parametrize("code", ["import llmgen.cli.main", HELP])
def test_the_command_line_opens_without_heavy_libraries(code):
    check = (
        "import atexit, sys\n"
        f"heavy = '{HEAVY}'.split()\n"
        "atexit.register(lambda: print('LOADED', *[m for m in heavy if m in sys.modules], file=sys.stderr))\n"
    )
    result = subprocess.run([sys.executable, "-c", check + code], capture_output=True, text=True, check=True)
    assert result.stderr.splitlines()[-1].split() == ["LOADED"]
