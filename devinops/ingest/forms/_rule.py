"""What rules of all editors have in common: a description, file patterns, always or not."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

from devinops.ingest.forms._front_matter import EVERY_FILE, ImportPage, page
from devinops.ingest.forms._headings import TextSection, sections, title, when
from devinops.ingest.import_form import Contents, ImportChoices, ImportSource, ImportText
from devinops.model.kind import Use

_PARAGRAPH_END: Final = (".", "!", "?", "。")


def rule(
    source: ImportSource,
    written: ImportPage,
    choices: ImportChoices,
    *,
    description: str = "",
    globs: Sequence[str] = (),
    always: bool = False,
    remarks: Sequence[str] = (),
) -> ImportText:
    """Return a rule as a text that is recalled when it fits.

    When to use it comes from the description and the patterns, else from the text. A rule for every
    file without a description is one that is always used.
    """
    narrow = [glob for glob in globs if glob not in EVERY_FILE]
    always = always or bool(globs and not narrow and not description)
    text, more = written.content, list(remarks)
    words = _words(description, narrow, always, choices)
    if not (description or narrow) and (usage := when(text)):
        text, words = usage.text, usage.when
        more.append(f"the trigger comes from {usage.origin}")
    if narrow:
        more.append(f"Devin has no file patterns: {', '.join(narrow)} is in the trigger as text")
    return ImportText(
        use=Use.RULE,
        name=named(source, written),
        text=text,
        when=words,
        always=always,
        remarks=(*written.remarks, *more),
    )


def reader(globs: str, *always: str) -> Callable[[ImportSource, ImportChoices], Contents]:
    """Return what reads a rule with a description, and with patterns under the key `globs`.

    The value under a key `always` says whether the rule is always used.
    """

    def read(source: ImportSource, choices: ImportChoices) -> Contents:
        written = page(source.text)
        text = rule(
            source,
            written,
            choices,
            description=written.prose("description"),
            globs=written.globs(globs),
            always=any(map(written.is_true, always)),
            remarks=written.others("description", globs, *always, "name", "title"),
        )
        return Contents((text,))

    return read


def _words(description: str, globs: Sequence[str], always: bool, choices: ImportChoices) -> str:
    """Return when to use a rule, in words; empty if nothing says so."""
    files = f"files that match {' or '.join(globs)}{where(choices.repo)}" if globs else ""
    if description and files:
        end = "" if description.endswith(_PARAGRAPH_END) else "."
        return f"{description}{end} Applies to {files}."
    if files:
        return f"When working on {files}"
    return description or (when_working(choices.repo) if always else "")


def named(source: ImportSource, written: ImportPage) -> str:
    """Return the name of a text: as its front matter or its title says, else that of its file."""
    return written.text("name", "title") or title(written.content) or humanized(source.stem)


def humanized(stem: str) -> str:
    """Return the name of a file as words: `error-envelope` is `Error envelope`."""
    words = " ".join(re.split(r"[-_\s]+", stem)).strip()
    return words[:1].upper() + words[1:]


def split_rule(text: str, choices: ImportChoices, *, below: str, first: str) -> list[ImportText]:
    """Split a text that is always used in its repository into one rule for each section.

    `below` is the directory that the rules are about, empty for all. `first` is the name of the
    part above the first section. Empty if the text has no sections, or is not to be split.
    """
    return [_section(part, choices, below, first) for part in sections(text) if choices.split]


def _section(part: TextSection, choices: ImportChoices, below: str, first: str) -> ImportText:
    usage = when(part.text)
    if usage:
        words, remark = usage.when, f"the trigger comes from {usage.origin}"
    elif part.title:
        words = f'When the task concerns "{part.title}"{where(choices.repo, below)}'
        remark = "the trigger comes from the heading"
    else:
        words, remark = when_working(choices.repo, below), ""
    return ImportText(
        use=Use.RULE,
        name=part.title or first,
        text=usage.text if usage else part.text,
        when=words,
        always=not below and not usage,
        line=part.line,
        remarks=(remark,) if remark else (),
    )


def when_working(repo: str, below: str = "") -> str:
    """Return the trigger of what is used for all work on some files; empty if these are unknown."""
    concern = where(repo, below)
    return f"When working{concern}" if concern else ""


def where(repo: str, below: str = "") -> str:
    """Return the end of a trigger that says for which files; empty if nothing is known."""
    inside = f" below {below}" if below else ""
    return f"{inside} in {repo}" if repo not in ("", "all") else inside
