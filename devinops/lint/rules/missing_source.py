"""A file that the entry is derived from no longer exists.

`meta.sources` lists the files that an entry describes, relative to its file, to the root or to the
top of the Git checkout. If one is gone, the entry is probably out of date. URLs are not checked.

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

from collections.abc import Iterator

from devinops.lint.context import Context
from devinops.lint.finding import Finding
from devinops.lint.rule import Rule
from devinops.lint.subject import Subject
from devinops.model.objects import Severity


def check(subject: Subject, context: Context) -> Iterator[Finding]:
    sources = subject.declaration.meta.get("sources")
    # `meta` may hold anything.
    for source in sources if isinstance(sources, list) else [sources]:
        if not isinstance(source, str) or "://" in source:
            continue
        if not context.has_file(source.partition("#")[0], subject):
            message = f"{source} does not exist any more: review the entry, and correct its sources"
            yield subject.in_option("meta", source, message)


RULE = Rule("DV502", "missing-source", Severity.WARNING, entry=check)
