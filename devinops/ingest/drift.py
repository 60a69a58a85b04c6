"""Writes what changed outside devinops into the file and field that it belongs to. Pure.

Which side of a field moved is decided as in a plan. If both did, a text is merged line by line; its
base is the file at the commit that the inventory recorded. Each changed file is read again in
memory: an edit that changes anything but its own field is not made.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from glob import escape
from shlex import quote
from typing import Any, NamedTuple

from devinops.ingest.last_applied import Read, cloned_commits, entries_at
from devinops.ingest.places import NewObject, Placed, Unread, write_into
from devinops.ingest.pull_result import Left, LeftToYou, Pulled
from devinops.ingest.pulling import Declared, Pulling
from devinops.ingest.renamed_folders import how_to_follow
from devinops.ingest.scan_live import findings
from devinops.ingest.unmanaged import IN_THE_WEB_APP, suspect
from devinops.kinds import KINDS
from devinops.load import dump_merged, merged_file
from devinops.load.discover import with_lf
from devinops.model.changes import FieldChange
from devinops.model.grouping import grouped
from devinops.model.inventory import MergedEdit, Record, by_object, fingerprint
from devinops.model.keys import Key, ObjectId, listed
from devinops.model.kind import Attribute, Kind
from devinops.model.objects import Declaration, Ensure, Live, Source
from devinops.model.policy import ADOPT, allow
from devinops.model.values import canonical_text
from devinops.planning.commands import forget_command, with_ids
from devinops.planning.diff import changed_fields
from devinops.planning.draft import names_of
from devinops.planning.drift import replacing_run
from devinops.planning.folders import (
    RenamedFolder,
    as_declared,
    recorded,
    renamed_folders,
    used_folders,
)
from devinops.planning.guards import are_too_many, missing_from_lists, moved
from devinops.planning.layers import Layer
from devinops.planning.lifecycles.managed import is_sent
from devinops.planning.match import Match, match, replaced
from devinops.planning.out_of_sight import doubt, promoted
from devinops.planning.three_way import Moved, moved_outside, sides
from devinops.writers import FileChange
from devinops.writers.edit_fields import NotEditable
from devinops.writers.merge_texts import TooManyEqualLines, merge
from devinops.writers.new_files import NewEntry, canonical
from devinops.writers.rewrite_file import EntryEdit, Rewriting, is_markdown, text_files


@dataclass(frozen=True)
class Files:
    """How the files of a root are read; paths are relative to it, with `/`.

    `read` returns the text that a file had when its entries were read, with its own line ends, and
    `known` the same or None if there was no such file.
    `read_objects` reads objects of Git, such as the files of an earlier commit.
    `committed` tells whether the commit that is checked out has a file as it is on disk.
    """

    read: Callable[[str], str]
    known: Callable[[str], str | None]
    read_objects: Read
    committed: Callable[[str], bool]


def pull_drift(readings: Sequence[Reading], files: Files, unread: Unread = lambda _: ()) -> Pulled:
    """Return the changes of files that bring in what changed outside devinops in some targets.

    What an entry gives to several targets changes there if it changed in all of them in the same
    way. Otherwise each target gets the value in its own layer, if it has one. `unread` tells the
    targets that were selected as well, but could not be read.
    """
    moves = _Moves()
    pulls = [_DriftPull(reading, files, moves, unread) for reading in readings]
    for pull in pulls:
        pull.compare()
    for pull in pulls:
        pull.collect()
    changes = [*_edited_files(pulls, files)]
    for pull in pulls:
        pull.record_merges()
        changes += pull.changes
    left = (item for pull in pulls for item in pull.left)
    edited = Pulled(
        tuple(sorted(dict.fromkeys(changes), key=lambda change: change.path)),
        tuple(sorted(left)),
    )
    return Pulled(tuple(file for pull in pulls for file in pull.overriding)) + edited


class Reading(NamedTuple):
    """What was read of a target.

    An object counts as deleted only if its kind is among the listed `kinds`.
    """

    pulling: Pulling
    kinds: frozenset[str]


class _Moves:
    """What changed outside devinops, and the names of the targets in which it did.

    `fields` is by `_move`, `deleted` by entry as written, and `renamed` by the old key and the new
    path of a folder. `kept` are the deleted entries whose files must stay.
    """

    def __init__(self) -> None:
        self.fields: defaultdict[tuple[Source, str, object], set[str]] = defaultdict(set)
        self.deleted: defaultdict[Source, set[str]] = defaultdict(set)
        self.kept: set[Source] = set()
        self.renamed: defaultdict[tuple[Key, str], set[str]] = defaultdict(set)


class _DriftPull:
    def __init__(self, reading: Reading, files: Files, moves: _Moves, unread: Unread) -> None:
        self.pulling, self.files, self.listed_kinds = reading.pulling, files, reading.kinds
        self.moves, self.unread = moves, unread
        self.snapshot = self.pulling.snapshot
        self.left: list[LeftToYou] = []
        self.changes: list[FileChange] = []
        self.matches: list[tuple[Match, Moved | None]] = []
        """Each entry with its object, and which fields changed on which side, if any did."""
        self.renamed: list[RenamedFolder] = []
        self.deleted: list[tuple[Declaration, Record, tuple[Left, str] | None]] = []
        """Entries whose objects were deleted, and why their files must stay."""
        self.edits: list[EntryEdit] = []
        self.has_edits = False
        self.overrides: list[NewObject] = []
        """What is written into the target's own layer, because others keep the entry."""
        self.overriding: list[FileChange] = []
        self.both_moved: dict[tuple[ObjectId, str], MergedEdit] = {}
        """The live values of fields that both sides changed."""
        self.earlier_merges = by_object(self.pulling.merged, self.pulling.inventory)
        self.still_merged: set[tuple[ObjectId, str, str]] = set()
        """Object, field and fingerprint of the live values that an earlier pull merged."""
        self.new_merges: list[tuple[Key, MergedEdit]] = []
        """What this pull merges into the files, with the keys of the entries."""
        self.live_keys: dict[Key, Key] = {}
        """Key of an entry → key of its object in the web app."""

    def compare(self) -> None:
        """Find out what changed on which side, so that the targets can be compared."""
        declared, pulling = self.pulling.concerned, self.pulling
        self.renamed = renamed_folders(used_folders(declared), pulling.snapshot, pulling.inventory)
        for folder in self.renamed:
            self.moves.renamed[folder.declared, folder.live.key.path].add(pulling.target.name)
        self.snapshot = as_declared(pulling.snapshot, self.renamed)
        matches = match(declared, self.snapshot, pulling.inventory)
        self.live_keys = {item.declaration.key: item.live.key for item in matches if item.live}
        deleted: list[tuple[Declaration, Record]] = []
        for item in matches:
            who_moved = None
            if self._concerns(item) and item.live:
                who_moved = self._compare_live(item, item.live)
            elif self._concerns(item) and item.record:
                deleted.append((item.declaration, item.record))
            self.matches.append((item, who_moved))
        self._compare_deleted(deleted)

    def _compare_live(self, item: Match, live: Live) -> Moved | None:
        """Return which fields changed on which side; None if they are left to the user.

        No other target then writes them either.
        """
        who_moved = self._sides(item, live)
        changes = (*who_moved.live, *who_moved.both)
        if changes and item.doubt:
            reason = with_ids(item.doubt, [each.id for each in (live, *item.rivals)])
            self._leave(item.declaration.key, Left.CONFLICT, reason, live.id)
            return None
        if self._leave_if_key_in_use(item, live, changes):
            return None
        for change in changes:
            self.moves.fields[_move(item, change, who_moved)].add(self.pulling.target.name)
        return who_moved

    def collect(self) -> None:
        """Collect what is to be written."""
        for folder in self.renamed:
            where = self.moves.renamed[folder.declared, folder.live.key.path]
            reason = how_to_follow(folder, self.renamed, self.pulling, where)
            self._leave(folder.declared, Left.MOVED, reason, folder.live.id)
        for item, who_moved in self.matches:
            if item.live and who_moved and (edit := self._edit_of(item, item.live, who_moved)):
                self.edits += edit.by_giver()
        self._delete_files()
        self._leave_undeclared([item for item, _ in self.matches])
        self._write_overrides()

    def _concerns(self, item: Match) -> bool:
        key, live = item.declaration.key, item.live
        selected = self.pulling.selects(key) or (
            live is not None and self.pulling.selects(live.key)
        )
        present = item.declaration.ensure is Ensure.PRESENT
        return selected and present and key.kind in self.listed_kinds and not item.namesakes

    def _leave(self, key: Key, why: Left, reason: str, *ids: str) -> None:
        self.left.append(LeftToYou(key, why, ids, reason, self.pulling.target.name))

    def _apply_command(self, key: Key, approval: str = "--on-conflict git") -> str:
        """Return the command that applies an entry, and advice: both end a sentence."""
        only = quote(escape(str(key)))
        command = f"devinops apply{self.pulling.flags} --only {only} {approval}"
        missing, owned = self._count_missing(key.kind)
        if not are_too_many(missing, owned, self.pulling.policy.max_delete):
            return command
        again = "pull again after another apply, which may change the number"
        return f"{command} {allow('missing', missing)}; {again}"

    # --- which side moved

    def _edit_of(self, item: Match, live: Live, who_moved: Moved) -> EntryEdit | None:
        declaration = item.declaration
        self.still_merged |= {
            (live.object_id, change.name, fingerprint(change.before)) for change in who_moved.merged
        }
        moved_live = (*who_moved.live, *who_moved.both)
        if not moved_live:
            self._leave_recreated(item, live)
            return None
        apart = [change for change in moved_live if not self._is_agreed(item, change, who_moved)]
        override = self._override(item, live, apart, who_moved)
        if apart and not override:
            names = [change.name for change in apart]
            self._leave_if_shared(declaration, "changed", live.id, names)
            return None
        live_values: Any = {change.name: change.before for change in moved_live}
        if suspicious := findings(type(live.resource)(**live_values)):
            self.left.append(suspect(live, suspicious, self.pulling.target.name))
            return None
        if override:
            self.overrides.append(override)
        in_place = [change for change in who_moved.live if change not in apart]
        if not item.record and (lost := self._not_in_git(declaration, in_place)):
            reason = (
                "the inventory does not have it, and the last commit does not have its "
                f"{', '.join(lost)} at {declaration.giver(lost[0]).source}: commit the file and "
                "pull again"
            )
            self._leave(declaration.key, Left.NOT_COMMITTED, reason, live.id)
            return None
        values = {change.name: _as_written(live.kind, change) for change in in_place}
        entry_edit = EntryEdit(declaration, live, values)
        for change in who_moved.both:
            assert item.record
            base, commit = item.record.fields[change.name].sent, item.record.commit or ""
            live_value = fingerprint(change.before)
            merged = MergedEdit(live.key, live.id, change.name, live_value, base, commit)
            self.both_moved[live.object_id, change.name] = merged
            self._merge(entry_edit, item.record, change)
        return entry_edit if entry_edit.fields else None

    def _is_agreed(self, item: Match, change: FieldChange, who_moved: Moved) -> bool:
        """Return whether a field changed in the same way in all targets that share its value."""
        users = self.pulling.declared.users(item.declaration.giver(change.name), change.name)
        return users <= self.moves.fields[_move(item, change, who_moved)]

    def _override(
        self, item: Match, live: Live, changes: Sequence[FieldChange], who_moved: Moved
    ) -> NewObject | None:
        """Return an entry of the target's own layer with these changes; None if none can be."""
        target, declaration = self.pulling.target, item.declaration
        key_fields, new = live.kind.key_fields, {change.name: change for change in changes}
        by_hand = {*key_fields, *(change.name for change in who_moved.both)} & new.keys()
        can_extend = new and not by_hand and self._own_layer(declaration)
        if not can_extend or self._unread_among(declaration):
            return None
        fields = declaration.resource.items()
        values: dict[str, Any] = {name: value for name, value in fields if name in key_fields}
        values |= {name: _as_written(live.kind, change) for name, change in new.items()}
        entry = NewEntry(live.kind.noun, {**values, "extends": True})
        accepted = self.pulling.places.checks.of(entry)
        if isinstance(accepted, str):
            return None
        return NewObject(target.name, target.enterprise, live, accepted)

    def _own_layer(self, declaration: Declaration) -> Layer | None:
        """Return the target's own layer, if an entry there can change what this one declares."""
        own = self.pulling.places.own(self.pulling.target.name)
        parts = declaration.parts
        can_change = own and all(p.rank < own.rank and not p.layering.final for p in parts)
        return own if can_change else None

    def _unread_among(self, declaration: Declaration) -> list[str]:
        """Return the targets of an entry that were selected, but could not be read."""
        unread = frozenset(self.unread(declaration.key.kind))
        return [n for part in declaration.parts for n in self._others(part) if n in unread]

    def _write_overrides(self) -> None:
        """Add the files with the entries of the target's own layer."""
        if not self.overrides:
            return
        own = self.pulling.places.own(self.pulling.target.name)
        assert own
        placed = Placed([], defaultdict(list), [])
        entries = [(new.written_in(own), [new]) for new in self.overrides]
        write_into(own, entries, self.pulling.places, placed)
        self.overriding += placed.files
        self.left += placed.left

    def _leave_recreated(self, item: Match, live: Live) -> None:
        """Leave to the user an object that replaces one of the inventory and has other values."""
        key = item.declaration.key
        old = replaced(key, self.snapshot, self.pulling.inventory)
        fields = changed_fields(live.kind, item.declaration.resource, live.resource)
        if old is None or item.record or not fields:
            return
        if shared := self._shared_advice(item.declaration, [field.name for field in fields]):
            write = f"{shared}; "
        else:
            pull = f"devinops pull{self.pulling.flags} --drift {quote(str(key))}"
            write = f"to write its values to the file, run {pull}; "
        reason = (
            f"it was {old.id}; differs in {names_of(fields)}: {write}to overwrite them, run "
            f"{self._apply_command(key, ADOPT.option)}"
        )
        self._leave(key, Left.RECREATED, reason, live.id)

    def _shared_advice(self, declaration: Declaration, fields: Sequence[str] = ()) -> str:
        """Return what to do if an entry is for other targets too; empty if it is not.

        If several layers made it, those count that gave one of the `fields`. Without fields, its
        object was deleted, and all layers count.
        """
        all_parts: list[tuple[Declaration, str | None]] = [(p, None) for p in declaration.parts]
        chosen = [(declaration.giver(name), name) for name in fields] or all_parts
        shared = ((part, others) for part, name in chosen if (others := self._others(part, name)))
        part, others = next(shared, (declaration, []))
        if not others:
            return ""
        remedy = "edit it by hand, or give each target an entry with targets"
        if {*declaration.kind.key_fields}.intersection(fields):
            remedy = "make the same change there, or undo it"
        elif place := self._later_place(declaration):
            what = "what is different here" if fields else "`ensure: absent` for it"
            remedy = f"edit it by hand, or write {what} into {place}"
        return f"its entry at {part.source} is also for {listed(others)}: {remedy}"

    def _later_place(self, declaration: Declaration) -> str:
        """Return where the target can change a shared entry; empty if no layer can."""
        if any(part.layering.final for part in declaration.parts):
            return ""
        if not self._others(declaration):
            return f"the entry of a later layer, such as {declaration.source.path}"
        if own := self._own_layer(declaration):
            return own.path
        return "a layer" if self.pulling.declared.has_layers else ""

    def _others(self, part: Declaration, field: str | None = None) -> list[str]:
        """Return the other targets that get a field from an entry as written, or anything."""
        users = self.pulling.declared.users(part, field) - {self.pulling.target.name}
        return [name for name in self.pulling.declared.names if name in users]

    def _leave_undeclared(self, matches: Iterable[Match]) -> None:
        """Leave to the user the owned objects that changed outside devinops and have no entry."""
        declared = {live.object_id for item in matches for live in item.lives}
        flags = self.pulling.flags
        for record in self.pulling.inventory.owned:
            key, live = record.key, self.snapshot.by_id.get(record.object_id)
            if live is None or live.object_id in declared or key in self.pulling.named:
                continue
            names = moved_outside({**record.read, **record.left_out}, live.resource)
            if live.ours and names and self.pulling.selects(key):
                live_key = self.pulling.snapshot.by_id[live.object_id].key
                reason = (
                    f"its {', '.join(names)} changed outside devinops, but it has no entry: to "
                    f"write one, run devinops pull{flags} {quote(str(live_key))}; to stop owning "
                    f"it, run {forget_command(key, flags)}"
                )
                self._leave(key, Left.OWNED, reason, record.id)

    def _leave_if_shared(
        self, declaration: Declaration, what: str, id: str, fields: Sequence[str] = ()
    ) -> bool:
        """Leave an entry to the user if it is for other targets too; return whether it was left."""
        if unread := self._unread_among(declaration):
            shared = f"its entry at {declaration.source} is also for {listed(unread)}, which could "
            shared += "not be read: pull again when that works"
        else:
            shared = self._shared_advice(declaration, fields)
        if shared:
            reason = f"{what} outside devinops in {self.pulling.target.name}, but {shared}"
            self._leave(declaration.key, Left.SHARED, reason, id)
        return bool(shared)

    def _leave_if_key_in_use(self, item: Match, live: Live, fields: Sequence[FieldChange]) -> bool:
        """Leave an object to the user if its new key is in use, or is written in several layers.

        Returns whether it was left.
        """
        written = {
            field.name: field.before for field in fields if field.name in live.kind.key_fields
        }
        if not written:
            return False
        if item.declaration.chain:
            places = " and ".join(str(part.source) for part in item.declaration.parts)
            reason = f"its {', '.join(written)} changed in the web app: write that at {places}"
            if shared := self._shared_advice(item.declaration, [*written]):
                reason += f", but {shared}"
            self._leave(item.declaration.key, Left.UNWRITABLE, reason, live.id)
            return True
        key = live.kind.key(replace(item.declaration.resource, **written))
        return self._leave_if_taken(item.declaration, live, key)

    def _leave_if_taken(self, declaration: Declaration, live: Live, key: Key) -> bool:
        """Leave an object whose new key another entry or object has; return whether it was left."""
        users = [d for d in self.pulling.concerned if d.key == key and d != declaration]
        others = [other.id for other in self.snapshot.under(key) if other.id != live.id]
        if not (users or others):
            return False
        named = [*(f"the entry at {user.source}" for user in users), *others]
        remedy = f"rename one of them {IN_THE_WEB_APP}" if others else self._advice_for_key(key)
        reason = (
            f"it was renamed to {key} in the web app, and that key is in use "
            f"({', '.join(named)}): {remedy}"
        )
        self._leave(declaration.key, Left.NAMESAKES, reason, live.id, *others)
        return True

    def _advice_for_key(self, key: Key) -> str:
        """Return what frees a key that another entry has, but no other object."""
        # Follow the renames: the object of the entry with this key may have a new key, and so on.
        passed: set[Key] = set()
        while (new_key := self.live_keys.get(key, key)) != key and key not in passed:
            passed.add(key)
            key = new_key
        if key in passed:
            return "the objects swapped names: swap them in the files too"
        if passed and all(entry.key != key for entry in self.pulling.concerned):
            return "that object was renamed too, so pull again when its entry has the new name"
        return f"rename one of them {IN_THE_WEB_APP}"

    def _sides(self, item: Match, live: Live) -> Moved:
        declaration, record = item.declaration, item.record
        if record is not None:
            values = declaration.resource, live.resource
            merged = self.earlier_merges.get(live.object_id, {})
            moved = sides(live.kind, recorded(record, live), *values, merged, record.left_out)
            return moved._replace(live=moved.live + moved.left_out)
        if declaration.key in self.pulling.named or live.key in self.pulling.named:
            return Moved(live=changed_fields(live.kind, declaration.resource, live.resource))
        return Moved()

    def _merge(self, entry_edit: EntryEdit, record: Record, change: FieldChange) -> None:
        """Decide what to write for a field that both sides changed."""
        attribute = entry_edit.live.kind.by_name[change.name]
        ours, theirs = change.after, change.before
        if not (attribute.text and isinstance(ours, str) and isinstance(theirs, str)):
            entry_edit.conflicts[change.name] = theirs
            return
        base = self._base(entry_edit.declaration, record, attribute)
        if base is None:
            return
        try:
            merged = merge(base, ours, canonical_text(theirs))
        except TooManyEqualLines:
            why = f"they have too many equal lines to be merged: {self._how_to_merge(record)}"
            reason = f"its {change.name} changed on both sides, and {why}"
            self._leave(entry_edit.key, Left.CONFLICT, reason, record.id)
            return
        if not merged.conflicts:
            if merged.text != ours:
                entry_edit.values[change.name] = merged.text
            else:
                self.new_merges.append(
                    (entry_edit.key, self.both_moved[entry_edit.live.object_id, change.name])
                )
            reason = f"its {change.name} has the changes of both sides now: {self._commit_step()}"
            self._leave(entry_edit.key, Left.MERGED, reason, record.id)
        elif "\n" in ours + theirs or attribute.name == entry_edit.live.kind.document:
            entry_edit.marked[change.name] = merged.text
        else:
            entry_edit.conflicts[change.name] = theirs

    def _base(self, entry: Declaration, record: Record, attribute: Attribute) -> str | None:
        """Return a field as it was in the file of the entry at the last apply.

        If that is not known, leave the object to the user and return None.
        """
        source = entry.giver(attribute.name).source.path if entry.chain else record.source
        commit, by_hand = record.commit, self._how_to_merge(record)
        if not (commit and source):
            why = f"the inventory has no commit to merge from: {by_hand}"
        elif not cloned_commits([commit], self.files.read_objects):
            why = (
                f"the commit {commit[:12]} of the last apply is not in this clone: run git "
                f"fetch --unshallow, or git fetch origin {commit}, and pull again"
            )
        else:
            why = f"{source} at the commit {commit[:12]} is not what was applied: {by_hand}"
            before = self._entry_at(commit, source, record.key)
            base = getattr(before.resource, attribute.name) if before else None
            if isinstance(base, str) and fingerprint(base) == record.fields[attribute.name].sent:
                return base
        reason = f"its {attribute.name} changed on both sides, and {why}"
        self._leave(record.key, Left.NO_BASE, reason, record.id)
        return None

    def _not_in_git(self, declaration: Declaration, fields: Iterable[FieldChange]) -> list[str]:
        """Return the fields whose values in the files the last commit does not have."""
        lost = []
        for field in fields:
            path = declaration.giver(field.name).source.path
            known = self._entry_at("HEAD", path, declaration.key)
            if not known or getattr(known.resource, field.name) != field.after:
                lost.append(field.name)
        return lost

    def _how_to_merge(self, record: Record) -> str:
        """Return how a person merges both sides."""
        return (
            f"compare them with devinops plan{self.pulling.flags} -v, edit the file until it has "
            f"both, then {self._apply_command(record.key)}"
        )

    def _entry_at(self, commit: str, path: str, key: Key) -> Declaration | None:
        """Return an entry as it was at a commit; None if it did not exist."""
        entries = entries_at([(commit, path)], self.files.read_objects).get((commit, path), ())
        return next((entry for entry in entries if entry.key == key), None)

    # --- deleted outside

    def _compare_deleted(self, deleted: Sequence[tuple[Declaration, Record]]) -> None:
        """Find out for which deleted objects the file could be deleted."""
        live = self.pulling.snapshot.by_id
        guards = {
            kind: self._why_files_stay(kind) for kind in {entry.key.kind for entry, _ in deleted}
        }
        for declaration, record in deleted:
            key = declaration.key
            if record.object_id in live:
                continue
            if run := replacing_run(key, self.pulling.inventory):
                reason = f"the run {run} did not finish replacing it: run devinops apply"
                self._leave(key, Left.DELETED, f"{reason}{self.pulling.flags}", record.id)
                continue
            why_none = guards[key.kind] if key not in self.pulling.named else ""
            obstacle = self._obstacle(declaration, record, why_none)
            self.deleted.append((declaration, record, obstacle))
            self.moves.deleted[declaration.source].add(self.pulling.target.name)
            if obstacle:
                self.moves.kept.add(declaration.source)

    def _delete_files(self) -> None:
        """Delete the files whose only object was deleted outside devinops in all their targets."""
        for declaration, record, obstacle in self.deleted:
            key, users = declaration.key, self.pulling.declared.users(declaration, None)
            is_for_others = declaration.chain or not users <= self.moves.deleted[declaration.source]
            if is_for_others and self._leave_if_shared(declaration, "deleted", record.id):
                continue
            if obstacle:
                self._leave(key, *obstacle, record.id)
            elif declaration.source not in self.moves.kept:
                self.changes.append(FileChange(declaration.source.path, None, (key,)))

    def _obstacle(
        self, declaration: Declaration, record: Record, why_none: str
    ) -> tuple[Left, str] | None:
        """Return why the file of a deleted object must stay; None if nothing is in the way.

        `why_none` says why no file of its kind is deleted.
        """
        key, path = declaration.key, declaration.source.path
        if reason := promoted(self.pulling.snapshot, record):
            return Left.DELETED, reason
        if not is_sent(declaration.resource, record.fields):
            return Left.CONFLICT, (
                f"deleted outside devinops, but changed in {path}: remove the entry, or "
                f"create it again with {self._apply_command(key)}"
            )
        if declaration.chain:
            places = " and ".join(str(part.source) for part in declaration.parts)
            return Left.DELETED, f"deleted outside devinops: remove its entries at {places}"
        if why_none:
            return Left.DELETED, f"{why_none} To delete {path}, name the key"
        if self.pulling.declared.entries_in[path] > 1:
            reason = f"deleted outside devinops: remove its entry at {declaration.source}"
            return Left.DELETED, reason
        if not self.files.committed(path):
            return Left.NOT_COMMITTED, (
                f"deleted outside devinops, but {path} has changes that are not in the last "
                "commit: commit it and pull again, or delete it by hand"
            )
        return None

    def _why_files_stay(self, kind: str) -> str:
        """Return why no file of a kind is deleted; empty if nothing speaks against that.

        Too many of its objects are missing, or they may be hidden from the key.
        """
        missing, owned = self._count_missing(kind)
        if not are_too_many(missing, owned, self.pulling.policy.max_delete):
            target = self.pulling.target
            may = doubt(KINDS[kind], target.scope)
            can_be_found = KINDS[kind].is_promoted(target.api)
            return f"{may}, so its file stays." if may and not can_be_found else ""
        return (
            f"{missing_from_lists(kind, missing, owned)}, so no file is deleted: check that the "
            f"API key belongs to the right organization.{moved(kind, missing, owned)}"
        )

    def _count_missing(self, kind: str) -> tuple[int, int]:
        """Return how many owned objects of a kind are not listed, and how many are owned."""
        owned, live = self.pulling.inventory.owned, self.pulling.snapshot.by_id
        of_kind = [record for record in owned if record.key.kind == kind]
        return sum(record.object_id not in live for record in of_kind), len(of_kind)

    # --- editing

    def add_edit(
        self, rewriting: Rewriting, item: EntryEdit, done: set[tuple[Source, str]]
    ) -> None:
        """Add the changes of an entry, or if they do not all fit, of each of its fields that do.

        What is `done` was added for another target.
        """
        source = item.declaration.source
        new = item.only([name for name in item.fields if (source, name) not in done])
        self._edited(item.only({*item.fields}.difference(new.fields)), rewriting.path)
        if not new.fields:
            return
        try:
            rewriting.add(new)
        except NotEditable as error:
            parts = new.parts()
            if len(parts) == 1:
                self.leave_unwritable(new, error)
                return
            for part in parts:
                self.add_edit(rewriting, part, done)
            return
        done.update((source, name) for name in new.fields)
        self._edited(new, rewriting.path)

    def _edited(self, item: EntryEdit, path: str) -> None:
        """Note what was written of an entry to the file `path`."""
        self.has_edits = self.has_edits or bool(item.fields)
        edits = ((item.live.object_id, name) for name in item.fields)
        self.new_merges += (
            (item.key, self.both_moved[edit]) for edit in edits if edit in self.both_moved
        )
        for name in (*item.marked, *item.conflicts):
            reason = (
                f"its {name} changed on both sides: edit the text at the conflict markers in "
                f"{path}, then {self._commit_step()}"
            )
            self._leave(item.key, Left.CONFLICT, reason, item.live.id)

    def _commit_step(self) -> str:
        """Return the step after a merge."""
        return (
            f"commit it together with {merged_file(self.pulling.target.name)}; the next apply "
            "writes it, unless somebody edits the live object again"
        )

    def record_merges(self) -> None:
        """Record the values that were merged; drop records of values that no longer are.

        If the pull changes nothing else, old lines stay.
        """
        if not (self.new_merges or self.changes or self.has_edits):
            return
        path, new = merged_file(self.pulling.target.name), [edit for _, edit in self.new_merges]
        edits = {edit._replace(source=Source("")) for edit in (*self._remaining_merges(), *new)}
        before, after = self.files.known(path), dump_merged(edits)
        if after != (before or ""):
            keys = tuple(sorted({key for key, _ in self.new_merges}))
            self.changes.append(FileChange(path, after, keys, is_new=before is None))

    def _remaining_merges(self) -> Iterator[MergedEdit]:
        """Yield the records of earlier merges that still hold, or that this pull cannot judge."""
        skipped = {item.live.object_id for item, who in self.matches if item.live and who is None}
        for edit in self.pulling.merged:
            is_judged = edit.key.kind in self.listed_kinds and edit.object_id not in skipped
            if not is_judged or (edit.object_id, edit.field, edit.live) in self.still_merged:
                yield edit

    def leave_unwritable(self, item: EntryEdit, error: NotEditable) -> None:
        why = Left.CONFLICT if item.conflicts or item.marked else Left.UNWRITABLE
        names = ", ".join(item.fields)
        reason = f"its {names} cannot be written at {item.declaration.source}, because {error}: "
        self._leave(item.key, why, f"{reason}edit it by hand", item.live.id)


