"""What is said, in one line each, where code cannot be run."""

import os
import shutil

import pytest

from llmgen.errors import UsageError
from llmgen.sandbox.limits import Limits
from llmgen.sandbox.probe import probe

TOOLS = ("choom", "setpriv", "prlimit")


@pytest.fixture
def only(monkeypatch, open_folder):
    """Leaves only the named tools on the PATH."""

    def leave(*names):
        for name in names:
            (open_folder / name).symlink_to(shutil.which(name))
        monkeypatch.setenv("PATH", str(open_folder))

    return leave


def test_bubblewrap_is_missing(only):
    only(*TOOLS)
    with pytest.raises(UsageError) as error:
        probe("bwrap", Limits())
    assert error.value.message == (
        "running model-written code needs bubblewrap (`bwrap`), which was not found. "
        "Install it (Debian/Ubuntu: apt install bubblewrap) or use --no-exec."
    )
    assert error.value.hint == ""


@pytest.mark.parametrize("missing", TOOLS)
@pytest.mark.parametrize("kind", ["bwrap", "none"])
def test_another_tool_is_missing(only, kind, missing, broken_bwrap, open_folder):
    only(*(name for name in TOOLS if name != missing))
    assert broken_bwrap.parent == open_folder
    with pytest.raises(UsageError) as error:
        probe(kind, Limits())
    assert error.value.message == (
        f"running model-written code needs `{missing}` of util-linux, which was not found. "
        "Install it (Debian/Ubuntu: apt install util-linux) or use --no-exec."
    )


def test_namespaces_are_refused(only, broken_bwrap):
    only(*TOOLS)
    assert broken_bwrap.exists()
    with pytest.raises(UsageError) as error:
        probe("bwrap", Limits())
    assert error.value.message == (
        "bubblewrap is installed but cannot create namespaces here "
        "(its message: bwrap: out of order). Allow user namespaces, or use --no-exec."
    )


def test_no_python_can_be_run(monkeypatch, bubblewrap, tmp_path):  # noqa: ARG001  # skips without bubblewrap
    monkeypatch.setattr("llmgen.sandbox.probe.USR", tmp_path)
    monkeypatch.setattr("sys.base_prefix", str(tmp_path))
    with pytest.raises(UsageError, match=r"^no Python was found .* \(none is installed\)\. Install python3"):
        probe("bwrap", Limits())


def test_the_python_that_runs_is_named(bubblewrap):  # noqa: ARG001  # skips without it
    setup = probe("bwrap", Limits())
    assert setup.interpreter.version.startswith("3.")
    assert os.access(setup.interpreter.executable, os.X_OK)
    assert setup.tools.as_root == (os.geteuid() == 0)
