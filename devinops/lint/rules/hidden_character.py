"""The text has characters that no reader sees, or that reorder what a reader sees.

Zero-width characters, tag characters and direction controls can hide instructions from a reviewer,
which Devin still reads. Joiners in emoji, in Persian and in the scripts of India are part of the
text, and are not reported. `--fix` deletes characters that only say where a line may break, in
words of triggers and texts.

In the example, `<U+200B>` stands for the character itself.

Fails:

    knowledge/push.md
    ---
    name: Push
    trigger: When pushing to acme/shop
    ---
    Never push<U+200B> to the main branch.

Passes:

    knowledge/push.md
    ---
    name: Push
    trigger: When pushing to acme/shop
    ---
    Never push to the main branch.
"""

from __future__ import annotations

import re
from itertools import islice

from devinops.lint.rule import Context, Findings, Rule, Subject
from devinops.model.invisible_characters import ZERO_WIDTH, hidden
from devinops.model.objects import Severity
from devinops.model.patterns import LazyPattern

LONGEST_RUN = 3
MOST = 50
"""Maximum findings in one text; more would tell nothing new."""

_WORD = LazyPattern(rf"[{ZERO_WIDTH}]*+[^\W_](?:[^\W_]|[{ZERO_WIDTH}])*+(?:(?<=[^\W_])[.,;:?!])?\Z")
"""Letters and digits; a mark may follow a letter."""


def check(subject: Subject, _: Context) -> Findings:
    for path, text in subject.texts():
        is_prose = isinstance(path, str) and subject.kind.by_name[path].text
        for run in islice(hidden(text), MOST):
            fix = run[0] if is_prose and _is_in_a_word(text, run) else ""
            yield subject.at(path, _message(run[0]), run.start(), len(run[0]), fix=fix)


def _is_in_a_word(text: str, run: re.Match[str]) -> bool:
    """Return whether a run only says where a line may break, in a word of letters and digits.

    Beside anything else, such as an asterisk, it may keep that from being syntax.
    """
    before = text[: run.end()].rsplit(maxsplit=1)[-1]
    after = text[run.start() :].split(maxsplit=1)[0].removeprefix(run[0])
    return set(run[0]) <= set(ZERO_WIDTH) and bool(_WORD.match(before + after))


def _message(run: str) -> str:
    codes = ", ".join(dict.fromkeys(f"U+{ord(char):04X}" for char in run[:LONGEST_RUN]))
    more = f" and {len(run) - LONGEST_RUN} more" if len(run) > LONGEST_RUN else ""
    if len(run) == 1:
        return f"{codes} is invisible here, and Devin reads it: remove it"
    return f"{codes}{more} are invisible here, and Devin reads them: remove them"


RULE = Rule("DV302", "hidden-character", Severity.ERROR, entry=check, security="8.0", fixable=True)
