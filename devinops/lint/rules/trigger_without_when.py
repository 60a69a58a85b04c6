"""The trigger says what the note is about, but not when to use it.

Devin compares the trigger with its task. A title such as `Guide to our error format`, a thing such
as `The billing service`, or one word matches a question about it, but not the task in which it
matters.

A situation (`The build fails`), a condition (`Before a release`) and a task (`Fix flaky tests`) say
when. Only English triggers are checked; other languages are recognized by common words and endings.

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
from collections.abc import Sequence

from devinops.lint.rule import Context, Findings, Rule, Subject
from devinops.lint.rules._triggers import is_generic, is_unwritten, weight, words
from devinops.model.patterns import LazyPattern

_CONDITION = LazyPattern(
    r"\b(?:when(?:ever)?|where(?:ver)?|if|before|after|while|during|until|once|unless|upon|everytime"
    r"|(?:every|each|any)\s+time|in\s+case|(?<!for )use(?!\s+(?:of|cases?)\b)|(?:is|are|be)\s+used"
    r"|appl(?:y|ies)\s+(?:to|for|in)|triggers?\s+on|activates?|invoked?|recall\w*|needed"
    r"|asks?|asked|mentions?|says?|wants?|you\s+(?:must|need))\b",
    re.IGNORECASE,
)
_TASK = LazyPattern(
    r"\b(?:for|about|to|that|which|with|in|on(?!-)|at|from|into|against|any|all|every|task\w*|work\w*"
    r"|change\w*|question\w*|request\w*|issue\w*|bug\w*|[a-z]{3,}ing)\b",
    re.IGNORECASE,
)
"""What a description of a task contains, such as `changing the schema` or `bugs in billing`."""

_DOCUMENT = (
    r"(?:guides?|guidelines?|overviews?|information|info|documentation|docs|descriptions?|summary"
    r"|summaries|introduction|explanations?|reference|practices?|conventions?|standards?|details?"
    r"|notes?|tips|background|glossary|rules?|rule\s+files?|patterns|principles|techniques|prompts?"
    r"|basics|cheat\s?sheets?|knowledge|training|templates?|instructions?|skills?)"
)
_TITLE = LazyPattern(
    r"(?:(?:an?|the|our|this)\s+)?(?:"
    rf"(?:(?:page|file|entry|text|playbook|section|document|{_DOCUMENT})\s+)?"
    r"(?:(?:describ|explain|contain|document|list|provid|cover|defin|outlin|detail|summari[sz]|includ)"
    r"(?:e?s|ing)|shows|gives)\b|[^\s.:;]{1,30}\s+(?:rules?\s+for|guides?\s+to)\b"
    r"|(?!(?:add|chang|creat|edit|fix|generat|improv|maintain|read|review|translat|updat|writ)ing\b)"
    r"(?:(?!(?:about|at|by|from|in|of|on|to|with|an?|the|our|for)\b)[^\s.:;]+\s+){0,6}?"
    rf"{_DOCUMENT}(?:\W*$|[.,:;]|\s+(?:about|and|covering|for|from|in|including|of|on|that|to|with)\b))",
    re.IGNORECASE,
)
"""The name of a document: its first noun is one, or its first verb says what the text does."""

_SITUATION = LazyPattern(
    r"\b(?:is|are|was|were|has|have|does|to|\w+n['’]t|cannot|\w{2,}ed|fails?|breaks?|needs?|gets?"
    r"|goes|changes?|fires?|stops?|crash\w*|returns?|throws?|tasks?|bugs?|work|requests?|questions?"
    r"|issues?|errors?\s+in|failures?|[a-z]{3,}s\s+(?:an?|the|out|off|down|up))\b",
    re.IGNORECASE,
)
"""Something that happens, as in `The build fails`."""

_ARTICLE = LazyPattern(r"(?:an?|the|our|this|these|all)\s", re.IGNORECASE)

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
_SHORTEST = 10
"""Letters and digits of one word of a script without spaces; see `weight`."""


_PLAIN = frozenset({"when", "whenever", "if", "before", "after", "while", "during", "use"})
"""Words that say when, without the cost of a pattern."""


def check(subject: Subject, _: Context) -> Findings:
    when = subject.when.strip()
    if _names_a_topic(when, words(when)) and not (is_generic(when) or is_unwritten(when)):
        field = subject.kind.meaning.when
        message = (
            f"this {field} says what the {subject.kind.name} is about, but not when to use it: "
            "begin with `When` and the task"
        )
        yield subject.about(field, message)


def _names_a_topic(when: str, terms: Sequence[str]) -> bool:
    if len(terms) < 2:
        return bool(terms) and (when.isascii() or weight(when) < _SHORTEST)
    if not _PLAIN.isdisjoint(terms) or not _is_english(when):
        return False
    if _CONDITION.search(when) or _ORDER.match(when):
        return False
    is_short = len(terms) <= _LONGEST_TITLE and not _TASK.search(when)
    is_thing = is_short or bool(_ARTICLE.match(when))
    return bool(_TITLE.match(when)) or (is_thing and not _SITUATION.search(when))


def _is_english(text: str) -> bool:
    is_latin = all(char.isascii() for char in text if char.isalpha())
    if not is_latin or _FOREIGN.search(text):
        return False
    return not _GERMAN_VERB.search(text) or bool(_ENGLISH_EN.search(text))


RULE = Rule("DV103", "trigger-without-when", entry=check)
