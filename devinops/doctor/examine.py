"""Examines an API with a key: reads what devinops relies on, and says how it differs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Final

from devinops.api.connection import Connection
from devinops.api.contract import SKILLS, Reading, contract
from devinops.doctor import quirks
from devinops.doctor.checks import note, of_failure, of_findings, of_list, of_skills, problem
from devinops.doctor.lists import PAGE_SIZE, ReadList, ids_in, objects_in, read
from devinops.doctor.observer import Observation, Observer
from devinops.doctor.shape import differences
from devinops.doctor.summary import HEADERS, OWNERS, of_connection, of_expiry, of_key, of_quirks
from devinops.model.errors import FORBIDDEN, TOO_MANY
from devinops.model.target import Target
from devinops.render import counted
from devinops.schema.doctor import Check, KeyFacts

_PERMISSION: Final = re.compile(r"[A-Z][A-Za-z]{3,39}")
_MOST_ROLES: Final = 3


@dataclass
class Examination:
    """What was found. `headers` are the names of those that help to report a problem.

    `org_id` is for this machine only.
    """

    key: KeyFacts
    org_id: str | None
    checks: list[Check] = field(default_factory=list)
    lists: dict[str, ReadList] = field(default_factory=dict)
    quirks: dict[str, str] = field(default_factory=dict)
    headers: tuple[str, ...] = ()
    requests: int = 0
    emulator: bool = False


def examine(
    connection: Connection,
    log: Callable[[str], None],
    clock: Callable[[], float],
    *,
    lists: bool = True,
) -> Examination:
    """Return what reading with a key tells; `log` gets a line for each request.

    Without `lists`, only what the key is. Raises ConfigError if the key cannot be sent.
    """
    with Observer(connection, log, clock) as observer:
        run = _Run(observer, connection.target)
        run.ask(lists=lists)
        run.conclude()
    return run.result


class _Run:
    """The requests with one key, and what they lead to."""

    def __init__(self, observer: Observer, target: Target) -> None:
        self.observer, self.target = observer, target
        self.contract = contract(self.target.api)
        self.result = Examination(KeyFacts(self.target.api), self.target.org_id)
        self.probes: list[Check] = []
        self.is_cut_off = False

    def ask(self, *, lists: bool) -> None:
        """Send all requests, or only those about the key."""
        result, is_v3 = self.result, self.target.api == "v3"
        result.key = self._ask_who() if is_v3 else KeyFacts("v1", "organization")
        readings = [*filter(self._can_ask, self.contract.readings)] if lists else []
        for reading in readings:
            if not self.is_cut_off:
                self._read(reading)
        not_asked = len(readings) - len(result.lists)
        if not self.is_cut_off:
            self._read_one()
            self._filter()
            self._ask_for_skills()
        elif result.lists and not_asked:
            text = f"{counted(not_asked, 'more list')} not asked for, because of that problem"
            self.probes.append(note("lists", text))

    def _can_ask(self, reading: Reading) -> bool:
        is_foreign = reading.is_of_enterprise and self.result.key.scope == "organization"
        is_placeless = reading.needs_organization and self.result.org_id is None
        return not (is_foreign or is_placeless)

    def conclude(self) -> None:
        """Say what the responses mean."""
        result, seen = self.result, self.observer.seen
        observations = [each for each, _ in seen]
        result.requests = self.observer.sent
        result.quirks |= quirks.settled(result.lists)
        result.quirks |= quirks.of_errors(self.target.api, observations)
        names = set[str]().union(*(each.headers for each in observations))
        result.headers = tuple(sorted(names & HEADERS))
        result.emulator = "devinops-emulator" in names
        if observations and observations[0].status is not None:
            url, proxy = self.target.api_url, self.observer.route.proxy
            result.checks[:0] = of_connection(url, proxy, seen, result.headers)
        if result.lists or not self.is_cut_off:
            result.checks += of_key(result.key)
            if {each.first.status for each in result.lists.values()} == {FORBIDDEN}:
                text = "may read nothing of what devinops manages"
                self._say(problem("key", text, "give it a role, or check DEVIN_ORG_ID"))
            result.checks += chain.from_iterable(map(of_list, result.lists.values()))
            were_read = (each.reading for each in result.lists.values())
            readable = quirks.readable(self.target.api, were_read)
            result.checks += (*self.probes, *of_quirks(result.quirks, readable))

    # --- the key ---

    def _ask_who(self) -> KeyFacts:
        """Return whose key it is, and take over the organization that it belongs to."""
        own, is_enterprise = self.observer.get("/v3/self"), self.target.enterprise
        unknown = KeyFacts("v3", "enterprise" if is_enterprise else "unknown")
        if self._stops(own):
            return unknown
        if own.status in (FORBIDDEN, 404):
            text = f"/v3/self is refused ({own.status}), so its owner is unknown"
            step = "" if self.result.org_id or is_enterprise else "set DEVIN_ORG_ID"
            self._say(note("key", text, step))
        elif not own.succeeded:
            self._say(of_failure("/v3/self", own))
        else:
            self._say(*of_findings("/v3/self", self._differences(own.value, "self")))
        if not own.succeeded or not isinstance(own.value, dict):
            return unknown
        owner = own.value.get("principal_type")
        return self._placed(owner if owner in [*OWNERS] else "unknown", own.value)

    def _placed(self, owner: Any, own: Mapping[str, Any]) -> KeyFacts:
        """Return what the key is, and say if it does not fit the settings."""
        result, is_enterprise = self.result, self.target.enterprise
        if id := next(iter(ids_in([own], "org_id")), None):
            if is_enterprise:
                self._say(problem("key", "is not the enterprise's", "use a key of the enterprise"))
            elif result.org_id not in (None, id):
                step = "check DEVIN_ORG_ID, or org_id of the target"
                self._say(problem("key", "belongs to another organization than the settings", step))
            result.org_id = id
            return KeyFacts("v3", "organization", owner)
        if own.get("org_id", "") is not None:
            return KeyFacts("v3", principal=owner)
        if result.org_id is None and not is_enterprise:
            self._say(note("key", "no organization is chosen", "set DEVIN_ORG_ID to read one too"))
        return KeyFacts("v3", "enterprise", owner, self._permissions(own))

    def _permissions(self, own: Mapping[str, Any]) -> tuple[str, ...] | None:
        """Return what the roles of an enterprise's service user permit; None if unreadable."""
        members, granted = "/v3/enterprise/members/service-users/{id}", set[str]()
        users = [self.observer.get(members, {"id": id}) for id in ids_in([own], "service_user_id")]
        self._say(*of_expiry((user.value for user in users), self.observer.seen[-1][1]))
        assigned = [each for user in users for each in objects_in(user.value, "role_assignments")]
        ids = ids_in((each.get("role") for each in assigned), "role_id")
        if not 0 < len(ids) <= _MOST_ROLES or len(ids) < len(assigned):
            return None
        for id in ids:
            names = self._role(id)
            if names is None:
                return None
            granted |= names
        return tuple(sorted(granted))

    def _role(self, id: str) -> set[str] | None:
        """Return what a role permits; None if unreadable."""
        role = self.observer.get("/v3/enterprise/roles/{id}", {"id": id})
        names = role.value.get("permissions") if isinstance(role.value, dict) else None
        if not role.succeeded or not isinstance(names, list):
            return None
        return {name for name in names if isinstance(name, str) and _PERMISSION.fullmatch(name)}

    # --- what devinops reads ---

    def _read(self, reading: Reading) -> None:
        result = read(self.observer, reading, self.contract.shapes, self._place)
        if self.target.api == "v1" and not self.result.lists and self._stops(result.first):
            return
        self.is_cut_off = result.first.is_unreachable or result.first.status == TOO_MANY
        self.result.lists[reading.name] = result

    def _read_one(self) -> None:
        """Read an object of a list, and one that does not exist."""
        readable = (
            each for each in self.result.lists.values() if each.reading.reads_one and each.ids
        )
        if (result := next(readable, None)) is None:
            return
        path, id = f"{result.reading.path}/{{id}}", result.ids[0]
        existing = self.observer.get(path, {**self._place, "id": id})
        if existing.succeeded:
            found = self._differences(existing.value, result.reading.object_shape)
            self.probes += of_findings(f"one of the {result.reading.name}", found)
        other = id[:-8] + ("1" if id.endswith("0") else "0") * 8
        missing = self.observer.get(path, {**self._place, "id": other})
        self.result.quirks |= quirks.of_missing(existing, missing)

    def _filter(self) -> None:
        """Ask for what is in a folder that holds objects, and so does a folder in it."""
        for folders in self.result.lists.values():
            how, *facts = folders.reading.settles.get("folder_filter", ("", ""))
            if how != "filter" or facts[0] not in self.result.lists:
                continue
            listed, (parent, path, place, shown) = self.result.lists[facts[0]], facts[1:]
            id = folders.reading.id
            paths = {each[id]: each[path] for each in folders.objects if _has(each, id, path)}
            filled = {each[place] for each in listed.objects if _has(each, place)} & paths.keys()
            pairs = ((each[parent], each[id]) for each in folders.objects if _has(each, parent, id))
            for above, below in [pair for pair in pairs if filled.issuperset(pair)][:1]:
                query = {"folder_path": paths[above], "first": str(PAGE_SIZE)}
                page = self.observer.get(listed.reading.path, self._place, query).value
                self.result.quirks |= quirks.of_filter(paths[below], paths[above], shown, page)

    def _ask_for_skills(self) -> None:
        """Ask whether the skills can be read to which the vendor moves notes."""
        result = self.result
        if self.target.api == "v3" and result.lists and result.org_id:
            skills = self.observer.get(SKILLS, self._place)
            answers = quirks.of_skills(result.lists, skills)
            result.quirks |= answers
            self.probes.append(of_skills(next(iter(answers.values()), None), skills))

    # --- helpers ---

    @property
    def _place(self) -> Mapping[str, str]:
        return {"org_id": self.result.org_id} if self.result.org_id else {}

    def _say(self, *checks: Check) -> None:
        self.result.checks += checks

    def _differences(self, value: Any, shape: Any) -> Counter[Any]:
        return Counter(differences(value, shape, self.contract.shapes))

    def _stops(self, first: Observation) -> bool:
        """Say why the first response makes all others useless; False if it does not."""
        if first.status == 401 and not first.failure:
            self._say(of_failure("key", first))
        elif first.failure or first.status in (407, TOO_MANY):
            self._say(of_failure("connection", first))
        else:
            return False
        self.is_cut_off = True
        return True


def _has(item: Mapping[str, Any], *members: str) -> bool:
    """Return whether these members are texts."""
    return all(isinstance(item.get(member), str) for member in members)
