"""The text of a long skill: `devinops export` puts it next to SKILL.md, with its front matter."""

from __future__ import annotations

from typing import Final

from devinops.ingest.forms import skill
from devinops.ingest.forms._front_matter import PREFIX
from devinops.ingest.import_form import Form

_PATH: Final = "/references/whole-text.md"

FORM = Form(
    "text of a skill",
    lambda path: path.endswith(_PATH),
    skill.read,
    accepts=lambda _, text: f"{PREFIX}key:" in text,
)
