"""The trigger says what the note is about, but not when to use it.

Devin compares the trigger with its task. A title such as `Guide to our error format` matches a
question about the format, but not the task in which the format matters.

A task, such as `Fix flaky tests`, says when. Only English triggers are checked; other languages are
recognized by common words and endings.

Fails:

    knowledge/errors.md
    ---
    name: Error envelope
    trigger: Describes the error format of our API
    ---
    Every error has a code and a message.

Passes:

    knowledge/errors.md
    ---
    name: Error envelope
    trigger: The error format of our API; use it when an endpoint can fail
    ---
    Every error has a code and a message.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from devinops.lint.rule import Rule
from devinops.lint.rules._triggers import is_generic, is_too_short, words
from devinops.lint.subject import Context, LintFinding, Subject
from devinops.model.objects import Severity
from devinops.model.patterns import LazyPattern

_CONDITION = LazyPattern(
    r"\b(?:when|whenever|where|if|before|after|while|during|until|once|unless|upon|everytime"
    r"|(?:every|each|any)\s+time|in\s+case|in\s+order|use|used|uses|using|ask(?:s|ed|ing)?"
    r"|needs?|needed|requir\w+|appl(?:y|ies)|trigger(?:s|ed)?|invoke\w*|recall\w*|must|should"
    r"|want(?:s|ed)?|says?|mentions?)\b",
    re.IGNORECASE,
)
_TASK = LazyPattern(
    r"\b(?:for|about|to|that|which|with|in|on|at|from|into|against|any|all|every|task\w*|work\w*"
    r"|change\w*|question\w*|request\w*|issue\w*|bug\w*|[a-z]{3,}ing)\b",
    re.IGNORECASE,
)
"""What a description of a task contains, such as `changing the schema` or `bugs in billing`."""

_TITLE = LazyPattern(
    r"(?:an?|the|our|this|general|some|detailed|complete|full|short|brief|quick)?\s*"
    r"(?:(?:note|document|page|file|entry|text|playbook|knowledge|section)\s+)?"
    r"(?:describes|explains|contains|documents|lists|provides|covers|defines|outlines|shows|details"
    r"|summari[sz]es|gives|includes|describing|explaining|containing|documenting|listing|providing"
    r"|covering|defining|outlining|guides?|guidelines?|overviews?|information|info|documentation"
    r"|docs|descriptions?|summary|summaries|introduction|explanations?|reference|best\s+practices?"
    r"|conventions?|standards?|details?|notes?|tips|background|glossary)\b",
    re.IGNORECASE,
)
_TITLE_AT_THE_END = LazyPattern(
    r"(?:[\w/-]+\s+){1,4}(?:standards|conventions|guidelines|guide|glossary|overview|principles"
    r"|basics|cheat\s?sheet)\W*",
    re.IGNORECASE,
)
_ORDER = LazyPattern(
    r"(?:add|build|change|configure|create|debug|deploy|design|fix|implement|install|investigate"
    r"|merge|migrate|open|publish|refactor|release|remove|rename|review|run|set\s+up|test|update"
    r"|upgrade|write)\s+(?:an?|the|any|all|new|our)\b"
    r"|(?:add|analy[sz]e|clean\s+up|configure|convert|create|debug|delete|deploy|diagnose|disable"
    r"|enable|extend|fix|generate|handle|implement|improve|install|integrate|investigate|migrate"
    r"|optimi[sz]e|prepare|provision|publish|refactor|remove|rename|renew|replace|reproduce|resolve"
    r"|restore|revoke|rewrite|roll\s+(?:back|out)|rotate|set\s+up|troubleshoot|upgrade|validate"
    r"|verify)\s+\w",
    re.IGNORECASE,
)
"""The task as an order, such as `Add an endpoint`."""

_FOREIGN = LazyPattern(
    r"\b(?:al|au|auf|aux|bei|beim|bevor|bij|cuando|das|del|der|des|di|die|du|een|ein|eine|el|gli|het|il"
    r"|im|la|las|le|les|lors|los|mit|nach|och|og|para|per|por|pour|quand|quando|sobre|und|una|une"
    r"|von|vor|wann|wanneer|wenn|zum|zur|alle[nrs]|kein\w{0,2}|lokale\w?|nach|neue\w?|nicht)\b"
    r"|[a-z]{3}(?:ieren|(?<!s)ungen)\b|[a-z]{4}(?:keit|heit|schaft|(?<!s)ung)\b",
    re.IGNORECASE,
)
_GERMAN_VERB = LazyPattern(r"\s[a-z]{2,}(?:[bdfghlmnprsz]en|chten|sten|llen)\W*$")
"""The verb at the end of a task in German, such as `anlegen`; few words of English end like it."""

_ENGLISH_EN = LazyPattern(
    r"\s(?:al|bur|children|chosen|dozen|frozen|garden|golden|happen|hidden|kitchen|listen|men"
    r"|open|screen|sudden|wooden|women)\w*\W*$"
)
_LONGEST_TITLE = 6


_PLAIN = frozenset({"when", "whenever", "if", "before", "after", "while", "during", "use"})
"""Words that say when, without the cost of a pattern."""


def check(subject: Subject, _: Context) -> Iterator[LintFinding]:
    when = subject.when
    terms = words(when)
    if is_too_short(when) or not _PLAIN.isdisjoint(terms) or is_generic(when):
        return
    if not _is_english(when) or _CONDITION.search(when) or _ORDER.match(when.strip()):
        return
    is_title = bool(_TITLE.match(when.strip()) or _TITLE_AT_THE_END.fullmatch(when.strip()))
    if is_title or (len(terms) <= _LONGEST_TITLE and not _TASK.search(when)):
        field = subject.kind.meaning.when
        message = (
            f"this {field} says what the {subject.kind.name} is about, but not when to use it: "
            "begin with `When` and the task"
        )
        yield subject.about(field, message)


def _is_english(text: str) -> bool:
    is_latin = all(char.isascii() for char in text if char.isalpha())
    if not is_latin or _FOREIGN.search(text):
        return False
    return not _GERMAN_VERB.search(text) or bool(_ENGLISH_EN.search(text))


RULE = Rule("DV103", "trigger-without-when", Severity.WARNING, entry=check)
