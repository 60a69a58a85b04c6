"""The codes of the problems of loading. They stay stable: people search for them."""

from __future__ import annotations

from collections.abc import Mapping

from devinops.model.credentials import starred
from devinops.model.objects import Problem, Severity, Source

CODES: Mapping[str, str] = {
    # files
    "bad-pattern": "a pattern in `paths` or `ignore` that leads outside the root or is not valid",
    "empty-file": "a YAML file without entries (warning)",
    "hidden": "a path that leads through a name that begins with a dot, which is never read",
    "missing-file": "a file that does not exist, but is named as a `body_file` or under `targets`",
    "no-kind": "a Markdown file from `paths` that is not below a directory named knowledge or "
    "playbooks, or one of a layer that is below several of them",
    "no-match": "a pattern in `paths` that matches no file that can be read",
    "not-a-directory": "a file where a directory is expected",
    "not-a-file": "a directory, pipe or device where a file is expected",
    "not-read": "a file or directory whose name is probably a typo of a name that is read",
    "outside-root": "a path or symbolic link that leads outside the root",
    "same-file": "a symbolic link to a file that is also read under its own name, or a loop of "
    "such links",
    "same-folder": "two directories that stand for one folder, such as two Unicode forms of a name",
    "unreadable": "a file or directory that the operating system refuses to read",
    "unread": "a Markdown file near the root with the front matter of an entry, in a place that is "
    "not read (warning)",
    "unusable-layer": "a layer whose directory does not exist or overlaps with another one, or "
    "whose `where` selects no target",
    "unused-layer": "a directory of entries that no target gets",
    "unused-ignore": "a pattern in `ignore` that matches nothing in the root or in the directories "
    "that are read (warning)",
    # text
    "control-character": "a control character in text",
    "front-matter-open": "front matter without a closing --- line",
    "no-front-matter": "a Markdown file that does not begin with front matter",
    "not-utf8": "file content or a file name that is not UTF-8",
    # YAML
    "duplicate-key": "a key that occurs twice in one mapping",
    "too-deep": "more than 100 levels of nesting",
    "too-many-aliases": "aliases that expand the file beyond the limit",
    "yaml-alias": "an alias without an anchor, or inside the value that it refers to",
    "yaml-key": "a key that is not a string, or a merge key that does not merge",
    "yaml-number": "a number that JSON cannot represent",
    "yaml-syntax": "text that is not YAML",
    "yaml-tag": "a tag, such as a macro without quotes",
    # layers and targets
    "final-entry": "an entry that changes one of an earlier layer with `final: true`",
    "no-wave": "a target that is in no wave, although there are waves and it is not held",
    "several-waves": "a target that is in several waves",
    "unusable-wave": "a wave without targets or with the name of another one, with `require`, "
    "or with a target without an inventory on a branch",
    "no-target": "an entry that no target gets",
    "nothing-extended": "an entry with `extends: true` that extends nothing",
    "nothing-overridden": "an entry with `overrides: true` that overrides nothing (warning)",
    "unknown-label": "a label in `where` that no target has, but a similar one (warning)",
    "unsaid-override": "an entry with the key of one in an earlier layer that does not say what it "
    "does to it",
    # entries
    "text-twice": "both `body` and `body_file` are set",
    "contradiction": "two settings that cannot be used together",
    "duplicate-declaration": "two entries for one object, or for objects whose names differ only "
    "in their Unicode form",
    "empty-text": "empty text, which would erase the live text",
    "invalid-value": "a value of the right type that is not allowed",
    "merge-conflict": "text with the conflict markers of Git or of `devinops pull`",
    "merged-record": "a line of `devinops-merged/TARGET.jsonl` that cannot be read",
    "missing-field": "a required field that is missing",
    "placeholder": "the TODO that `devinops import` wrote for a person to replace (warning)",
    "superseded": "an entry of a kind that another kind replaces: it can only be deleted",
    "unquoted-title": "text that mentions an object by its title, but without quotation marks",
    "unknown-key": "a key that devinops does not know",
    "wrong-type": "a value of the wrong type",
}

WARNINGS = frozenset(
    {"empty-file", "nothing-overridden", "placeholder", "unknown-label", "unread", "unused-ignore"}
)


def problem(source: Source, code: str, message: str) -> Problem:
    """Return a problem with the severity of its code. Raises KeyError for an unknown code.

    What the message quotes from a file is shown without secrets.
    """
    CODES[code]
    message = starred(message)
    return Problem(source, code, message, Severity.WARNING if code in WARNINGS else Severity.ERROR)
