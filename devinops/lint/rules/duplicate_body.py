"""The text is equal or almost equal to that of another entry.

Copies drift apart, and Devin gets both. Keep one of them, with a trigger that fits both tasks.
Texts in all folders are compared, but not those for different targets.

Fails:

    knowledge/Backend/errors.md
    ---
    name: Error envelope
    trigger: When adding an endpoint
    ---
    Every error has a code and a message. The code never changes. The message is for people and can
    change. Clients must not parse the message.
    knowledge/Web/errors.md
    ---
    name: Errors
    trigger: When a request fails
    ---
    Every error has a code and a message. The code never changes. The message is for people and may
    change. Clients must not parse the message.

Passes:

    knowledge/Backend/errors.md
    ---
    name: Error envelope
    trigger: When adding an endpoint, or when a request fails
    ---
    Every error has a code and a message. The code never changes. The message is for people and can
    change. Clients must not parse the message.
"""

from __future__ import annotations

from devinops.lint.rule import Context, Findings, Rule, Subject
from devinops.lint.similar import equal_groups, percent, reach, runs, twins, words

THRESHOLD = 0.7
FEWEST = 12
"""Words that are compared: fewer of them are equal by chance."""


def check(context: Context) -> Findings:
    subjects = [s for s in context.subjects if s.is_used and len(words(s.text)) >= FEWEST]
    texts = [subject.text for subject in subjects]
    reaches = [reach(subject.declaration.names) for subject in subjects]
    equal = dict(equal_groups(texts, reaches))
    for number, earlier in equal.items():
        yield from _finding(subjects[number], subjects[earlier], "has the words of")
    for twin in twins(reaches, lambda at: runs(texts[at]), THRESHOLD):
        if twin.number not in equal:
            how = f"is almost equal ({percent(twin.similarity)}) to"
            yield from _finding(subjects[twin.number], subjects[twin.earlier], how)


def _finding(subject: Subject, other: Subject, how: str) -> Findings:
    if field := subject.kind.document:
        message = (
            f"this {field} {how} that of {other.declaration.key} ({other.declaration.source}): "
            "keep one of them, or say in each how it differs"
        )
        yield subject.about(field, message, other)


RULE = Rule("DV203", "duplicate-body", repository=check)
