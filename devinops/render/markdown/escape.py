"""Makes untrusted text safe in the Markdown of GitHub and GitLab.

Both look for mentions, references, commits and addresses in all text except code, so every word
that could be one is shown as code. Sources: "Basic writing and formatting syntax" and "Autolinked
references and URLs" of GitHub, "GitLab Flavored Markdown" of GitLab.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Final
from urllib.parse import quote

from devinops.planning.commands import COMMAND, OPTION
from devinops.render.escape import line

MAX_TEXT: Final = 300
"""How many characters of a name or of a sentence are shown."""

_COMMAND = re.compile(rf"""(["'(]*)({COMMAND})(["').,:;!?]*)(?= |$)""")
_MARKED = re.compile(r"""(["'(]*)`([^`]+)`(["').,:;!?]*)(?= |$)""")
_TICKS = re.compile(r"`+")
_TOKEN = re.compile(
    OPTION
    + r"""[,.:;)]*(?=\ |$)
    | [a-z_]+:\ \[\{(?:"(?:[^"\\]|\\.)*"|true|false|null|-?\d+|[\[\]{}]|:\ |,\ )*\}\]
      ["').,:;!?]*(?=\ |$)
    | "[^" ][^"]*"[).,:;!?]*(?=\ |$)
    | [^ ]+
    | [ ]+""",
    re.VERBOSE,
)
"""An option with its value, a field with a list in JSON, a quotation, any other word, or space
between words.
"""
_KEY_START = re.compile(r"([\"'(]*)[a-z_-]+:")
_KEY_END = re.compile(r"(?=([\"').,:;!?]*)(?: |$))")
_AFFIXES = re.compile(r"([\"'(]*)(.*?)([\"').,:;!?]*)", re.DOTALL)
_PLAIN = re.compile(r"(?:[^\W_]|[^\x00-\x7f]|['-](?=[^\W\d_]))+")
_NUMBERS = re.compile(r"\d{4}-\d\d-\d\d|\d\d:\d\d|\d+%|\+\d+|\d{1,3}(?:,\d{3})+")
_LINKED = re.compile(r"[0-9a-f]{7,}|^www$", re.IGNORECASE)
"""A word that may be a commit, or the start of an address."""
_LIST_NUMBER = re.compile(r"\d+[.)]")


def shown(text: str, most: int = MAX_TEXT) -> str:
    """Return the text as one visible line of at most about `most` characters."""
    safe = line(text, most)
    return safe if len(safe) <= most + 20 else f"{safe[:most]}…"


def code(text: str, most: int = MAX_TEXT) -> str:
    """Return the text as a code span, in which nothing is a link, a mention or a reference."""
    safe = shown(text, most) or " "
    ticks = "`" * (_longest_run([safe]) + 1)
    pad = " " if safe[0] in "` " or safe[-1] in "` " else ""
    return f"{ticks}{pad}{safe}{pad}{ticks}"


def html_code(text: str, most: int = MAX_TEXT) -> str:
    """Return a text as an HTML element `code`, for the inside of other HTML elements."""
    return f"<code>{html.escape(shown(text, most))}</code>"


def prose(
    text: str,
    most: int = MAX_TEXT,
    keys: Collection[str] = (),
    mark: Callable[[str, int], str] = code,
) -> str:
    """Return a sentence in which each word that is more than a word is a code span.

    `mark` makes one; with `html_code`, the sentence is for the inside of other HTML elements.

    A command is one span, with the key in it, and so is what the sentence has in backticks. Each of
    the `keys`, visible as in `line`, is also one although it may contain spaces. Nothing else tells
    where a key ends.
    """
    safe = shown(text.strip(), most)
    return "".join(_spans(safe, keys, mark))


def _spans(safe: str, keys: Collection[str], mark: Callable[[str, int], str]) -> Iterator[str]:
    position = 0
    while position < len(safe):
        if key := _key(safe, position, keys):
            before, core, after = key
            yield f"{before}{mark(core, len(core))}{after}"
            position += len(before) + len(core) + len(after)
        elif marked := _COMMAND.match(safe, position) or _MARKED.match(safe, position):
            yield f"{marked[1]}{mark(marked[2], len(marked[2]))}{marked[3]}"
            position = marked.end()
        else:
            token = _TOKEN.match(safe, position)
            assert token, "a token begins with any character"
            yield _word(token[0], mark, first=position == 0)
            position = token.end()


def _key(safe: str, position: int, keys: Collection[str]) -> tuple[str, str, str] | None:
    """Return the longest key at a position, and the marks around it; None if there is none."""
    start = _KEY_START.match(safe, position)
    if not (keys and start):
        return None
    for end in reversed(list(_KEY_END.finditer(safe, start.end()))):
        core = safe[start.end(1) : end.start()]
        if core in keys:
            return start[1], core, end[1]
    return None


def _word(token: str, mark: Callable[[str, int], str], *, first: bool) -> str:
    if token.isspace():
        return token
    before, core, after = _AFFIXES.fullmatch(token).groups()  # type: ignore[union-attr]
    if not core:
        return mark(token, len(token))
    if all(map(_is_plain, core.split(" "))) and not (first and _LIST_NUMBER.match(token)):
        return token
    return f"{before}{mark(core, len(core))}{after}"


def _is_plain(word: str) -> bool:
    if _PLAIN.fullmatch(word):
        return not _LINKED.search(word)
    return bool(_NUMBERS.fullmatch(word))


def path_text(path: str) -> str:
    """Return a path as plain text if each name in it is only words, else as a code span."""
    is_plain = all(map(_is_plain, re.split("[ /]", path)))
    return path if is_plain and len(path) <= MAX_TEXT else code(path)


def safe_url(url: str) -> str:
    """Return an address for the end of a link, which it cannot end or leave."""
    return quote(url, safe="%/:#?&=+,;@~", errors="replace")


def fenced(rows: Sequence[str], language: str = "") -> str:
    """Return rows in a fence that none of them can close."""
    fence = "`" * max(3, _longest_run(rows) + 1)
    return "\n".join((f"{fence}{language}", *rows, fence))


def _longest_run(texts: Iterable[str]) -> int:
    """Return the length of the longest run of backticks."""
    return max((len(run) for text in texts for run in _TICKS.findall(text)), default=0)
