"""The trigger is equal or almost equal to that of another entry.

Devin recalls both notes, or either of them. If they belong together, merge them; otherwise say in
each trigger what tells it from the other. Two triggers are almost equal if one has all words of the
other and few more, but not if these are words such as `before`, `after` and `not`. Notes in all
folders are compared, but not those for different targets or pinned to different repositories.

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

import re
from collections.abc import Callable

from devinops.lint.rule import Context, Findings, LintFinding, Rule, Subject
from devinops.lint.rules._triggers import STOP, is_generic, is_unwritten
from devinops.lint.similar import Features, equal_groups, percent, reach, shared, terms, twins
from devinops.model.patterns import LazyPattern

THRESHOLD = 0.8
FEWEST = 3
"""Words that are compared: fewer of them are equal by chance."""

_TELLS_APART = """
after before cannot except fails from never no not only outside unless until without
aren didn doesn don isn wasn won
außer bevor bis kein keine keinem keinen keiner nach nachdem nicht nie niemals nur ohne vor
antes après avant después pas sans sin
"""
"""Words that put a trigger into another situation; of `isn't`, the part before the apostrophe."""

_FROM = LazyPattern(
    r"\b(?:from|von|aus)\s+(?:(?:the|our|an?|de[rmn]|die|das|eine[rmn]?)\s+)?(\w+)",
    re.IGNORECASE,
    hints=("from", "von", "aus"),
)
"""Where something comes from: `from A to B` has the words of `from B to A`."""


def check(context: Context) -> Findings:
    subjects = [s for s in context.subjects if s.is_used and _says_when(s.when)]
    texts = [subject.when for subject in subjects]
    reaches = [reach(subject.declaration.names, _repository(subject)) for subject in subjects]
    equal = dict(equal_groups(texts, reaches))
    for number, earlier in equal.items():
        yield _finding(subjects[number], subjects[earlier], "equal to")
    features = list(map(_features, texts))
    for twin in twins(
        reaches, features.__getitem__, THRESHOLD, _similarity(terms(_TELLS_APART, frozenset()))
    ):
        if twin.number not in equal:
            how = f"almost equal ({percent(twin.similarity)}) to"
            yield _finding(subjects[twin.number], subjects[twin.earlier], how)


def _says_when(when: str) -> bool:
    """Return whether a trigger can be compared: other rules report those that say nothing."""
    return bool(when) and not (is_generic(when) or is_unwritten(when))


def _similarity(telling: Features) -> Callable[[Features, Features], float]:
    """Return the function that compares triggers: two that each have a word of their own differ."""

    def measure(first: Features, second: Features) -> float:
        more = first ^ second
        is_one_in_the_other = first <= second or second <= first
        return shared(first, second) if is_one_in_the_other and not more & telling else 0.0

    return measure


def _features(text: str) -> Features:
    features = terms(text, STOP)
    features |= {term for name in _FROM.findall(text) for term in terms(f"from{name}", STOP)}
    return features if len(features) >= FEWEST else frozenset()


def _finding(subject: Subject, other: Subject, how: str) -> LintFinding:
    field = subject.kind.meaning.when
    message = (
        f"this {field} is {how} that of {other.declaration.key} "
        f"({other.declaration.source_of(field)}): merge the two, or say in each how it differs"
    )
    return subject.about(field, message, other)


def _repository(subject: Subject) -> str | None:
    """Return the repository to which an entry is pinned; None if it is for all."""
    return subject.pin if subject.pin not in ("", "all") else None


RULE = Rule("DV105", "duplicate-trigger", repository=check)
