"""Small kinds, each with what few real kinds have, and an API that serves them.

`toy_kinds()` puts them in the place of the real ones. `ToyApi` keeps objects in memory and answers as the kinds' own
data says, so it proves nothing about any real API: only that the rest of devinops needs nothing but that data.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from devinops.kinds import KINDS, Registry
from devinops.model.kind import (
    Api,
    Composite,
    FieldNames,
    Hazard,
    Kind,
    Lifecycle,
    Mention,
    Named,
    Omitted,
    OnlyObject,
    Paging,
    Part,
    Path,
    Resource,
    Scope,
    Tree,
    Update,
    attribute,
    everywhere,
    settings_api,
)
from devinops.schema import findings
from tests.testing.replies import Asked, Reply, Server, running

TEXT = {"type": "string", "minLength": 1, "description": "A text."}
NULLABLE = {"type": ["string", "null"], "description": "A text or null."}


def text(name: str, **facts: Any) -> Any:
    return attribute(schema=TEXT, names={"v3": everywhere(name)}, **facts)


# --- kinds --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Manual(Resource):
    """What others refer to by its name."""

    title: Any = text("title", required=True)
    words: Any = text("words", text=True, required=True)


MANUAL = Kind(
    noun="manual",
    section="manuals",
    title="A manual.",
    resource=Manual,
    identity=Named("title"),
    document="words",
    apis={"v3": Api(path="manuals", id="manual_id", paging=Paging.CURSOR, reads_one=True)},
)


def _lower(address: str) -> str:
    return address.lower()


def _with_removals(labels: Mapping[str, Any], before: Any) -> dict[str, Any]:
    """Return labels as a merge patch that removes those that are no longer there."""
    return {**dict.fromkeys(before or {}), **labels}


@dataclass(frozen=True, kw_only=True, slots=True)
class Robot(Resource):
    """Fields of every type, with other names in responses, creates and updates.

    Refers to another kind by a field and inside a text; its API changes it with PATCH.
    """

    name: Any = text("name", required=True)
    manual: Any = attribute(
        schema=NULLABLE,
        ref="manual",
        names={"v3": FieldNames(read="manual_id", create="manual", update="new_manual")},
    )
    task: Any = attribute(
        schema={"type": "object", "description": "What to do."},
        mention=Mention("manual", "@manual:"),
        names={"v3": everywhere("task")},
    )
    address: Any = text("address", normalize=_lower)
    speed: Any = attribute(
        schema={"type": "integer", "description": "A number."},
        names={"v3": FieldNames("speed", create="speed")},
    )
    weight: Any = attribute(
        schema={"type": ["number", "null"], "description": "A number or null."},
        names={"v3": everywhere("weight")},
    )
    is_on: Any = attribute(
        schema={"type": "boolean", "description": "Whether it is on."},
        names={"v3": FieldNames("enabled", update="enabled")},
    )
    labels: Any = attribute(
        schema={"type": "object", "description": "Labels, one of which names the owner."},
        to_api=_with_removals,
        names={"v3": everywhere("metadata")},
    )


def _risk(before: Robot | None, after: Robot) -> str:
    return "gets a task" if after.task and not (before and before.task) else ""


ROBOT = Kind(
    noun="robot",
    section="robots",
    title="A robot.",
    resource=Robot,
    identity=Named("name"),
    label="labels",
    hazards=(Hazard("", _risk),),
    apis={
        "v3": Api(
            path="robots",
            id="robot_id",
            paging=Paging.CURSOR,
            reads_one=True,
            update=Update("PATCH", Omitted.KEPT),
            write_permission="ManageRobots",
        )
    },
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Lamp(Resource):
    """Needs a second call after its create; the color cannot change, and nobody can read the code again."""

    name: Any = text("name", required=True)
    color: Any = attribute(schema=TEXT, names={"v3": FieldNames(read="color", create="color")})
    is_on: Any = attribute(
        schema={"type": "boolean", "description": "Whether it is on."},
        names={"v3": FieldNames(read="is_on", update="is_on")},
    )
    code: Any = attribute(
        schema=TEXT, names={"v3": FieldNames(create="code", update="code")}, default="0"
    )


LAMP = Kind(
    noun="lamp",
    section="lamps",
    title="A lamp.",
    resource=Lamp,
    identity=Named("name"),
    apis={"v3": Api(path="lamps", id="lamp_id", reads_one=True)},
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Grant(Resource):
    """Is told apart by two fields together. There is no read of one, and nothing changes it in place."""

    host: Any = text("host", required=True)
    path: Any = text("path", required=True)
    level: Any = text("level")
    why: Any = text("why", text=True, required=True)


GRANT = Kind(
    noun="grant",
    section="grants",
    title="A grant.",
    resource=Grant,
    identity=Composite(("host", "path")),
    document="why",
    apis={"v3": Api(path="grants", id="grant_id", update=None)},
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Seat(Resource):
    """Is told apart by two fields together, which can change."""

    room: Any = text("room", required=True)
    number: Any = attribute(
        schema=TEXT, required=True, names={"v3": FieldNames("no", create="no", update="no")}
    )
    note: Any = text("note", text=True)


SEAT = Kind(
    noun="seat",
    section="seats",
    title="A seat.",
    resource=Seat,
    identity=Composite(("room", "number")),
    apis={"v3": Api(path="seats", id="seat_id", reads_one=True)},
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Shelf(Resource):
    """A container that must exist, and of which there are no shelves in shelves."""

    path: Any = attribute(schema=TEXT, required=True, names={"v3": FieldNames(read="label")})


SHELF = Kind(
    noun="shelf",
    section="shelves",
    title="A shelf.",
    resource=Shelf,
    identity=Path("path"),
    lifecycle=Lifecycle.REQUIRED,
    apis={
        "v3": Api(
            path="shelves",
            id="shelf_id",
            creates=False,
            update=None,
            deletes=False,
            tree=Tree(name="label", parent=None),
        )
    },
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Box(Resource):
    """Lives in a container."""

    name: Any = text("name", required=True)
    shelf: Any = attribute(schema=NULLABLE, ref="shelf", names={"v3": everywhere("shelf_id")})


BOX = Kind(
    noun="box",
    section="boxes",
    title="A box.",
    resource=Box,
    identity=Named("name"),
    parent="shelf",
    apis={"v3": Api(path="boxes", id="box_id", reads_one=True)},
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Relic(Resource):
    """What only the old API has."""

    name: Any = attribute(schema=TEXT, required=True, names={"v1": everywhere("name")})
    story: Any = attribute(schema=TEXT, names={"v1": everywhere("story")})


RELIC = Kind(
    noun="relic",
    section="relics",
    title="A relic.",
    resource=Relic,
    identity=Named("name"),
    apis={"v1": Api(path="relics", items="relics", id="id")},
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Badge(Resource):
    """What only an enterprise has."""

    name: Any = text("name", required=True)
    color: Any = text("color")


BADGE = Kind(
    noun="badge",
    section="badges",
    title="A badge.",
    resource=Badge,
    identity=Named("name"),
    hazards=(Hazard("honor", lambda _, after: "is made of gold" * (after.color == "gold")),),
    apis={
        "v3": Api(
            path="badges", id="badge_id", reads_one=True, scopes=frozenset({Scope.ENTERPRISE})
        )
    },
)


def _colors_of_palette(palette: Palette) -> Iterator[tuple[str, str]]:
    colors = palette.colors if isinstance(palette.colors, list) else []
    if len(colors) > 20:
        yield "colors", "a palette has at most 20 colors"
    if palette.size == "small" and len(colors) > 2:
        yield "size", "a small palette has at most 2 colors"


@dataclass(frozen=True, kw_only=True, slots=True)
class Palette(Resource):
    """A set about an organization, with a value beside it that nothing can change."""

    colors: Any = attribute(
        schema={"type": ["array", "null"], "description": "Colors."},
        is_set=True,
        normalize=lambda colors: [] if colors is None else colors,
        names={"v3": everywhere("colors")},
    )
    size: Any = attribute(schema=NULLABLE, names={"v3": FieldNames(read="size", create="size")})


PALETTE = Kind(
    noun="palette",
    section="palettes",
    title="The colors of an organization.",
    resource=Palette,
    identity=OnlyObject(),
    lifecycle=Lifecycle.WHOLE,
    check=_colors_of_palette,
    apis={
        "v3": settings_api(
            Scope.ABOUT_ORGANIZATION,
            Part("colors", "organizations/{org_id}/colors", "colors", empty=[]),
            Part("size", "organizations/{org_id}/size", "size"),
        )
    },
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Motto(Resource):
    """A singleton of the enterprise."""

    words: Any = attribute(schema=NULLABLE, required=True, names={"v3": everywhere("words")})


MOTTO = Kind(
    noun="motto",
    section="mottos",
    title="The motto of an enterprise.",
    resource=Motto,
    identity=OnlyObject(),
    lifecycle=Lifecycle.WHOLE,
    apis={"v3": settings_api(Scope.ENTERPRISE, Part("words", "motto", "words"))},
)

TOYS = Registry((BADGE, BOX, GRANT, LAMP, MANUAL, MOTTO, PALETTE, RELIC, ROBOT, SEAT, SHELF))


@contextmanager
def toy_kinds(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Put the toy kinds in the place of all others."""
    monkeypatch.setattr(KINDS, "__dict__", vars(TOYS))
    findings._named_checker.cache_clear()
    yield
    findings._named_checker.cache_clear()


