import pytest


@pytest.fixture
def open_folder(tmp_path):
    """An empty folder that every user may enter."""
    folder = tmp_path / "open"
    folder.mkdir()
    for each in (folder, *folder.parents[:3]):
        each.chmod(0o755)
    return folder


@pytest.fixture
def broken_bwrap(open_folder):
    """A program in the place of bubblewrap that fails, as it does where namespaces are forbidden."""
    program = open_folder / "bwrap"
    program.write_text("#!/bin/sh\necho 'bwrap: out of order' >&2\nexit 1\n")
    program.chmod(0o755)
    return program
