"""Relative links of an imported text, which lead nowhere from its new place. Pure."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable
from urllib.parse import quote

from devinops.lint.markdown import Markdown
from devinops.lint.relative_links import names_a_file, relative_path

_REST = re.compile(r"[?#][^<>]*")


def with_addresses(
    text: str, directory: str, base: str, exists: Callable[[str], bool]
) -> tuple[str, int]:
    """Return the text with its relative links as addresses, and the number of links that are left.

    The text is in a `directory` of a tree with the address `base`. Left are the links out of the
    tree; all of them if `base` is empty. `exists` tells whether there is a file at a path in the
    tree.
    """
    pieces, at, left = [], 0, 0
    for start, end in sorted(Markdown(text).inline.targets):
        path = relative_path(text[start:end])
        # On code hosts, a link that begins with / is relative to the top.
        place = posixpath.normpath(posixpath.join(directory, path)).lstrip("/")
        if not path or not (names_a_file(path) or exists(place)):
            continue
        if not base or place.split("/")[0] == "..":
            left += 1
            continue
        rest = _REST.search(text[start:end])
        slash = "/" if path.endswith("/") else ""
        address = f"{base}/{quote(place)}{slash}{rest[0] if rest else ''}"
        pieces += [text[at:start], address]
        at = end
    return "".join([*pieces, text[at:]]), left
