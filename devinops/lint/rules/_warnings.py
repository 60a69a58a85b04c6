"""Tells whether a text shows something as an example of what not to do."""

from __future__ import annotations

import re
from typing import Final

from devinops.lint.blocks import Leaf
from devinops.lint.markdown import Markdown
from devinops.model.patterns import LazyPattern

_ADJECTIVES: Final = (
    r"(?:insecure|unsafe|dangerous|malicious|suspicious|risky|forbidden|prohibited|refused|rejected"
    r"|blocked|flagged|detected|not\s+allowed)"
)
_FORBIDDEN: Final = LazyPattern(
    r"\b(?:(?:never|don['’]t|(?:do|must|should|may|can|shall)\s+not|cannot)"
    r"(?!\s+(?:forget|hesitate|miss|skip|take|wait|worry)\b)"
    r"|avoid\w*(?!.*(?<!\bto)\s(?:run|use|execute)\W*$)"
    rf"|refuses?|rejects?|forbids?|prohibits?|attack\w*|anti-?patterns?|{_ADJECTIVES})\b|❌|🚫|⛔"
    r"|\b(?:niemals|nie|auf\s+keinen\s+fall|vermeide\w*)\b|決して"
    r"|\b(?:blocks|flags|detects|stops|no|not|instead\s+of|rather\s+than)\s+"
    r"(?!(?:already|available|found|installed|present|set|there|working|yet)\b)"
    r"(?:(?!(?:use|run|execute)\b)\w+\s+){0,3}\W{0,2}$"
    r"|^\W*(?:bad|wrong|incorrect|(?:block|detect|flag)(?=\s+(?:\w+\s+){0,3}\W{0,2}$))\b"
    r"|\b(?:is|are)\s+(?:an?\s+)?(?:bad|wrong)\b",
    re.IGNORECASE | re.DOTALL,
)
"""Words before a thing, in its sentence, that forbid it."""

_CONDEMNED: Final = LazyPattern(
    r"\s(?:#|//|<!--|\(|[-–—](?=\s))\W*(?:never|don['’]t|do\s+not|bad|wrong)\b|❌|🚫|⛔"
    r"|(?:[`\"')]|\bsh)\s+(?:is|are|was|gets?|must|should|will)\s+(?:be\s+)?(?:\w+\s+)?"
    rf"(?:{_ADJECTIVES}|bad|wrong|never|not)\b"
    r"|[`\"')]\s+(?:nicht|niemals|nie)\b|\b(?:block|flag|refuse|reject|remove)\s+(?:it|them)\b"
    r"|^[^。]*(?:(?:(?:実行|使用|利用)し|使わ|行わ)(?:ない|ません)(?:でください|こと)?(?:。|$)|禁止)",
    re.IGNORECASE,
)
"""Words after a thing, in its line, that forbid it."""

_CROSS: Final = LazyPattern("[❌🚫⛔]")
_NEW_SENTENCE: Final = LazyPattern(
    r"(?<!e\.g)(?<!i\.e)[.!?;][*_)\"]*\s|(?<!circumstances),\s*(?=(?:but|just|instead|then|run|use|execute|install)\b)"
    r"|\b(?:if|when)\s[^,]*,\s*$|\b(?:but|then)\b|\n(?=[ \t>]*(?:[-*+]|\d+[.)])\s)",
    re.IGNORECASE,
)
_ABOUT_MISTAKES: Final = LazyPattern(
    r"\b(?:anti-?patterns?|forbidden|prohibited|red\s+flags?|mistakes|pitfalls|attacks?|threats?|refuse"
    r"|what\s+(?:not|to\s+block)|dangerous|destructive|den(?:y|ied)|block(?:s|ed)?(?=\W|\s+(?:these|commands?))|never\s+(?:allowed|do|run|use)|(?<!and\s)don['’]?ts?\W*$|avoid\W*$)|^\W*problems?\W*$|❌|🚫|⛔",
    re.IGNORECASE,
)
"""What the heading of a section says if the section shows only mistakes."""

_POINTS_DOWN: Final = LazyPattern(
    r"\b(?:this|these|following|below|like)\W*$|(?:^|\n)\W*(?:bad|wrong|incorrect|❌|🚫|⛔)[^\n]*$",
    re.IGNORECASE,
)
"""The end of a paragraph about what is below it."""

_ITEM: Final = LazyPattern(r"[ \t>]*(?:[-*+]|\d+[.)])[ \t]+(?:\[[ xX]\][ \t]+)?")
_COMMENT: Final = LazyPattern(r"[ \t>]*(?:#|//|--|REM\b)", re.IGNORECASE)
_NEAR: Final = 300
"""Characters before a thing that are read."""

_LONGEST_LIST: Final = 30
"""Items between a thing and what stands above its list."""


def is_warned_of(markdown: Markdown, start: int) -> bool:
    """Return whether the words around an offset, or the heading above it, say not to do this."""
    line = _line_before(markdown.text, start)
    behind = markdown.text[start : start + _NEAR].partition("\n")[0]
    return bool(_CONDEMNED.search(behind) or _CROSS.search(line)) or is_announced(markdown, start)


def is_announced(markdown: Markdown, start: int) -> bool:
    """Return whether the words before an offset, or the heading above it, say not to do this."""
    return _forbids(_introduction(markdown, start)) or bool(
        _ABOUT_MISTAKES.search(markdown.heading_above(start))
    )


def _line_before(text: str, at: int) -> str:
    near = max(at - _NEAR, 0)
    return text[max(text.rfind("\n", near, at) + 1, near) : at]


def _introduction(markdown: Markdown, start: int) -> str:
    """Return the words that lead to an offset."""
    text, number = markdown.text, markdown.block_at(start)
    own = markdown.blocks[number]
    if own.leaf is Leaf.FENCE:
        *_, above, _ = ["", "", *text[max(own.start, start - _NEAR) : start].split("\n")]
        if not above.startswith(own.fence):
            return above if _COMMENT.match(above) else ""
    else:
        words = text[max(own.start, start - _NEAR) : start]
        if any(map(str.isalnum, words)):
            return words
    previous = markdown.blocks[_above(markdown, number)]
    before = text[max(previous.start, previous.end - _NEAR) : previous.end].rstrip(" \t\n*_")
    is_label = before.endswith(":") or bool(_POINTS_DOWN.search(before))
    return before if previous.leaf is Leaf.TEXT and previous is not own and is_label else ""


def _above(markdown: Markdown, number: int) -> int:
    """Return the number of the block before a block, or before the list that has it."""
    above = max(number - 1, 0)
    first = max(above - _LONGEST_LIST, 0)
    while above > first and _is_item(markdown, number) and _is_item(markdown, above):
        above -= 1
    return above


def _is_item(markdown: Markdown, number: int) -> bool:
    before = _line_before(markdown.text, markdown.blocks[number].start)
    return bool(_ITEM.fullmatch(before))


def _forbids(words: str) -> bool:
    """Return whether the last sentence of some words forbids what follows."""
    return bool(_FORBIDDEN.search(_NEW_SENTENCE.compiled.split(words)[-1]))
