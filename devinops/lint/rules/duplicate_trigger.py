"""The trigger is equal or almost equal to that of another entry.

Devin recalls both notes, or either of them. If they belong together, merge them; otherwise say in
each trigger what tells it from the other. Notes in all folders are compared, but not those for
different targets or pinned to different repositories.

Fails:

    knowledge/Backend/errors.md
    ---
    name: Error envelope
    trigger: When adding an HTTP endpoint to the billing API
    ---
    Every error has a code and a message.
    knowledge/Web/status.md
    ---
    name: Status codes
    trigger: When adding HTTP endpoints to the billing API
    ---
    Use 409 for a conflict.

Passes:

    knowledge/Backend/errors.md
    ---
    name: Error envelope
    trigger: When an endpoint of the billing API can fail
    ---
    Every error has a code and a message.
    knowledge/Web/status.md
    ---
    name: Status codes
    trigger: When adding an HTTP endpoint to the billing API
    ---
    Use 409 for a conflict.
"""

from __future__ import annotations

from collections.abc import Iterator

from devinops.lint.context import Context, share_target
from devinops.lint.finding import Finding
from devinops.lint.rule import Rule
from devinops.lint.rules._triggers import STOP, is_generic
from devinops.lint.similar import equal_groups, percent, terms, twins
from devinops.lint.subject import Subject
from devinops.model.objects import Severity

THRESHOLD = 0.8
FEWEST = 3
"""Words that are compared: fewer of them are equal by chance."""


def check(context: Context) -> Iterator[Finding]:
    subjects = [s for s in context.subjects if s.when and s.is_used and not is_generic(s.when)]
    texts = [subject.when for subject in subjects]
    equal = dict(equal_groups(texts))
    for number, earlier in equal.items():
        yield from _finding(subjects[number], subjects[earlier], "equal to")
    features = [terms(text, STOP) for text in texts]
    others = [n for n in range(len(texts)) if n not in equal and len(features[n]) >= FEWEST]
    for twin in twins(len(others), lambda at: features[others[at]], THRESHOLD):
        pair = subjects[others[twin.number]], subjects[others[twin.earlier]]
        yield from _finding(*pair, f"almost equal ({percent(twin.similarity)}) to")


def _finding(subject: Subject, other: Subject, how: str) -> Iterator[Finding]:
    if not share_target(subject, other) or _are_apart(subject.pin, other.pin):
        return
    field = subject.kind.foreign.when
    message = (
        f"this {field} is {how} that of {other.declaration.key} "
        f"({other.declaration.place(field)}): merge the two, or say in each what tells it apart"
    )
    yield subject.about(field, message, other)


def _are_apart(pin: str, other: str) -> bool:
    return bool(pin and other) and pin != other and "all" not in (pin, other)


RULE = Rule("DV105", "duplicate-trigger", Severity.WARNING, repository=check)
