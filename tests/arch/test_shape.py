"""The shape of the code: small files, documented modules, public names that say what they are."""

import ast
import importlib
import warnings

import pytest

from llmgen.cli.main import COMMANDS

WARN_LINES, MAX_LINES = 300, 400
STAGES = (
    "analysis",
    "benchmarks",
    "contamination",
    "extract",
    "gateway",
    "reports",
    "sandbox",
    "store",
    "tuning",
)


def sources(root, *folders):
    """Every Python file of the folders, as path below the root -> text."""
    return {
        str(path.relative_to(root)): path.read_text()
        for folder in folders
        for path in sorted((root / folder).rglob("*.py"))
    }


def undocumented(text):
    """Names of public top-level classes and functions without a docstring."""
    return [
        node.name
        for node in ast.parse(text).body
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and not node.name.startswith("_")
        and not ast.get_docstring(node)
    ]


@pytest.mark.filterwarnings("default")
def test_files_are_small(root):
    sizes = {name: len(text.splitlines()) for name, text in sources(root, "llmgen", "tests", "bench").items()}
    assert len(sizes) > 20
    for name, lines in sizes.items():
        if WARN_LINES < lines <= MAX_LINES:
            warnings.warn(f"{name} has {lines} lines; does it still have one subject?", stacklevel=1)
    assert {name: lines for name, lines in sizes.items() if lines > MAX_LINES} == {}


def test_every_module_has_a_docstring(root):
    modules = sources(root, "llmgen", "bench")
    assert [name for name, text in modules.items() if not ast.get_docstring(ast.parse(text))] == []


@pytest.mark.parametrize("stage", STAGES)
def test_public_names_of_the_stages_are_documented(root, stage):
    modules = sources(root, f"llmgen/{stage}")
    assert modules
    assert {name: names for name, text in modules.items() if (names := undocumented(text))} == {}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_exists(command):
    module, _, attribute = COMMANDS[command][0].partition(":")
    assert getattr(importlib.import_module(module), attribute).name == command


def test_asyncio_run_is_called_where_a_process_begins_only(root):
    callers = sorted(name for name, text in sources(root, "llmgen").items() if "asyncio.run(" in text)
    assert callers == ["llmgen/cli/main.py", "llmgen/gateway/emulator/__main__.py"]


def test_no_circle_hides_behind_type_checking(root):
    assert [name for name, text in sources(root, "llmgen").items() if "TYPE_CHECKING" in text] == []