def _move(item: Match, change: FieldChange, who_moved: Moved) -> tuple[Source, str, object]:
    """Return what is equal for a field that changed in two targets in the same way."""
    new: object = repr(change.before)
    if item.record and change in who_moved.both:
        new = new, item.record.fields[change.name].sent, item.record.commit
    return item.declaration.giver(change.name).source, change.name, new


def _edited_files(pulls: Sequence[_DriftPull], files: Files) -> Iterator[FileChange]:
    """Yield the changed files, and those that hold texts of their entries."""
    by_path = grouped(
        (edit.declaration.source.path, (pull, edit)) for pull in pulls for edit in pull.edits
    )
    users = cache(lambda: _text_files(pulls[0].pulling.declared, files))
    for path, edits in by_path.items():
        try:
            rewriting = Rewriting(path, files.read, lambda text_file: users()[text_file])
        except NotEditable as error:
            for pull, edit in edits:
                pull.leave_unwritable(edit, error)
            continue
        done: set[tuple[Source, str]] = set()
        for pull, edit in edits:
            pull.add_edit(rewriting, edit, done)
        yield from rewriting.changes()


def _text_files(declared: Declared, files: Files) -> Counter[str]:
    """Return the files that hold texts of entries, and how many entries name each."""
    paths = {source.path for source, entry in declared.written.items() if entry.kind.document}
    return Counter(
        text_file
        for path in paths
        if not is_markdown(path)
        for text_file in text_files(path, with_lf(files.read(path)))
    )


def _as_written(kind: Kind, change: FieldChange) -> Any:
    """Return the live value of a field as files have it; a set ends with what is new in it."""
    attribute, old = kind.by_name[change.name], change.after
    new = canonical(attribute, change.before)
    if attribute.is_set and isinstance(old, list):
        return [*(x for x in old if x in new), *(x for x in new if x not in old)]
    return new
