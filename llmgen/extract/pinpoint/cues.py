"""The words around an answer that say what it is: announcements, corrections, rejections, refusals.

All of them are lower case and looked up as plain substrings, which costs far less than a pattern each.
"""
# ruff: noqa: E501  # Chinese punctuation is what is looked for

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

# Bytes of UTF-8, as their table costs a tenth of one for characters; marks of ASCII are bytes of their own.
_FLAT = bytes(32 if byte in b"\t\r\n\"'*`_:=([{<$\\>~#-|,.;!?)]}" else byte for byte in range(256))
_ASCII_ALONE = bytes(32 if byte > 127 else byte for byte in range(256))  # noqa: PLR2004  # the end of ASCII
_CONNECTING = frozenset(
    [
        "option",
        "options",
        "choice",
        "letter",
        "boxed",
        "text",
        "textbf",
        "mathrm",
        "mathbf",
        "the",
        "label",
        "category",
        "as",
        "approximately",
        "about",
        "roughly",
        "equals",
        "number",
        "that",
        "indeed",
        "simply",
        "therefore",
        "thus",
        "actually",
        "also",
        "either",
        "clearly",
        "probably",
        "likely",
        "opción",
        "opcion",
        "la",
        "le",
        "die",
        "der",
        "das",
        "total",
        "only",
    ]
)
_CONNECTING_PAIRS = frozenset(
    ("answer choice", "to be", "equal to", "number of", "most likely", "la opción", "total of")
)
_CONNECTING_LAST = _CONNECTING | {pair.split(" ")[-1] for pair in _CONNECTING_PAIRS}
_CONNECTING_CHINESE = ("选项", "选择")
ANNOUNCED = (
    "answer is", "answer", "answers", "answer's", "answer was", "answer would be", "answer should be", "answer must be",
    "answer will be", "answer here is", "answer to this question is", "answer to the question is", "answer choice is",
    "correct one is", "correct option is", "correct choice is", "right option is", "right choice is",
    "best option is", "best choice is", "option is", "choice is", "correct option", "correct choice", "best choice", "best option",
    "final answer", "i choose", "i would choose", "i'd choose", "i will choose", "i'll choose", "we choose",
    "i select", "i would select", "we select", "i pick", "i'd pick", "my pick is", "i'll go with", "i will go with",
    "i would go with", "i'd go with", "go with", "my choice", "my answer", "opt for", "solution is", "solution", "conclusion is",
    "final result is", "result is", "ans", "conclusion", "verdict", "verdict is", "prediction", "prediction is",
    "label is", "label should be", "category is", "classified as", "classify this as", "classify it as", "categorized as", "label this as", "label it as", "labelled this as", "call this", "call it", "tag this as", "rate this as", "rate it as", "count this as", "read this as", "option would be", "choice would be", "one is", "correct answer would be", "pick would be", "lands on", "settle on", "settle for",
    "categorised as", "labeled as", "labelled as", "sentiment is", "classification is", "classification", "topic is", "label", "category",
    "sentiment", "belongs to", "falls under", "falls into", "class is", "relationship is", "statement is", "sentence is",
    "claim is", "response is", "output is", "output", "response",
    "答案", "答案为", "答案选", "答案应为", "答案应该", "答案应选", "答案即", "答案就", "故选", "应选", "应当选", "应选择",
    "我选", "我会选", "我选择", "选", "因此选", "所以选", "故", "本题选", "选项为", "正确的", "正确选项", "正确选项为",
    "正确答案", "最终答案", "类别", "类别为", "属于", "归类为", "归为", "分类为", "结论", "结论为", "判断为", "标签", "答", "金额", "结果为", "结果",
    "la respuesta correcta es", "la respuesta es", "respuesta correcta es", "respuesta", "respuesta final", "respuesta correcta",
    "la réponse est", "la bonne réponse est", "réponse", "réponse correcte est", "réponse finale", "die antwort ist", "die antwort lautet",
    "antwort ist", "antwort", "lautet", "ответ", "правильный ответ", "верный ответ", "答えは", "答え", "正解は", "正解",
    "정답은", "정답", "답은", "a resposta correta é", "a resposta é", "resposta", "resposta correta é", "la risposta è", "risposta",
)  # fmt: skip
CONCLUDING = (
    "therefore", "thus", "so", "hence", "consequently", "accordingly", "is", "are", "was", "be", "gives", "get", "have", "has",
    "equals", "which is", "there are", "there were", "total of", "is equal to", "conclude that it is", "conclude",
    "must be", "should be", "would be", "will be", "can be", "因此", "所以", "即", "为", "得", "综上", "综上所述",
    "it s", "that s", "leaves", "makes", "totals", "yields", "becomes", "remain", "obtain", "i e", "namely", "comes to", "amounts to", "simplifies to", "reduces to", "left with", "still", "只剩", "剩下", "还剩", "余", "有", "就是", "应为", "应是",
    "共", "等于", "故而", "由此", "于是", "es", "est", "ist",
)  # fmt: skip

