"""Keeps secrets out of messages, logs and bug reports.

The secrets are registered for the whole process: a response of a server can quote what another
request sent.
"""

from __future__ import annotations

import json
import os
import re
import traceback
from collections.abc import Iterable, Iterator
from typing import Final

MASK: Final = "***"

DISTINCT_LENGTH: Final = 9
"""Minimum length of a value that does not occur in another text by chance."""

_SENSITIVE: Final = "DEVIN KEY TOKEN SECRET PASS LOGIN COOKIE CREDENTIAL AUTH".split()
"""Parts of the names of environment variables whose values a bug report must not show."""

_MIN_LENGTH: Final = 6
"""Minimum length of such a value. Redacting shorter ones would hide half of the report."""

_keys: set[str] = set()
_values: set[str] = set()


def remember_key(key: str) -> None:
    """Add an API key to the secrets of this process."""
    _keys.add(key)


def remember_values(values: Iterable[str]) -> None:
    """Add secret values to the secrets of this process, as soon as they are read."""
    _values.update(values)


def redact(text: str) -> str:
    """Return the text with *** in place of each known secret, plain or as JSON writes it."""
    return _replace(text, _keys | _values)


def bug_report(error: BaseException) -> str:
    """Return the traceback of an error, without secrets and the values of sensitive variables.

    If the run has secret values, the texts of the exceptions are left out as well: they could quote
    a value in any form.
    """
    lines = _stacks(error) if _values else traceback.format_exception(error)
    sensitive = {
        value
        for name, value in os.environ.items()
        if len(value) >= _MIN_LENGTH and any(word in name.upper() for word in _SENSITIVE)
    }
    return _replace("".join(lines), sensitive | _keys | _values)


def _replace(text: str, secrets: Iterable[str]) -> str:
    forms = {form for secret in secrets for form in _forms(secret) if form}
    if not forms:
        return text
    # The longest first: a secret can begin with another secret.
    alternatives = map(re.escape, sorted(forms, key=len, reverse=True))
    return re.sub("|".join(alternatives), MASK, text)


def _forms(secret: str) -> Iterator[str]:
    yield secret
    yield json.dumps(secret)[1:-1]
    yield json.dumps(secret, ensure_ascii=False)[1:-1]


def _stacks(error: BaseException) -> Iterator[str]:
    cause = error.__cause__ or error.__context__
    if cause is not None:
        yield from _stacks(cause)
        yield "\nThis led to:\n\n"
    yield "Traceback (most recent call last):\n"
    yield from traceback.format_tb(error.__traceback__)
    yield f"{type(error).__name__} (its text is left out because this run has secret values)\n"
