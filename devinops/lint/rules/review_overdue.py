"""The day by which somebody wanted to review the entry has passed.

`meta.review_by` is a date, such as 2027-03-01. Read the entry, correct it, and set a later date. A
value that is not a date is reported too, because it never becomes due.

Fails:

    knowledge/errors.md
    ---
    name: Error envelope
    trigger: When adding an HTTP endpoint
    meta: {review_by: 2026-05-01}
    ---
    Every error has a code and a message.

Passes:

    knowledge/errors.md
    ---
    name: Error envelope
    trigger: When adding an HTTP endpoint
    meta: {review_by: 2999-05-01}
    ---
    Every error has a code and a message.
"""

from __future__ import annotations

from datetime import date

from devinops.lint.rule import Context, Findings, Rule, Subject


def check(subject: Subject, context: Context) -> Findings:
    written = subject.declaration.meta.get("review_by")
    if written is None:
        return
    try:
        due = date.fromisoformat(str(written))
    except ValueError:
        message = "review_by is not a date: write it like 2027-03-01"
        yield subject.in_option("meta", str(written), message)
        return
    if due < context.today:
        message = f"the review was due on {due}: review the entry, and set a later review_by"
        yield subject.in_option("meta", str(written), message)


RULE = Rule("DV501", "review-overdue", entry=check)
