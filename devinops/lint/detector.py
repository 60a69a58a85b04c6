"""Finds what looks like a secret in a text, offline, with the help of a library.

Always looked for are the forms of `model.credentials`. The library, Betterleaks, comes with the
extra `secrets`. It was compared on 83 lines like those of tests/testing/leaks.py and on 1 MB of
notes (2026-11): Betterleaks 2.0 finds 92 % with a precision of 89 %, in 0.2 s after 0.5 s for
loading; Kingfisher 1.5 finds 81 % (97 %), but takes 20 s to compile its rules; bc-detect-secrets
1.5.52 finds 42 % (65 %) without its plugins for entropy, in 4 s, and with them marks nearly every
line. With the forms here, names as Markdown writes them, and without placeholders, names in code
and public values, it is 100 % of both on the lines of tests/testing/leaks.py.
"""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib.util import find_spec
from typing import Any, Final, NamedTuple

from devinops.lint.placeholders import is_placeholder, is_reference
from devinops.model.credentials import SECRETS, may_hold_secret
from devinops.model.invisible_characters import bare
from devinops.model.patterns import LazyPattern

LIBRARY: Final = "betterleaks"

_MAY_HOLD_ONE: Final = LazyPattern(
    r"(?:pass|pwd|secret|token|key|auth|cred)[\w-]{0,40}[\"'`\])]{0,3}\s{0,9}(?:[:=(,]|\b(?:is|was)\b)\s{0,9}"
    r"[\"'`(]?[^\s\"'`(]{6}"
    r"|\s-u\s?\S{6}|-----BEGIN|://[^\s/]{0,60}:|\b[a-z]{2,5}_[a-z]{30}"
    r"|(?<![\w.+/=-])(?=[\w.+/=-]*\d)(?=[\w.+/=-]*[A-Za-z])[\w.+/=-]{20}",
    re.IGNORECASE | re.ASCII,
)
"""What every text with a secret contains. Others do not load the library, which takes 0.5 s."""

_NAMES: Final = (
    # the names of a secret, the words before what it is for, the words before its value
    ("passwort|kennwort", "für|von|vom|zum|zur", "lautet|ist"),
    ("mot[ ]de[ ]passe", "pour", "est"),
    ("contrase[ñn]a", "para", "es"),
    (
        "passw(?:or)?d|passphrase|_pass|pwd|パスワード|(?:api|access|secret)[ _-]?key|token|secret",
        "for|of|to|on|in|at",
        "is|was|has[ ]been|now|(?:changed|set|reset)[ ]to",
    ),
)
"""What sentences say before a password or a key, by language."""

_NAME, _FOR, _IS = ("|".join(words) for words in zip(*_NAMES, strict=True))
_OTHER_NAME: Final = LazyPattern(
    "|".join(names for names, _, _ in _NAMES[:-1]),
    re.IGNORECASE,
    hints=("wort", "passe", "contrase"),
)
"""A password in languages that the library does not know; no shorter than the word in English."""

_LABELED: Final = LazyPattern(
    r"(?P<label>(?:passw(?:or)?d|passphrase|key|token|secret)\b)"
    r"(?P<to>[*`]{0,3}[ \t\u00a0\u202f]{0,20}[:=|][*`]{0,3}[ \t]{0,20}[*`]{0,3})"
    r"(?P<value>[^\s`|]{6,200}?)(?P<end>[*`]{0,3}(?:[ \t]{0,20}\|)?)(?![^\s.,;)]|[.,;)]\S)"
    r"|(?P<option>--(?:password|token|api-key|secret))[ ](?=[^\s-])"
    r"|(?P<name>\b\w{1,30}_(?:pass|pwd)|\bAuthorization:[ ]Bearer)(?=[ \t:=])",
    re.IGNORECASE,
    hints=("pass", "_pwd", "key", "token", "secre", "bearer"),
)
"""A name and its secret, as they are in Markdown, in options of commands, and in headers."""

_LONG_LINE: Final = LazyPattern(r"[^\n]{2000,}")
_BEFORE_NAME: Final = LazyPattern(
    r"(?<![:=(])[ ](?=[\w\"'`*-]{0,40}(?:pass|pwd|secret|token|key))", re.IGNORECASE
)
"""Where a long line is broken: for each match, the library looks at all of the line around it."""

_WIDE: Final = LazyPattern(r"[\u2e80-\u9fff\uac00-\ud7ff\uf900-\ufaff\uff00-\uffef]")
"""Kana, kanji and their punctuation: the sentence around a secret, even without a space."""

