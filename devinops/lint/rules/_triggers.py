"""The words of triggers: which are generic, which say when, and in which language they are."""

from __future__ import annotations

import re
from typing import Final

from devinops.model.patterns import LazyPattern

_WORD: Final = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?|\d+")

GENERIC: Final = frozenset(
    """a after all always an and any anybody anyone anything applicable applies apply
    appropriate are as at be before case cases change changed changes changing code codebase
    codebases coding developer developers devin do does doing during engineer engineers every
    everybody everyone everything everywhere first for general generally global globally if
    important in is it job jobs knowledge make mandatory matter must necessary need needed
    needs no note of on or organisation organization our program programmer programmers
    programming project projects read relevant repo repos repositories repository request
    requests runs session sessions should situation situations something starts task tasks the
    thing things this time times to use used useful using what whatever when whenever while
    work working works write writing you
    alle allen aufgabe aufgaben bei für immer jede jeder pour les tâche tâches toujours tous
    toutes todas las para siempre tarea tareas sempre всегда
    常に いつも すべてのタスク 总是 總是 所有任务""".split()
)
"""Words that fit every task."""

STOP: Final = frozenset(
    """a about all an and any are as at be by can do does during for how if
    in into is it its need needed of on or our should that the this to use used using we when
    whenever while with work working you your""".split()
)
"""Words that do not distinguish one trigger from another."""

_BEGINNING: Final = LazyPattern(
    r"\b(?:start|beginning) of\b|\bnew(?=\s+(?:task|session)s?\b)"
    r"|\b(?:start|begin)(?:n?ing)?(?=\s+(?:(?:an?|any|every|the|your)\s+)?(?:new\s+)?"
    r"(?:task|session|work|working|coding)\b)",
    re.IGNORECASE,
    hints=("start", "begin", "new"),
)
"""What adds nothing before `every session`."""

_UNWRITTEN: Final = LazyPattern(
    r"\W*(?:TODO|TBD|TBC|FIXME|XXX)\b(?:\([^)\n]*\))?\W*?(?:[:：….–—-]|$)", re.IGNORECASE
)

_WIDE: Final = LazyPattern("[\u2e80-\u9fff\uac00-\ud7ff\uf900-\ufaff]")


def is_unwritten(text: str) -> bool:
    """Return whether a trigger is a placeholder, which the rule leftover-placeholder reports."""
    return bool(_UNWRITTEN.match(text))


def words(text: str) -> list[str]:
    """Return the words of the text in lower case."""
    return [word.lower() for word in _WORD.findall(text)]


def is_generic(text: str) -> bool:
    """Return whether every word of the text fits every task."""
    rest = words(_BEGINNING.sub("", text))
    return bool(rest) and GENERIC.issuperset(rest)


def weight(text: str) -> int:
    """Return the number of letters and digits; a character of Chinese or Japanese counts as 3."""
    if text.isascii():
        return sum(map(str.isalnum, text))
    return sum(3 if _WIDE.match(char) else char.isalnum() for char in text)
