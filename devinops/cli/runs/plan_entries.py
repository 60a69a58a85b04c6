"""Plans a target from its entries: lists what they need, compares, and says who else changed it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property, partial

from devinops import waiting
from devinops.cli.declarations.options import Options
from devinops.cli.progress import Progress
from devinops.cli.runs.early_reading import EarlyReading, EarlyResult
from devinops.cli.session import Planned, Session
from devinops.kinds import KINDS
from devinops.model.changes import Action
from devinops.model.client_protocols import PageDecoder, Reader
from devinops.model.errors import FORBIDDEN, ApiError, stop_on_errors
from devinops.model.inventory import RECOVERY_WAITS_S, Inventory
from devinops.model.keys import listed
from devinops.model.objects import Problem, Snapshot
from devinops.model.policy import Approvals, Prune
from devinops.planning.capabilities import edition_problems
from devinops.planning.drift import without_secrets
from devinops.planning.folders import (
    needs_all_folders,
    used_folders,
    with_folders,
    with_seen_folders,
)
from devinops.planning.mentions import mentioning_kinds, naming_problems, unchecked
from devinops.planning.plan import Plan, PlanRequest, build_plan


def plan_entries(
    session: Session[Reader], approvals: Approvals, *, retry: bool = True, go_on: bool = False
) -> Planned:
    """Return the plan that results from the inventory, the organization and the entries.

    For `retry` see `retry_until_listed`, for `go_on` see `Session.read_inventory`. Raises ApiError,
    InventoryError, Stale.
    """
    # The inventory is read first: otherwise, objects created by a run that ends in between
    # would look as if they had been deleted outside devinops.
    early = session.early.take() if session.early else None
    inventory = early.inventory if early else session.read_inventory(go_on=go_on)
    compare = _Comparison(session, inventory, approvals, early).plan
    # Its lists must not stay in memory.
    early = None
    planned = retry_until_listed(session.options, inventory, compare) if retry else compare()
    plan = _with_history(planned.plan, session)
    notes = (*session.busy_notes(inventory), *session.place_notes(inventory), *plan.notes)
    refusals = (*session.misplaced(plan), *plan.refusals)
    return planned._replace(plan=replace(plan, notes=notes, refusals=refusals))


def early_reading(session: Session[Reader]) -> EarlyReading:
    """Begin to read what a plan needs, although the entries are not known yet."""
    progress = Progress(session.options, "reading")

    def snapshot(kinds: Collection[str], pages: Callable[[PageDecoder], None]) -> Snapshot:
        return session.client.snapshot(kinds, progress.at, verify=False, pages=pages, parents=False)

    fetch, kinds = lambda: session.store.fetch(), partial(_kinds, session)
    return EarlyReading(fetch, kinds, snapshot, progress, session.with_needed)


def retry_until_listed(
    options: Options, inventory: Inventory, plan: Callable[[], Planned]
) -> Planned:
    """Plan, and plan again later if the plan creates what an earlier run may have created.

    A list may show a new object with a delay, and creating it again would duplicate it.
    """
    planned = plan()
    for seconds in RECOVERY_WAITS_S:
        creates = (c.key for c in planned.plan.changes if c.action is Action.CREATE)
        unlisted = [str(key) for key in creates if key in inventory.unclear]
        if not unlisted:
            break
        options.say(
            f"an earlier run may have created {listed(unlisted)}, but the API does not list it "
            f"yet; checking again in {seconds:g} s"
        )
        waiting.pause(seconds)
        planned = plan()
    return planned


def _with_history(plan: Plan, session: Session[Reader]) -> Plan:
    """Return a plan with who changed what has drifted, and what replaced objects were made from."""
    if plan.drift or plan.blocked:
        from devinops.api.audit import with_editors

        shown = without_secrets(plan.drift), without_secrets(plan.blocked)
        drift, blocked = with_editors(*shown, session.client)
        plan = replace(plan, drift=drift, blocked=blocked)
    if any(change.action is Action.REPLACE for change in plan.changes):
        from devinops.git import Git
        from devinops.ingest.last_applied import with_versions

        contents = Git(session.settings.root).contents
        plan = replace(plan, changes=with_versions(plan.changes, plan.inventory, contents))
    return plan


def _kinds(session: Session[Reader], inventory: Inventory) -> set[str]:
    """Return the kinds to list: the selected ones of the entries and of the owned objects.

    So the key needs no permission for the others.
    """
    kinds = {entry.key.kind for entry in session.entries.own}
    kinds |= {record.key.kind for record in inventory.owned}
    kinds &= session.entries.selection.kinds
    if session.settings.policy.prune is Prune.SCOPE:
        # The folders of all objects decide what is in scope.
        kinds |= KINDS.with_referred(kind.noun for kind in KINDS.values() if kind.parent)
    return kinds


@dataclass
class _Comparison:
    """Compares the entries with what the API lists. `early` is what it has listed before."""

    session: Session[Reader]
    inventory: Inventory
    approvals: Approvals
    early: EarlyResult | None

    def plan(self) -> Planned:
        planned = self.compare()
        if planned.snapshot.unverified and not planned.plan.is_quiet:
            # An object that seems to be missing may have moved from one page to another.
            planned = self.compare(verify=True)
        return planned

    @cached_property
    def kinds(self) -> set[str]:
        return _kinds(self.session, self.inventory)

    def compare(self, *, verify: bool = False) -> Planned:
        session = self.session
        entries = [entry for entry in session.entries.own if entry.key.kind in self.kinds]
        snapshot = self.snapshot(verify=verify)
        if not snapshot.unverified:
            snapshot = session.with_promoted(snapshot, self.inventory, self.kinds)
        api, unknown = session.client.target.api, snapshot.unknown_fields
        problems = [*edition_problems(entries, api, unknown), *naming_problems(entries, snapshot)]
        stop_on_errors(problems)
        build = partial(self.build, problems)
        return self.with_mentioning(self.with_folders(snapshot, build), build, verify=verify)

    def snapshot(self, *, verify: bool) -> Snapshot:
        """Return a snapshot of the kinds without parents; some may have been listed early."""
        early, self.early = self.early, None
        kinds = self.session.with_needed(self.kinds) - early.kinds if early else self.kinds
        if early and not kinds:
            return early.snapshot
        snapshot = self.session.snapshot(kinds, verify=verify, parents=False)
        return early.snapshot.with_more(snapshot) if early else snapshot

    def with_folders(self, snapshot: Snapshot, build: Callable[[Snapshot], Plan]) -> Planned:
        """Return the plan of a snapshot that lacks the folders; list them if necessary."""
        session, inventory = self.session, self.inventory
        folders = session.unlisted(self.kinds)
        if not folders:
            return Planned(build(snapshot), snapshot)
        used = used_folders(session.entries.own)
        seen = None if session.entries.selection else with_seen_folders(snapshot, used, inventory)
        if seen:
            plan = build(seen)
            # After a list that is not verified, all of this is done again unless the plan is quiet.
            is_final = plan.is_quiet or seen.unverified
            if is_final or not needs_all_folders(plan.changes, seen, inventory):
                return Planned(plan, seen)
        snapshot = with_folders(snapshot, session.snapshot(folders, verify=False))
        return Planned(build(snapshot), snapshot)

    def with_mentioning(
        self, planned: Planned, build: Callable[[Snapshot], Plan], *, verify: bool
    ) -> Planned:
        """Return a plan that knows the objects whose texts may mention what it deletes."""
        plan, snapshot = planned
        client, target = self.session.client, self.session.client.target
        unlisted = mentioning_kinds(plan.changes, target.api, target.scope) - self.kinds
        if not unlisted:
            return planned
        refused: dict[str, ApiError] = {}
        for kind in sorted(unlisted):
            try:
                snapshot = snapshot.with_more(client.snapshot({kind}, verify=verify))
            except ApiError as error:
                if error.status != FORBIDDEN and not error.is_missing:
                    raise
                refused[kind] = error
        plan = build(snapshot)
        absent = {kind for kind, error in refused.items() if error.is_missing}
        notes = unchecked(plan.changes, refused.keys(), target.api, absent=absent)
        return Planned(replace(plan, notes=(*plan.notes, *notes)), snapshot)

    def build(self, warnings: Sequence[Problem], snapshot: Snapshot) -> Plan:
        entries = self.session.entries
        request = PlanRequest(
            self.session.client.target,
            self.session.settings.policy,
            datetime.now(UTC).date(),
            self.inventory,
            self.approvals,
            entries.merged,
            entries.selection,
        )
        declarations = entries.relevant(self.inventory)
        return build_plan(declarations, snapshot, request, warnings=(*entries.warnings, *warnings))
