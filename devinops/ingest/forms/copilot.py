"""Instructions of GitHub Copilot: `.github/instructions/*.instructions.md`, with `applyTo`.

Source: docs.github.com, "adding repository custom instructions for GitHub Copilot".
"""

from __future__ import annotations

from devinops.ingest.forms._rule import reader
from devinops.ingest.import_form import Form

FORM = Form(
    "Copilot instructions", lambda path: path.endswith(".instructions.md"), reader("applyto")
)
