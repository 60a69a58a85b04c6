"""URLs with a password."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from devinops.model.credentials import starred
from devinops.model.patterns import LazyPattern

_URL = LazyPattern(
    r"\b[a-z][a-z0-9+.-]{1,20}://(?P<user>[^\s/:@'\"<>`]*):(?P<password>[^\s/'\"<>`]{3,100})"
    r"@(?P<host>\[[0-9a-f:]+\]|[\w.-]+)",
    re.IGNORECASE,
    hints=("://",),
)
_QUERY = LazyPattern(
    r"\b[a-z][a-z0-9+.-]{1,20}://(?P<user>)(?P<host>[\w.-]+)[^\s?'\"<>`]{0,300}"
    r"\?(?:[^\s'\"<>`]{0,300}&)?(?:password|passwd|pwd|secret|(?:access_|auth_)?token|api_?key)="
    r"(?P<password>(?=[\w.~-]*\d)(?=[\w.~-]*[a-z])[\w.~-]{8,})",
    re.IGNORECASE,
    hints=("password=", "passwd=", "pwd=", "secret=", "token=", "key="),
)
_TOKEN: Final = LazyPattern(
    r"\bhttps?://(?P<user>)(?P<password>(?=(?:[a-z]*\d){3})[a-z0-9]{20,100})"
    r"@(?P<host>(?![\w.-]*\bsentry\b)[\w.-]+)",
    re.IGNORECASE,
    hints=("://",),
)
"""A token in place of the user. In a DSN of Sentry it is public."""


def urls_with_password(text: str) -> Iterator[re.Match[str]]:
    """Yield `user`, `password` and `host` of URLs; a token of a known service is no password."""
    for pattern in (_URL, _QUERY, _TOKEN):
        for match in pattern.finditer(text):
            if starred(match["password"]) == match["password"]:
                yield match