# --- an API -------------------------------------------------------------------------------------------------

ORG = "org-1"
_BASES = {
    ("v3", Scope.ORGANIZATION): f"/v3/organizations/{ORG}",
    ("v3", Scope.ENTERPRISE): "/v3/enterprise",
    ("v1", Scope.ORGANIZATION): "/v1",
}


@dataclass
class ToyApi:
    """The objects of all toy kinds, in the members that the API shows.

    `objects` maps a noun to id → object, `settings` a path to its members. `refuse` maps a line such as
    `PUT /v3/…` to the status of its response.
    """

    objects: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    settings: dict[str, dict[str, Any]] = field(default_factory=dict)
    refuse: dict[str, int] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._numbers = itertools.count(1)

    @contextmanager
    def running(self) -> Iterator[Server]:
        with running(self.answer) as server:
            yield server

    def of(self, noun: str) -> dict[str, dict[str, Any]]:
        """Return id → object of a kind."""
        return self.objects.setdefault(noun, {})

    def add(self, noun: str, **members: Any) -> str:
        """Make an object as a person would; return its id."""
        (calls,) = TOYS[noun].apis.values()
        id = f"{noun}-{next(self._numbers)}"
        self.of(noun)[id] = {calls.id: id, **members}
        return id

    @property
    def writes(self) -> list[str]:
        return [line for line in self.lines if not line.startswith("GET ")]

    def answer(self, asked: Asked) -> Reply:
        path = asked.path.partition("?")[0]
        line = f"{asked.method} {path}"
        self.lines.append(line)
        if line in self.refuse:
            return Reply(self.refuse[line], {"detail": "refused"})
        if path == "/v3/self":
            return Reply(200, {"principal_type": "service_user", "org_id": ORG})
        body = asked.json if asked.body else {}
        for noun, kind in TOYS.items():
            for (api, scope), base in _BASES.items():
                calls = kind.apis.get(api)  # type: ignore[call-overload]
                if calls and not calls.parts and scope in calls.scopes:
                    collection = f"{base}/{calls.path}"
                    if path == collection:
                        return self._collection(noun, calls, api, asked.method, body)
                    if path.startswith(f"{collection}/"):
                        id = path.removeprefix(f"{collection}/")
                        return self._object(noun, api, asked.method, id, body)
        return self._setting(path, asked.method, body)

    def _collection(
        self, noun: str, calls: Api, api: str, method: str, body: Mapping[str, Any]
    ) -> Reply:
        if method == "GET":
            return Reply(200, {calls.items: list(self.of(noun).values()), "has_next_page": False})
        blank = {
            a.names[api].read: False if a.schema["type"] == "boolean" else None  # type: ignore[index]
            for a in TOYS[noun].attributes
        }
        id = self.add(noun, **{name: value for name, value in blank.items() if name})
        self._write(noun, api, id, body, "create")
        return Reply(200, self.of(noun)[id])

    def _object(self, noun: str, api: str, method: str, id: str, body: Mapping[str, Any]) -> Reply:
        if id not in self.of(noun):
            return Reply(404, {"detail": "not found"})
        if method == "DELETE":
            del self.of(noun)[id]
            return Reply(200, {})
        if method != "GET":
            self._write(noun, api, id, body, "update")
        return Reply(200, self.of(noun)[id])

    def _write(self, noun: str, api: str, id: str, body: Mapping[str, Any], way: str) -> None:
        for known in TOYS[noun].attributes:
            names = known.names[api]  # type: ignore[index]
            sent = getattr(names, way)
            if sent in body and names.read:
                self.of(noun)[id][names.read] = body[sent]

    def _setting(self, path: str, method: str, body: Mapping[str, Any]) -> Reply:
        if method == "GET":
            return Reply(200, self.settings.get(path, {}))
        self.settings[path] = dict(body) if method == "PUT" else {}
        return Reply(200, self.settings[path])
