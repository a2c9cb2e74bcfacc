"""A Hugging Face tokenizer from a folder or a `tokenizer.json`; the only user of package `tokenizers`."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from llmgen.errors import UsageError
from llmgen.types import Struct

_FILE = "tokenizer.json"
_CROP = 2_000  # characters; far more than a hundred tokens of ordinary text


class LoadedTokenizer(Struct):
    """A tokenizer in memory. `name` holds its folder's name and eight digits of the file's sha256."""

    name: str
    tokenizer: Any
    cap: int
    specials: bool

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """The first `cap` token ids of each text."""
        return [self._capped(text) for text in texts]

    def _capped(self, text: str) -> list[int]:
        """A crop counts only with twice the tokens, so that a word cut by it is not among the first `cap`."""
        size = _CROP
        while True:
            ids: list[int] = self.tokenizer.encode(text[:size], add_special_tokens=self.specials).ids
            if size >= len(text) or len(ids) >= 2 * self.cap:
                return ids[: self.cap]
            size *= 2


def load_tokenizer(name: str, cap: int, *, specials: bool) -> LoadedTokenizer:
    """The tokenizer of a folder with a `tokenizer.json`, or of such a file.

    Without `specials`, `<|endoftext|>` in a text is ordinary text and nothing is added around it. Raises
    UsageError when package `tokenizers` is missing, the file is not there or is no tokenizer.
    """
    path = Path(name).expanduser()
    path = path / _FILE if path.is_dir() else path
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UsageError(
            f"no tokenizer at {path}: {error.strerror}",
            hint=f"--tokenizer is regex, ids, or a folder with a {_FILE}",
        ) from error
    tokenizer = _parsed(path, content)
    tokenizer.encode_special_tokens = not specials
    tokenizer.no_truncation()
    tokenizer.no_padding()
    label = path.resolve().parent.name if path.name == _FILE else path.stem
    digest = hashlib.sha256(content).hexdigest()[:8]
    return LoadedTokenizer(name=f"{label}@{digest}", tokenizer=tokenizer, cap=cap, specials=specials)


def _parsed(path: Path, content: bytes) -> Any:
    try:
        from tokenizers import Tokenizer  # noqa: PLC0415  # optional: only who names a tokenizer needs it
    except ImportError as error:
        raise UsageError(
            f"the tokenizer {path} needs the package tokenizers", hint="pip install 'llmgen[tokenizers]'"
        ) from error
    try:
        return Tokenizer.from_buffer(content)
    except Exception as error:  # the package raises bare Exception on a file that it cannot read
        raise UsageError(f"{path} is no tokenizer: {error}", hint=f"name a folder with a {_FILE}") from error
