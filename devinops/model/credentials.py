"""What is hardly anything but a secret, by its form; and a text without it. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from devinops.model.keys import FolderPath, Key
from devinops.model.patterns import LazyPattern

SECRETS: Final[Mapping[str, LazyPattern]] = {
    name: LazyPattern(pattern, hints=tuple(hints))
    for name, (pattern, *hints) in {
        "a private key": (
            r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY(?: BLOCK)?-----",
            "private key",
        ),
        "an AWS access key": (
            r"\b(?:AKIA|ASIA)(?=[A-Z0-9]*[0-9])[A-Z0-9]{16}\b",
            "akia",
            "asia",
        ),
        "a GitHub token": (
            r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{50,})\b",
            *("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
        ),
        "a GitLab token": (r"\bglpat-[A-Za-z0-9_-]{20,}", "glpat-"),
        "a Slack token": (r"\bxox[abeoprs]-[0-9A-Za-z-]{20,}", "xox"),
        "a Slack webhook": (
            r"https://hooks\.slack\.com/services/T\w{6,}/B\w{6,}/\w{16,}",
            "hooks.slack.com",
        ),
        "a Google API key": (r"\bAIza[0-9A-Za-z_-]{35}\b", "aiza"),
        "a Stripe key": (r"\b[rs]k_live_[0-9A-Za-z]{20,}\b", "k_live_"),
        "an Anthropic or OpenAI key": (
            r"\bsk-(?:ant-|proj-)[A-Za-z0-9_-]{32,}",
            "sk-ant-",
            "sk-proj-",
        ),
        "an npm token": (r"\bnpm_[A-Za-z0-9]{36}\b", "npm_"),
        "a PyPI token": (r"\bpypi-AgEIcHlwaS5vcmc[A-Za-z0-9_-]{40,}", "pypi-"),
        "a Devin API key": (
            r"\b(?:apk_(?:user_)?|cog_)(?=\w*\d)(?=\w*[A-Za-z])[A-Za-z0-9]{24,}\b",
            "apk_",
            "cog_",
        ),
    }.items()
}
"""Title → pattern of a value that is hardly anything but a secret."""

_WHOLE_KEY = LazyPattern(
    SECRETS["a private key"].pattern + r"(?:.*?-----END [A-Z ]*PRIVATE KEY[A-Z ]*-----|.*)",
    re.DOTALL,
    hints=("private key",),
)
"""A private key with its text, to its end or to that of everything."""


def may_hold_secret(text: str) -> bool:
    """Return whether a text has what each of these secrets begins with; faster than a search."""
    lower = text.lower()
    return any(hint in lower for pattern in SECRETS.values() for hint in pattern.hints)


def masked(text: str) -> str:
    """Return a text with *** in place of what looks like a secret."""
    for pattern in (_WHOLE_KEY, *SECRETS.values()):
        text = pattern.sub("***", text)
    return text


def masked_key(key: Key) -> Key:
    """Return a key, to be shown, with *** in place of what looks like a secret."""
    return key._replace(folder=FolderPath(masked(key.folder)), name=masked(key.name))


def starred(text: str) -> str:
    """Return a text of the same length, with * for each character of what looks like a secret."""
    for pattern in (_WHOLE_KEY, *SECRETS.values()):
        text = pattern.sub(lambda secret: "*" * len(secret[0]), text)
    return text