# name -> words; a feature of a candidate when one of them stands before it in its sentence
BEFORE = {
    "answer": ("answer", "答案", "respuesta", "réponse", "antwort", "ответ", "答え", "정답", "resposta", "risposta"),
    "correct": ("correct", "right", "正确", "true", "best", "accurate"),
    "therefore": ("therefore", "thus", "hence", "consequently", "in conclusion", "in summary", "overall", "因此", "所以", "综上", "故", "based on"),
    "so": ("so ", "so,", "this means", "which means", "means that", "这意味着"),
    "final": ("final", "最终", "conclude", "concludes", "conclusion", "concluding", "ultimately", "summary"),
    "option": ("option", "choice", "选项", "选"),
    "reject": ("not ", "t ", "eliminate", "eliminated", "eliminates", "eliminating", "rule out", "ruled out", "rather than", "instead of", "unlike", "except", "incorrect", "wrong", "排除", "不是", "不选", "而不", "并非", "错误"),
    "perhaps": ("could be", "might", "may be", "possible", "possibly", "possibility", "perhaps", "maybe", "可能", "或许", "seems", "likely"),
    "either": ("either", "both", "between", "要么", "都", "first thought", "initially", "at first"),
    "if": ("if ", "suppose", "supposing", "assume", "assuming", "assumed", "如果", "假设", "whether", "let's consider", "consider"),
    "format": ("format", "example", "e.g.", "such as", "例如", "格式", "options are", "choices are", "choose from", "one of", "respond with", "options:", "choices:", "选项:", "包括", "categories", "labels"),
    "would": ("would choose", "i choose", "i would", "go with", "select", "pick", "guess", "choose"),
    "classify": ("classify", "classified", "classification", "category", "categorized", "categorize", "belong", "belongs", "falls", "label", "labeled", "sentiment", "类别", "属于"),
    "but": ("but ", "instead, ", "rather, ", "而是", "但"),
    "aside": ("though", "although", "even if", "despite", "while ", "second", "some might", "虽然", "尽管"),
}  # fmt: skip
AFTER = {
    "affirm": ("is correct", "is the correct", "is right", "is the right", "is true", "is the answer", "is the best", "is the most",
               "correct answer", "is accurate", "best answer", "is my answer", "as the answer", "as my answer", "is the one", "is what ", "正确", "符合", "is the only", "为正确", "es correct", "fits best"),
    "deny": ("incorrect", "is wrong", "not correct", "is false", "isn't", "is not", "are not", "does not", "doesn't", "eliminated", "ruled out",
             "can't be", "cannot be", "错误", "不正确", "不符合", "不选", "排除", "not the", "unlikely", "too ", "irrelevant", "is out", "implausible", "makes no sense", "nonsense", "absurd", "contradicts", "a mistake", "misconception", "不合理", "有误"),
    "vague": ("could be", "may be", "might be", "is possible", "are possible", "possible", "seems", "可能", "plausible", "depending"),
    "judge": ("is ", "are ", "this ", "because", "since"),
    "fit": ("fits", "makes sense", "makes the most sense", "matches", "works", "holds", "follows", "is coherent", "is sensible", "is the only", "is by far", "satisfies", "成立", "合理", "符合题意", "最合适"),
    "plural": ("are both", "are correct", "are all", "are equally", "both ", "are right", "are true", "都正确", "都对", "都是", "均正确", "均可", "都可以"),
}  # fmt: skip
CORRECTIONS = (
    "wait", "actually, ", "actually the", "actually it", "correction", "sorry", "my mistake", "i made a mistake", "i made an error", "on second thought", "let me re", "let me recheck", "let me recalculate", "let me reconsider",
    "scratch that", "i was wrong", "i misread", "no, that", "hold on", "apologize", "apologies", "revise", "revised", "rather, ", "upon reflection",
    "re-examine", "reconsider", "不对", "更正", "纠正", "抱歉", "重新", "我错了", "搞错", "修正", "等等", "等一下", "改为",
)  # fmt: skip
REFUSALS = (
    "cannot", "can't", "can not", "unable to", "not able to", "not possible to", "impossible to", "insufficient", "not enough",
    "don't know", "do not know", "not sure", "unclear", "more information", "additional information", "more context", "not provided",
    "doesn't provide", "does not provide", "don't have", "do not have", "as an ai", "as a language model", "sorry", "none of the",
    "no correct", "not among", "not listed", "doesn't match", "does not match", "do not match", "no option", "not specified", "n/a", "difficult to",
    "neither", "cannot be determined", "undetermined", "unknown", "unable", "no answer", "please provide", "could you", "i need",
    "depends on", "hard to say", "无法", "不能确定", "不确定", "没有足够", "缺少", "未提供", "抱歉", "不知道", "没有正确", "都不",
    "都不正确", "以上都", "请提供", "不清楚", "很难", "没有提供", "没有明确", "信息不足", "作为一个", "作为人工智能", "不便", "no puedo", "je ne peux", "ich kann nicht",
    "couldn't", "could not", "can't commit", "not say", "never says", "does not say", "doesn't say", "any information", "no information", "not mention", "没有说", "没有提到", "none matches", "none match", "not have a", "no single", "not applicable", "hesitant", "tough",
)  # fmt: skip
# The last of these in a text is where it announces its answer, whatever stands there.
MARKERS = (
    "answer is", "answer:", "answer :", "answer to", "final answer", "answer should be", "answer would be", "correct option is",
    "correct choice is", "correct answer", "option is", "答案", "故选", "####", "boxed{", "正确的是", "[类别]", "类别:", "respuesta", "réponse", "antwort",
)  # fmt: skip
JOINTS = (
    "and", "or", ",", "/", "&", "和", "或", "与", "、", "及", "或者", "以及", "and/or", ", and", ", or", "as well as", "并", "+", ";", "and option", "or option",
    "and (", "or (", "both", "y", "et", "und",
)  # fmt: skip


