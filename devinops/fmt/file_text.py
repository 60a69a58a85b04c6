"""Format the text of a file, and prove that it still means the same. Pure."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from devinops.fmt.printer import ITEM, Order, printed
from devinops.kinds import KINDS
from devinops.load import hides_values, read_entries
from devinops.load.discover import line_end, section_of, with_lf
from devinops.load.file_names import CONFIG
from devinops.load.markdown import spans, split
from devinops.load.source_tree import NotSupported, comments, documents
from devinops.load.yamltree import Node, parse, shield
from devinops.model.objects import Declaration, Problem, Source
from devinops.model.values import canonical_text
from devinops.writers import field_order


@dataclass(frozen=True)
class Formatted:
    """The text of a file in the canonical form; None and problems if it stays as it is."""

    text: str | None
    problems: tuple[Problem, ...] = ()


def formatted(path: str, raw: str, settings: Collection[str] = (CONFIG,)) -> Formatted:
    """Return the content of a file in the canonical form; a BOM and the line ends stay.

    `path` is relative to the root; it decides on kind and order, as in `load`. `settings` are the
    paths of files with settings instead of entries. The result means the same and has the same
    comments, or there is none.
    """
    before = with_lf(raw)
    form = _Form.of(path, settings)
    content, problems = form.read(before)
    if content is None or problems:
        return Formatted(None, tuple(problems))
    try:
        after = form.write(before)
        if after != before:
            _check(form, before, after, content)
    except NotSupported as error:
        message = f"cannot format {error}"
        return Formatted(None, (Problem(Source(path), "not-formatted", message),))
    bom = raw[: raw.startswith("\ufeff")]
    return Formatted(bom + after.replace("\n", line_end(raw)))


def is_formatted(path: str, raw: str) -> bool:
    """Return whether a file is in the canonical form."""
    return formatted(path, raw).text == raw


def may_quote(path: str, raw: str) -> bool:
    """Return whether a diff may quote a file: not if it may hold the value of a secret."""
    text, form = with_lf(raw), _Form.of(path)
    if form.markdown or form.settings:
        return True
    roots = (root.data for root in parse(text, path, hides_values=form.hides)[0])
    sections = {key for data in roots if isinstance(data, dict) for key in data}
    return not any(map(form.hides, sections)) or not form.entries(text)[1]


# --- the forms of files ---------------------------------------------------------------------------


@dataclass(frozen=True)
class _Form:
    """How a file is read and written: YAML, or Markdown with front matter."""

    path: str
    order: Order
    markdown: bool = False
    settings: bool = False

    @classmethod
    def of(cls, path: str, settings: Collection[str] = (CONFIG,)) -> _Form:
        if path in settings:
            return cls(path, _settings, settings=True)
        section, _ = section_of(path)
        if path.lower().endswith(".md"):
            names = field_order.of_entry(KINDS.sections[section])
            return cls(path, lambda above: names if not above else (), markdown=True)
        return cls(path, _entries)

    def read(self, text: str) -> tuple[Any, list[Problem]]:
        """Return what the text means, to be compared, or None; and the problems of its YAML."""
        if not self.markdown:
            roots, problems = parse(text, self.path, hides_values=self.hides)
            return [_meaning(root) for root in roots], problems
        page, problems = split(text, self.path, KINDS.sections[section_of(self.path)[0]])
        meaning = (_meaning(page.front), canonical_text(page.body)) if page else None
        return meaning, problems

    def hides(self, section: str | None) -> bool:
        """Return whether nothing must quote a section, because it may hold a secret by mistake."""
        return not self.settings and hides_values(section)

    def write(self, text: str) -> str:
        """Return the text without problems in the canonical form. Raises NotSupported."""
        if not self.markdown:
            return _yaml(text, self.order)
        start, end, body_start = self._spans(text)
        front = _yaml(text[start:end], self.order, alone=True)
        body = canonical_text(text[body_start:])
        return f"---\n{front}---\n" + (f"\n{body}\n" if body else "")

    def comments(self, text: str) -> list[str]:
        if self.markdown:
            start, end, _ = self._spans(text)
            text = text[start:end]
        return sorted(comments(text))

    def entries(self, text: str) -> tuple[list[Declaration], list[Problem]]:
        return read_entries(self.path, text, body_at=lambda path: path)

    def declarations(self, text: str) -> list[Declaration]:
        """Return the declarations of the text, without their positions."""
        if self.settings:
            return []
        declarations, _ = self.entries(text)
        return [item._replace(source=Source(self.path), sources={}) for item in declarations]

    def _spans(self, text: str) -> tuple[int, int, int]:
        positions = spans(text)
        assert positions
        return positions


def _settings(path: tuple[str, ...]) -> Sequence[str]:
    match path:
        case ():
            return field_order.of_settings()
        case ("targets", _) | ("defaults",):
            return field_order.of_target()
    return ()


def _entries(path: tuple[str, ...]) -> Sequence[str]:
    match path:
        case (section, item) if item == ITEM and section in KINDS.sections:
            return field_order.of_entry(KINDS.sections[section])
    return ()


def _yaml(text: str, order: Order, *, alone: bool = False) -> str:
    """Return YAML in the canonical form; `alone`: it must be one document. Raises NotSupported."""
    shielded, restore = shield(text)
    tree, rest = documents(shielded)
    if alone and any(document.marked for document in tree):
        raise NotSupported("front matter with a document marker: remove it")
    rows = [*printed(tree, order), *rest]
    while rows and not rows[0]:
        del rows[0]
    return "".join(f"{row}\n" for row in rows).translate(restore)


# --- proving --------------------------------------------------------------------------------------


def _meaning(root: Node) -> str:
    """Return plain data as text that differs if any value or its type does."""
    return json.dumps(root.data, sort_keys=True)


def _check(form: _Form, before: str, after: str, content: Any) -> None:
    """Raise NotSupported unless the new text means the same, has the same comments, and stays."""
    now, problems = form.read(after)
    if problems or now != content:
        raise NotSupported(f"this file: its values would change; {_A_BUG}")
    if form.declarations(before) != form.declarations(after):
        raise NotSupported(f"this file: its entries would change; {_A_BUG}")
    if form.comments(before) != form.comments(after):
        raise NotSupported(f"this file: its comments would change; {_A_BUG}")
    if form.write(after) != after:
        raise NotSupported(f"this file: a second run would change it again; {_A_BUG}")


_A_BUG = "this is a bug in devinops; please report it with the file"
