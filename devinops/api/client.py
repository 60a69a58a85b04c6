"""The clients for both APIs: they read snapshots and write objects.

What differs between the APIs is in the kinds' data.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Container, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final, NamedTuple, Self, TypeVar

from devinops.api import codec, organization_settings, redact
from devinops.api.connection import Connection
from devinops.api.error_messages import clean
from devinops.api.failures import checked_object
from devinops.api.http_client import Call, Getter, Sender, segment
from devinops.api.listing import Item, Reading, check_counts, list_budget, read_list, unpaged
from devinops.api.parallel import side_by_side
from devinops.api.unknown_members import add_members
from devinops.api.v3_paths_and_self import (
    ENTERPRISE_PATH,
    about_organization_path,
    identity,
    organization_path,
    principals,
    with_expiry,
)
from devinops.kinds import KINDS
from devinops.model.client_protocols import Author, BeforeAgain, KeyOwner, PageDecoder, ignore
from devinops.model.errors import FORBIDDEN, ApiError, BadResponse, ConfigError
from devinops.model.keys import Key, ObjectId
from devinops.model.kind import Api, ApiVersion, Kind, Resource, Revealed
from devinops.model.objects import Live, Snapshot
from devinops.model.target import Target
from devinops.model.values import UNSET

T = TypeVar("T")

_GONE: Final = (404, 405, 410)
"""The statuses of a list that an API no longer has."""

_INVALID: Final = (400, 422)
"""The statuses of a request that the API cannot accept, whenever it is sent."""

_REFUSED: Final = (400, FORBIDDEN, 404)
"""The statuses of a create that something else must come before."""

_UNKNOWN_OWNER: Final = KeyOwner("unknown (API v1 does not say)")


class ReadingClient:
    """A `Reader` whose connection can only send GET."""

    def __init__(
        self,
        http: Getter,
        connection: Connection,
        enterprise_http: Getter | None = None,
        *,
        reads_again: bool = False,
    ) -> None:
        """Use `http`, and `enterprise_http` for what the target's own key cannot reach.

        With `reads_again`, an object that a later list shows unchanged is not decoded again.
        """
        self.api: ApiVersion = connection.target.api
        self._getter = http
        self._enterprise_getter = enterprise_http
        self._connection = connection
        self._org_id = connection.target.org_id if self.api == "v3" else None
        self._lock = threading.Lock()
        self._names: dict[str, Mapping[str, str]] = {}
        self._listed_ids: dict[str, frozenset[str]] = {}
        self._unknown_fields: dict[str, frozenset[str]] = {}
        self._contents: dict[str, list[Item]] = {}
        self._kept = _Decoded() if reads_again else None

    # --- who and where ---

    @property
    def target(self) -> Target:
        target = self._connection.target
        return replace(target, org_id=self.org_id, emulator=bool(self.emulator))

    @property
    def org_id(self) -> str | None:
        with self._lock:
            if self._org_id is None and self.api == "v3" and not self._connection.target.enterprise:
                self._org_id = identity(self._getter).org_id
                organization_path(self._org_id)  # raises ConfigError without a usable id
            return self._org_id

    @property
    def emulator(self) -> bool | None:
        """Whether the responses come from an emulator; None before the first one."""
        is_emulator = self._getter.emulator
        if is_emulator is None and self._enterprise_getter:
            return self._enterprise_getter.emulator
        return is_emulator

    def whoami(self) -> KeyOwner:
        if self.api == "v1":
            return _UNKNOWN_OWNER
        owner, enterprise = identity(self._getter), self._enterprise_getter
        if owner.org_id is not None and enterprise is None:
            return owner
        return with_expiry(owner, enterprise or self._getter)

    def _base(self, kind: Kind) -> str:
        """Return the path below which the API serves a kind."""
        if self.api == "v1":
            return "/v1"
        if self._connection.target.enterprise or kind.apis[self.api].is_shared:
            return ENTERPRISE_PATH
        is_about = self._is_about_organization(kind)
        return about_organization_path(self.org_id) if is_about else organization_path(self.org_id)

    def _path(self, kind: Kind, id: str | None = None) -> str:
        path = f"{self._base(kind)}/{kind.apis[self.api].path}"
        return path if id is None else f"{path}/{segment(id, 'the id')}"

    def _getter_of(self, kind: Kind) -> Getter:
        """Return what can read a kind. Raises ConfigError if that needs an enterprise key."""
        return self._with_key_for(kind, self._getter, self._enterprise_getter)

    def _with_key_for(self, kind: Kind, usual: T, enterprise: T | None) -> T:
        if not self._is_about_organization(kind):
            return usual
        if enterprise is not None:
            return enterprise
        variable = self._connection.enterprise_key_env
        remedy = (
            f"set {variable}, the target's enterprise_key_env"
            if variable
            else "store one in a variable, and name it in the target's enterprise_key_env"
        )
        raise ConfigError(f"{kind.with_article} needs an enterprise key: {remedy}")

    def _is_about_organization(self, kind: Kind) -> bool:
        """Return whether the enterprise stores a kind for an organization: it needs another key."""
        is_enterprise = self._connection.target.enterprise
        return kind.apis[self.api].is_about_organization and not is_enterprise

    def _is_in_reach(self, kind: Kind) -> bool:
        return self._enterprise_getter is not None or not self._is_about_organization(kind)

    def _permission(self, usual: str, api: Api) -> str:
        """Return the permission that a call needs.

        For an organization this is the `usual` one; an enterprise may have a different one.
        """
        return (api.enterprise_permission if self._connection.target.enterprise else "") or usual

    @property
    def _viewpoint(self) -> codec.Viewpoint:
        connection = self._connection
        return codec.Viewpoint(self._org_id, connection.target.enterprise, connection.owner)

    def authors(self, ids: Collection[str], since: int, until: int) -> Mapping[str, Author]:
        if self.api == "v1" or not ids or self.org_id is None:
            return {}
        from devinops.api import audit

        return audit.authors(self._getter, self.org_id, ids, since, until)

    def sessions(
        self, filters: Mapping[str, str], pages: int = 1
    ) -> tuple[Sequence[Mapping[str, Any]], bool]:
        if self.api == "v1":
            raise ConfigError("API v1 does not show sessions: use a key of v3 (cog_…)")
        from devinops.api.pages import pages as read_pages

        is_enterprise = self._connection.target.enterprise
        base = ENTERPRISE_PATH if is_enterprise else organization_path(self.org_id)
        permission = "ViewAccountSessions" if is_enterprise else "ViewOrgSessions"
        query = {"first": "200", **filters}
        call = Call("GET", f"{base}/sessions/insights", query, permission=permission)
        try:
            found = list(read_pages(self._getter, call, pages))
        except ApiError as error:
            if not (is_enterprise and error.is_missing):
                raise
            raise ApiError(
                f"{call}: the API does not have it; it is known from other people's clients only: "
                "read the sessions of organizations instead",
                status=error.status,
            ) from None
        return [item for items, _ in found for item in items], found[-1][1]

    # --- lists ---

    def snapshot(
        self,
        kinds: Collection[str] | None = None,
        progress: Callable[[int], None] = ignore,
        *,
        verify: bool = True,
        pages: Callable[[PageDecoder], None] = ignore,
        parents: bool = True,
    ) -> Snapshot:
        selected, decoded = self._selected(kinds), self._kept or _Decoded()
        needed = self._needed(selected, parents=parents)
        readings = self._readings(needed, progress, verify, pages, decoded)
        lives = (live for kind in selected for live in self._lives(kind, readings, decoded))
        return replace(
            Snapshot.of(lives),
            unverified=frozenset(noun for noun, reading in readings.items() if reading.unverified),
            unknown_fields=frozenset(
                (kind.noun, name)
                for kind in selected
                for name in self._unknown_fields.get(kind.noun, ())
            ),
            own=self._own() if any(kind.of_principals for kind in selected) else frozenset(),
        )

    def _own(self) -> frozenset[str] | None:
        """Return who the keys of this target act as, as `Snapshot.own`."""
        keys = filter(None, (self._getter, self._enterprise_getter))
        members = self._enterprise_getter or self._getter

        def read(key: Getter) -> Any:
            return key.shared.get("principals", lambda _: principals(identity(key), members))

        own = [read(key) for key in keys]
        return None if None in own else frozenset().union(*filter(None, own))

    def of_enterprise(self, kinds: Collection[str]) -> tuple[Live, ...]:
        target = replace(self._connection.target, enterprise=True, org_id=None)
        getter = self._enterprise_getter or self._getter
        client = ReadingClient(getter, replace(self._connection, target=target))
        try:
            listed = client.snapshot(kinds, parents=False).objects if kinds else ()
        except ApiError as error:
            if error.status != FORBIDDEN and not error.is_missing:
                raise
            return ()
        return tuple(live for live in listed if live.ours)

    def _selected(self, nouns: Collection[str] | None) -> list[Kind]:
        """Return the kinds of these names that the target has; for None all that a key can read."""
        existing = [kind for kind in KINDS.values() if self._exists(kind)]
        if nouns is not None:
            return [kind for kind in existing if kind.noun in nouns]
        return [kind for kind in existing if not kind.only_named and self._is_in_reach(kind)]

    def _exists(self, kind: Kind) -> bool:
        """Return whether this API has a kind in the scope of the target."""
        return kind.is_in(self.api, self._connection.target.scope)

    def _lives(
        self, kind: Kind, readings: Mapping[str, Reading], decoded: _Decoded
    ) -> Iterable[Live]:
        if kind.apis[self.api].is_shared:
            return self._shared(kind, verify=False).lives
        items = readings[kind.noun].items
        self._unknown_fields[kind.noun] = codec.unknown_fields(kind, self.api, items)
        if self._unknown_fields.get(kind.noun):
            decoded = _Decoded()  # pages were decoded as if all fields were known
        decode = partial(self._live, kind, names=self._names_in(readings))
        return decoded.of(kind, self.api, items, decode)

    def _names_in(self, nouns: Collection[str]) -> codec.Names:
        """Return the spellings from the lists of these kinds, without those of earlier lists."""
        return {noun: self._names[noun] for noun in nouns if noun in self._names}

    def _needed(self, selected: Iterable[Kind], *, parents: bool) -> list[Kind]:
        """Return the selected kinds and those that have to be listed with them."""
        nouns = [kind.noun for kind in selected]
        needed = KINDS.with_referred(nouns) if parents else KINDS.with_needed(nouns, self.api)
        return [KINDS[noun] for noun in sorted(needed) if self._exists(KINDS[noun])]

    def _readings(
        self,
        needed: Sequence[Kind],
        progress: Callable[[int], None],
        verify: bool,
        pages: Callable[[PageDecoder], None],
        decoded: _Decoded,
    ) -> dict[str, Reading]:
        """Return noun → list for the kinds.

        `pages` gets what decodes a page into `decoded`, for pages that can be decoded at once.
        """
        nouns = frozenset(kind.noun for kind in needed)
        kinds_by_path: dict[str, list[Kind]] = {}
        for kind in needed:
            api = kind.apis[self.api]
            place = kind.noun if api.is_shared or api.has_subject else api.path or kind.noun
            kinds_by_path.setdefault(place, []).append(kind)
        count = _Count(progress)

        def on_page(kind: Kind, items: list[Item]) -> None:
            count.add(len(items))
            # A page can be decoded only after the lists that its objects refer to.
            if not kind.apis[self.api].tree and kind.references & nouns <= self._names.keys():
                # As if each field was known: the list is still being read.
                names, viewpoint = self._names_in(nouns), self._viewpoint
                decode = partial(codec.decode, kind, self.api, names=names, viewpoint=viewpoint)
                pages(lambda: decoded.of(kind, self.api, items, decode))

        for kind in needed:
            self._getter_of(kind)  # raises ConfigError without a key
        # Looked up before the lists start: otherwise they would all wait for the response, and all
        # ask again if it failed.
        _ = self.org_id
        jobs = [
            partial(self._read_shared, kinds[0], verify)
            if kinds[0].apis[self.api].is_shared
            else partial(self._read_list, kinds, on_page, verify)
            for kinds in kinds_by_path.values()
        ]
        readings: dict[str, Reading] = {}
        for lists in side_by_side(jobs, self._getter.parallelism):
            readings |= lists
        self._check_counts(readings)
        return readings

    def _check_counts(self, readings: Mapping[str, Reading]) -> None:
        """Raise BadResponse if a list must have objects that the last list of them did not have."""
        for kind in filter(self._exists, KINDS.values()):
            counted = kind.apis[self.api].counted
            if counted and counted.kind in readings:
                items = readings[counted.kind].items
                self._contents[kind.noun] = [item for item in items if item.get(counted.by)][:1]
            if counted and kind.noun in readings and kind.noun in self._contents:
                check_counts(counted, readings[kind.noun].items, self._contents[kind.noun])

    def _read_list(
        self, kinds: list[Kind], on_page: Callable[[Kind, list[Item]], None], verify: bool
    ) -> dict[str, Reading]:
        """Read the list that these kinds share, and remember how files spell references to it.

        An error says so if the API may have moved the list.
        """
        try:
            readings = self._request_list(kinds, on_page, verify)
        except ApiError as error:
            moving_advice = next((kind.moving for kind in kinds if kind.moving), "")
            if error.status not in _GONE or not moving_advice:
                raise
            text = f"{error}. If the settings are right, {moving_advice}"
            raise ApiError(text, status=error.status) from error
        for kind in kinds:
            if kind.noun in KINDS.referred:
                before = self._names.get(kind.noun)
                names = codec.spellings(kind, self.api, readings[kind.noun].items)
                self._names[kind.noun] = names
                if self._kept and names != before:
                    self._kept.clear()
        return readings

    def _shared(self, kind: Kind, verify: bool) -> _SharedList:
        """Return a list that all targets of a key share, and that a run reads once for them."""
        once = self._getter_of(kind).shared

        def read(before: Reading | None) -> Reading:
            if before:
                self._listed_ids[kind.noun] = before.ids
            return self._read_pages(kind, ignore, verify)

        def decode(_: _SharedList | None) -> _SharedList:
            items = self._reduced(kind, reading.items)
            names = codec.spellings(kind, self.api, items)
            lives = [codec.decode(kind, self.api, item, {}, self._viewpoint) for item in items]
            return _SharedList(reading, reading._replace(items=items), names, lives)

        reading: Reading = once.get(
            kind.noun, read, lambda known: not (verify and known.unverified)
        )
        place = kind.noun, self._connection.target.enterprise
        shared: _SharedList = once.get(place, decode, lambda known: known.raw is reading)
        self._names[kind.noun] = shared.names
        return shared

    def _read_shared(self, kind: Kind, verify: bool) -> dict[str, Reading]:
        return {kind.noun: self._shared(kind, verify).reading}

    def _reduced(self, kind: Kind, items: Iterable[Item]) -> list[Item]:
        """Return the objects of a response as they are in the scope of the target."""
        api, target = kind.apis[self.api], self._connection.target
        org_id = None if target.enterprise else self._org_id
        try:
            reduced = [api.reduced(item, org_id) for item in items]
        except ValueError as error:
            raise BadResponse(f"the API's {api.path} ({self.api}): {error}") from None
        return [item for item in reduced if item is not None]

    def _request_list(
        self, kinds: list[Kind], on_page: Callable[[Kind, list[Item]], None], verify: bool
    ) -> dict[str, Reading]:
        """Read the list that these kinds share: v1 returns notes and folders in one response."""
        apis = [kind.apis[self.api] for kind in kinds]
        if apis[0].parts:
            getter = self._getter_of(kinds[0])
            return {
                kinds[0].noun: organization_settings.read(getter, kinds[0], apis[0], self.org_id)
            }
        if len(kinds) == 1:
            kind = kinds[0]
            reading = self._read_pages(
                kind, lambda items: on_page(kind, self._reduced(kind, items)), verify
            )
            return {kind.noun: reading._replace(items=self._reduced(kind, reading.items))}
        call = self._list_call(kinds)
        response = self._getter_of(kinds[0]).get(call, list_budget())
        return {
            kind.noun: Reading(unpaged(response, call, api, partial(on_page, kind), shared=True))
            for kind, api in zip(kinds, apis, strict=True)
        }

    def _list_call(self, kinds: Sequence[Kind]) -> Call:
        apis = (kind.apis[self.api] for kind in kinds)
        permissions = (self._permission(api.read_permission, api) for api in apis)
        return Call("GET", self._path(kinds[0]), permission=next(filter(None, permissions), ""))

    def _read_pages(self, kind: Kind, seen: Callable[[list[Item]], None], verify: bool) -> Reading:
        """Return the list of a kind as the API shows it; `seen` gets each page."""
        reading = read_list(
            self._getter_of(kind),
            self._list_call([kind]),
            kind.apis[self.api],
            seen,
            before=self._listed_ids.get(kind.noun),
            verify=verify,
        )
        self._listed_ids[kind.noun] = reading.ids
        return reading

    def _live(self, kind: Kind, item: Item, names: codec.Names | None = None) -> Live:
        names = self._names if names is None else names
        unknown = self._unknown_fields.get(kind.noun, frozenset())
        return codec.decode(kind, self.api, item, names, self._viewpoint, unknown)

    # --- the connection ---

    def close(self) -> None:
        self._getter.close()
        if self._enterprise_getter:
            self._enterprise_getter.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


class WritingClient(ReadingClient):
    """A `Writer`."""

    def __init__(
        self, http: Sender, connection: Connection, enterprise_http: Sender | None = None
    ) -> None:
        super().__init__(http, connection, enterprise_http)
        self._sender, self._enterprise_sender = http, enterprise_http

    @property
    def parallelism(self) -> int:
        return self._sender.parallelism

    def reads_one(self, kind: str) -> bool:
        return self._api(kind).reads_one or bool(self._api(kind).parts)

    def read(self, kind: str, id: str) -> Live | None:
        if not self.reads_one(kind):
            raise ValueError(f"API {self.api} cannot read a single {kind}")
        api, getter = self._api(kind), self._getter_of(KINDS[kind])
        if api.parts:
            (item,) = organization_settings.read(getter, KINDS[kind], api, self.org_id).items
            return self._live(KINDS[kind], item)
        permission = self._permission(api.read_permission, api)
        call = Call("GET", self._path(KINDS[kind], id), permission=permission, of_object=True)
        try:
            response = getter.get(call)
        except ApiError as error:
            if error.is_missing:
                return None
            raise
        items = self._reduced(KINDS[kind], [checked_object(call, response)])
        return _checked_id(self._live(KINDS[kind], items[0]), id, call) if items else None

    def create(
        self,
        resource: Resource,
        ids: Mapping[Key, str],
        *,
        value: str | None = None,
        taken: Container[ObjectId] = (),
    ) -> Live:
        kind, api = resource.kind, self._api(resource.kind.noun)
        body = codec.encode(resource, self._encoding(resource, ids), value=value)
        if value is not None:
            redact.remember_values([value])
        own_id = body.get(api.id)
        call = self._create_call(kind, body, has_secret=value is not None)
        response = self._object_in(kind, self._send_create(kind, call), call, own_id)
        _keep_out_of_messages(kind, response)
        id = own_id or response.get(api.id)
        if not isinstance(id, str) or not id:
            raise BadResponse(
                f"{call}: the response has no {api.id}, so the new object is not known"
            )
        # A short value can be part of an id by chance.
        if value and len(value) >= redact.DISTINCT_LENGTH and value in id:
            raise BadResponse(f"{call}: the id in the response contains the value of the secret")
        if ObjectId(kind.noun, id) in taken:
            raise BadResponse(
                f"{call}: the response has the id of another object, {clean(id, 80)}, so the new "
                "object is not known"
            )
        live = self._after_write(kind, response, id, body, ids, creating=True)
        return self._after_create(live, resource, ids)

    def _send_create(self, kind: Kind, call: Call) -> Any:
        try:
            return self._sender_of(kind).send(call)
        except ApiError as error:
            if not (kind.refused and error.status in _REFUSED and self._org_id):
                raise
            raise ApiError(f"{error}; {kind.refused}", status=error.status) from error

    def _create_call(self, kind: Kind, body: Mapping[str, Any], *, has_secret: bool) -> Call:
        api = self._api(kind.noun)
        # What no later call could name in its path is not created.
        own_path = self._path(kind, body.get(api.id))
        path = own_path if api.has_subject else self._path(kind)
        if api.has_subject:
            body = {name: value for name, value in body.items() if name != api.id}
        return Call(
            api.create_verbs.get(self._connection.target.scope, "POST"),
            path,
            body=api.wrapped(body),
            permission=self._permission(api.write_permission, api),
            has_secret=has_secret,
        )

    def _after_create(self, live: Live, resource: Resource, ids: Mapping[Key, str]) -> Live:
        """Set the fields that the API accepts only in an update, if the new object lacks them."""
        update_only = [
            attribute.name
            for attribute in live.kind.attributes
            if attribute.sent_as(self.api, creating=False)
            and not attribute.sent_as(self.api, creating=True)
        ]
        values = ((getattr(resource, name), getattr(live.resource, name)) for name in update_only)
        if all(new in (UNSET, stored) for new, stored in values):
            return live
        try:
            return replace(self.update(live, resource, ids), revealed=live.revealed)
        except ApiError as error:
            # The object exists, but not all its fields are set.
            error.doubtful = True
            raise

    def update(
        self,
        before: Live,
        resource: Resource,
        ids: Mapping[Key, str],
        *,
        before_again: BeforeAgain | None = None,
    ) -> Live:
        kind, id, api = before.kind, before.id, self._api(before.kind.noun)
        if api.parts:
            organization_settings.write(
                self._sender_of(kind),
                api,
                self.org_id,
                before.resource,
                resource,
                ids,
                before_again=before_again,
            )
            return replace(before, resource=resource)
        assert api.update, "what cannot be updated is blocked"
        verb, path = api.update.verb, self._path(kind, id)
        permission = self._permission(api.write_permission, api)
        encode = partial(codec.encode, resource, self._encoding(resource, ids), before=before)
        whole = encode()
        body = encode(changes_only=True) if verb == "PATCH" else whole
        call = Call(
            verb,
            path,
            body=add_members(body, before.unknown) if verb == "PATCH" else body,
            permission=permission,
            of_object=True,
            before_again=before_again,
        )
        sender = self._sender_of(kind)
        try:
            response = sender.send(call)
        except ApiError as error:
            if error.status not in _INVALID or call.body == body:
                raise
            # It may accept only members that it documents.
            response = sender.send(replace(call, body=body))
        response = self._object_in(kind, response or {}, call, id)
        _keep_out_of_messages(kind, response)
        return _checked_id(self._after_write(kind, response, id, whole, ids), id, call)

    def delete(self, kind: str, id: str, *, before_again: BeforeAgain | None = None) -> None:
        api, path = self._api(kind), self._path(KINDS[kind], id)
        if api.forgotten_in is self._connection.target.scope:
            raise AssertionError(f"a DELETE of {path} would remove more than {kind}")
        permission = self._permission(api.write_permission, api)
        call = Call(
            "DELETE", path, permission=permission, of_object=True, before_again=before_again
        )
        self._sender_of(KINDS[kind]).delete(call)

    def stop_waiting(self) -> None:
        self._sender.stop_waiting()
        if self._enterprise_sender:
            self._enterprise_sender.stop_waiting()

    def _sender_of(self, kind: Kind) -> Sender:
        """Return what can write a kind. Raises ConfigError if that needs an enterprise key."""
        return self._with_key_for(kind, self._sender, self._enterprise_sender)

    def _object_in(self, kind: Kind, response: Any, call: Call, id: str | None) -> Item:
        """Return the object with an id in the response to a write; empty if it shows none.

        What is created in a list is shown in one. There, an only object is returned for no id.
        """
        is_list = isinstance(response, list) and kind.apis[self.api].creates_in_list
        objects = response if is_list else [response]
        shown = self._reduced(kind, [checked_object(call, each) for each in objects])
        if is_list:
            shown = [each for each in shown if id in (None, each.get(kind.apis[self.api].id))]
        return shown[0] if len(shown) == 1 else {}

    def _encoding(self, resource: Resource, ids: Mapping[Key, str]) -> codec.Encoding:
        """Return how to write values; the scope of the target may lack kinds they refer to.

        There, the id of a subject is its name.
        """
        kind = resource.kind
        lacking = [a for a in kind.attributes if a.ref and not self._exists(KINDS[a.ref])]
        subjects = [a for a in lacking if a.name in kind.identity.fields]
        names = {kind.referred(a, n): n for a in subjects if (n := getattr(resource, a.name))}
        left_out = frozenset(a.name for a in lacking if a not in subjects)
        return codec.Encoding(self.api, {**ids, **names}, left_out, self._connection.owner)

    def _api(self, kind: str) -> Api:
        return KINDS[kind].apis[self.api]

    def _after_write(
        self,
        kind: Kind,
        response: Item,
        id: str,
        body: Mapping[str, Any],
        ids: Mapping[Key, str],
        *,
        creating: bool = False,
    ) -> Live:
        """Return the object in the response to a write, or as it was sent in the whole `body`.

        v1 can respond with only an id or a status.
        """
        names = codec.with_references(self._names, ids)
        if codec.is_whole(kind, self.api, response):
            return replace(self._live(kind, response, names), revealed=_revealed(kind, response))
        return codec.live_from_request(
            kind, self.api, id, body, names, self._viewpoint, creating=creating
        )


class _SharedList(NamedTuple):
    """A list of the enterprise as it was read, and as it is in the scope of some targets.

    With it are the spellings of references to its objects, and the objects.
    """

    raw: Reading
    reading: Reading
    names: Mapping[str, str]
    lives: Sequence[Live]


class _Decoded:
    """Objects of pages, each decoded once: by the thread that needs it first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lives: dict[tuple[str, str], tuple[Item, Live]] = {}

    def of(
        self, kind: Kind, api: ApiVersion, items: Sequence[Item], decode: Callable[[Item], Live]
    ) -> Sequence[Live]:
        """Return the objects of these items; an equal item is the same object. Raises ApiError."""
        lives, id_field = [], kind.apis[api].id
        with self._lock:
            for item in items:
                key = kind.noun, str(item.get(id_field))
                known = self._lives.get(key)
                if known is None or known[0] != item:
                    known = self._lives[key] = item, decode(item)
                lives.append(known[1])
        return lives

    def clear(self) -> None:
        """Forget all objects, because references to other objects are now spelled differently."""
        with self._lock:
            self._lives.clear()


class _Count:
    """Adds up the objects that several threads read."""

    def __init__(self, progress: Callable[[int], None]) -> None:
        self._progress = progress
        self._lock = threading.Lock()
        self._total = 0

    def add(self, count: int) -> None:
        with self._lock:
            self._total += count
            self._progress(self._total)


def _revealed(kind: Kind, response: Item) -> Revealed | None:
    return kind.generated_secret.revealed(response) if kind.generated_secret else None


def _keep_out_of_messages(kind: Kind, response: Item) -> None:
    """Make sure that a secret in a response is redacted in everything printed from here on."""
    if revealed := _revealed(kind, response):
        redact.remember_values([revealed.secret])


def _checked_id(live: Live, id: str, call: Call) -> Live:
    """Return an object that was requested by its id. Raises BadResponse if the ids differ."""
    if live.id != id:
        raise BadResponse(f"{call}: the response is about another object, {clean(live.id, 80)}")
    return live
