"""Rules of Cursor: `.cursor/rules/*.mdc`.

Source: docs.cursor.com, rules: `alwaysApply`, else `globs` (attached with a file), else
`description` (the agent decides), else a person mentions the rule.
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
        globs=written.globs("globs"),
        always=written.is_true("alwaysapply"),
        remarks=written.others("description", "globs", "alwaysapply", "name", "title"),
    )
    return Contents((text,))


FORM = Form("Cursor rule", lambda path: path.lower().endswith(".mdc"), _read)
