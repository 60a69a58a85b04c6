"""The text has headings or comments, but says nothing.

Devin recalls the note and learns nothing from it. Write the text, or remove the entry.

Fails:

    knowledge/errors.md
    ---
    name: Error envelope
    trigger: When adding an HTTP endpoint
    ---
    # Error envelope

    <!-- describe the envelope -->

Passes:

    knowledge/errors.md
    ---
    name: Error envelope
    trigger: When adding an HTTP endpoint
    ---
    # Error envelope

    Every error has a code and a message.
"""

from __future__ import annotations

import re

from devinops.lint.blocks import Leaf, MarkdownBlock
from devinops.lint.rule import Context, Findings, Rule, Subject
from devinops.model.patterns import LazyPattern

_MARKUP = LazyPattern(
    r"<!--.*?-->|</?[a-z]+\b[^<>]*>|&[a-z]+;", re.DOTALL | re.IGNORECASE, hints=("<", "&")
)
_SENTENCE = LazyPattern(
    r"[.!?。！？][*_)]*[ \t#=\n-]*$|(?:(?<!\S)[^\s#]\S*\s+){4}[^\s#]"
    r"|^[ #]*(?:always|never|do\s+not|don['’]t|use|run|keep|prefer|avoid|ask)\s+\w",
    re.IGNORECASE,
)
"""A heading that says something: a sentence, five words, or an order."""


def check(subject: Subject, _: Context) -> Findings:
    field = subject.kind.document
    if field is None or not isinstance(subject.value(field), str):
        return
    blocks, text = subject.markdown.blocks, subject.text
    headings = (block for block in blocks if block.leaf is Leaf.HEADING)
    if not (
        any(_says_something(block, text) for block in blocks)
        or any(_SENTENCE.search(text[block.start : block.end]) for block in headings)
    ):
        message = (
            f"this {field} has nothing that Devin could use: write what it must know, or remove "
            "the entry"
        )
        yield subject.about(field, message)


def _says_something(block: MarkdownBlock, text: str) -> bool:
    if block.leaf in (Leaf.COMMENT, Leaf.HEADING):
        return False
    written = text[block.start : block.end]
    if block.leaf is Leaf.FENCE:
        written = written.partition("\n")[2]
    return any(char.isalnum() for char in _MARKUP.sub("", written))


RULE = Rule("DV201", "body-without-content", entry=check)
