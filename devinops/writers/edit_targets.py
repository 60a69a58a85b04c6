"""Edits the targets in devinops.yaml, or in their own file; everything else stays. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from devinops.load import parse_yaml
from devinops.load.discover import with_lf
from devinops.writers import yaml_text
from devinops.writers.edit_fields import EditableFile, NotEditable
from devinops.writers.rewrite_file import in_raw

SECTION = "targets"


def new_file(targets: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the text of a new file with targets."""
    return "\n".join(yaml_text.mapping({SECTION: targets})) + "\n"


def with_targets(raw: str, titles: Mapping[str, str], new: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the text of a file with other titles of its targets, and with more targets.

    `titles` maps targets that have a title to a new one. Raises NotEditable.
    """
    file = EditableFile(with_lf(raw), markdown=False)
    splices = [
        splice
        for name, title in titles.items()
        for splice in file.mapping(SECTION, name).splices_to_replace("title", None, title)
    ]
    if new:
        splices.append(file.mapping(SECTION).append(new))
    text = in_raw(raw, splices)
    renamed = {name: {**_targets(raw)[name], "title": title} for name, title in titles.items()}
    if _targets(text) != {**_targets(raw), **renamed, **new}:
        raise NotEditable("another value would change too")
    return text


def naming_file(raw: str, path: str) -> str:
    """Return the text of a devinops.yaml without targets that then names a file with them.

    Raises NotEditable.
    """
    file = EditableFile(with_lf(raw), markdown=False)
    return in_raw(raw, [file.mapping().append({SECTION: path})])


def _targets(raw: str) -> Mapping[str, Any]:
    """Return the targets in a file. Raises NotEditable."""
    document, problems = parse_yaml(with_lf(raw), "", "targets")
    targets = document.data.get(SECTION) if document and isinstance(document.data, dict) else None
    if any(problem.code.startswith("yaml") for problem in problems) or not isinstance(
        targets, dict
    ):
        raise NotEditable("its targets are not a mapping")
    return targets
