"""docs/settings.md names every setting with its default, and its example is valid."""

import json
import re
from typing import get_args, get_origin, get_type_hints

import msgspec
import pytest

from llmgen import config
from llmgen.config import Settings, load_settings

PLACEHOLDER = {"providers": "NAME", "routes": "NAME", "prices": "MODEL"}
ROWS_OF = {"providers": "ProviderRow"}


def structs_in(hint):
    """The first Struct type that `hint` holds anywhere, or None."""
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return hint
    return next(filter(None, map(structs_in, get_args(hint))), None)


def keys(struct, prefix=""):
    """Every key below `struct`, dotted -> its default as JSON, `-` for none, `required` without one."""
    found = {}
    for field in msgspec.structs.fields(struct):
        hint = get_type_hints(struct)[field.name]
        name = f"{prefix}{field.name}"
        inner = getattr(config, ROWS_OF[field.name]) if name in ROWS_OF else structs_in(hint)
        if inner is not None and (inner is hint or get_origin(hint) is dict):
            found |= keys(
                inner, f"{name}.{PLACEHOLDER[field.name]}." if get_origin(hint) is dict else f"{name}."
            )
            continue
        found[name] = default(field)
        if inner is not None:
            found |= keys(inner, f"{name}.")
    return found


def default(field):
    if field.required:
        return "required"
    value = field.default_factory() if field.default is msgspec.NODEFAULT else field.default
    return "-" if value is None else json.dumps(value)


@pytest.fixture(scope="module")
def page(root):
    return (root / "docs/settings.md").read_text()


def test_every_setting_stands_in_a_table_with_its_default(page):
    rows = re.findall(r"^\| `([\w.]+)` \| (?:`(.*?)`|(required)) \|", page, flags=re.MULTILINE)
    documented = {name: value or required for name, value, required in rows}
    assert documented == keys(Settings)


def test_the_example_is_valid(page, tmp_path):
    [example] = re.findall(r"```toml\n(.*?)```", page, flags=re.DOTALL)
    file = tmp_path / "llmgen.toml"
    file.write_text(example)
    settings = load_settings(file, {}, tmp_path)
    assert settings.limits.rpm == 6000
    assert settings.prices["gpu-box/qwen3"].output == 0.4