_CHARACTER: Final = r"[^\s\"'`<>|;&\u2e80-\uffff]"
_VALUE: Final = (
    rf"(?P<value>(?={_CHARACTER}{{0,200}}\d)(?={_CHARACTER}{{0,200}}[A-Za-z])"
    rf"{_CHARACTER}{{5,200}}(?![.,)]){_CHARACTER})"
)
_OPTIONS: Final = {
    "(?:(?:docker|podman|nerdctl|oras|helm[ ]registry)[ ]login|sshpass)": "-p[ ]?",
    "(?:mysql|mysqldump|mysqladmin|mariadb|mariadb-dump)": "-p",
    "(?:redis|valkey)-cli": "(?:-a|--pass)[ ]",
    "(?:sqlcmd|bcp)": "-P[ ]?",
}
"""Command → its option before a password."""

_VARIABLE: Final = "[A-Z0-9_]{0,40}(?:PASSWORD|PASSWD|TOKEN|SECRET|API_?KEY)"
_WAYS: Final = (
    r"(?<![\w?&$-])[A-Z0-9_]{0,40}(?:PASSWORD|PASSWD)=",  # PGPASSWORD=… psql
    *(rf"\b{program}\b[^\n|;&]{{0,200}}?[ ]{option}" for program, option in _OPTIONS.items()),
    r"\baws[ ]configure[ ]set[ ](?:\S{1,60}\.)?aws_secret_access_key[ ]",
    r"<(?:\w{1,20}:)?(?i:password)>",  # in XML
    rf"\bname:[ ]*[\"']?{_VARIABLE}[\"']?[ \t]*\n[ \t]*value:[ ]*",  # of a container
)
_GIVEN: Final = LazyPattern(
    rf"(?:{'|'.join(_WAYS)})[\"']?{_VALUE}",
    re.ASCII,
    hints=(
        *("passw", "login", "sshp", "mysql", "mariadb", "-cli", "sqlcmd", "bcp", "token", "secre"),
        "key",
    ),
)
"""A password that a command, a setting or a file names as such."""

_WHAT_FOR: Final = rf"(?:[ ](?:{_FOR})(?:[ ][^\s:=|]{{1,40}}){{1,4}}?)?"  # for the test server
_VERB: Final = rf"(?:[ ](?:{_IS})){{1,3}}:?[ ]"  # is now
_SIGN: Final = (  # a colon, an equals sign, or a dash, perhaps after the end of bold text
    r"[\"'*`]{0,3}(?:[ \t\u00a0\u202f]{0,3}(?::=|=>|[:=：|は])|[ ]{1,3}[-–—][ ])[* \t]{0,9}"
)
_OPENED: Final = r"(?:<(?:b|code|em|i|kbd|strong|tt)>)?[\"'`*「『]{0,3}"  # marks before the value
_IN_SENTENCES: Final = LazyPattern(
    rf"(?<![:/])(?<!public[ ])(?:{_NAME})"
    rf"(?:{_WHAT_FOR}(?:{_VERB}|{_SIGN})|[ \t]{{1,9}}){_OPENED}{_VALUE}",
    re.IGNORECASE,
    hints=("pass", "pwd", "kennwort", "contrase", "key", "token", "secre", "パスワード"),
)
"""A password or a key, after its name or in a sentence."""

_WORD: Final = LazyPattern(r"[A-Z]+[a-z]{2,}|[a-z]{3,}|[A-Z]{3,}|(?<=\d\d)\d+")
"""What names in code are made of."""

_PARTS: Final = LazyPattern(r"[-_./:#@=,+()\[\]]+")
_MARK_INSIDE: Final = LazyPattern(r"\w[!$%^&*~?]\w")
_OPAQUE: Final = LazyPattern(r"(?=(?:[a-z]*\d){4})[a-z0-9]{24,}")

_TABLE: Final = LazyPattern(
    r"^[ \t]*\|(?P<head>[^\n]*)\|[ \t]*\n[ \t]*\|(?:[ \t]*:?-+:?[ \t]*\|)+[ \t]*\n"
    r"(?P<rows>(?:[ \t]*\|[^\n]*\n?)+)",
    re.MULTILINE | re.IGNORECASE,
    hints=("passwor", "passwd"),
)
_HEAD: Final = LazyPattern(r"[ \t*`]*passwor[dt][ \t*`]*", re.IGNORECASE)
_CELL: Final = LazyPattern(rf"[ \t*`]*{_VALUE}[ \t*`]*", re.ASCII)

_KEY: Final = LazyPattern(
    r"-----BEGIN [A-Z ]*PRIVATE KEY[A-Z ]*-----"
    r"(?:(?:(?!-----BEGIN)[\s\S]){0,20000}?-----END [A-Z ]*PRIVATE KEY[A-Z ]*-----"
    r"|(?:[\s>]{1,40}[A-Za-z0-9+/]{16,}={0,2})*)"
)
"""A private key with its lines, even if its end is missing."""

