"""Recognizes what is almost certainly a secret by its form, and masks it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from devinops.model.keys import FolderPath, Key
from devinops.model.patterns import LazyPattern

_BEGIN: Final = r"(?<![A-Za-z0-9])"
_END: Final = r"(?![A-Za-z0-9])"
"""Where a token ends: kana, kanji, and the `_` of emphasis can follow it directly."""

SECRETS: Final[Mapping[str, LazyPattern]] = {
    name: LazyPattern(pattern, hints=tuple(hints))
    for name, (pattern, *hints) in {
        "a private key": (
            r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY(?: BLOCK)?-----",
            "private key",
        ),
        "an AWS access key": (
            rf"{_BEGIN}(?:AKIA|ASIA)(?=[A-Z0-9]*[0-9])[A-Z0-9]{{16}}{_END}",
            "akia",
            "asia",
        ),
        "a GitHub token": (
            rf"{_BEGIN}(?:gh[pousr]_[A-Za-z0-9]{{36,}}|github_pat_[A-Za-z0-9_]{{50,}}){_END}",
            *("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
        ),
        "a GitLab token": (rf"{_BEGIN}glpat-[A-Za-z0-9_-]{{20,}}", "glpat-"),
        "a Slack token": (rf"{_BEGIN}xox[abeoprs]-[0-9A-Za-z-]{{20,}}", "xox"),
        "a Slack webhook": (
            r"https://hooks\.slack\.com/services/T[A-Z0-9]{6,}/B[A-Z0-9]{6,}/[A-Za-z0-9]{16,}",
            "hooks.slack.com",
        ),
        "a Google API key": (rf"{_BEGIN}AIza[0-9A-Za-z_-]{{35}}{_END}", "aiza"),
        "a Stripe key": (rf"{_BEGIN}[rs]k_live_[0-9A-Za-z]{{20,}}{_END}", "k_live_"),
        "an Anthropic or OpenAI key": (
            rf"{_BEGIN}sk-(?:ant-|proj-)[A-Za-z0-9_-]{{32,}}",
            "sk-ant-",
            "sk-proj-",
        ),
        "an npm token": (rf"{_BEGIN}npm_[A-Za-z0-9]{{36}}{_END}", "npm_"),
        "a PyPI token": (rf"{_BEGIN}pypi-AgEIcHlwaS5vcmc[A-Za-z0-9_-]{{40,}}", "pypi-"),
        "a Devin API key": (
            rf"{_BEGIN}(?:apk_(?:user_)?|cog_)(?=[A-Za-z]*\d)(?=\d*[A-Za-z])[A-Za-z0-9]{{24,}}{_END}",
            "apk_",
            "cog_",
        ),
    }.items()
}
"""Title → pattern of a value that is almost certainly a secret."""

_WHOLE_KEY = LazyPattern(
    SECRETS["a private key"].pattern + r"(?:.*?-----END [A-Z ]*PRIVATE KEY[A-Z ]*-----|.*)",
    re.DOTALL,
    hints=("private key",),
)
"""A private key, up to its end marker or the end of the text."""


_NO_PART: Final = r"\s/'\"<>`\u2e80-\uffff"
"""What cannot be in the user or password of a URL; kana and kanji are the sentence around it."""

_URL: Final = LazyPattern(
    rf"{_BEGIN}[a-z][a-z0-9+.-]{{1,20}}://(?P<user>[^{_NO_PART}:@]*)"
    rf":(?P<password>[^{_NO_PART}]{{3,100}})"
    r"@(?P<host>\[[0-9a-f:]+\]|[\w.-]+)",
    re.IGNORECASE | re.ASCII,
    hints=("://",),
)
_QUERY: Final = LazyPattern(
    r"(?<![a-z0-9])[a-z][a-z0-9+.-]{1,20}://(?P<user>)(?P<host>[\w.-]+)[^\s?'\"<>`]{0,300}"
    r"\?(?:[^\s'\"<>`]{0,300}&)?(?:password|passwd|pwd|secret|(?:(?:access|api|auth|job|private)_)?token|api_?key)="
    r"(?P<password>(?=[\w.~-]*\d)(?=[\w.~-]*[a-z])[\w.~-]{8,})",
    re.IGNORECASE | re.ASCII,
    hints=("password=", "passwd=", "pwd=", "secret=", "token=", "key="),
)
_TOKEN: Final = LazyPattern(
    r"(?<![a-z0-9])https?://(?P<user>)(?P<password>(?=(?:[a-z]*\d){3})[a-z0-9]{20,100})"
    r"@(?P<host>(?![\w.-]*\bsentry\b)[\w.-]+)",
    re.IGNORECASE | re.ASCII,
    hints=("://",),
)
"""A token in place of the user. In a DSN of Sentry it is public."""

_URLS: Final = (_URL, _QUERY, _TOKEN)
_VARIABLE: Final = LazyPattern(r"\$\w+|\$?\{.*\}|<.*>")

_LABELED: Final = LazyPattern(
    r"(?:passw(?:or)?d|passphrase|_pass|pwd|secret|token|api[_-]?key|パスワード|bearer(?=[ ]))"
    r"(?:[\"'`*>]{0,3}\s{0,9}[:=：|][*`]{0,3}[ \t]{0,9}|>(?=[^\s<]+</)|(?<=bearer)[ ]"
    r"|(?<=--password)[ ])[\"'`]?"
    r"(?P<password>(?=[^\s\"'`<>|]{0,200}[\d!@#%^&+~])(?=[^\s\"'`<>|]{0,200}[a-z])(?![$%{(*])"
    r"[^\s\"'`<>|]{6,200})",
    re.IGNORECASE,
    hints=("passw", "passp", "_pass", "pwd", "secre", "token", "key", "パスワード", "bearer"),
)
"""A name and its secret, as in settings, options and headers."""


_HINTS: Final = [hint for pattern in SECRETS.values() for hint in pattern.hints]
_ENDS: Final = "_-"
"""The last characters of most hints; few texts have many of them."""

_ENDINGS: Final = [
    LazyPattern(f"{end}(?:{'|'.join(f'(?<={re.escape(h)})' for h in _HINTS if h.endswith(end))})")
    for end in _ENDS
]
"""For each of these characters, the pattern of the hints that end with it."""

_OTHER_HINTS: Final = [hint for hint in _HINTS if not hint.endswith(tuple(_ENDS))]


def may_hold_secret(text: str) -> bool:
    """Return False if the text certainly holds none of these secrets; faster than a search."""
    lower = text.lower()
    return any(hint in lower for hint in _OTHER_HINTS) or any(
        pattern.search(lower) for pattern in _ENDINGS
    )


def masked(text: str) -> str:
    """Return the text with *** in place of what looks like a secret."""
    for pattern in (_WHOLE_KEY, *SECRETS.values()):
        text = pattern.sub("***", text)
    return text


def masked_key(key: Key) -> Key:
    """Return a key, to be shown, with *** in place of what looks like a secret."""
    return key._replace(folder=FolderPath(masked(key.folder)), name=masked(key.name))


def starred(text: str) -> str:
    """Return the text with * for each character of what looks like a secret; its length stays.

    That is a token, a password in a URL, or a value with a name such as `password`. One star too
    many hides a word; one too few shows a secret.
    """
    text = _with_starred_tokens(text)
    for pattern in (*_URLS, _LABELED):
        text = pattern.sub(_with_stars, text)
    return text


def starred_in(value: Any) -> Any:
    """Return a value with each text in it `starred`, at any depth."""
    if isinstance(value, str):
        return starred(value)
    if isinstance(value, Mapping):
        return {key: starred_in(part) for key, part in value.items()}
    return [starred_in(part) for part in value] if isinstance(value, list) else value


def urls_with_password(text: str) -> Iterator[re.Match[str]]:
    """Yield `user`, `password` and `host` of URLs; a token of a known service does not count."""
    for pattern in _URLS:
        for match in pattern.finditer(text):
            if _with_starred_tokens(match["password"]) == match["password"]:
                yield match


def _with_starred_tokens(text: str) -> str:
    for pattern in (_WHOLE_KEY, *SECRETS.values()):
        text = pattern.sub(lambda secret: "*" * len(secret[0]), text)
    return text


def _with_stars(match: re.Match[str]) -> str:
    """Return the match with stars in place of its password, unless that is a variable."""
    start, end = (at - match.start() for at in match.span("password"))
    is_variable = _VARIABLE.fullmatch(match["password"])
    return match[0] if is_variable else match[0][:start] + "*" * (end - start) + match[0][end:]
