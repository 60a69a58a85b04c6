"""Instructions of GitHub Copilot: `.github/instructions/*.instructions.md`, with `applyTo`.

Source: docs.github.com, "adding repository custom instructions for GitHub Copilot".
"""

from __future__ import annotations

from devinops.ingest.forms._front_matter import page
from devinops.ingest.forms._rule import rule
from devinops.ingest.import_form import Contents, Form, ImportChoices, ImportSource


def _read(source: ImportSource, choices: ImportChoices) -> Contents:
    written = page(source.text)
    text = rule(
        source,
        written,
        choices,
        description=written.prose("description"),
        globs=written.globs("applyto"),
        remarks=written.others("description", "applyto", "name", "title"),
    )
    return Contents((text,))


FORM = Form("Copilot instructions", lambda path: path.endswith(".instructions.md"), _read)
