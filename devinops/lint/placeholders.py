"""Tells placeholders from secrets. Pure."""

from __future__ import annotations

import base64
import re
from typing import Final

from devinops.model.patterns import LazyPattern

_WHOLE: Final = LazyPattern(
    r"(?:[\w.-]{1,40}:)?(?:\$[A-Za-z_][\w:.]*[;,)]?|%[sd]|<.*>?|\{.*\}?|\[.*\]"
    r"|(?:\$[({\[]|\{\{|\(\(|%[({]|\[\[).*)|[\w-]*?(?:^|[_-])x{3,}",
    re.IGNORECASE | re.DOTALL,
)
"""A variable, text in brackets, or a row of x, even after the name of a user or of a service.

The end of a bracket may be missing: a secret ends at a blank.
"""

_MARKS: Final = LazyPattern(
    r"…|\.\.\.|\*{3,}|EXAMPLE|\$\{\w+\}|\$\(|\{\{"
    r"|[Aa]-[Zz][Aa]-[Zz]|[{<](?:[a-z]+(?:[ ._-][a-z]+)*|[A-Z]+(?:_[A-Z]+)*)[>}]"
)
"""What only a template or a pattern has, anywhere, such as an ellipsis or a word in brackets."""

_EXPRESSION: Final = LazyPattern(
    r"\[[^\]\s]{0,40}?(?:A-[FZ]|a-[fz]|[01]-9|2-7)|\[\^?[^\]\s]{1,40}\](?:[+*]|\{\d)"
    r"|\\[dswDSW](?:[+*]|\{\d)|\.(?:[+*]\?|\{\d)|\(\?[:=!<iP]"
)
"""What only a regular expression has: ranges of characters, and quantifiers behind a class."""

_WORDS: Final = LazyPattern(
    r"pass(?:word|wd|w|phrase)?|pwd|pw|secret|token|api|key|apikey|your|my|the|user(?:name)?|admin"
    r"|root|guest|test(?:ing)?|demo|example|sample|dummy|fake|mock|foo|bar|baz|change|me|replace"
    r"|insert|here|value|placeholder|redacted|hidden|letmein|postgres|mysql|mongo|redis|rabbit"
    r"|default|local|dev|development|staging|prod|production|some|this|not|real|none|null|todo"
    r"|with|access|auth|client|db|database|private|public|super|strong|secure|long|random|string"
    r"|hunter|correct|horse|battery|staple"
    r"|safe|credentials?|abc|def|ghi|xyz|qwerty|invalid|wrong|old|new|app|service",
    re.IGNORECASE,
)
_LOOKALIKES: Final = str.maketrans("01345$@7", "oieassat")
"""Digits and marks that stand for letters, as in `p4ssw0rd`."""

_CHOSEN: Final = LazyPattern(r"[a-z][A-Z].*\d|\d.*[a-z][A-Z]")
"""What a password chosen by a person has: a second word with a capital letter, and a digit."""

_SEQUENCE: Final = LazyPattern(
    r"abc123|xyz789|12345|23456|34567|45678|56789|abcde|bcdef|(.)\1{4,}", re.IGNORECASE
)

_DOCUMENTED: Final = LazyPattern("sk_test_(?:4eC39H|BQokik)")
"""The beginning of the keys in the documentation of Stripe."""

_PART: Final = (
    r"(?:(?:[A-Z]?[a-z]{2,}(?:[A-Z][a-z]+)*(?:[A-Z]{2,4})?|[A-Z]{2,}|[a-z])\d{0,2}|\d{1,2})"
)
_REFERENCE: Final = LazyPattern(
    r"[a-z][\w+.-]*://.*"
    rf"|[$@~/.]*{_PART}(?:(?:->|[?]\.|[._/:#]+){_PART})+[;,]?"
    rf"|/?{_PART}(?:[._-]{_PART})*(?:[/:#]+{_PART}(?:[._-]{_PART})*)+"
    r"|[A-Za-z_]+(?:[.<(\[][A-Za-z_]*)+[)>\]]*"
    r"|[a-z]+(?:-[a-z]+){2,}(?:-?\d{1,2})?|[A-Z]?[a-z]{1,12}(?:[A-Z][a-z]+){0,5}"
    r"|[a-z]{2,12}(?:\d?[A-Z][a-z]{2,}){1,5}"
)
"""A word, a name in code, a path, or the path of a secret in a vault, such as `op://Shop/db/password`."""

_EXAMPLE_CLAIMS: Final = LazyPattern(r'"sub":\s*"1234567890"|"name":\s*"John Doe"')
"""What the token on the site of JSON Web Tokens says."""


def is_placeholder(value: str) -> bool:
    """Return whether a value only stands for a secret: marks, words, a sequence, an expression."""
    if value.startswith("-----BEGIN"):
        return False
    if _WHOLE.fullmatch(value) or _MARKS.search(value):
        return True
    if _SEQUENCE.search(value) or _DOCUMENTED.match(value) or _EXPRESSION.search(value):
        return True
    return _is_made_of_words(value) or _is_spelled_with_marks(value) or _encodes_placeholder(value)


def is_reference(value: str) -> bool:
    """Return whether a value says where a secret is: a name in code, a path, or a command."""
    return " " in value or bool(_REFERENCE.fullmatch(value))


def _is_made_of_words(value: str) -> bool:
    return len(re.sub(r"[\W_\d]+", "", _WORDS.sub("", value))) <= 2


def _is_spelled_with_marks(value: str) -> bool:
    """Return whether a value is made of words if some of its digits are read as letters.

    Nobody writes `s3cr3tPw9` for an example: it has several words and a digit that is no letter.
    """
    spelled = value.translate(_LOOKALIKES)
    return _is_made_of_words(spelled) and not _CHOSEN.search(spelled)


def _encodes_placeholder(value: str) -> bool:
    """Return whether a value is the Base64 of a placeholder, or of a user and a placeholder."""
    if value.startswith("eyJ") and value.count(".") == 2:
        return bool(_EXAMPLE_CLAIMS.search(decoded(value.split(".")[1])))
    text = decoded(value)
    return text.isprintable() and is_placeholder(text.rpartition(":")[2])


def decoded(value: str) -> str:
    """Return what a text encodes in Base64, if that is ASCII; else a text that is not printable."""
    try:
        padded = value + "=" * (-len(value) % 4)
        return base64.b64decode(padded, altchars=b"-_", validate=True).decode("ascii")
    except ValueError:
        return "\0"
