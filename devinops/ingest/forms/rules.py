"""Rules in a directory of rules: `.devin/rules`, `.windsurf/rules`, `.claude/rules`, a plugin.

Sources: docs.devin.ai, rules: `trigger` is always_on, model_decision, glob, manual or agent;
without it, `globs` make a glob rule and a description one that the model decides on. Claude Code
has `paths`.
"""

from __future__ import annotations

import re
from typing import Final

from devinops.ingest.forms._front_matter import ImportPage, page
from devinops.ingest.forms._headings import when
from devinops.ingest.forms._rule import named, rule
from devinops.ingest.forms.instructions import NAMES
from devinops.ingest.import_form import Contents, Form, ImportChoices, ImportSource, ImportText
from devinops.model.kind import Use

_PATH = re.compile(r"(?:/rules/(?:.*/)?|/\.clinerules/)[^/]+\.md$", re.IGNORECASE)
_ALWAYS = re.compile(r"/\.claude/rules/|/\.clinerules/", re.IGNORECASE)
"""Where a rule without front matter is always used; elsewhere a person must ask for it."""
_OTHERS: Final = NAMES | {"readme.md", "skill.md"}
_MODES: Final = ("", "always_on", "model_decision", "glob", "manual", "agent")
_KNOWN: Final = ("trigger", "description", "globs", "paths", "name", "title", "alwaysapply")


def _matches(path: str) -> bool:
    name = path.rpartition("/")[2].lower()
    is_other = name in _OTHERS or name.endswith((".devin.md", ".instructions.md", ".prompt.md"))
    return bool(_PATH.search(path)) and not is_other


def _read(source: ImportSource, choices: ImportChoices) -> Contents:
    written = page(source.text)
    text = _own(source, written) if written.own_key else _foreign(source, written, choices)
    return Contents((text,))


def _foreign(source: ImportSource, written: ImportPage, choices: ImportChoices) -> ImportText:
    """Return a rule that a person wrote for an editor."""
    mode = written.text("trigger").lower().replace("-", "_")
    # Some tools have a sentence there, as devinops does.
    description = written.prose("description" if mode in _MODES else "trigger")
    globs = written.globs("globs", "paths")
    always = mode == "always_on" or written.is_true("alwaysapply")
    remarks = list(written.others(*_KNOWN))
    if globs and mode in ("model_decision", "manual"):
        remarks.append(f"not carried over: globs, which trigger: {mode} does not use")
        globs = []
    says_when = any((description, globs, always, when(written.content)))
    if not (says_when or mode) and _ALWAYS.search(f"/{source.path}"):
        always = True
    elif not says_when and mode in ("", "manual"):
        description = f'When somebody asks for "{named(source, written)}"'
        remarks.append("only a person started this rule; now Devin decides, by the trigger")
    return rule(
        source,
        written,
        choices,
        description=description,
        globs=globs,
        always=always,
        remarks=remarks,
    )


def _own(source: ImportSource, written: ImportPage) -> ImportText:
    """Return a rule that `devinops export` wrote: its metadata says what the rule cannot."""
    remarks = [*written.remarks, *written.others(*_KNOWN, "metadata")]
    if globs := written.globs("globs"):
        remarks.append(f"not carried over: globs, from the entry's meta: {', '.join(globs)}")
    return ImportText(
        use=Use.RULE,
        name=named(source, written),
        text=written.content,
        when=written.prose("description"),
        key=written.own_key,
        values=written.own_fields,
        remarks=tuple(remarks),
    )


FORM = Form("rule", _matches, _read)
