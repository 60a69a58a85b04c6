"""Finds in a live object what no reviewer would see, and what looks like a secret. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from devinops.model.keys import FolderPath, Key
from devinops.model.kind import Resource
from devinops.model.values import UNSET

_HIDDEN = re.compile(
    "[\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u2060-\u2064\u202a-\u202e\u2066-\u206f"
    "\u3164\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e01ef]"
)
"""Invisible characters and those that reorder text; not the joiners of emoji and of scripts."""

_FLAG = re.compile("\U0001f3f4[\U000e0020-\U000e007e]+\U000e007f")
"""An emoji of a flag, such as that of Wales, which is spelled with invisible letters."""

SECRETS: Final[Mapping[str, re.Pattern[str]]] = {
    name: re.compile(pattern)
    for name, pattern in {
        "a private key": r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY(?: BLOCK)?-----",
        "an AWS access key": r"\b(?:AKIA|ASIA)(?=[A-Z0-9]*[0-9])[A-Z0-9]{16}\b",
        "a GitHub token": r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{50,})\b",
        "a GitLab token": r"\bglpat-[A-Za-z0-9_-]{20,}",
        "a Slack token": r"\bxox[abeoprs]-[0-9A-Za-z-]{20,}",
        "a Slack webhook": r"https://hooks\.slack\.com/services/T\w{6,}/B\w{6,}/\w{16,}",
        "a Google API key": r"\bAIza[0-9A-Za-z_-]{35}\b",
        "a Stripe key": r"\b[rs]k_live_[0-9A-Za-z]{20,}\b",
        "an Anthropic or OpenAI key": r"\bsk-(?:ant-|proj-)[A-Za-z0-9_-]{32,}",
        "an npm token": r"\bnpm_[A-Za-z0-9]{36}\b",
        "a PyPI token": r"\bpypi-AgEIcHlwaS5vcmc[A-Za-z0-9_-]{40,}",
        "a Devin API key": r"\b(?:apk_(?:user_)?|cog_)(?=\w*\d)(?=\w*[A-Za-z])[A-Za-z0-9]{24,}\b",
    }.items()
}
"""Title → pattern of a value that is hardly anything but a secret."""

_PARTS: Final[Mapping[str, tuple[str, ...]]] = {
    "a private key": ("-----BEGIN ",),
    "an AWS access key": ("AKIA", "ASIA"),
    "a GitHub token": ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
    "a GitLab token": ("glpat-",),
    "a Slack token": ("xox",),
    "a Slack webhook": ("hooks.slack.com",),
    "a Google API key": ("AIza",),
    "a Stripe key": ("k_live_",),
    "an Anthropic or OpenAI key": ("sk-ant-", "sk-proj-"),
    "an npm token": ("npm_",),
    "a PyPI token": ("pypi-AgEI",),
    "a Devin API key": ("apk_", "cog_"),
}
"""Title → texts of which every secret contains one. To look for them is a hundred times faster."""
_ALL_PARTS: Final = tuple(part for parts in _PARTS.values() for part in parts)

_WHOLE_KEY = re.compile(
    SECRETS["a private key"].pattern + r"(?:.*?-----END [A-Z ]*PRIVATE KEY[A-Z ]*-----|.*)",
    re.DOTALL,
)
"""A private key with its text, to its end or to that of everything."""


def masked(text: str) -> str:
    """Return a text with *** in place of what looks like a secret."""
    for pattern in (_WHOLE_KEY, *SECRETS.values()):
        text = pattern.sub("***", text)
    return text


def masked_key(key: Key) -> Key:
    """Return a key, to be shown, with *** in place of what looks like a secret."""
    return replace(key, folder=FolderPath(masked(key.folder)), name=masked(key.name))


def findings(resource: Resource) -> list[str]:
    """Return what a person must look at before an object is written to a file, as text.

    A secret is never quoted.
    """
    return findings_in(resource.items())


def findings_in(values: Iterable[tuple[str, Any]]) -> list[str]:
    """Return the same for pairs of name and value."""
    found = [(name, list(texts(value))) for name, value in values if value is not UNSET]
    # Almost every object is clean, and one look at all of its texts tells.
    together = "\n".join(text for _, parts in found for text in parts)
    if together.isascii() and not any(part in together for part in _ALL_PARTS):
        return []
    return [
        f"{name}: {finding}" for name, parts in found for finding in dict.fromkeys(_of_texts(parts))
    ]


def _of_texts(values: Iterable[str]) -> Iterator[str]:
    for text in values:
        hidden = None if text.isascii() else _HIDDEN.search(_FLAG.sub("", text))
        if hidden:
            yield f"hidden text (U+{ord(hidden[0]):04X})"
        yield from (title for title in SECRETS if _contains(text, title))


def _contains(text: str, title: str) -> bool:
    """Tell whether a text contains a secret of a title of SECRETS."""
    return any(part in text for part in _PARTS[title]) and bool(SECRETS[title].search(text))


def texts(value: Any) -> Iterator[str]:
    """Yield every text in a value at any depth, keys of mappings included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, part in value.items():
            yield key
            yield from texts(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from texts(part)
