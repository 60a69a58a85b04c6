"""`Kind`, and what describes one: attributes, identities, API calls and lifecycles."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum
from functools import cache, cached_property
from types import MappingProxyType
from typing import Any, ClassVar, Literal, NamedTuple, Protocol

from devinops.model.keys import ROOT, FolderPath, Key, ObjectId, decode_part
from devinops.model.policy import ACCESS
from devinops.model.values import UNSET, parts_of

ApiVersion = Literal["v3", "v1"]


# --- attributes -----------------------------------------------------------------------------------


class FieldNames(NamedTuple):
    """The names of a field in one API: in responses (`read`), creates and updates.

    None if the field does not exist there.
    """

    read: str | None = None
    create: str | None = None
    update: str | None = None

    @property
    def is_written(self) -> bool:
        return self.create is not None or self.update is not None


def everywhere(name: str) -> FieldNames:
    """Return the names of a field that has the same name in responses and requests."""
    return FieldNames(read=name, create=name, update=name)


def fixed(name: str) -> FieldNames:
    """Return the names of a field that a create sets and that nothing changes."""
    return FieldNames(read=name, create=name)


class Role(Enum):
    """What a field is for; most roles are those of contracts.

    A contract describes a value but never contains it.
    """

    VALUE_SOURCE = "where apply finds the value, which is sent to the API and nowhere else"
    ROTATION = "a new value of this field replaces the object"
    MAX_AGE = "an older object is worth a warning"
    ADVISORY = "a difference is worth a warning, because no API can change it"
    HANDLE = "the name, beginning with !, by which people and texts mention the object"
    RESULT_SCHEMA = "the JSON Schema of what a session returns"


class Mention(NamedTuple):
    """A reference inside a text: a token with a name in files and an id on the wire.

    `kind` is the noun of the mentioned object. A token is `PREFIX"NAME"` in files and `PREFIXID` on
    the wire.
    """

    kind: str
    prefix: str

    def keys(self, text: str) -> list[Key]:
        """Return the keys that the text in a file mentions, in the order of the text."""
        return [Key(self.kind, ROOT, name) for name in re.findall(self._named, text)]

    def ids(self, text: str) -> list[str]:
        """Return the ids that the text mentions directly, in the order of the text."""
        return re.findall(self._by_id, text)

    def to_ids(self, text: str, ids: Mapping[Key, str]) -> str:
        """Return the text from a file as the API expects it.

        Raises KeyError for a key not in `ids`.
        """
        return re.sub(self._named, lambda m: self.prefix + ids[Key(self.kind, ROOT, m[1])], text)

    def to_names(self, text: str, names: Mapping[str, str]) -> str:
        """Return the text from the API as it is written in files.

        An id stays as it is if it is not in `names`, or if no token can hold its name.
        """

        def named(token: re.Match[str]) -> str:
            written = f'{self.prefix}"{names.get(token[1], "")}"'
            return written if re.fullmatch(self._named, written) else token[0]

        return re.sub(self._by_id, named, text)

    def without_quotes(self, id: str, title: str) -> str:
        """Return a problem: a text has `id` where it probably means the object called `title`."""
        return (
            f"{self.prefix}{id} means a {self.kind} by its id: to name it by its title, write "
            f'{self.prefix}"{title}"'
        )

    @property
    def _named(self) -> str:
        return rf'{re.escape(self.prefix)}"([^"\n]+)"'

    @property
    def _by_id(self) -> str:
        return rf"{re.escape(self.prefix)}([\w-]+)"


def _as_it_is(value: Any) -> Any:
    return value


def _send_as_it_is(value: Any, _: Any) -> Any:
    return value


def _never(_: Any) -> None:
    return None


def _of_any_scope(item: Mapping[str, Any], _: str | None) -> Mapping[str, Any]:
    return item


class Attribute(NamedTuple):
    """One field of a kind.

    `schema` is the JSON Schema of the value as written. `names` maps an API version to its names;
    an API that is missing there does not have the field. A field without names is not sent.

    `ref` is the noun of the kind that the value, or each text in it, refers to: a name or path in
    files, an id on the wire. `mention` describes references inside the texts of the value. `text`
    marks prose, which is sent in its canonical form. `is_set` marks a list without order, or a
    mapping whose members are elements. `default` is sent on create if a declaration does not give a
    value. `usual` is the value that most objects have: `pull` writes neither it nor the default.
    `role` says what it is for; `with_value` marks a field that is required if the source of a value
    is given. `per_user`: each user may see another value.

    `normalize` turns a value, written or live, into the form in which values are compared. `to_api`
    gets that form and the live value before the write, and returns what is sent. `rewrites` returns
    what some servers return instead of a value, or None. `describe` explains a part of the value
    that people cannot read. `completed` gets a written and the live value, and returns the written
    one with the parts that it leaves out and that an update must not change. `element` is the
    member by which the API tells the elements of a list from each other. `only_read_as_null`: the
    API may show null, which neither an entry nor a request can say.
    """

    schema: Mapping[str, Any]
    names: Mapping[ApiVersion, FieldNames] = MappingProxyType({})
    required: bool = False
    ref: str | None = None
    mention: Mention | None = None
    text: bool = False
    is_set: bool = False
    name: str = ""
    default: Any = UNSET
    usual: Any = UNSET
    role: Role | None = None
    with_value: bool = False
    per_user: bool = False
    normalize: Callable[[Any], Any] = _as_it_is
    to_api: Callable[[Any, Any], Any] = _send_as_it_is
    rewrites: Callable[[Any], Any] = _never
    describe: Callable[[Any], str | None] = _never
    completed: Callable[[Any, Any], Any] = _send_as_it_is
    element: str = ""
    only_read_as_null: bool = False

    def normalized(self, value: Any) -> Any:
        """Return a value, written or live, in the form for comparing values; a set is sorted."""
        value = self.normalize(value)
        if self.is_set and isinstance(value, list):
            return sorted(value, key=lambda element: json.dumps(element, sort_keys=True))
        return value

    @property
    def live_schema(self) -> Mapping[str, Any]:
        """The JSON Schema of a live value: only its words or types, because it may break rules."""
        if "enum" in self.schema:
            return {"enum": self.schema["enum"]}
        types = self.schema["type"]
        types = [types] if isinstance(types, str) else [*types]
        return {"type": [*types, "null"] if self.only_read_as_null else types}

    def reads(self, api: ApiVersion) -> str | None:
        """Return the name of the field in an API's responses; None if the API does not show it."""
        names = self.names.get(api)
        return names.read if names else None

    def sent_as(self, api: ApiVersion, *, creating: bool) -> str | None:
        """Return the name of the field in a create or an update; None if it cannot be set there."""
        names = self.names.get(api)
        if names is None:
            return None
        return names.create if creating else names.update

    def writes(self, api: ApiVersion) -> bool:
        """Return whether an API can set the field, on create or later."""
        names = self.names.get(api)
        return names is not None and names.is_written


