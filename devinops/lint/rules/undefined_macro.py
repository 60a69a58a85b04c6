"""The text mentions a macro that no entry defines.

Nothing happens when Devin or a person uses the macro. Correct it, or add the macro to a playbook or
note. A word with an exclamation mark counts as a macro if its line speaks of a macro or a playbook,
or if it is almost one that is defined.

Fails:

    playbooks/triage.md
    ---
    title: Triage
    macro: "!triage"
    ---
    1. Read the alert.
    knowledge/alerts.md
    ---
    name: Alerts
    trigger: When an alert fires
    ---
    Start the playbook !triag.

Passes:

    playbooks/triage.md
    ---
    title: Triage
    macro: "!triage"
    ---
    1. Read the alert.
    knowledge/alerts.md
    ---
    name: Alerts
    trigger: When an alert fires
    ---
    Start the playbook !triage.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from devinops.lint.markdown import line_around
from devinops.lint.rule import Context, Findings, Rule, Subject
from devinops.model.grouping import grouped
from devinops.model.patterns import LazyPattern
from devinops.model.suggest import nearest

_MACRO = LazyPattern(
    r"(?<![\w\u00c0-\u024f`!\\/.=<>&|({\[\"'$-])!([A-Za-z][A-Za-z0-9_-]{2,})(?![\w(=!]|\.\w|\[)"
    r"|(?<=[(\"'])!([A-Za-z][A-Za-z0-9_-]{2,})(?=[)\"'])",
    re.ASCII,
)
_NEGATION = LazyPattern(
    r"!(?:is|has|can|should)[A-Z]|(?<=unless )!|(?<=unless `)!|(?<=while )!|(?<=while `)!"
)
"""The beginning of a condition in code."""

_IN_CODE = LazyPattern(r"!([A-Za-z][A-Za-z0-9_-]{2,})")
_SPEAKS_OF_MACROS = LazyPattern(r"\b(?:macros?|playbooks?)\b|マクロ|プレイブック", re.IGNORECASE)
_OTHERS = frozenset(
    """and base64 binary cidr condition default env_var equals example findinmap getatt if
    important importvalue include join lambda macro macro-name my-macro name not or playbook
    ref reference secret select split sub unsafe vault""".split()
)
"""Tags of YAML, because those of Ansible are in playbooks too, a word of CSS, and examples."""

ALMOST = 0.8


def check(context: Context) -> Findings:
    # A typo keeps the first or the last letters.
    defined = grouped((end, macro) for macro in context.by_handle for end in _ends(macro))
    for subject in context.subjects:
        if "!" in subject.text:
            yield from _undefined(subject, context, defined)


def _undefined(
    subject: Subject, context: Context, defined: Mapping[str, Sequence[str]]
) -> Findings:
    for start, macro in _mentioned(subject):
        if macro.lower() in context.by_handle:
            continue
        candidates = (name for end in _ends(macro) for name in defined.get(end, ()))
        similar = nearest(macro, candidates, ALMOST)
        is_other = macro[1:].lower() in _OTHERS
        is_other = is_other or bool(_NEGATION.match(subject.text, start))
        speaks = not is_other and _SPEAKS_OF_MACROS.search(line_around(subject.text, start))
        if similar or speaks:
            hint = f' (did you mean "{similar}"?)' if similar else ""
            message = f"no entry defines the macro {macro}{hint}: correct it, or define it"
            yield subject.in_text(message, start, len(macro))


def _mentioned(subject: Subject) -> Iterator[tuple[int, str]]:
    """Yield offset and text of what may be a macro: in prose, or alone in code."""
    for match in _MACRO.finditer(subject.markdown.prose):
        yield match.start(), match[0]
    for span in subject.markdown.inline.code:
        macro = subject.text[span.start : span.end].strip()
        if _IN_CODE.fullmatch(macro):
            yield subject.text.index("!", span.start), macro


def _ends(macro: str) -> tuple[str, str]:
    return macro[:2].lower(), macro[-2:].lower()


RULE = Rule("DV404", "undefined-macro", repository=check)
