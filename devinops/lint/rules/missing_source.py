"""A file that the entry is derived from no longer exists.

`meta.sources` lists the files that an entry describes, relative to its file, to the root or to the
top of the Git checkout. If one is gone, the entry is probably out of date. Of a pattern, such as
`src/**/*.py`, only the directory is checked. URLs, tickets and files of another repository, such as
`acme/api:docs/errors.md` and `../../api/docs/errors.md`, are not checked.

Fails:

    knowledge/errors.md
    ---
    name: Error envelope
    trigger: When adding an HTTP endpoint
    meta: {sources: [docs/errors.md]}
    ---
    Every error has a code and a message.

Passes:

    docs/errors.md
    # Errors
    knowledge/errors.md
    ---
    name: Error envelope
    trigger: When adding an HTTP endpoint
    meta: {sources: [docs/errors.md, https://acme.dev/errors]}
    ---
    Every error has a code and a message.
"""

from __future__ import annotations

import re

from devinops.lint.rule import Context, Findings, Rule, Subject
from devinops.model.patterns import LazyPattern

_NO_PART_OF_IT = LazyPattern(r"#.*|(?::\d+(?:-\d+)?)+$|(?:^|/)[^/]*[*?\[].*", re.DOTALL)
"""What follows a path: an anchor, a line, or a pattern."""

_ELSEWHERE = LazyPattern(r"[:@\s]|^[A-Z]+-\d+$")
"""A URL, a file of another repository, a ticket, or words."""


def check(subject: Subject, context: Context) -> Findings:
    sources = subject.declaration.meta.get("sources")
    # `meta` may hold anything.
    for source in sources if isinstance(sources, list) else [sources]:
        if isinstance(source, str) and _is_gone(source, subject, context):
            message = f"{source} does not exist any more: review the entry, and correct its sources"
            yield subject.in_option("meta", source, message)


def _is_gone(source: str, subject: Subject, context: Context) -> bool:
    """Return whether a source is a path in this repository, and nothing is there."""
    path = _NO_PART_OF_IT.sub("", source)
    return not (_ELSEWHERE.search(path) or context.has_file(path, subject))


RULE = Rule("DV502", "missing-source", entry=check)
