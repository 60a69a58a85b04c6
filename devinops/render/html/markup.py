"""Builds HTML in which every text is escaped, unless it is `Html` already. Pure."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from typing import Final

from devinops.planning.commands import COMMAND, OPTION, OPTIONS
from devinops.render.escape import LONGEST, visible


class Html(str):
    """Text that is markup, so it is not escaped again."""

    __slots__ = ()


def tag(name: str, /, *content: str, **attributes: str | int | bool | None) -> Html:
    """Return an element. Content that is not `Html` is escaped.

    `_` in the name of an attribute stands for `-`, and a final one is left out: `class_`. An
    attribute that is True has no value; one that is None or False is left out.
    """
    written = "".join(
        f" {name.rstrip('_').replace('_', '-')}{_value(value)}"
        for name, value in attributes.items()
        if value is not None and value is not False
    )
    return Html(f"<{name}{written}>{joined(*content)}</{name}>")


def joined(*pieces: str) -> Html:
    """Return pieces of content as one; a piece that is not `Html` is escaped."""
    return Html("".join(piece if isinstance(piece, Html) else text(piece) for piece in pieces))


def preformatted(lines: Sequence[Html], **attributes: str | int | None) -> Html:
    """Return lines whose white space is kept. The first line end, which HTML drops, is added."""
    return tag("pre", Html("\n" + "\n".join(lines)), **attributes)


def _value(value: str | int | bool) -> str:
    return "" if value is True else f'="{plain(str(value))}"'


def text(value: str, most: int = LONGEST) -> Html:
    """Return a text with its markup escaped and its hidden characters visible.

    A hidden character becomes its escape, in an element that tells it from the same text. A text
    longer than `most` is cut off. Commands to a CI runner that reads the log are broken.
    """
    shown = html.escape(value[:most])
    if not (shown.isascii() and shown.isprintable()):
        shown = re.sub(r"[^ -~]", lambda match: _marked(match[0]), shown)
    more = f"… ({len(value) - most} more)" if len(value) > most else ""
    return Html(_inert(shown) + more)


def _marked(char: str) -> str:
    shown = visible(char)
    return shown if shown == char else f"<i>{shown}</i>"


def plain(value: str) -> Html:
    """Return a text for an attribute or a title, where no element can be."""
    shown = value if value.isascii() and value.isprintable() else "".join(map(visible, value))
    return Html(_inert(html.escape(shown)))


def _inert(markup: str) -> str:
    """Return markup of the same meaning without commands such as `::error::` or `##[group]`."""
    return markup.replace("::", "&#58;:").replace("##", "&#35;#")


_CODE: Final = re.compile(
    rf"{COMMAND}|{OPTION}"
    rf"|devinops (?:inventory )?[a-z]+{OPTIONS}(?: --?[a-z-]+)*"
    r"|`(?P<marked>[^`]+)`"
)


def prose(sentence: str) -> Html:
    """Return a sentence with its options and commands as code."""
    pieces: list[str] = []
    end = 0
    for match in _CODE.finditer(sentence):
        pieces += [sentence[end : match.start()], tag("code", match["marked"] or match[0])]
        end = match.end()
    return joined(*pieces, sentence[end:])
