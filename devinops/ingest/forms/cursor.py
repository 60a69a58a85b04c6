"""Rules of Cursor: `.cursor/rules/*.mdc`.

Source: docs.cursor.com, rules: `alwaysApply`, else `globs` (attached with a file), else
`description` (the agent decides), else a person mentions the rule.
"""

from __future__ import annotations

from devinops.ingest.forms._rule import reader
from devinops.ingest.import_form import Form

FORM = Form(
    "Cursor rule", lambda path: path.lower().endswith(".mdc"), reader("globs", "alwaysapply")
)
