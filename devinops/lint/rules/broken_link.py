"""A link or image does not lead to a file, a heading or a definition.

Devin follows the link and finds nothing. Correct the path, write the whole URL, or name the
repository that has the file. A link counts as right if the file exists relative to the file of the
text, to the root, or to the top of the Git checkout. One that leads out of the checkout, as to
another repository beside it, is not checked. `#name` must be a heading or an anchor of the text,
and `[text][name]` needs a line `[name]: address`.

Fails:

    knowledge/build.md
    ---
    name: Build
    trigger: When building the shop
    ---
    Follow [the checklist](texts/checklist.md).

Passes:

    knowledge/build.md
    ---
    name: Build
    trigger: When building the shop
    ---
    Follow [the checklist](../texts/checklist.md).
    texts/checklist.md
    1. Run the tests.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from devinops.lint.inline import label
from devinops.lint.markdown import Markdown, anchor
from devinops.lint.relative_links import PATTERN, names_a_file, relative_path
from devinops.lint.rule import Context, Findings, Rule, Subject
from devinops.model.patterns import LazyPattern

_REFERENCE = LazyPattern(
    r"(?:(?<=[\w,][ ])|(?<=[(>])|(?:(?<=[-*][ ])|^)(?=!?\[[^\[\]]*\w[ ]\w))"
    r"!?\[((?=[^\[\]]*[a-z])[^\[\]]{2,200})\]\[([^\[\]^]{0,99})\](?![\w\[(:])",
    re.MULTILINE,
    hints=("][",),
)
"""A link with the name of a definition; a word in brackets that begins a line may be a tag."""

_COPY = LazyPattern(r"-\d+$")
"""What a site adds to the name of a heading that another has, too."""


def check(subject: Subject, context: Context) -> Findings:
    markdown = subject.markdown
    for target in markdown.inline.targets:
        written = subject.text[target.start : target.end].strip("<>")
        path = relative_path(written)
        message = ""
        if names_a_file(path) and not context.has_file(path, subject):
            message = (
                f"{written} does not lead to a file: correct the path, write the whole "
                "URL, or name the repository that has the file"
            )
        elif written.startswith("#") and not _is_anchor(written, markdown):
            message = f"{written} is the name of no heading here: correct it, or name the section"
        if message:
            yield subject.in_text(message, target.start, target.end - target.start)
    for start, length, name in _undefined(markdown):
        message = f"this link has no definition: add a line `[{name}]: address`, or correct it"
        yield subject.in_text(message, start, length)


def _undefined(markdown: Markdown) -> Iterator[tuple[int, int, str]]:
    """Yield the links to definitions that the text does not have; `string[]` is a type."""
    for match in _REFERENCE.finditer(markdown.prose):
        name = label(match[2] or match[1])
        is_type = not match[2] and (" " not in name or "," in name)
        if name not in markdown.inline.labels and not is_type:
            yield match.start(), len(match[0]), name


def _is_anchor(written: str, markdown: Markdown) -> bool:
    names = {anchor(written), anchor(_COPY.sub("", written))}
    return bool(names & markdown.anchors or PATTERN.search(written))


RULE = Rule("DV205", "broken-link", entry=check)
