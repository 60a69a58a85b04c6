"""Reads what sessions say about notes, to be said beside their changes in a plan."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from devinops import atomic
from devinops.model.inventory import TIME
from devinops.planning.run import Plans
from devinops.schema.base_document import convert, load_object
from devinops.schema.insight import InsightDocument
from devinops.schema.parts import TargetItem

_LONGEST_AGE: Final = timedelta(days=30)
_LARGEST: Final = 64 * 1024 * 1024


def note_uses(path: Path, plans: Plans) -> tuple[Mapping[str, str], str]:
    """Return the key of each note that sessions used → how often, without quotes; or why not.

    A plan does not need it, so a file that cannot be used never stops one.
    """
    try:
        found = convert(load_object(atomic.read(path, _LARGEST, follow=True)), InsightDocument)
        time = datetime.strptime(found.base.time, TIME).replace(tzinfo=UTC)
    except (OSError, ValueError):
        return {}, f"{path} is ignored: expected a file that devinops insight --format json wrote"
    planned = {each.name: TargetItem.of(each.target) for each in plans.targets if each.target}
    if {each.name: each.target for each in found.base.targets} != planned:
        return {}, f"{path} is ignored, because it is about another target"
    if abs(datetime.now(UTC) - time) > _LONGEST_AGE:
        age = f"not of the last {_LONGEST_AGE.days} days"
        return {}, f"{path} is ignored, because it is {age}: run devinops insight"
    of = f"of {found.base.analysed:,} analysed sessions"
    return {
        note.key: f"used well in {note.good}, misleading in {note.bad} {of}"
        for note in found.base.mentioned
    }, ""
