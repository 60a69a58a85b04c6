"""The snapshot and the five calls, for both APIs: what differs between them is in the kinds' data."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from functools import partial
from types import TracebackType
from typing import Any, Self

from devinops.api import Author, Connection, Identity, codec, ignore, masks, v1, v3, words
from devinops.api.bounds import Room
from devinops.api.http import Call, Getter, Sender, segment
from devinops.api.listing import Item, Reading, check_counts, read_list, room_for_lists, unpaged
from devinops.api.parallel import side_by_side
from devinops.api.words import clean
from devinops.kinds import KINDS
from devinops.model.client import BeforeAgain
from devinops.model.errors import ApiError, BadAnswer
from devinops.model.keys import FolderPath
from devinops.model.kind import ApiVersion, Endpoint, Kind
from devinops.model.objects import Live, Resource, Snapshot
from devinops.model.target import Target


class ReadingClient:
    """A Reader. Its connection can send GET alone."""

    def __init__(self, http: Getter, connection: Connection) -> None:
        self.api: ApiVersion = connection.target.api
        self._target = connection.target
        self._getter = http
        self._parallelism = connection.parallelism
        self._org_id = connection.target.org_id if self.api == "v3" else None
        self._lock = threading.Lock()
        self._folders: Mapping[str, FolderPath] = {}
        self._seen: dict[str, frozenset[str]] = {}
        self._unknown: dict[str, frozenset[str]] = {}

    # --- who and where ---

    @property
    def target(self) -> Target:
        return replace(self._target, org_id=self.org_id, emulator=bool(self.emulator))

    @property
    def org_id(self) -> str | None:
        with self._lock:
            if self._org_id is None and self.api == "v3":
                self._org_id = v3.identity(self._getter).org_id
                v3.base(self._org_id)
            return self._org_id

    @property
    def emulator(self) -> bool | None:
        return self._getter.emulator

    def whoami(self) -> Identity:
        return v1.IDENTITY if self.api == "v1" else v3.identity(self._getter)

    def _path(self, kind: Kind, id: str | None = None) -> str:
        base = v1.BASE if self.api == "v1" else v3.base(self.org_id)
        path = f"{base}/{kind.endpoints[self.api].path}"
        return path if id is None else f"{path}/{segment(id, 'the id')}"

    def authors(self, ids: Collection[str], since: int, until: int) -> Mapping[str, Author]:
        if self.api == "v1" or not ids or self.org_id is None:
            return {}
        from devinops.api import audit

        return audit.authors(self._getter, self.org_id, ids, since, until)

    # --- lists ---

    def snapshot(
        self,
        kinds: Collection[str] | None = None,
        progress: Callable[[int], None] = ignore,
        *,
        sure: bool = True,
    ) -> Snapshot:
        wanted = [kind for kind in KINDS.values() if kinds is None or kind.noun in kinds]
        lists = self._lists(wanted, progress, sure)
        for kind in wanted:
            self._unknown[kind.noun] = codec.unknown_fields(kind, self.api, lists[kind.noun].items)
        found = Snapshot.of(
            self._live(kind, item, self._folders)
            for kind in wanted
            for item in lists[kind.noun].items
        )
        return replace(
            found,
            unproved=frozenset(noun for noun, reading in lists.items() if reading.unproved),
            unknown_fields=frozenset(
                (kind.noun, name) for kind in wanted for name in self._unknown[kind.noun]
            ),
        )

    def _lists(
        self, wanted: list[Kind], progress: Callable[[int], None], sure: bool
    ) -> dict[str, Reading]:
        """Return kind → its list, also of the kinds that the wanted ones refer to."""
        needed = {ref for kind in wanted for ref in kind.references} | {
            kind.noun for kind in wanted
        }
        sharing: dict[str, list[Kind]] = {}
        for noun in sorted(needed):
            if self.api in KINDS[noun].endpoints:
                sharing.setdefault(KINDS[noun].endpoints[self.api].path, []).append(KINDS[noun])
        count = _Count(progress)
        # Asked before the lists start: they would all wait for the answer, and all ask again if it failed.
        _ = self.org_id
        room = room_for_lists()
        jobs = [partial(self._list, kinds, count.add, room, sure) for kinds in sharing.values()]
        found = {noun: Reading([]) for noun in needed}
        for lists in side_by_side(jobs, self._parallelism):
            found |= lists
        if "folder" in needed:
            self._folders = codec.folder_paths(KINDS["folder"], self.api, found["folder"].items)
        if {"folder", "knowledge"} <= needed:
            check_counts(found["folder"].items, found["knowledge"].items)
        return found

    def _list(
        self, kinds: list[Kind], progress: Callable[[int], None], room: Room, sure: bool
    ) -> dict[str, Reading]:
        """Read the list that these kinds share: v1 answers notes and folders in one."""
        ends = [kind.endpoints[self.api] for kind in kinds]
        needs = next((end.read_permission for end in ends if end.read_permission), "")
        call = Call("GET", self._path(kinds[0]), permission=needs)
        if len(kinds) == 1:
            noun = kinds[0].noun
            before = self._seen.get(noun)
            reading = read_list(
                self._getter, call, ends[0], progress, room, before=before, sure=sure
            )
            self._seen[noun] = reading.ids
            return {noun: reading}
        answer = self._getter.get(call, room)
        return {
            kind.noun: Reading(unpaged(answer, call, end, progress, shared=True))
            for kind, end in zip(kinds, ends, strict=True)
        }

    def _live(self, kind: Kind, answer: Item, folders: Mapping[str, FolderPath]) -> Live:
        unknown = self._unknown.get(kind.noun, frozenset())
        return codec.decode(kind, self.api, answer, folders, self._org_id, unknown)

    # --- the connection ---

    def close(self) -> None:
        self._getter.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class WritingClient(ReadingClient):
    """A Writer."""

    def __init__(self, http: Sender, connection: Connection) -> None:
        super().__init__(http, connection)
        self._sender = http

    def reads_one(self, kind: str) -> bool:
        return self._end(kind).reads_one

    def read(self, kind: str, id: str) -> Live | None:
        if not self.reads_one(kind):
            raise ValueError(f"API {self.api} reads no single {kind}")
        call = Call("GET", self._path(KINDS[kind], id), permission=self._end(kind).read_permission)
        try:
            answer = self._sender.get(call)
        except BadAnswer:
            raise
        except ApiError as error:
            if error.status == 404:
                return None
            raise
        return _same(self._live(KINDS[kind], _object(answer, call), self._folders), id, call)

    def create(
        self, kind: str, resource: Resource, folder_id: str | None, *, value: str | None = None
    ) -> Live:
        body = codec.encode(KINDS[kind], self.api, resource, folder_id, value, creating=True)
        if value is not None:
            masks.remember([value])
        call = Call("POST", self._path(KINDS[kind]), body=body, permission=self._needs(kind))
        answer = _object(self._sender.send(call), call)
        made = answer.get(self._end(kind).id)
        if not isinstance(made, str) or not made:
            raise BadAnswer(
                f"{call}: the answer names no {self._end(kind).id}, so what it made is not known"
            )
        # a short value stands in many an id by chance
        if value and len(value) > words.SHORTEST_TELLING and value in made:
            raise BadAnswer(f"{call}: the answer calls what it made by the value of the secret")
        return self._written(KINDS[kind], answer, made, resource, folder_id, creating=True)

    def update(
        self,
        kind: str,
        id: str,
        resource: Resource,
        folder_id: str | None,
        *,
        before_again: BeforeAgain | None = None,
    ) -> Live:
        body = codec.encode(KINDS[kind], self.api, resource, folder_id)
        path, needs = self._path(KINDS[kind], id), self._needs(kind)
        call = Call("PUT", path, body=body, permission=needs, before_again=before_again)
        answer = _object(self._sender.send(call) or {}, call)
        return _same(self._written(KINDS[kind], answer, id, resource, folder_id), id, call)

    def delete(self, kind: str, id: str, *, before_again: BeforeAgain | None = None) -> None:
        path, needs = self._path(KINDS[kind], id), self._needs(kind)
        call = Call("DELETE", path, permission=needs, before_again=before_again)
        try:
            self._sender.delete(call)
        except BadAnswer:
            raise
        except ApiError as error:
            if error.status != 404 or error.status not in self._end(kind).gone:
                raise

    def hurry(self) -> None:
        self._sender.hurry()

    def _end(self, kind: str) -> Endpoint:
        return KINDS[kind].endpoints[self.api]

    def _needs(self, kind: str) -> str:
        return self._end(kind).write_permission

    def _written(
        self,
        kind: Kind,
        answer: Item,
        id: str,
        resource: Resource,
        folder_id: str | None,
        *,
        creating: bool = False,
    ) -> Live:
        """Return what the API answered to a write, else what was sent: v1 can answer an id or a status alone."""
        if codec.is_whole(kind, self.api, answer):
            folders = {**self._folders, **codec.known_folder(resource, folder_id)}
            return self._live(kind, answer, folders)
        return codec.sent(kind, self.api, id, resource, folder_id, creating=creating)


class _Count:
    """Adds up what several threads read."""

    def __init__(self, progress: Callable[[int], None]) -> None:
        self._progress = progress
        self._lock = threading.Lock()
        self._total = 0

    def add(self, count: int) -> None:
        with self._lock:
            self._total += count
            self._progress(self._total)


def _same(live: Live, id: str, call: Call) -> Live:
    """Return an object that was asked for by its id. Raises BadAnswer where it is another one."""
    if live.id != id:
        raise BadAnswer(f"{call}: the answer is about another object, {clean(live.id, 80)}")
    return live


def _object(answer: Any, call: Call) -> Item:
    if not isinstance(answer, Mapping):
        raise BadAnswer(f"{call}: the answer is not an object")
    return answer
