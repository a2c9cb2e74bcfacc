"""Chess moves, compared as moves where the library `chess` is installed (an extra: its licence is the GPL).

Without it two spellings are the same when they are after `+#!?x=` and blanks are removed.
"""

from __future__ import annotations

import importlib.util
import re
from typing import Literal, TypeAlias

Found: TypeAlias = Literal["same", "other", "illegal", "no_move"]

_CASTLING = r"[O0o]-[O0o](?:-[O0o])?"
_MOVE = re.compile(
    rf"(?<![A-Za-z0-9])(?:{_CASTLING}|[a-h][1-8][a-h][1-8][qrbnQRBN]?"
    r"|[KQRBN]?[a-h]?[1-8]?x?[a-h][1-8](?:=?[QRBN])?)(?![A-Za-z0-9])"
)
_IGNORED = re.compile(r"[+#!?x=\s]")


def has_library() -> bool:
    """Whether moves can be read on the board."""
    return importlib.util.find_spec("chess") is not None


def compare(fen: str, text: str, san: str, uci: str) -> Found:
    """Whether the first move in `text` is the one that `san` and `uci` (either may be "") name in `fen`."""
    found = _MOVE.search(text)
    if found is None:
        return "no_move"
    move = re.sub("[0o]", "O", found[0]) if re.fullmatch(_CASTLING, found[0]) else found[0]
    if has_library() and (judged := _on_the_board(fen, move, san, uci)):
        return judged
    plain = _IGNORED.sub("", move)
    return "same" if plain in {_IGNORED.sub("", name) for name in (san, uci) if name} else "other"


def _on_the_board(fen: str, move: str, san: str, uci: str) -> Found | None:
    """None when the position or its answer cannot be read: then spellings have to do."""
    import chess  # noqa: PLC0415  # optional

    try:
        board = chess.Board(fen)
    except ValueError:
        return None

    def read(name: str) -> chess.Move | None:
        for parse in (board.parse_uci, board.parse_san):
            try:
                return parse(name.lower() if parse == board.parse_uci else name)
            except ValueError:
                continue
        return None

    right = read(uci) or read(san)
    if right is None:
        return None
    said = read(move)
    return "illegal" if said is None else "same" if said == right else "other"
