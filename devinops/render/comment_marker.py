"""The marker: the first line of a Markdown report, by which a later run finds its own comment.

The second line of the plans of many targets holds their digests.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, fields
from typing import Any, Final

from devinops.planning.digest_list import DigestList

_MARKER = re.compile(r"<!-- devinops: (\{.*\}) -->")
_UNSAFE = re.compile(r"[<>&@#!~%]|(?<=-)-")
"""What would end the comment, or what GitHub or GitLab could take for a reference."""
_DIGESTS = re.compile(r"<!-- devinops-digests: (.*) -->")
TOP: Final = "."
"""The root of a report if it is the top of the checkout."""
_DIGEST = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Marker:
    """What a Markdown report is about: a target, and the plan in it that can be applied.

    `target` is None if the run failed before it knew its target, and `all` for many. `organization`
    is None if it is not known or if the target is an enterprise. `digest` is None if nothing in the
    report can be applied. `commit` is the one that people review, None outside CI. `root` is the
    path of the root in the checkout: two roots can have targets of the same name.
    """

    target: str | None = None
    organization: str | None = None
    digest: str | None = None
    commit: str | None = None
    root: str = TOP

    def is_about(self, other: Marker) -> bool:
        """Return whether both are about one target; an unknown organization may be any.

        An unknown target is none of the others: a run that failed early must not hide their plans.
        """
        organizations = {self.organization, other.organization} - {None}
        return (self.root, self.target) == (other.root, other.target) and len(organizations) < 2

    def replaces(self, other: Marker) -> bool:
        """Return whether a report with this marker leaves nothing to know from one with the other.

        That is about the same target and organization, or the organization was not known.
        """
        return self.is_about(other) and other.organization in (None, self.organization)

    def is_after_failure(self, other: Marker) -> bool:
        """Return whether the other is of a run for another commit that did not know its target."""
        is_failure = other.target is None and self.target is not None
        return is_failure and self.root == other.root and self.commit != other.commit


def write(marker: Marker) -> str:
    """Return the marker as one line of Markdown, without a line end: an HTML comment."""
    text = _UNSAFE.sub(lambda match: f"\\u{ord(match[0]):04x}", json.dumps(asdict(marker)))
    return f"<!-- devinops: {text} -->"


def read(text: str) -> Marker | None:
    """Return the marker in the first line of the text; None if there is none or it is damaged."""
    first = text.partition("\n")[0].strip("\ufeff\r ")
    match = _MARKER.fullmatch(first)
    if match is None:
        return None
    try:
        document = json.loads(match[1])
    except (ValueError, RecursionError):
        return None
    return _marker(document)


def _marker(document: dict[str, Any]) -> Marker | None:
    """Return the marker in a document; members that it does not know are left out."""
    values: dict[str, Any] = {field.name: document.get(field.name) for field in fields(Marker)}
    values["root"] = document.get("root", TOP)
    if not all(value is None or isinstance(value, str) for value in values.values()):
        return None
    digest = values["digest"]
    if "target" not in document or "" in (values["target"], values["commit"]):
        return None
    if not values["root"] or not (digest is None or _DIGEST.fullmatch(digest)):
        return None
    return Marker(**values)


def write_digests(digests: DigestList) -> str:
    """Return the digests of many targets as one line of Markdown, without a line end."""
    return f"<!-- devinops-digests: {digests.packed()} -->"


def read_digests(text: str) -> DigestList | None:
    """Return the digests in the second line of a report; None if it has none.

    Raises ValueError if they are damaged, or are not those that the marker is about.
    """
    marker, second = read(text), text.split("\n", 2)[1:2]
    match = _DIGESTS.fullmatch(second[0].strip("\r ")) if second else None
    if match is None or marker is None or marker.digest is None:
        return None
    return DigestList.unpack(match[1]).checked(marker.digest)