_KEY_MATERIAL: Final = LazyPattern(r"(?=[A-Za-z+/]*\d)[A-Za-z0-9+/]{16}")
_UUID: Final = LazyPattern(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)

_BY_NAME: Final = ("generic-password", "generic-api-key")
"""The rules of the library that judge a value by the name before it."""

_PUBLIC_NAME: Final = LazyPattern(
    r"(?:\b|_)(?:client|app|application|project|tenant|account|site|user)[_ -]?id\W*$"
    r"|(?:cache|primary|foreign|sort|partition|idempotency|public|publishable|site)[_ -]?key\W*$"
    r"|(?:next|continuation|page)[_-]?token\W*$"
    r"|address\W*$",
    re.IGNORECASE,
)
"""The end of the text before a value that everybody may know."""

_MOST_BEFORE: Final = 200
"""Characters before a value in which its name is looked for."""

_PUBLIC_VALUE: Final = LazyPattern(r"(?:pk|pk_live|pk_test|phc)_\w+|0x[0-9a-fA-F]{40}")
"""Publishable keys, keys of PostHog for browsers, and addresses of contracts."""

_HASH: Final = LazyPattern(r"(?:[a-z]+-)*(?:[0-9a-f]{40}|[0-9a-f]{64})")
_ONLY_KEY: Final = LazyPattern(r"(?:^|[^\w -])[ \t]*key\W*$", re.IGNORECASE)
"""A key of any kind, such as that of a cache."""

_PUBLIC: Final = LazyPattern("username|user-?id|client-id|app-id|url|domain|host")
"""A rule of the library for what belongs to a secret, but is not one."""


_PAIRS: Final = {"_": "_", "*": "*", "(": ")", "“": "”", "„": "“", "‘": "’", "«": "»"}
"""Marks that may be directly before and after a secret."""


class Leak(NamedTuple):
    """What looks like a secret, from `start` to `end` in a text; `title` is for a sentence."""

    start: int
    end: int
    title: str


def is_complete() -> bool:
    """Return whether the library is installed."""
    return find_spec(LIBRARY) is not None


def everywhere(text: str, find: Callable[[str], Iterable[Leak]]) -> Iterator[Leak]:
    """Yield what is found in the text, with and without its invisible characters."""
    visible = bare(text)
    hidden = find(visible.text) if visible.text != text else ()
    revealed = (Leak(*visible.span(leak.start, leak.end), leak.title) for leak in hidden)
    yield from _apart((*revealed, *find(text)))


def leaks(text: str) -> Iterator[Leak]:
    """Yield what looks like a secret, in the order of the text; placeholders do not count."""
    suspects = (*_known(text), *_given(text), *_of_library(text))
    yield from _apart(_without_marks(text, leak) for leak in suspects)


def _without_marks(text: str, leak: Leak) -> Leak:
    """Return a leak without the marks of emphasis or the quotation marks around the secret."""
    end = _PAIRS.get(text[leak.start])
    if end == text[leak.end - 1]:
        return leak._replace(start=leak.start + 1, end=leak.end - 1)
    if end and text.startswith(end, leak.end):
        return leak._replace(start=leak.start + 1)
    if _PAIRS.get(text[max(leak.start - 1, 0) : leak.start]) == text[leak.end - 1]:
        return leak._replace(end=leak.end - 1)
    return leak


def _apart(leaks: Iterable[Leak]) -> list[Leak]:
    """Return leaks in the order of the text; of several that overlap, only the first given."""
    apart: list[Leak] = []
    for leak in leaks:
        at = bisect(apart, leak)
        beside = apart[max(at - 1, 0) : at + 1]
        if not any(leak.start < other.end and other.start < leak.end for other in beside):
            apart.insert(at, leak)
    return apart


def _known(text: str) -> Iterator[Leak]:
    for title, pattern in SECRETS.items() if may_hold_secret(text) else ():
        for match in pattern.finditer(text):
            if not (is_placeholder(match[0]) or _is_only_a_header(text, match)):
                whole = _KEY.match(text, match.start()) or match
                yield Leak(match.start(), whole.end(), title)


def _is_only_a_header(text: str, match: re.Match[str]) -> bool:
    """Return whether this is the header of a key without a key, as in a list of patterns."""
    is_header = match[0].startswith("-----BEGIN")
    return is_header and not _KEY_MATERIAL.search(text[match.end() : match.end() + 200])


