"""The text is also in a file of the repository that Devin reads by itself.

Devin reads AGENTS.md, CLAUDE.md, rules (`.mdc`, `.cursorrules`, `.windsurfrules`) and skills
(`SKILL.md`) of the repositories that it works in. A note with the same text costs context twice and
drifts apart. Keep the note only if it is for other repositories.

Fails:

    AGENTS.md
    # Rules

    Run the linter before every commit. Never push to the main branch. Ask before you add a
    dependency.
    knowledge/commits.md
    ---
    name: Commits
    trigger: When committing to acme/shop
    ---
    Run the linter before every commit. Never push to the main branch. Ask before you add a
    dependency.

Passes:

    AGENTS.md
    # Rules

    Run the linter before every commit. Never push to the main branch. Ask before you add a
    dependency.
    knowledge/commits.md
    ---
    name: Commits
    trigger: When committing to acme/shop
    ---
    Name the ticket in the first line of the message, and say why the change is needed, not what
    it is.
"""

from __future__ import annotations

from devinops.lint.rule import Context, Findings, Rule
from devinops.lint.similar import percent, runs
from devinops.model.objects import Severity

SHARE = 0.8
"""Share of the runs of three words that are in the file too."""

FEWEST = 12


def check(context: Context) -> Findings:
    files = {path: runs(text) for path, text in context.repository.rules().items()}
    for subject in context.subjects if files else ():
        own = runs(subject.text)
        field = subject.kind.document
        if field is None or len(own) < FEWEST:
            continue
        path = max(files, key=lambda path: len(own & files[path]))
        share = len(own & files[path]) / len(own)
        if share >= SHARE:
            message = (
                f"{path}, which Devin reads by itself, already says this ({percent(share)} of the "
                "text): remove one of the two, unless this is for other repositories"
            )
            yield subject.about(field, message)


RULE = Rule("DV208", "repeats-repository-rules", Severity.INFO, repository=check)
