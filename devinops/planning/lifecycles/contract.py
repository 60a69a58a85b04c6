"""The lifecycle of secrets: a file describes the secret, and its value is kept elsewhere."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from devinops.model.changes import Action, Blocker, Change, FieldChange
from devinops.model.inventory import fingerprint
from devinops.model.kind import Role
from devinops.model.objects import Access, Declaration, Live
from devinops.model.values import UNSET
from devinops.planning.diff import changed_fields
from devinops.planning.draft import (
    PlanContext,
    PlanDraft,
    RollbackContext,
    Saved,
    declared_fields,
)
from devinops.planning.lifecycles.managed import EQUAL, Managed
from devinops.planning.match import Match

_DAYS = {"d": 1, "w": 7}


class Contract(Managed):
    """Plans objects that must exist. Creates, replaces and prunes one only with its value."""

    def _missing(self, match: Match, context: PlanContext, draft: PlanDraft) -> None:
        declaration = match.declaration
        personal = [
            live for live in context.foreign(declaration.key) if live.access is Access.PERSONAL
        ]
        noun = declaration.kind.name
        if personal:
            reason = (
                f"it exists as a personal {noun} only: add it as an organization {noun} in the web "
                "app"
            )
            draft.block(Blocker.REQUIREMENT, declaration, reason, personal[:1])
        elif not declaration.value_variable:
            source = declaration.kind.role(Role.VALUE_SOURCE)
            way = f", or let apply create it with {source.name}: {{env: NAME}}" if source else ""
            reason = f'the {noun} "{declaration.key.path}" is missing: add it in the web app{way}'
            draft.block(Blocker.REQUIREMENT, declaration, reason)
        else:
            fields = (*declared_fields(declaration.resource), _value_field(declaration))
            # A rotation deletes a secret before it creates it, so devinops may have deleted it.
            reason = f"{'no longer' if match.record else 'not'} in the organization"
            draft.changes.append(
                Change(Action.CREATE, declaration.key, reason, None, declaration, None, fields)
            )

    def _present(self, match: Match, live: Live, context: PlanContext, draft: PlanDraft) -> None:
        declaration, kind = match.declaration, live.kind
        differences = changed_fields(kind, declaration.resource, live.resource)
        broken: list[FieldChange] = []
        for field in differences:
            if kind.by_name[field.name].role is not Role.ADVISORY:
                broken.append(field)
            elif not _rotates(match):
                message = f"its {field.name} differs from the live one: make both the same"
                draft.warn(declaration, field.name, f"{kind.noun}-{field.name}", message)
        _warn_of_age(declaration, live, context, draft)
        if broken:
            differ = (f"{f.name} is {_value(f.before)}, not {_value(f.after)}" for f in broken)
            reason = f"{'; '.join(differ)}: no API can change that; re-create it in the web app"
            draft.block(Blocker.REQUIREMENT, declaration, reason, [live])
        elif context.has_inventory and declaration.value_variable:
            self._owned(match, live, context, draft)
        elif match.record:
            reason = (
                "its entry does not say where its value comes from, so people manage it, and it "
                "stays when the entry is removed"
            )
            draft.drop(match.record, live, reason, declaration)
        else:
            draft.unchanged += 1

    def _owned(self, match: Match, live: Live, context: PlanContext, draft: PlanDraft) -> None:
        """Replace the object if its version changed; adopt it if it is not owned yet."""
        declaration = match.declaration
        if match.record and not _rotates(match):
            draft.unchanged += 1
            return
        if match.record:
            rotation = declaration.kind.role(Role.ROTATION)
            assert rotation
            fields = (
                *changed_fields(live.kind, declaration.resource, live.resource),
                FieldChange(rotation.name, UNSET, getattr(declaration.resource, rotation.name)),
                _value_field(declaration),
            )
            action = Action.REPLACE
            reason = f"{rotation.name} changed: deleted and created again with a new id"
        else:
            reason = f"{EQUAL}, but no API shows its value"
            action, fields = Action.ADOPT, ()
        real = context.at_live_path(live)
        draft.changes.append(
            Change(action, declaration.key, reason, live.id, declaration, real, fields)
        )

    def rollback(
        self, saved: Saved, live: Live | None, context: RollbackContext, draft: PlanDraft
    ) -> None:
        key = saved.live.key
        if live is not None:
            draft.unchanged += 1
        elif context.live.under(key):
            note = (
                f"{key} was deleted and created again since then. Its value from before the run "
                f"{context.run} was never saved: to set another value, change version in its "
                "entry, and apply"
            )
            draft.notes.append((key, note))
        else:
            reason = (
                "it was deleted, and its value was not saved because no API can read it: add it in "
                "the web app, or declare it with value_from and apply"
            )
            draft.block(Blocker.REQUIREMENT, saved.declaration, reason)


def _value_field(declaration: Declaration) -> FieldChange:
    return FieldChange("value", UNSET, f"env:{declaration.value_variable}")


def _rotates(match: Match) -> bool:
    """Return whether the version of an owned object changed since the last apply."""
    rotation = match.declaration.kind.role(Role.ROTATION)
    if rotation is None or match.record is None or not match.declaration.value_variable:
        return False
    version = getattr(match.declaration.resource, rotation.name)
    last = match.record.fields.get(rotation.name)
    return version is not UNSET and (last is None or last.sent != fingerprint(version))


def _warn_of_age(
    declaration: Declaration, live: Live, context: PlanContext, draft: PlanDraft
) -> None:
    attribute = live.kind.role(Role.MAX_AGE)
    max_age = getattr(declaration.resource, attribute.name) if attribute else UNSET
    times = [time for time in (live.created_at, live.updated_at) if time is not None]
    if attribute is None or not isinstance(max_age, str) or not times:
        return
    days = (context.today - datetime.fromtimestamp(max(times), UTC).date()).days
    if days > int(max_age[:-1]) * _DAYS[max_age[-1]]:
        message = f"it is {days} days old, but {attribute.name} is {max_age}: rotate it"
        draft.warn(declaration, attribute.name, f"{live.kind.noun}-age", message)


def _value(value: Any) -> str:
    text = json.dumps(value) if isinstance(value, bool) else str(value)
    return "unset" if value is None else text