def attribute(**facts: Any) -> Any:
    """Declare a dataclass field with its `Attribute`; the value is UNSET by default."""
    return dataclasses.field(default=UNSET, metadata={"attribute": Attribute(**facts)})


# --- values of one object -------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Resource:
    """The values of one object, declared or live; a field without a value is UNSET.

    Each kind has a subclass.
    """

    kind: ClassVar[Kind]

    def items(self) -> Iterator[tuple[str, Any]]:
        """Yield name and value of each field that has a value, in the order of the class."""
        for name in _field_names(type(self)):  # type: ignore[arg-type]  # a class can be hashed
            value = getattr(self, name)
            if value is not UNSET:
                yield name, value


@cache
def _field_names(resource: type[Any]) -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(resource))


# --- identity -------------------------------------------------------------------------------------


class Identity(Protocol):
    """How the objects of a kind are distinguished."""

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields that make up the name."""
        ...

    def key(self, noun: str, folder: FolderPath, resource: Resource) -> Key:
        """Return the key of an object in a folder from its values."""
        ...

    def values(self, key: Key) -> dict[str, Any]:
        """Return the values of the fields that a key was made from."""
        ...


class Named(NamedTuple):
    """Identity by the text in one field."""

    field: str

    @property
    def fields(self) -> tuple[str, ...]:
        return (self.field,)

    def key(self, noun: str, folder: FolderPath, resource: Resource) -> Key:
        return Key(noun, folder, getattr(resource, self.field))

    def values(self, key: Key) -> dict[str, Any]:
        return {self.field: key.name}


class Path(NamedTuple):
    """Identity by a path in one field: the last part is the name, the rest is the folder."""

    field: str

    @property
    def fields(self) -> tuple[str, ...]:
        return (self.field,)

    def key(self, noun: str, folder: FolderPath, resource: Resource) -> Key:
        above, _, last = getattr(resource, self.field).rpartition("/")
        return Key(noun, FolderPath(above), decode_part(last))

    def values(self, key: Key) -> dict[str, Any]:
        return {self.field: FolderPath(key.path)}


class Composite(NamedTuple):
    """Identity by several fields, joined with a space in the key; a space in a value is `%20`."""

    fields: tuple[str, ...]

    def key(self, noun: str, folder: FolderPath, resource: Resource) -> Key:
        values = (str(getattr(resource, field)) for field in self.fields)
        parts = (value.replace("%", "%25").replace(" ", "%20") for value in values)
        return Key(noun, folder, " ".join(parts))

    def values(self, key: Key) -> dict[str, Any]:
        parts = (part.replace("%20", " ").replace("%25", "%") for part in key.name.split(" "))
        return dict(zip(self.fields, parts, strict=False))


class OnlyObject(NamedTuple):
    """Identity of the only object of its kind in an organization; its key is the noun."""

    fields: tuple[str, ...] = ()

    def key(self, noun: str, folder: FolderPath, resource: Resource) -> Key:
        return Key(noun, ROOT, "")

    def values(self, key: Key) -> dict[str, Any]:
        return {}


# --- calls ----------------------------------------------------------------------------------------


class Scope(StrEnum):
    """Whose objects a path leads to, and therefore which API key may use it."""

    ORGANIZATION = "organization"
    ENTERPRISE = "enterprise"
    ABOUT_ORGANIZATION = "settings of one organization that only an enterprise key may write"


class Paging(StrEnum):
    """How a list is divided."""

    WHOLE = "one response"
    CURSOR = "first and after"


class Omitted(StrEnum):
    """What an update does with a field that the request leaves out."""

    CLEARED = "clears it"
    KEPT = "keeps it"


class Update(NamedTuple):
    """How an object is changed in place."""

    verb: str = "PUT"
    omitted: Omitted = Omitted.CLEARED


class Part(NamedTuple):
    """One of the resources that make up the only object of a kind, with the field that it holds.

    `path` is read with GET. `write` (default: the same path) is set with `verb` and cleared with
    DELETE. The value is in the member `member` of a response and in `write_member` (default: the
    same) of a request. If `items` is given, the response is a list of that name, and `where`
    selects the object by its members; `{org_id}` in it stands for the organization. If a part needs
    a `permission` of its own, a key without it reads the other parts.
    """

    field: str
    path: str
    member: str
    write: str = ""
    write_member: str = ""
    items: str = ""
    where: Mapping[str, str] = MappingProxyType({})
    empty: Any = None
    """The value that is written with DELETE; UNSET if none is."""
    verb: str = "PUT"
    permission: str = ""


class Tree(NamedTuple):
    """How a list shows a tree: the members with an object's name and with the id of its parent.

    Without `parent` the tree is flat, and the path of an object is its name.
    """

    name: str
    parent: str | None


class Counted(NamedTuple):
    """A member of a list that counts objects of another kind.

    The member `by` of those objects says which object counts them.
    """

    member: str
    kind: str
    by: str


class Api(NamedTuple):
    """What one API can do with a kind, and with which requests.

    `path` is relative to the scope: an organization or the enterprise (v3), or /v1. `items` is the
    member with the list in a response, `id` the member with an object's id. If the list has no
    pages and no other kind shares it, the response may also be the list itself. `reads_one`: there
    is a GET of a single object. `update` is None if no request changes an object in place. `gone`
    holds the statuses of DELETE that can mean "no longer there". `tree` says how paths are shown,
    and `counted` how many objects the list of another kind must have. `value` is the member of a
    create with the value of a contract. `nameless`: there are objects without a name, which are
    never the organization's own. `also` holds members that are read in addition to the attributes.
    `parts` replaces all of this for the only object of a kind.

    `is_shared`: the list is the enterprise's, and the same for all of its organizations.
    `has_subject`: an object says something about a subject, such as the role of a person, and has
    the id of its subject; a create names it in the path instead of the body. `reduced` gets an
    object of a response and the organization's id, None in an enterprise, and returns the object as
    it is in that scope; None if it is not there. It raises ValueError. `wrapped` returns the body
    of a create, whose verb is POST unless `create_verbs` says otherwise. In the scope
    `forgotten_in`, DELETE would remove the subject itself: it is never sent.
    """

    path: str
    items: str = "items"
    id: str = ""
    scopes: frozenset[Scope] = frozenset({Scope.ORGANIZATION})
    paging: Paging = Paging.WHOLE
    reads_one: bool = False
    creates: bool = True
    update: Update | None = Update()
    deletes: bool = True
    gone: frozenset[int] = frozenset({404})
    tree: Tree | None = None
    counted: Counted | None = None
    nameless: bool = False
    value: str = ""
    also: frozenset[str] = frozenset()
    parts: tuple[Part, ...] = ()
    is_shared: bool = False
    has_subject: bool = False
    reduced: Callable[[Mapping[str, Any], str | None], Mapping[str, Any] | None] = _of_any_scope
    wrapped: Callable[[Mapping[str, Any]], Mapping[str, Any]] = _as_it_is
    forgotten_in: Scope | None = None
    create_verbs: Mapping[Scope, str] = MappingProxyType({})
    read_permission: str = ""
    write_permission: str = ""
    enterprise_permission: str = ""
    """The permission for reading and writing the objects of an enterprise."""

    def serves(self, scope: Scope) -> bool:
        """Return whether a target of this scope has such objects."""
        if scope is Scope.ORGANIZATION:
            return bool(self.scopes & {Scope.ORGANIZATION, Scope.ABOUT_ORGANIZATION})
        return scope in self.scopes

    @property
    def creates_in_list(self) -> bool:
        """Whether an object is created as the only one of a list."""
        return self.wrapped is not _as_it_is

    @property
    def is_about_organization(self) -> bool:
        """Whether only an enterprise key can reach it, although it is about one organization."""
        return Scope.ABOUT_ORGANIZATION in self.scopes

    @property
    def is_flat(self) -> bool:
        return self.tree is not None and self.tree.parent is None

    @property
    def clears(self) -> bool:
        """Whether an update clears the fields that it leaves out."""
        return self.update is not None and self.update.omitted is Omitted.CLEARED


def settings_api(scope: Scope, *parts: Part, read: str = "", write: str = "") -> Api:
    """Return what an API can do with the only object of a kind, which always exists.

    `read` and `write` are the permissions; whoever may read may write if only one is given.
    """
    return Api(
        path="",
        id="id",
        scopes=frozenset({scope}),
        creates=False,
        deletes=False,
        parts=parts,
        read_permission=read,
        write_permission=write or read,
    )


# --- kinds ----------------------------------------------------------------------------------------


class Lifecycle(StrEnum):
    """How objects of a kind come and go; `devinops.planning.lifecycles` plans accordingly."""

    MANAGED = "created, updated and deleted"
    REQUIRED = "must exist; no API creates one"
    CONTRACT = "must exist; created or replaced only with a value that is kept elsewhere"
    WHOLE = "always there; set as a whole"


class Hazard(NamedTuple):
    """How a change of this kind can cost money, stop work or lock people out, and what approves it.

    `approval` is one of `policy.HAZARDS`, such as `spend` for `--allow spend`; if it is empty, the
    plan only names the risk. `risk` gets the values before (None for a create) and after, and
    returns the risk as text, empty if there is none. If it `sees_deletes`, it also gets those,
    with None for the values after. It is asked only about targets of the `scope`, if it has one.
    """

    approval: str
    risk: Callable[[Any, Any], str]
    sees_deletes: bool = False
    scope: Scope | None = None


@dataclass(frozen=True, slots=True)
class Revealed:
    """A secret that the API generated and shows once, with its address.

    No repr shows the secret.
    """

    address: str
    secret: str = dataclasses.field(repr=False)


class GeneratedSecret(NamedTuple):
    """A secret that the API generates and shows once, in the response to a write.

    `title` is its name for people. `expected` gets the values before (None for a create) and after,
    and returns whether the API generates a secret. `revealed` finds it in an object of a response.
    `renewed` says what happens to the old secret if the object is created again, `deleted` what
    happens if it is deleted, and `lost` how to get a new one.
    """

    title: str
    expected: Callable[[Any, Any], bool]
    revealed: Callable[[Mapping[str, Any]], Revealed | None]
    renewed: str
    deleted: str
    lost: str


class Use(Enum):
    """What Devin and other tools use a text for."""

    RULE = "recalled when it fits the task"
    PROCEDURE = "started by a person"


class Terraform(NamedTuple):
    """What the vendor's Terraform provider calls the objects of a kind.

    `organization` and `enterprise` are the types of their resources. `named_by` are those of data
    sources and resources that only tell the names of what others refer to. `shown` gets the
    attributes of a resource and returns them as the API shows the object. `shared` maps fields to
    the arguments of a resource that also has others, so it must stay in Terraform.
    """

    organization: str = ""
    enterprise: str = ""
    named_by: tuple[str, ...] = ()
    shown: Callable[[Mapping[str, Any]], Mapping[str, Any]] = _as_it_is
    shared: Mapping[str, str] = MappingProxyType({})


class Meaning(NamedTuple):
    """What the fields of a kind mean to whoever reads its objects.

    `use` says which texts of other tools become such objects; None if none do. `when` is the field
    that says when to use the text, `always` the one with the repository in which it is always used,
    `handle` the one with the name by which a person starts it, and `switch` the one that is false
    for a text that is not used.
    """

    use: Use | None = None
    when: str = ""
    always: str = ""
    handle: str = ""
    switch: str = ""


FieldPath = str | tuple[str | int, ...]
"""A field of an entry, or the path to a part of one."""


def _no_problems(_: Any) -> Iterable[tuple[FieldPath, str]]:
    return ()


@dataclass(frozen=True, eq=False)
class Kind:
    """A kind of object: its values, where entries are in files, and what each API can do with it.

    `section` is its list in YAML files. With `document`, it is also the directory of its Markdown
    files, whose text fills that field. `parent` is the field that names the containing object, if
    objects of this kind are in one of another kind. `singular` names an object in
    sentences, if that is not the noun. `confidential`: a problem never quotes an
    entry, because people may write a value where only its name belongs. `check` gets the values as
    written, and yields (path, message) for each fault that a JSON Schema cannot express. `label`
    is the field with labels, one of which marks the owner. `meaning` says what its fields mean to
    readers.
    If `alone` says why, as a clause about a change, such an object is changed in a run without any
    other change; `locked_out` says what it means if the API then refuses the key.
    `moves_to` is what the vendor has announced to turn such objects into. `out_of_sight` says how
    an object of an organization may still exist although its lists no longer show it. A kind
    without a `section` is read only to find what others refer to; `remedy` says what to do if such
    an object is missing. Objects `of_principals` say what a person, a service user or a
    group may do, and have their id. One that is `only_named` is not read unless an entry or a
    person names it.
    `refused` says what to do if the API refuses to create an object in an organization.
    """

    noun: str
    section: str
    resource: type[Resource]
    identity: Identity
    apis: Mapping[ApiVersion, Api]
    title: str
    lifecycle: Lifecycle = Lifecycle.MANAGED
    document: str | None = None
    parent: str | None = None
    singular: str = ""
    confidential: bool = False
    label: str | None = None
    hazards: tuple[Hazard, ...] = ()
    alone: str = ""
    locked_out: str = ""
    of_principals: bool = False
    generated_secret: GeneratedSecret | None = None
    meaning: Meaning = Meaning()
    terraform: Terraform = Terraform()
    moves_to: str = ""
    out_of_sight: str = ""
    remedy: str = "create it in the web app (no API can)"
    only_named: bool = False
    refused: str = ""
    check: Callable[[Any], Iterable[tuple[FieldPath, str]]] = _no_problems

    def __post_init__(self) -> None:
        required = (self.by_name[field].required for field in self.identity.fields)
        assert all(required), f"each entry of {self.section} must have the fields of its identity"
        is_tree = any(api.tree for api in self.apis.values())
        assert isinstance(self.identity, Path) or not is_tree, "in a tree, the path is the identity"
        self.resource.kind = self

    @property
    def name(self) -> str:
        """What people call an object of this kind, such as `note`."""
        return self.singular or self.noun

    @property
    def plural(self) -> str:
        """What people call several objects of this kind, such as `notes`."""
        first, *rest = self.name.split(" of ")
        return " of ".join([f"{first}s", *rest]) if self.singular else self.section

    def counted(self, number: int) -> str:
        """Return a number of objects, such as `1 note` or `2 notes`."""
        return f"{number} {self.name if number == 1 else self.plural}"

    @property
    def with_article(self) -> str:
        """The name with its article, such as `a note` or `an automation`."""
        return f"{'an' if self.name[0].lower() in 'aeiou' else 'a'} {self.name}"

    @property
    def moving(self) -> str:
        """Advice for a run in which all objects of this kind are gone; empty if there is none."""
        return (
            self.moves_to
            and f"Devin may be moving its {self.plural} to {self.moves_to}: check in the web "
            "app whether it is there; nothing is deleted here, and devinops export writes the "
            "entries as a plugin"
        )

    @property
    def renames(self) -> bool:
        """Whether an API can change the name of an object."""
        names = [self.by_name[name] for name in self.identity.fields]
        versions = [version for version, api in self.apis.items() if api.update]
        return any(name.sent_as(each, creating=False) for name in names for each in versions)

    @property
    def gives_access(self) -> bool:
        """Whether an object gives somebody or something access."""
        return any(hazard.approval == ACCESS for hazard in self.hazards)

    @property
    def tombstones(self) -> bool:
        """Whether an entry can say that an object must be gone."""
        return self.lifecycle in (Lifecycle.MANAGED, Lifecycle.CONTRACT)

    @property
    def is_declared(self) -> bool:
        """Whether entries can declare such objects; otherwise they can only refer to them."""
        return bool(self.section)

    @cached_property
    def attributes(self) -> tuple[Attribute, ...]:
        return tuple(
            field.metadata["attribute"]._replace(name=field.name)
            for field in dataclasses.fields(self.resource)
        )

    @cached_property
    def by_name(self) -> Mapping[str, Attribute]:
        return {attribute.name: attribute for attribute in self.attributes}

    @cached_property
    def normalizing(self) -> tuple[Attribute, ...]:
        """The attributes whose values may change before they are compared."""
        return tuple(a for a in self.attributes if a.is_set or a.normalize is not _as_it_is)

    @cached_property
    def references(self) -> frozenset[str]:
        """The kinds that objects of this one refer to; they are written first."""
        return self.mentioned | {a.ref for a in self.attributes if a.ref}

    @cached_property
    def mentioned(self) -> frozenset[str]:
        """The kinds whose objects the texts of these can mention."""
        return frozenset(a.mention.kind for a in self.attributes if a.mention)

    @cached_property
    def lives_in(self) -> str | None:
        """The kind whose objects contain those of this kind; None if there is none."""
        return self.by_name[self.parent].ref if self.parent else None

    def needed_to_read(self, api: ApiVersion) -> frozenset[str]:
        """Return the kinds that have to be listed to read objects of this one.

        These are all that it refers to, except the parent if each object shows its parent's path.
        """
        shows_path = api in self.apis and f"{self.parent}_path" in self.apis[api].also
        return frozenset(n for n in self.references if n != self.lives_in or not shows_path)

    @cached_property
    def key_fields(self) -> tuple[str, ...]:
        """The fields that make up a key: those of the identity, and the parent."""
        return (*self.identity.fields, *([self.parent] if self.parent else []))

    def is_in(self, api: ApiVersion, scope: Scope) -> bool:
        """Return whether an API has objects of this kind in a scope."""
        return api in self.apis and self.apis[api].serves(scope)

    def is_promoted(self, api: ApiVersion) -> bool:
        """Return whether people can promote an object of an organization to the enterprise."""
        return api in self.apis and self.apis[api].scopes >= {Scope.ORGANIZATION, Scope.ENTERPRISE}

    def role(self, role: Role) -> Attribute | None:
        """Return the attribute with a role; None if there is none."""
        return next((attribute for attribute in self.attributes if attribute.role is role), None)

    def key(self, resource: Resource) -> Key:
        """Return the key of an object from its values."""
        folder = getattr(resource, self.parent) if self.parent else ROOT
        return self.identity.key(self.noun, folder or ROOT, resource)

    def values_of(self, key: Key) -> dict[str, Any]:
        """Return the values of the fields that make up a key."""
        folder = {self.parent: key.folder} if self.parent else {}
        return folder | self.identity.values(key)

    def key_with(self, key: Key, changed: Mapping[str, Any]) -> Key:
        """Return a key in which some fields have other values. `changed` may have more fields."""
        values = {name: changed.get(name, old) for name, old in self.values_of(key).items()}
        return self.key(self.resource(**values))

    def referred(self, attribute: Attribute, value: str) -> Key:
        """Return the key that a reference means.

        A parent is given by path, anything else by name.
        """
        assert attribute.ref, "the attribute is not a reference"
        if attribute.name == self.parent:
            return Key.parse(f"{attribute.ref}:{value}")
        return Key(attribute.ref, ROOT, value)

    def text_of(self, resource: Resource) -> str:
        """Return the prose of an object; empty if its kind has none."""
        text = getattr(resource, self.document) if self.document else ""
        return text if isinstance(text, str) else ""


def references_of(kind: Kind, resource: Resource) -> Iterator[tuple[Attribute, Key]]:
    """Yield the keys that an object refers to, each with the attribute that refers to it."""
    for attribute in kind.attributes:
        value = getattr(resource, attribute.name)
        if attribute.ref:
            for text in filter(None, _texts(value)):
                yield attribute, kind.referred(attribute, text)
        if attribute.mention and value is not UNSET:
            for text in _texts(value):
                yield from ((attribute, key) for key in attribute.mention.keys(text))


def mentions_of(resource: Resource) -> Iterator[Key | ObjectId]:
    """Yield the key or id of each object that a text in an object mentions."""
    yield from (mentioned for _, mentioned in mentions_of_field(resource))


def mentions_of_field(resource: Resource) -> Iterator[tuple[Attribute, Key | ObjectId]]:
    """Yield what the texts of an object mention, each with the attribute of the text."""
    for attribute in resource.kind.attributes:
        mention, value = attribute.mention, getattr(resource, attribute.name)
        if mention is None or value is UNSET:
            continue
        for text in _texts(value):
            yield from ((attribute, key) for key in mention.keys(text))
            yield from ((attribute, ObjectId(mention.kind, id)) for id in mention.ids(text))


def _texts(value: Any) -> Iterator[str]:
    """Yield every text in a value, at any depth."""
    if isinstance(value, str):
        yield value
    for part in parts_of(value):
        yield from _texts(part)


def with_texts(value: Any, change: Callable[[str], str]) -> Any:
    """Return a value with `change` applied to every text in it."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {name: with_texts(part, change) for name, part in value.items()}
    return [with_texts(part, change) for part in value] if isinstance(value, list) else value
