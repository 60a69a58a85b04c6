"""Playbooks as files: `*.devin.md`, which Devin's web app accepts when one is dropped on it."""

from __future__ import annotations

from devinops.ingest.forms._front_matter import page
from devinops.ingest.forms._rule import named
from devinops.ingest.import_form import Contents, Form, ImportChoices, ImportSource, ImportText
from devinops.model.kind import Use


def _read(source: ImportSource, choices: ImportChoices) -> Contents:
    written = page(source.text)
    playbook = ImportText(
        use=Use.PROCEDURE,
        name=named(source, written),
        text=written.content,
        handle=written.text("macro"),
        remarks=(*written.remarks, *written.others("name", "title", "macro")),
    )
    return Contents((playbook,))


FORM = Form("Devin playbook", lambda path: path.lower().endswith(".devin.md"), _read)
