"""Texts that a person starts: prompts of Copilot, commands of Claude Code, workflows of Windsurf.

Sources: docs.github.com, "prompt files"; code.claude.com, "slash commands"; docs.windsurf.com,
"workflows". A person starts each by `/` and the name of the prompt, or else of its file.
"""

from __future__ import annotations

import re

from devinops.ingest.forms._front_matter import page
from devinops.ingest.forms._rule import named
from devinops.ingest.forms.skill import losses
from devinops.ingest.import_form import Contents, Form, ImportChoices, ImportSource, ImportText
from devinops.model.kind import Use

_PATH = re.compile(
    r"\.prompt\.md$|/(?:\.claude/commands|\.windsurf/workflows)/(?:.*/)?(?!readme\.md)[^/]+\.md$",
    re.IGNORECASE,
)


def _read(source: ImportSource, choices: ImportChoices) -> Contents:
    written = page(source.text)
    prompt = ImportText(
        use=Use.PROCEDURE,
        name=named(source, written),
        text=written.content,
        handle="-".join((written.text("name") or source.stem).split()),
        remarks=losses(source, written, Use.PROCEDURE),
    )
    return Contents((prompt,))


FORM = Form("prompt", lambda path: bool(_PATH.search(path)), _read)