def _by_ending(words: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """The words by their last one, Chinese ones by their last character: only few need a look."""
    found: dict[str, tuple[str, ...]] = {}
    for word in words:
        ending, last = (f" {word}", word.split(" ")[-1]) if word.isascii() else (word, word[-1])
        found[last] = (*found.get(last, ()), ending)
    return found


_ANNOUNCED, _CONCLUDING = _by_ending(ANNOUNCED), _by_ending(CONCLUDING)
_REACH = 72
_LONGEST_HEAD, _MOST_BLANKS = 32, 3
_STOP = re.compile(r"[.,;!?。:()=]|(?:options|choices|labels|categories|answers|选项)\W*$")


class Direct(NamedTuple):
    """What stands right before a place: `kind` is "announced", "headed", "concluding", "start" or "none".

    Headed is what stands behind a few words and a colon or in brackets that begin the line: "Topic: x".
    """

    kind: str
    colon: bool


def flatten(low: str) -> str:
    """Lower-case text with marks of punctuation as blanks, every character at its old place."""
    if low.isascii():
        return low.encode().translate(_FLAT).decode()
    return low.encode("utf-8", "replace").translate(_FLAT).decode().replace("。", " ").replace("、", " ")


def direct(low: str, flat: str, start: int) -> Direct:
    """Looks back from `start` over markup and words like "option" for an announcement."""
    begin = start - _REACH if start > _REACH else 0
    lead = " " + flat[begin:start].rstrip(" 是")
    end = begin + len(lead) - 1
    colon = ":" in low[end:start]
    for _ in range(3):
        last = lead[lead.rfind(" ") + 1 :]
        endings = _ANNOUNCED.get(last) or _ANNOUNCED.get(last[-1:])
        if endings and lead.endswith(endings):
            return Direct("announced", colon)
        shorter = _without_connector(lead) if last in _CONNECTING_LAST or not last.isascii() else None
        if shorter is None:
            break
        colon = colon or ":" in low[begin + len(shorter) - 1 : end]
        lead = shorter
        last = lead[lead.rfind(" ") + 1 :]
    if not last:
        return Direct("start" if begin == 0 else "none", colon)
    if colon and last == "a" and (not lead[:-2].strip(" ") or low[begin + len(lead) - 3] == "\n"):
        return Direct("announced", colon)
    if (colon or "]" in low[end:start]) and _heads(low[max(low.rfind("\n", 0, start), begin - 1) + 1 : end]):
        return Direct("headed", colon)
    endings = _CONCLUDING.get(last) or _CONCLUDING.get(last[-1:])
    return Direct("concluding" if endings and lead.endswith(endings) else "none", colon)


def _heads(words: str) -> bool:
    """Whether these are a few words that may head a line."""
    words = words.strip(" *#>-_|[(\"'`")
    return 0 < len(words) <= _LONGEST_HEAD and words.count(" ") <= _MOST_BLANKS and not _STOP.search(words)


def _without_connector(lead: str) -> str | None:
    cut = lead.rfind(" ")
    if lead[cut + 1 :] in _CONNECTING:
        return lead[:cut].rstrip(" 是") or " "
    pair = lead.rfind(" ", 0, max(cut, 0))
    if lead[pair + 1 :] in _CONNECTING_PAIRS:
        return lead[: max(pair, 0)].rstrip(" 是") or " "
    if lead.endswith(_CONNECTING_CHINESE):
        return lead[:-2].rstrip(" 是") or " "
    return None


class Lexicon:
    """Named groups of words, looked up in a whole text first, so that a sentence is asked for few of them.

    An English word or phrase is looked for only when its longest word is among the text's words, a Chinese
    one only when its first character is among the text's characters.
    """

    def __init__(self, groups: Mapping[str, Sequence[str]]) -> None:
        self._gated: dict[str, list[tuple[str, str]]] = {}
        self._by_character: dict[str, list[tuple[str, str]]] = {}
        for group, words in groups.items():
            for word in words:
                parts = flatten(word).split()
                if word.isascii() and parts:
                    self._gated.setdefault(max(parts, key=len), []).append((group, word))
                else:
                    self._by_character.setdefault(word[0], []).append((group, word))

    def present(self, low: str, flat: str) -> dict[str, list[str]]:
        """Of every group the words that `low` holds; groups without any are left out."""
        found: dict[str, list[str]] = {}
        if low.isascii():
            candidates = [self._gated[token] for token in self._gated.keys() & flat.split()]
            if "#" in low:
                candidates.append(self._by_character["#"])
        else:
            tokens = flat.encode("utf-8", "replace").translate(_ASCII_ALONE).decode().split()
            candidates = [self._gated[token] for token in self._gated.keys() & tokens]
            candidates += [known for character, known in self._by_character.items() if character in low]
        for known in candidates:
            for group, word in known:
                if word in low:
                    found.setdefault(group, []).append(word)
        return found


BEFORE_NAMES = tuple(f"b:{name}" for name in BEFORE)
AFTER_NAMES = tuple(f"a:{name}" for name in AFTER)
WORDS = Lexicon(
    dict(zip(BEFORE_NAMES, BEFORE.values(), strict=True))
    | dict(zip(AFTER_NAMES, AFTER.values(), strict=True))
    | {"correction": CORRECTIONS, "refusal": REFUSALS, "marker": MARKERS}
)


def has(text: str, words: Sequence[str]) -> bool:
    """Whether one of `words` stands in `text`."""
    for word in words:  # noqa: SIM110  # a loop costs half of any() with a generator
        if word in text:
            return True
    return False


def last_of(low: str, words: Sequence[str]) -> int:
    """Where the last of `words` begins in `low`; -1 when there is none."""
    return max((low.rfind(word) for word in words), default=-1)