def _given(text: str) -> Iterator[Leak]:
    """Yield the passwords and keys that commands, settings, tables and sentences name as such."""
    in_sentences = (match for match in _IN_SENTENCES.finditer(text) if _is_mixed(match["value"]))
    for match in (*_GIVEN.finditer(text), *_in_tables(text), *in_sentences):
        value = match["value"]
        if not (is_placeholder(value) or _is_public(text, match.start("value"), value)):
            yield Leak(*match.span("value"), "a password or key")


def _is_mixed(value: str) -> bool:
    """Return whether a value, or a part of it, is more mixed than any name in code."""
    return bool(_OPAQUE.fullmatch(value)) or any(
        len(rest := _WORD.sub("", part)) >= (5 if _MARK_INSIDE.search(part) else 6)
        and re.search("[a-z]", rest)
        and re.search("[A-Z]", rest)
        and re.search("[0-9]", rest)
        for part in _PARTS.compiled.split(value)
    )


def _in_tables(text: str) -> Iterator[re.Match[str]]:
    """Yield the cells below the head `Password`."""
    for table in _TABLE.finditer(text):
        heads = [bool(_HEAD.fullmatch(head)) for head in table["head"].split("|")]
        for row in re.finditer(r"\|([^\n]*)", table["rows"]) if any(heads) else ():
            at = table.start("rows") + row.start(1)
            for cell, is_password in zip(row[1].split("|"), heads, strict=False):
                if is_password and (match := _CELL.compiled.fullmatch(text, at, at + len(cell))):
                    yield match
                at += len(cell) + 1


def _of_library(text: str) -> Iterator[Leak]:
    text = _WIDE.sub(" ", text.replace("：", ":"))
    text = _OTHER_NAME.sub(lambda name: "password".rjust(len(name[0])), text)
    text = _LABELED.sub(_plain, text)
    text = _LONG_LINE.sub(lambda long: _BEFORE_NAME.sub("\n", long[0]), text)
    if not _MAY_HOLD_ONE.search(text) or not is_complete():
        return
    import betterleaks

    lines = _Lines(text)
    for finding in betterleaks.scan_string(text):
        for part in _parts(finding.raw):
            rule, value = part["rule_id"], part["match"]["value"]
            start = lines.offset(part["location"], value)
            is_public = rule in _BY_NAME and _is_public(text, start, value)
            if not (is_public or is_placeholder(value)):
                title = rule.removeprefix("generic-").replace("-", " ")
                yield Leak(start, start + len(value), f"a secret ({title})")


def _plain(match: re.Match[str]) -> str:
    """Return a name and its secret as the library expects them, in as many characters."""
    if match["option"]:
        return f"{match['option']}="
    if match["name"]:
        name = "token:" if match["name"].lower().endswith("bearer") else "passwd"
        return name.rjust(len(match["name"]))
    to = re.sub("[*`\u00a0\u202f]", " ", match["to"]).replace("|", ":")
    # The library wants a comma after a password, and none after a key.
    comma = "," if match["end"] and "pass" in match["label"].lower() else ""
    end = comma.ljust(len(match["end"]))
    return f"{match['label']}{to}{match['value']}{end}"


def _is_public(text: str, start: int, value: str) -> bool:
    """Return whether a value is not a secret despite its name: an id, or the name of a secret."""
    # A line can be long, and have many of them.
    before = text[max(0, start - _MOST_BEFORE) : start].rpartition("\n")[2]
    return bool(
        is_reference(value)
        or _UUID.fullmatch(value)
        or _PUBLIC_VALUE.fullmatch(value)
        or _PUBLIC_NAME.search(before)
        or (_HASH.fullmatch(value) and _ONLY_KEY.search(before))
    )


def _parts(finding: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield a finding, and what belongs to it, such as the key of a key id."""
    yield finding
    for group in finding.get("component_sets", ()):
        yield from (part for part in group["components"] if not _PUBLIC.search(part["rule_id"]))


class _Lines:
    """The lines of a text, for the positions that the library reports."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.starts = [0, *(match.end() for match in re.finditer("\n", text))]

    def offset(self, location: Mapping[str, int], value: str) -> int:
        """Return where the secret of a match is; the match may have words before and after it."""
        start = self._offset(location["start_line"], location["start_column"] - 1)
        end = self._offset(location["end_line"], location["end_column"])
        whole = re.compile(rf"(?<!\w){re.escape(value)}(?!\w)").search(self.text, start, end)
        return whole.start() if whole else self.text.find(value, start)

    def _offset(self, line: int, column: int) -> int:
        """Return the offset of a column, which is counted in bytes."""
        start = self.starts[line - 1]
        rest = self.text[start : start + column]
        return start + len(rest.encode()[:column].decode(errors="ignore"))
