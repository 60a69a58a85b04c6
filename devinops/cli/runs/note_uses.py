"""Reads what sessions say about notes, to be said beside their changes in a plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from devinops import atomic
from devinops.model.inventory import TIME
from devinops.planning.run import Plans, Shared
from devinops.schema.base_document import convert, load_object
from devinops.schema.insight import InsightDocument
from devinops.schema.parts import TargetItem

_LONGEST_AGE: Final = timedelta(days=30)


def with_uses(path: Path, plans: Plans) -> tuple[Plans, Mapping[str, str]]:
    """Return the plans, and the key of each note that sessions used → how often, without quotes.

    No plan needs it, so a file that cannot be used only adds a note that says why.
    """
    planned = {TargetItem.of(each.target) for each in plans.targets if each.target}
    try:
        found = convert(load_object(atomic.read(path, follow=True)), InsightDocument)
        age = abs(datetime.now(UTC) - datetime.strptime(found.base.time, TIME).replace(tzinfo=UTC))
    except (OSError, ValueError):
        why = ": expected a file that devinops insight --format json wrote"
    else:
        if planned == set(found.base.targets) and age <= _LONGEST_AGE:
            of = f"of {found.base.analysed:,} analysed sessions"
            return plans, {
                str(note.key): f"used well in {note.good}, misleading in {note.bad} {of}"
                for note in found.base.mentioned
            }
        is_old = f"not of the last {_LONGEST_AGE.days} days: run devinops insight"
        why = f", because it is {is_old if age > _LONGEST_AGE else 'about another target'}"
    return replace(plans, notes=(*plans.notes, Shared(f"{path} is ignored{why}", ()))), {}
