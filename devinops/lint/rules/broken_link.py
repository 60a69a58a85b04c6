"""A relative link or image does not lead to a file.

Devin follows the link and finds nothing. Correct the path, write the whole URL, or name the
repository that has the file. A link counts as right if the file exists relative to the file of the
text, to the root, or to the top of the Git checkout. One that leads out of the checkout, as to
another repository beside it, is not checked.

Fails:

    knowledge/build.md
    ---
    name: Build
    trigger: When building the shop
    ---
    Follow [the checklist](texts/checklist.md).

Passes:

    knowledge/build.md
    ---
    name: Build
    trigger: When building the shop
    ---
    Follow [the checklist](../texts/checklist.md).
    texts/checklist.md
    1. Run the tests.
"""

from __future__ import annotations

from collections.abc import Iterator

from devinops.lint.relative_links import names_a_file, relative_path
from devinops.lint.rule import Rule
from devinops.lint.subject import Context, LintFinding, Subject
from devinops.model.objects import Severity


def check(subject: Subject, context: Context) -> Iterator[LintFinding]:
    for target in subject.markdown.inline.targets:
        written = subject.text[target.start : target.end]
        path = relative_path(written)
        if names_a_file(path) and not context.has_file(path, subject):
            message = (
                f"{written.strip('<>')} does not lead to a file: correct the path, write the whole "
                "URL, or name the repository that has the file"
            )
            yield subject.in_text(message, target.start, target.end - target.start)


RULE = Rule("DV205", "broken-link", Severity.WARNING, entry=check)
