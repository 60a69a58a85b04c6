"""One file of a plugin: front matter and a text, with its provenance in the metadata.

The provenance is the key of the entry, and a digest of the path and the text, by which a later
export recognizes a file that nobody changed since.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from devinops.load.markdown import split
from devinops.model.keys import Key
from devinops.writers import yaml_text

PREFIX: Final = "devinops-"
"""Before each name that devinops writes into `metadata`."""

KEY: Final = f"{PREFIX}key"
DIGEST: Final = f"{PREFIX}digest"
SOURCE: Final = "source"
"""Without the prefix: the repository that an entry is in, if it is known."""
TEXT: Final = "text"
"""Without the prefix: the file that has the text instead."""

_DASHES = re.compile("-{3,}")
_DIGEST_LINE = re.compile(rf'^  {DIGEST}: "?[0-9a-f]*"?\n', re.MULTILINE)


OTHER_TARGET: Final = "another entry has its key, for another target: choose one with --target"


@dataclass(frozen=True, order=True)
class Remark:
    """Something about an entry that an export cannot say, as text for people."""

    text: str
    key: Key


@dataclass(frozen=True)
class Provenance:
    """The entry that a file was written from; `intact`: nobody changed or moved the file since.

    `source` is the repository of the entry, empty if it is not known.
    """

    key: Key
    intact: bool
    source: str = ""


def page(path: str, front: Mapping[str, Any], key: Key, more: Mapping[str, str], text: str) -> str:
    """Return the text of a file at a path in the plugin.

    `front` is the front matter, and `more` is added to its metadata without the prefix.
    """
    metadata = {KEY: str(key), **{PREFIX + name: value for name, value in more.items()}}
    whole = _written({**front, "metadata": metadata}, text)
    return _written({**front, "metadata": {**metadata, DIGEST: _digest(path, whole)}}, text)


def provenance(path: str, text: str) -> Provenance | None:
    """Return where a file of a plugin comes from; None if devinops did not write it."""
    written, _ = split(text, path)
    front = written.front.data if written else None
    metadata = front.get("metadata") if isinstance(front, Mapping) else None
    if not isinstance(metadata, Mapping):
        return None
    try:
        key = Key.parse(str(metadata.get(KEY)))
    except ValueError:
        return None
    digest = _digest(path, _DIGEST_LINE.sub("", text, count=1))
    source = metadata.get(PREFIX + SOURCE)
    return Provenance(key, metadata.get(DIGEST) == digest, str(source or ""))


def _digest(path: str, text: str) -> str:
    # A digest that no YAML parser takes for a number.
    return "d" + hashlib.sha256(f"{path}\n{text}".encode()).hexdigest()[:15]


def _written(front: Mapping[str, Any], text: str) -> str:
    rows = "".join(f"{row}\n" for row in _rows(front))
    return f"---\n{rows}---\n{text}\n"


def _rows(front: Mapping[str, Any], indent: int = 0) -> Iterator[str]:
    """Yield the lines of front matter.

    A text has no `---`, which some parsers take for its end even inside quotation marks.
    """
    for name, value in front.items():
        start = f"{' ' * indent}{yaml_text.plain_or_quoted(name)}:"
        if isinstance(value, str) and _DASHES.search(value):
            escaped = _DASHES.sub(lambda match: r"\x2D" * len(match[0]), yaml_text.quoted(value))
            yield f"{start} {escaped}"
        elif isinstance(value, Mapping):
            yield start
            yield from _rows(value, indent + 2)
        else:
            yield from yaml_text.mapping({name: value}, indent)
