"""Reads what sessions say about notes, to be said beside their changes in a plan."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from devinops import atomic
from devinops.applying.saved import LARGEST
from devinops.model.errors import UnusableFile
from devinops.model.inventory import TIME
from devinops.planning.run import Plans, Shared
from devinops.schema.base_document import check_version, convert, load_object
from devinops.schema.insight import InsightDocument
from devinops.schema.parts import TargetItem

_LONGEST_AGE: Final = timedelta(days=30)
_STEP: Final = "write it with devinops insight --format json"


def with_uses(path: Path, plans: Plans) -> tuple[Plans, Mapping[str, str]]:
    """Return the plans, and the key of each note that sessions used → how often, without quotes.

    No plan needs it, so a file that cannot be used only adds a note that says why.
    """
    try:
        found = _read(path, {TargetItem.of(each.target) for each in plans.targets if each.target})
    except UnusableFile as error:
        return replace(plans, notes=(*plans.notes, Shared(f"{path} is ignored: {error}", ()))), {}
    of = f"of {found.base.analysed:,} analysed sessions"
    return plans, {
        str(note.key): f"used well in {note.good}, misleading in {note.bad} {of}"
        for note in found.base.mentioned
    }


def _read(path: Path, planned: Set[TargetItem | None]) -> InsightDocument:
    """Return the document in a file. Raises UnusableFile, also for an old one or other targets."""
    try:
        document = load_object(atomic.read(path, LARGEST, follow=True))
        check_version(document, "it", f", or {_STEP}")
        found = convert(document, InsightDocument)
        age = abs(datetime.now(UTC) - datetime.strptime(found.base.time, TIME).replace(tzinfo=UTC))
    except OSError as error:
        raise UnusableFile(f"it cannot be read ({error.strerror}): {_STEP}") from None
    except ValueError:
        raise UnusableFile(f"it is not the output of devinops insight: {_STEP}") from None
    if age > _LONGEST_AGE:
        raise UnusableFile(f"it is not of the last {_LONGEST_AGE.days} days: {_STEP}")
    if planned != set(found.base.targets):
        raise UnusableFile(f"it is about another target: {_STEP}")
    return found
