"""A link runs a script, or the name of its host is written to look like another.

`javascript:` runs what follows, `data:` is a page without a host, and a Cyrillic letter in the name
of a host leads elsewhere than a reader sees. Write the `https:` address of the page. Embedded
pictures are not reported, and neither are hosts in one script.

In the example, `<U+0430>` stands for the Cyrillic letter itself.

Fails:

    knowledge/setup.md
    ---
    name: Setup
    trigger: When setting up the shop
    ---
    Install the tools from https://<U+0430>cme.dev/tools.

Passes:

    knowledge/setup.md
    ---
    name: Setup
    trigger: When setting up the shop
    ---
    Install the tools from https://acme.dev/tools.
"""

from __future__ import annotations

import re
from itertools import islice

from devinops.lint.rule import Context, Findings, Rule, Subject
from devinops.lint.rules._warnings import is_warned_of
from devinops.lint.rules.hidden_character import MOST
from devinops.model.patterns import LazyPattern

_SCRIPT = LazyPattern(
    r"(?:(?<=\]\()|(?<=[<\"'=])|(?<=\]:[ ])|(?<=\]:))[ ]?"
    r"(?:(?:java|vb)script|data(?!:image/(?!svg))):[^\s<>\"')]+",
    re.IGNORECASE,
    hints=("script:", "data:"),
)
_HOST = LazyPattern(r"(?:://|@)(?:[^\s/@]{0,99}@)?([^\s/?#:<>\"'`()\[\]]{1,253})")
_LOOKALIKE = LazyPattern(
    r"[a-z][^.]*[\u0370-\u052f\u13a0-\u13ff\uff21-\uff5a]|[\u0370-\u052f\u13a0-\u13ff\uff21-\uff5a][^.]*[a-z]",
    re.IGNORECASE,
)
"""Letters that look Latin, in one label with Latin ones: Greek, Cyrillic, Cherokee or wide."""


def check(subject: Subject, _: Context) -> Findings:
    if not subject.kind.document:
        return
    for match in _SCRIPT.finditer(subject.markdown.without_code):
        if not is_warned_of(subject.markdown, match.start()):
            message = (
                f"{match[0].strip()[:40]} runs here what nobody sees: write the https: address"
            )
            yield subject.in_text(message, match.start(), len(match[0]))
    hosts = () if subject.text.isascii() else _HOST.finditer(subject.text)
    for match in islice((host for host in hosts if _LOOKALIKE.search(host[1])), MOST):
        codes = ", ".join(f"U+{ord(char):04X}" for char in match[1] if not char.isascii())
        message = (
            f"the host {match[1]} mixes letters of two scripts ({codes}), so it is not the "
            "one that it seems: write its real name"
        )
        yield subject.in_text(message, match.start(1), len(match[1]))


RULE = Rule("DV307", "unsafe-address", entry=check, security="8.0")
