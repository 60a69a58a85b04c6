"""The text still has a placeholder where something must be written.

Devin takes it for the rule, even in a comment. Replace it. Placeholders in code are not
checked: there they are often part of a template.

Fails:

    knowledge/build.md
    ---
    name: Build
    trigger: When building the shop
    ---
    Run the tests.

    TODO: say which.

Passes:

    knowledge/build.md
    ---
    name: Build
    trigger: When building the shop
    ---
    Run the unit tests. Leave no TODO comments.
"""

from __future__ import annotations

import re

from devinops.lint.inline import label
from devinops.lint.markdown import Markdown, line_around
from devinops.lint.rule import Context, Findings, Rule, Subject
from devinops.model.patterns import LazyPattern

_PLACEHOLDER = LazyPattern(
    r"(?:^[ \t]*(?:(?:[-*+>|]|\d+[.)]|#{1,6}|<!--)[ \t]+)*(?:\[[ xX]\][ \t]+)?"
    r"|(?<=[.!?][ ])|(?<=。)|(?<=<!--[ ]))[*_]{0,2}"
    r"(?P<mark>(?:TODO|TBD|TBC|FIXME|XXX)\b(?:\([^)\n]*\))?)[*_]{0,2}"
    r"[ \t]*(?:[:：]|[-–—](?!\w)|\.{3}|…|\.?[ \t]*(?:-->)?[ \t]*$"
    r"|(?=[ \t](?:add|ask|check|clarify|complete|confirm|decide|define|describe|document|explain"
    r"|fill|finish|fix|link|list|remove|replace|say|update|verify|write)\b))"
    r"|(?::[*_]{0,2}|\S[ \t]*\|)[ \t]*(?P<value>TODO|TBD|TBC|FIXME|XXX|\?{2,})[ \t]*(?:\||\(|\.?$)"
    r"|(?:^[ \t]*|\b)(?P<latin>lorem ipsum(?:\b dolor|\.{3}|…))"
    r"|(?P<bracket>\[(?:(?:insert|fill in|describe|replace|write)[ \t]|todo\b|tbd\b"
    r"|to be \w+(?=\])|your[ _]"
    r"|add[ \t]+(?:an?|the|your|more|any|details?|description|names?|links?|text|content|here)\b)"
    r"[^\]\n]{0,60}\])(?![\[(:])"
    r"|\b(?:is|are|remains?)[ ](?:still[ ])?(?P<open>TBD|TBC|TODO)\b"
    r"(?=[ \t]*(?:[.,;:)!]|$)|[ ](?:and|pending|until)\b)"
    r"|(?P<angle><(?:insert|fill in|todo|tbd|describe)\b[^>\n]{0,60}>"
    r"|(?<![\w/=.:@-])<your[ _-][^>\n]{1,40}>(?![\w/:@-]|\.\w))"
    r"|(?P<here>\byour (?:text|content|description) (?:goes )?here\b"
    r"|\b(?:text|content|description) goes here\b|\(fill (?:this )?in\b[^)\n]{0,40}\)"
    r"|\(to be (?:written|done|defined|decided|determined|added|completed)\)"
    r"|(?<=[:*|][ ])to be (?:announced|confirmed|decided|defined|determined)(?=[ \t]*(?:\||\.?$))"
    r"|^\W*coming soon\b(?=\W*$))",
    re.MULTILINE | re.IGNORECASE,
    hints=(
        "todo",
        "tbd",
        "tbc",
        "fixme",
        "xxx",
        "lorem",
        "??",
        "[",
        "<",
        " here",
        "(fill",
        "to be ",
        "coming soon",
    ),
)
_WRITTEN_AS_A_MARK = LazyPattern(r"TODO|FIXME|XXX|(?i:TBD|TBC)|\?")
_STATES = LazyPattern(
    r"\b(?:DONE|DOING|WIP|CLOSED|BACKLOG)\b|\bIN[ _-](?:PROGRESS|REVIEW)\b"
    r"|\b(?i:status|state|column|lane|label)\b"
)
"""Words next to which TODO is the state of a task."""

_CONTROLS = LazyPattern(
    r"\b(?:clicks?|press(?:es)?|taps?|selects?|chooses?|hits?|buttons?|keys?|options?|menus?)"
    r"(?:\s+(?:on|the))*\W{1,3}$",
    re.IGNORECASE,
)
"""What comes before the label of a control."""

_TAG = LazyPattern(
    r"^[ \t]*[-*+][ \t]+[*_]{0,2}(TODO|FIXME|HACK|XXX)\b",
    re.MULTILINE,
    hints=("todo", "fixme", "hack", "xxx"),
)
_ABOUT_TAGS = LazyPattern(
    r"\b(?:annotations?|comments?|keywords?|markers?|marks?|prefix(?:es)?|tags?|kommentar\w*)\b"
    r"|コメント|注释",
    re.IGNORECASE,
)
"""What a text says before a list of several tags, if it explains them."""


def check(subject: Subject, _: Context) -> Findings:
    texts = [
        (subject.kind.document, subject.markdown.without_code, subject.markdown),
        (subject.kind.meaning.when, subject.when, Markdown("")),
    ]
    for field, text, markdown in texts:
        explains_tags = _explains_tags(text, subject.when)
        for match in _PLACEHOLDER.finditer(text) if field else ():
            group = match.lastgroup or ""
            if (group == "mark" and explains_tags) or _is_meant(group, match, text, markdown):
                continue
            message = f"{match[group]} is a placeholder: write what belongs here"
            yield subject.at(field or "", message, match.start(group), len(match[group]))


def _is_meant(group: str, match: re.Match[str], text: str, markdown: Markdown) -> bool:
    """Return whether what looks like a placeholder is meant as it is."""
    written, start = match[group], match.start(group)
    if group == "bracket":
        before = text[max(start - len("buttons on the `"), 0) : start]
        is_name = written.startswith("[your") or label(written[1:-1]) in markdown.inline.labels
        return is_name or bool(_CONTROLS.search(before))
    if group not in ("mark", "value"):
        return False
    return not _WRITTEN_AS_A_MARK.match(written) or bool(_STATES.search(line_around(text, start)))


def _explains_tags(text: str, when: str) -> bool:
    """Return whether the text has a list of the tags of comments, and says so before it."""
    tags = list(_TAG.finditer(text))
    is_list = len({tag[1] for tag in tags}) > 1
    return is_list and bool(_ABOUT_TAGS.search(f"{when}\n{text[: tags[0].start()]}"))


RULE = Rule("DV207", "leftover-placeholder", entry=check)
