"""Any other Markdown: front matter, the trigger in a quote or under a heading, or one big file."""

from __future__ import annotations

from typing import Final

from devinops.ingest.forms._front_matter import ImportPage, page
from devinops.ingest.forms._headings import TextSection, sections, title, when
from devinops.ingest.forms._rule import humanized, named, rule
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
    known = ("name", "title", *_WHEN, *_FIELDS)
    found = rule(
        source,
        written,
        choices,
        description=written.prose(*_WHEN),
        remarks=written.others(*known),
    )
    values = {name: written.values[name] for name in _FIELDS & written.values.keys()}
    own_name = written.text("name", "title") or title(written.content) or humanized(source.stem)
    return ImportText(
        use=found.use,
        name=own_name,
        text=found.text,
        when=found.when,
        directory=source.directory,
        values={k: v for k, v in values.items() if v is not None},
        remarks=found.remarks,
    )


FORM = Form("Markdown", _matches, _read, fallback=True)
