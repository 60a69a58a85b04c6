"""The text has characters that were damaged when it was read in a wrong encoding.

An `é` became `Ã©`, or U+FFFD, and nobody knows any more what a word was; Devin writes it on. Write
the right characters, and save the file as UTF-8. Code is not checked, and neither is a line about
encodings.

Fails:

    knowledge/menu.md
    ---
    name: Menu
    trigger: When changing the menu of the shop
    ---
    The cafÃ© has its own menu.

Passes:

    knowledge/menu.md
    ---
    name: Menu
    trigger: When changing the menu of the shop
    ---
    The café has its own menu.
"""

from __future__ import annotations

import re
from itertools import islice

from devinops.lint.markdown import line_around
from devinops.lint.rule import Context, Findings, Rule, Subject
from devinops.lint.rules.hidden_character import MOST
from devinops.model.patterns import LazyPattern

_REST = "\u0080-\u00bf€‚ƒ„†‡ˆ‰Š‹ŒŽ˜™š›œžŸ"
"""What the second byte of a character in UTF-8 is in Windows-1252, without common punctuation."""

_MARKS = "“”’‘•–—…"
_DAMAGE = LazyPattern(
    rf"[\ufffdÂÃÄÅÐÑâïðã-é](?:(?<=\ufffd)|(?<=[ÂÃÄÅÐÑ])[{_REST}–—]|(?<=[âï])[{_REST}{_MARKS}]{{2}}|(?<=ð)Ÿ"
    rf"|[{_REST}]{{2}}[ã-é][{_REST}]{{2}})[\ufffd{_REST}{_MARKS}]*"
)
_ABOUT_ENCODINGS = LazyPattern(
    r"mojibake|encod|decod|utf-?8|latin-?1|U\+FFFD|replacement\s+char|garbled|charset|1252",
    re.IGNORECASE,
)


def check(subject: Subject, _: Context) -> Findings:
    if subject.text.isascii():
        return
    text = subject.markdown.without_code
    for match in islice(_DAMAGE.finditer(text), MOST):
        if not _ABOUT_ENCODINGS.search(line_around(text, match.start())):
            message = (
                f"`{match[0]}` is a character in a wrong encoding: write what it was, and save the "
                "file as UTF-8"
            )
            yield subject.in_text(message, match.start(), len(match[0]))


RULE = Rule("DV210", "damaged-text", entry=check)
