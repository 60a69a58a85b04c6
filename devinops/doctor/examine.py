"""Examines an API with a key: reads what devinops relies on, and says how it differs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any, Final

from devinops.api.connection import Connection
from devinops.doctor import quirks
from devinops.doctor.checks import (
    REPORT,
    Check,
    note,
    of_failure,
    of_findings,
    of_list,
    ok,
    problem,
)
from devinops.doctor.contract import contract
from devinops.doctor.lists import PAGE_SIZE, List, read
from devinops.doctor.observer import Observation, Observer
from devinops.doctor.shape import differences
from devinops.emulator.quirks import VALUES
from devinops.model.kind import ApiVersion
from devinops.model.target import is_loopback
from devinops.render import counted

_PRINCIPALS: Final = ("service_user", "pat_user")
_PERMISSION: Final = re.compile(r"[A-Z][A-Za-z]{3,39}")
_MOST_ROLES: Final = 3

_LIMITS: Final = frozenset(
    f"{start}{end}"
    for start in ("ratelimit", "x-ratelimit", "x-rate-limit")
    for end in ("", "-limit", "-remaining", "-reset", "-policy")
)
_REQUEST_IDS: Final = frozenset(
    {"x-request-id", "request-id", "x-correlation-id", "x-amzn-requestid", "cf-ray", "traceparent"}
)
_NOTICED_S: Final = 60
_WRONG_S: Final = 3600


@dataclass(frozen=True)
class KeyFacts:
    """What a key is, as far as reading tells; `unknown` is a value too.

    `permissions` are those of its roles, None if they cannot be read.
    """

    api: ApiVersion
    scope: str = "unknown"
    principal: str = "unknown"
    permissions: tuple[str, ...] | None = None


@dataclass
class Examination:
    """What was found. `headers` are the names of those that help to report a problem.

    `org_id` is for this machine only.
    """

    key: KeyFacts
    checks: list[Check] = field(default_factory=list)
    lists: dict[str, List] = field(default_factory=dict)
    quirks: dict[str, str] = field(default_factory=dict)
    headers: tuple[str, ...] = ()
    requests: int = 0
    emulator: bool = False
    org_id: str | None = None


def examine(
    connection: Connection,
    variable: str,
    log: Callable[[str], None],
    clock: Callable[[], float],
) -> Examination:
    """Return what reading with a key tells; `variable` is the one that holds it.

    Raises ConfigError if the key cannot be sent.
    """
    with Observer(connection, log, clock) as observer:
        run = _Run(observer, connection, variable)
        run.examine()
    return run.result


class _Run:
    def __init__(self, observer: Observer, connection: Connection, variable: str) -> None:
        self.observer, self.target, self.variable = observer, connection.target, variable
        self.contract = contract(self.target.api)
        self.result = Examination(KeyFacts(self.target.api))
        self.org_id = self.target.org_id
        self.is_cut_off = False
        self.probes: list[Check] = []

    def say(self, *checks: Check) -> None:
        self.result.checks += checks

    def examine(self) -> None:
        if self.target.api == "v3":
            self._ask_who()
        else:
            self.result.key = KeyFacts("v1", "organization")
        for reading in self.contract.readings:
            is_foreign = reading.is_of_enterprise and self.result.key.scope == "organization"
            is_placeless = reading.needs_organization and self.org_id is None
            if not (self.is_cut_off or is_foreign or is_placeless):
                self._read(reading.name)
        self._probe()
        self._sum_up()

    # --- the key ---

    def _ask_who(self) -> None:
        own = self.observer.get("/v3/self")
        if self._stops(own):
            return
        if not own.succeeded or not isinstance(own.value, dict):
            step = "" if self.org_id or self.target.enterprise else "set DEVIN_ORG_ID"
            self.say(note("key", f"/v3/self is refused ({own.status}), its owner is unknown", step))
            self._place_by_target()
            return
        self.say(
            *of_findings("/v3/self", Counter(differences(own.value, "self", self.contract.shapes)))
        )
        self._place(own.value)

    def _stops(self, first: Observation) -> bool:
        """Say why the first response makes all others useless; False if it does not."""
        if first.status == 401 and not first.failure:
            step = f"check the key in {self.variable}, and the IP access list of the enterprise"
            self.say(problem("key", "rejected (401)", step))
        elif first.failure or first.status == 407:
            self.say(of_failure("connection", first))
        else:
            return False
        self.is_cut_off = True
        return True

    def _place(self, own: Mapping[str, Any]) -> None:
        """Take over whose key it is, and which organization it belongs to."""
        org_id, principal = own.get("org_id"), own.get("principal_type")
        owner = principal if principal in _PRINCIPALS else "unknown"
        if isinstance(org_id, str) and org_id not in ("", ".", ".."):
            if self.org_id not in (None, org_id):
                step = "check DEVIN_ORG_ID, or org_id of the target"
                self.say(problem("key", "belongs to another organization than the settings", step))
            self.org_id, scope = org_id, "organization"
        else:
            scope = "enterprise" if "org_id" in own and org_id is None else "unknown"
        permissions = self._permissions(own) if scope == "enterprise" else None
        self.result.key = KeyFacts("v3", scope, owner, permissions)
        if self.target.enterprise and scope == "organization":
            self.say(problem("key", "is not one of the enterprise", "use a key of the enterprise"))
        if scope == "enterprise" and self.org_id is None and not self.target.enterprise:
            self.say(note("key", "no organization is chosen", "set DEVIN_ORG_ID to read one too"))

    def _place_by_target(self) -> None:
        if self.target.enterprise:
            self.result.key = KeyFacts("v3", "enterprise")

    def _permissions(self, own: Mapping[str, Any]) -> tuple[str, ...] | None:
        """Return what the roles of an enterprise's service user permit; None if unreadable."""
        id = own.get("service_user_id")
        if not isinstance(id, str) or id in ("", ".", ".."):
            return None
        user = self.observer.get("/v3/enterprise/members/service-users/{id}", {"id": id})
        roles = _texts(user.value, "role_assignments", "role", "role_id")
        granted: set[str] = set()
        for role in roles[:_MOST_ROLES]:
            answer = self.observer.get("/v3/enterprise/roles/{id}", {"id": role})
            listed = answer.value.get("permissions") if isinstance(answer.value, dict) else None
            if not answer.succeeded or not isinstance(listed, list):
                return None
            granted |= {p for p in listed if isinstance(p, str) and _PERMISSION.fullmatch(p)}
        return tuple(sorted(granted)) if user.succeeded and 0 < len(roles) <= _MOST_ROLES else None

    # --- what devinops reads ---

    def _read(self, name: str) -> None:
        reading = next(each for each in self.contract.readings if each.name == name)
        ids = {"org_id": self.org_id} if self.org_id else {}
        result = read(self.observer, reading, self.contract.shapes, ids)
        if self.target.api == "v1" and not self.result.lists and self._stops(result.first):
            return
        self.is_cut_off = result.first.is_unreachable
        self.result.lists[name] = result

    def _probe(self) -> None:
        """Ask what lists do not tell: a missing object, an existing one, a filter by folder."""
        found = self.result.lists
        for result in found.values():
            if result.reading.one and result.ids:
                self._read_one(result)
                break
        for result in found.values():
            how, *facts = result.reading.settles.get("folder_filter", [""])
            if how == "filter" and facts[0] in found:
                self._filter(result, found[facts[0]], facts[1:])

    def _read_one(self, result: List) -> None:
        path, id = f"{result.reading.path}/{{id}}", result.ids[0]
        ids = {"org_id": self.org_id or ""}
        existing = self.observer.get(path, {**ids, "id": id})
        about = f"one of the {result.reading.name}"
        if existing.succeeded:
            shape = result.reading.object_shape
            found = Counter(differences(existing.value, shape, self.contract.shapes))
            self.probes += of_findings(about, found)
        end = "1" * 8 if id.endswith("0" * 8) else "0" * 8
        missing = self.observer.get(path, {**ids, "id": f"{id[:-8]}{end}"})
        self.result.quirks |= quirks.of_missing(existing, missing)

    def _filter(self, folders: List, listed: List, facts: list[str]) -> None:
        """Ask for what is in a folder that holds objects, and so does a folder in it."""
        parent, path, place, shown = facts
        id = folders.reading.id
        paths = {item[id]: item[path] for item in folders.objects if _has_texts(item, id, path)}
        filled = {item[place] for item in listed.objects if _has_texts(item, place)}
        for item in folders.objects:
            above, below = item.get(parent), item.get(id)
            if not (_has_texts(item, parent, id) and {above, below} <= filled & paths.keys()):
                continue
            query = {"folder_path": paths[above], "first": str(PAGE_SIZE)}
            page = self.observer.get(listed.reading.path, {"org_id": self.org_id or ""}, query)
            self.result.quirks |= quirks.of_filter(paths[below], paths[above], shown, page.value)
            return

    # --- what it means ---

    def _sum_up(self) -> None:
        result, seen = self.result, [each for each, _ in self.observer.seen]
        result.requests, result.org_id = self.observer.sent, self.org_id
        result.quirks |= quirks.settled(result.lists) | quirks.of_errors(self.target.api, seen)
        names = {name.lower() for each in seen for name in each.headers}
        result.headers = tuple(sorted(names & (_LIMITS | _REQUEST_IDS)))
        result.emulator = any("devinops-emulator" in each.headers for each in seen)
        if seen[0].status is not None:
            result.checks[:0] = self._connection(seen)
        if not self.is_cut_off or result.lists:
            self.say(*self._key())
            self.say(*(check for each in result.lists.values() for check in of_list(each)))
            self.say(*self.probes, *self._of_quirks())

    def _connection(self, seen: list[Observation]) -> Iterator[Check]:
        if self.result.emulator:
            yield note("connection", "this is the emulator, not the real service")
        elif is_loopback(self.observer.route.host.rpartition(":")[0] or self.observer.route.host):
            yield ok("connection", "to this machine, without encryption")
        else:
            yield ok("connection", "encrypted, and the certificate is trusted")
        if self.observer.route.proxy:
            yield note("connection", "through a proxy")
        elif any(each.through_proxy for each in seen):
            yield note("connection", "headers of the responses name a proxy")
        yield self._clock()
        limits = any(name in _LIMITS for name in self.result.headers)
        ids = any(name in _REQUEST_IDS for name in self.result.headers)
        have = [
            "a rate limit" if limits else "no rate limit",
            "a request id" if ids else "no request id",
        ]
        yield note("headers", f"the responses have {' and '.join(have)}")

    def _clock(self) -> Check:
        for each, time in self.observer.seen:
            try:
                there = parsedate_to_datetime(each.headers.get("date", "")).timestamp()
            except (TypeError, ValueError, OverflowError):
                continue
            apart = time - there
            if abs(apart) < _NOTICED_S:
                return ok("clock", "agrees with that of the API")
            side = "ahead of" if apart > 0 else "behind"
            text = f"is {counted(round(abs(apart)), 'second')} {side} that of the API"
            if abs(apart) < _WRONG_S:
                return note("clock", text, "set it")
            return problem("clock", text, "set it; devinops compares it with times from the API")
        return note("clock", "the API does not send a date to compare it with")

    def _key(self) -> Iterator[Check]:
        key = self.result.key
        owners = {"service_user": "a service user", "pat_user": "a person"}
        of = {"organization": "one organization", "enterprise": "the enterprise"}
        if key.scope in of:
            owner = owners.get(key.principal, "an unknown owner")
            yield ok("key", f"API {key.api}, of {owner} of {of[key.scope]}")
        if key.permissions is not None:
            yield ok("key", f"its roles grant {', '.join(key.permissions) or 'nothing'}")
        else:
            yield note("key", "what it may write cannot be read, and was not tried")

    def _of_quirks(self) -> Iterator[Check]:
        """Yield the answers to open questions, and what is left of those for this API."""
        answers = self.result.quirks
        for quirk, answer in sorted(answers.items()):
            usual = VALUES[quirk][0]
            shown, expected = answer or "empty", usual or "empty"
            if answer == usual:
                yield ok(f"quirk {quirk}", f"{shown}, as devinops expects")
            else:
                yield note(f"quirk {quirk}", f"{shown}; devinops expects {expected}", REPORT)
        readable = quirks.readable(self.target.api, self.contract.readings)
        if left := ", ".join(sorted(readable - answers.keys())):
            yield note("quirks", f"what was read does not settle {left}")


def _texts(value: Any, *path: str) -> list[str]:
    """Return the texts at `a[].b.c` of a value from outside."""
    items = value.get(path[0]) if isinstance(value, dict) else None
    found: list[Any] = items if isinstance(items, list) else []
    for name in path[1:]:
        found = [item.get(name) for item in found if isinstance(item, dict)]
    return [text for text in found if isinstance(text, str) and text not in ("", ".", "..")]


def _has_texts(item: Mapping[str, Any], *names: str) -> bool:
    return all(isinstance(item.get(name), str) for name in names)
