"""Instructions for a whole repository: AGENTS.md, CLAUDE.md, .cursorrules, .windsurfrules, …

Sources: agents.md; docs.devin.ai, "AGENTS.md": the files of all directories on the way to a file
apply to it. Claude Code includes other files with lines such as `@docs/style.md`.
"""

from __future__ import annotations

import re
from typing import Final

from devinops.ingest.forms._front_matter import page
from devinops.ingest.forms._headings import title
from devinops.ingest.forms._rule import split_rule, when_working
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

NAMES: Final = frozenset(
    """agents.md agent.md agents.local.md claude.md claude.local.md gemini.md
    copilot-instructions.md .cursorrules .windsurfrules .clinerules .rules""".split()
)
_INCLUDE = re.compile(r"^@(\S+)[ \t]*$", re.MULTILINE)
_ABOUT_NOTHING = re.compile(
    r"(?:(?:agents?|claude|gemini)(?:\.local)?(?:\.md)?|repository guidelines|(?:copilot|cursor"
    r"|windsurf|project|custom)? ?(?:rules|instructions))$",
    re.IGNORECASE,
)


def _read(source: ImportSource, choices: ImportChoices) -> Contents:
    written = page(source.text)
    text = written.content
    includes = _INCLUDE.findall(text)
    remarks = [*written.remarks, *written.others("description", "name", "title")]
    if includes:
        if not _INCLUDE.sub("", text).strip():
            why = f"it only includes {', '.join(includes)}; import that"
            return Contents(omissions=(Omission(source.name, why),))
        remarks.append(f"the files that it includes are not imported: {', '.join(includes)}")
    # The directory that the instructions are about; empty for everything.
    directories = source.directory.split("/")
    below = "/".join(name for name in directories if name[:1] not in ("", "."))
    description = written.prose("description")
    name = written.text("name", "title") or _name(text, choices, below)
    parts = split_rule(text, choices, below=below, first=name)
    if parts and description:
        remarks.append(f"not carried over: the description: {quote(description)}")
    whole = ImportText(
        use=Use.RULE,
        name=name,
        text=text,
        when=description or when_working(choices.repo, below),
        always=not below,
    )
    return Contents(tuple(parts) or (whole,), remarks=tuple(remarks))


def _name(text: str, choices: ImportChoices, below: str) -> str:
    """Return the title of the text, or its purpose if the title is only the name of its file."""
    heading = title(text)
    if heading and not _ABOUT_NOTHING.match(heading):
        return heading
    repository = "" if choices.repo == "all" else choices.repo
    return f"Instructions for {below or repository or 'agents'}"


FORM = Form("repository instructions", lambda path: path.rpartition("/")[2].lower() in NAMES, _read)
