"""What must not be committed: addresses of registries, paths of one machine, lock files."""

import re
import subprocess
from pathlib import Path

import pytest

# Written with a class of one letter each, so that this file does not match itself.
FORBIDDEN = {
    "address of a package": re.compile(r"https?://[^\s\"']*(?:\.wh[l]|/simpl[e]/|/packages/)"),
    "address of a registry": re.compile(
        r"--(?:extra-)?index-ur[l]|--find-link[s]|--trusted-hos[t]|/simpl[e]/"
    ),
    "path of one machine": re.compile(r"(?<![\w.~$/])/(?:wor[k]|hom[e]/\w+|roo[t]|opt/whee[l]s|tm[p]/)\b"),
}
LOCK_FILE = re.compile(r"(?:^|/)(?:(?:uv|poetry|pdm|package-)lock(?:\.json)?|[^/]+\.lock)$")


@pytest.fixture(scope="module")
def committed(root):
    """Every file that git tracks, or would, as path -> text; files that are not text are left out."""
    if not (root / ".git").exists():
        pytest.skip("not a git checkout")
    ls = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(ls, cwd=root, capture_output=True, check=True)
    texts = {}
    for name in filter(None, names.stdout.decode().split("\0")):
        try:
            texts[name] = Path(root, name).read_text()
        except (UnicodeDecodeError, FileNotFoundError):
            continue
    return texts


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_text_names(committed, what):
    found = [
        f"{name}:{number}: {line.strip()[:100]}"
        for name, text in committed.items()
        for number, line in enumerate(text.splitlines(), 1)
        if FORBIDDEN[what].search(line)
    ]
    assert found == []


def test_no_lock_file(committed):
    assert [name for name in committed if LOCK_FILE.search(name)] == []


@pytest.mark.parametrize(
    ("what", "line"),
    [
        ("address of a package", "torch @ https://host.example/cpu/torch-2.0.wh" + "l"),
        ("address of a registry", "pip install --index-ur" + "l X"),
        ("path of one machine", 'open("/wor' + 'k/main/x")'),
        ("path of one machine", "/tm" + "p/results.csv"),
    ],
)
def test_the_patterns_find_what_they_are_for(what, line):
    assert FORBIDDEN[what].search(line)


@pytest.mark.parametrize("line", ["~/work/x", "see llmgen/work/x", "a/home/b"])
def test_the_patterns_leave_ordinary_text_alone(line):
    assert not any(pattern.search(line) for pattern in FORBIDDEN.values())
