"""Which values stand for a secret in an example."""

from __future__ import annotations

import re
from typing import Final

_MARKS: Final = re.compile(r"[${}<>%*…]|\.\.\.|x{3,}|X{3,}|\(\(|\[")
_WORDS: Final = re.compile(
    r"pass(?:word|wd|w|phrase)?|pwd|pw|secret|token|api|key|apikey|your|my|the|user(?:name)?|admin"
    r"|root|guest|test(?:ing)?|demo|example|sample|dummy|fake|mock|foo|bar|baz|change|me|changeme"
    r"|replace|insert|here|value|placeholder|redacted|hidden|hunter|letmein|postgres|mysql|mongo"
    r"|redis|rabbit|default|local|dev|development|staging|prod|production|some|this|not|real|none"
    r"|null|todo|with|access|auth|client|db|database|private|public|super|strong|secure|long|random"
    r"|string|safe|credentials?|credential|abc|def|ghi|xyz|qwerty|invalid|wrong|old|new|app|service",
    re.IGNORECASE,
)
_SEQUENCE: Final = re.compile(
    r"0123|1234|2345|3456|4567|5678|6789|abcd|bcde|cdef|(.)\1{3,}", re.IGNORECASE
)


def is_placeholder(value: str) -> bool:
    """Return whether a value only stands for a secret: marks, example words, or a sequence."""
    if _MARKS.search(value) or _SEQUENCE.search(value):
        return True
    rest = re.sub(r"[\W_\d]+", "", _WORDS.sub("", value))
    return len(rest) <= 2
