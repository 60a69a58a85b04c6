"""Skills: `skills/<name>/SKILL.md`, as the Agent Skills specification and Devin have them.

Sources: agentskills.io/specification; docs.devin.ai, "skills": `triggers: [user]` keeps Devin from
choosing a skill itself. Claude Code has `disable-model-invocation: true` for that.
"""

from __future__ import annotations

import re
from typing import Final

from devinops.ingest.forms._front_matter import ImportPage, page
from devinops.ingest.forms._headings import when
from devinops.ingest.forms._rule import named
from devinops.ingest.import_form import (
    Contents,
    Form,
    ImportChoices,
    ImportSource,
    ImportText,
    Omission,
    quote,
)
from devinops.model.kind import Use

_KNOWN: Final = ("name", "title", "description", "triggers", "disable-model-invocation", "metadata")
_ARGUMENTS = re.compile(r"\$(?:ARGUMENTS\b|[1-9]\b|\{input:)")


def read(source: ImportSource, choices: ImportChoices) -> Contents:
    """Return the text of a skill, or where `devinops export` has put it."""
    written = page(source.text)
    if elsewhere := written.own_fields.get("text"):
        return _text_elsewhere(source, elsewhere)
    slug = written.text("name") or source.stem
    use, handle, words = Use.RULE, "", written.prose("description")
    if _is_for_people(written):
        # What devinops exported has its handle among its own fields, or had none.
        use, handle = Use.PROCEDURE, "" if written.own_key else slug
    elif not words and (usage := when(written.content)):
        words = usage.when
    skill = ImportText(
        use=use,
        name=named(source, written),
        text=written.content,
        when=words,
        handle=handle,
        key=written.own_key,
        values=written.own_fields,
        remarks=losses(source, written, use),
    )
    return Contents((skill,))


def _text_elsewhere(source: ImportSource, file: str) -> Contents:
    if file in source.beside and not source.named:
        return Contents()
    why = f"its text is in {file}: name that file, or the directory of the plugin"
    return Contents(omissions=(Omission(source.name, why),))


def _is_for_people(written: ImportPage) -> bool:
    """Return whether only a person starts the skill."""
    triggers = written.values.get("triggers")
    words = [triggers] if isinstance(triggers, str) else triggers
    only_user = isinstance(words, list) and [str(word).lower() for word in words] == ["user"]
    return only_user or written.is_true("disable-model-invocation")


def losses(source: ImportSource, written: ImportPage, use: Use) -> tuple[str, ...]:
    """Return remarks about what an entry cannot have of a skill, or of a text like it."""
    remarks = [*written.remarks, *written.others(*_KNOWN)]
    if use is Use.PROCEDURE and written.prose("description") and not written.own_key:
        remarks.append(f"not carried over: the description: {quote(written.text('description'))}")
    if source.beside:
        files = ", ".join(source.beside[:5]) + (", …" if len(source.beside) > 5 else "")
        remarks.append(f"files of the skill are not imported: {files}")
    if _ARGUMENTS.search(written.content):
        remarks.append("the text expects arguments, such as $1, which nothing fills in here")
    return tuple(remarks)


FORM = Form(
    "skill", lambda path: path.rpartition("/")[2].lower() == "skill.md", read, looks_beside=True
)
