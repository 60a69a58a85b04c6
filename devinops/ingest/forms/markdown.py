"""Any other Markdown: front matter, the trigger in a quote or under a heading, or one big file."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from devinops.ingest.forms._front_matter import ImportPage, page
from devinops.ingest.forms._headings import TextSection, sections, title, when
from devinops.ingest.forms._rule import named, rule
from devinops.ingest.import_form import Contents, Form, ImportChoices, ImportSource, ImportText
from devinops.kinds import KINDS
from devinops.model.kind import Use

_WHEN: Final = ("trigger", "trigger_description", "when", "description")
_SUFFIXES: Final = (".md", ".markdown", ".txt")
_FIELDS: Final = frozenset(
    attribute.name
    for kind in KINDS.values()
    if kind.meaning.use is Use.RULE
    for attribute in kind.attributes
)


def _matches(path: str) -> bool:
    name = path.rpartition("/")[2].lower()
    return name.endswith(_SUFFIXES) and not name.startswith("readme.")


def _read(source: ImportSource, choices: ImportChoices) -> Contents:
    written = page(source.text)
    parts = sections(written.content)
    has_many = sum(when(part.text) is not None for part in parts) > 1
    if parts and (choices.split or has_many):
        remarks = (*written.remarks, *written.others())
        texts = [_part(part, written, source) for part in parts]
        return Contents(tuple(texts), remarks=remarks)
    return Contents((_whole(source, written, choices),))


def _part(part: TextSection, written: ImportPage, source: ImportSource) -> ImportText:
    usage = when(part.text)
    return ImportText(
        use=Use.RULE,
        name=part.title or title(part.text) or named(source, written),
        text=usage.text if usage else part.text,
        when=usage.when if usage else "",
        directory=source.directory,
        line=written.line + part.line - 1,
    )


def _whole(source: ImportSource, written: ImportPage, choices: ImportChoices) -> ImportText:
    description, remarks = written.prose(*_WHEN), written.others("name", "title", *_WHEN, *_FIELDS)
    note = rule(source, written, choices, description=description, remarks=remarks)
    fields = {name: written.values.get(name) for name in _FIELDS}
    values = {name: value for name, value in fields.items() if value is not None}
    return replace(note, directory=source.directory, values=values)


FORM = Form("Markdown", _matches, _read, fallback=True)
