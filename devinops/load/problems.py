"""The codes of problems found while loading. They are stable: people silence and search for them."""

from __future__ import annotations

from collections.abc import Mapping

from devinops.model.objects import Problem, Severity, Source

CODES: Mapping[str, str] = {
    # files
    "bad-pattern": "a pattern in `paths` or `ignore` leaves the root or cannot be used",
    "empty-file": "a YAML file without any entry (warning)",
    "hidden": "a path that leads through a name that begins with a dot, which is never read",
    "missing-file": "a `body_file` that does not exist",
    "no-kind": "a Markdown file from `paths` with no directory called knowledge or playbooks above it",
    "no-match": "a pattern in `paths` names nothing that can be read",
    "not-a-directory": "a file where a directory is expected",
    "not-a-file": "a directory, pipe or device where a file is expected",
    "not-read": "a file or directory whose name is nearly one that is read",
    "outside-root": "a path or symlink that leads out of the root",
    "same-file": "a symlink to something that is read under its own name as well, or a loop",
    "same-folder": "two directories that are one folder, such as two Unicode forms of one name",
    "unreadable": "the operating system refuses to read it",
    "unused-ignore": "a pattern in `ignore` matches nothing in the root or in the directories that are read (warning)",
    # text
    "control-character": "a control character in a text",
    "front-matter-open": "front matter without a closing line of ---",
    "no-front-matter": "a Markdown file that does not begin with front matter",
    "not-utf8": "bytes or a file name that are not UTF-8",
    # YAML
    "duplicate-key": "a key twice in one mapping",
    "too-deep": "more than 100 levels of nesting",
    "too-many-aliases": "aliases that grow the file beyond bounds",
    "yaml-alias": "an alias without its anchor, or inside of what it stands for",
    "yaml-key": "a key that is not a string, or a merge key that does not merge",
    "yaml-number": "a number that JSON cannot hold",
    "yaml-syntax": "not YAML",
    "yaml-tag": "a tag, such as a macro without quotes",
    # entries
    "text-twice": "both `body` and `body_file`",
    "contradiction": "two settings that exclude each other",
    "duplicate-declaration": "two entries for one object, or for two whose names differ only in their Unicode form",
    "empty-text": "a text that is empty, so that applying it would wipe the live one",
    "invalid-value": "a value of the right type that cannot be used",
    "missing-field": "a required field is missing",
    "superseded": "an entry of a kind that something else has taken the place of: it can only be deleted",
    "unknown-key": "a key that nobody knows",
    "wrong-type": "a value of another type than expected",
}

WARNINGS = frozenset({"empty-file", "unused-ignore"})


def problem(source: Source, code: str, message: str) -> Problem:
    """Return a problem with the severity of its code. Raises KeyError for a code that is not in the table."""
    CODES[code]
    return Problem(source, code, message, Severity.WARNING if code in WARNINGS else Severity.ERROR)
