"""One pass over the raw output: invisible characters, template tails, full-width forms, escaped line ends."""
# ruff: noqa: RUF001  # full-width forms are what is replaced

from __future__ import annotations

import re

_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: " ", 0xA0: " "}
_INVISIBLE = dict.fromkeys(
    [
        0,
        0xAD,
        *range(0x200B, 0x2010),
        *range(0x202A, 0x202F),
        *range(0x2060, 0x2065),
        *range(0x2066, 0x206A),
        0xFEFF,
    ]
)
_CIRCLED = {0x24B6 + i: f"({chr(65 + i)})" for i in range(26)} | {
    0x24D0 + i: f"({chr(97 + i)})" for i in range(26)
}
_SPELLING = str.maketrans(
    {"’": "'", "‘": "'", "“": '"', "”": '"', "【": "[", "】": "]", "〖": "[", "〗": "]"}
)
_TABLE = _FULL_WIDTH | _INVISIBLE | _CIRCLED | _SPELLING
_SURROGATE = re.compile("[\ud800-\udfff]")
# A dictionary is slow on texts that are not ASCII, so the marks that nearly all of them hold go one by one.
_COMMON = tuple(zip("，：（）“”’‘！？；【】", ",:()\"\"''!?;[]", strict=True))
_RARE = re.compile(
    "[\0\xa0\xad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\u24b6-\u24e9\u3000"
    "\u3016\u3017\ud800-\udfff\ufeff\uff01-\uff5e]"
)
_TAIL = re.compile(
    r"</?s>|<\|?eo[astd]\|?>|\[eoa\]|<\|(?:im_end|eot_id|endoftext|end|end_of_text|assistant)\|>|<end_of_turn>"
    r"|<\|END_OF_TURN_TOKEN\|>|<｜end▁of▁sentence｜>|\[/INST\]"
)
_ESCAPED_LINE = re.compile(r"(?<!\\)\\n(?!(?:eq?|u|abla|ot|i|mid|parallel|ewline|left|right)(?![a-z]))")
# Where Unicode has capital letters. Chinese has none, and lower() is slow on what is not ASCII.
_CASED = re.compile(
    "[\xb5-\u058f\u10a0-\u13ff\u1c80-\u1fff\u2100-\u218f\u24b6-\u24cf\u2c00-\u2dff\ua640-\ua7ff\uff21-\uff3a"
    "\U00010400-\U0001e943]"
)
_HEAD, _END = 16_000, 48_000


def clean(text: str) -> str:
    """`text` in the spelling that the patterns expect. Work is bounded: of a giant the two ends are kept."""
    if len(text) > _HEAD + _END:
        text = f"{text[:_HEAD]}\n{text[-_END:]}"
    if not text.isascii():
        for mark, plain in _COMMON:
            text = text.replace(mark, plain)
        if _RARE.search(text):
            text = _SURROGATE.sub("\ufffd", text.translate(_TABLE))
    elif "\0" in text:
        text = text.replace("\0", "")
    if "<" in text or "[eoa]" in text or "[/INST]" in text:
        text = _TAIL.sub("\n", text)
    if "\\n" in text and '"' in text:
        text = _ESCAPED_LINE.sub("\n ", text)
    return text


def lower(text: str) -> str:
    """`text` in lower case, every character at its old place."""
    if not text.isascii() and not _CASED.search(text):
        return text.encode("utf-8", "surrogatepass").lower().decode("utf-8", "surrogatepass")
    low = text.lower()
    if len(low) == len(text):
        return low
    return "".join(char.lower() if len(char.lower()) == 1 else char for char in text)
