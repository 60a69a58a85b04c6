"""An organization in memory, for tests of what apply does, and a journal of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Mapping, Sequence
from dataclasses import dataclass, field, replace

from devinops.applying.applier import Journal, Writer
from devinops.kinds import KINDS
from devinops.model.client_protocols import BeforeAgain
from devinops.model.errors import DevinopsError
from devinops.model.inventory import Intent, Record
from devinops.model.keys import Key, ObjectId
from devinops.model.kind import ApiVersion, Resource, references_of
from devinops.model.objects import Live, Snapshot


@dataclass
class Organization(Writer):
    """A Writer in memory. `faults` maps (method, name) to an error, raised `before` or `after` the deed."""

    objects: list[Live] = field(default_factory=list)
    api: ApiVersion = "v3"
    faults: Mapping[tuple[str, str], tuple[str, Exception]] = field(default_factory=dict)
    calls: list[tuple[str, str]] = field(default_factory=list)
    before_call: Callable[[str, str], None] = lambda method, name: None
    written: Live = field(init=False)
    hidden_reads: int = 0
    """How many listings do not show yet what was made."""
    appear: list[Live] = field(default_factory=list)
    attempts: Mapping[str, tuple[int | None, ...]] = field(default_factory=dict)
    """Method → what its attempts before the last one answer."""
    parallelism: int = 8
    meanwhile: Callable[[], None] = lambda: None
    """What happens between two attempts."""
    taken: Container[ObjectId] = ()
    """The ids that the last create must not return."""

    def snapshot(self, kinds: Collection[str] | None = None) -> Snapshot:
        self.calls.append(("list", ",".join(sorted(kinds or KINDS))))
        if self.hidden_reads:
            self.hidden_reads -= 1
        else:
            self.objects += self.appear
            self.appear = []
        return Snapshot.of(o for o in self.objects if kinds is None or o.key.kind in kinds)

    def reads_one(self, kind: str) -> bool:
        return KINDS[kind].apis[self.api].reads_one

    def read(self, kind: str, id: str) -> Live | None:
        found = next((o for o in self.objects if o.id == id), None)
        self._call("read", found.key.name if found else id, lambda: None)
        return next((o for o in self.objects if o.id == id), None)

    def create(
        self,
        resource: Resource,
        ids: Mapping[Key, str],
        *,
        value: str | None = None,
        taken: Container[ObjectId] = (),
    ) -> Live:
        name = resource.kind.key(resource).name
        self.taken = taken
        made = Live(f"new-{name}", resource, ids=ids_by_field(resource, ids))
        self._call("create", name, lambda: self.appear.append(made))
        return made

    def update(
        self,
        before: Live,
        resource: Resource,
        ids: Mapping[Key, str],
        *,
        before_again: BeforeAgain | None = None,
    ) -> Live:
        (old,) = (o for o in self.objects if o.id == before.id)
        new = replace(old, resource=resource, ids=ids_by_field(resource, ids))
        self.written = new
        self._try_again("update", before_again)
        self._call("update", old.key.name, lambda: self.put(new))
        return new

    def delete(self, kind: str, id: str, *, before_again: BeforeAgain | None = None) -> None:
        (old,) = (o for o in self.objects if o.id == id)
        self._try_again("delete", before_again)
        if old in self.objects:
            self._call("delete", old.key.name, lambda: self.objects.remove(old))

    def put(self, new: Live) -> None:
        (at,) = (place for place, o in enumerate(self.objects) if o.id == new.id)
        self.objects[at] = new

    def _try_again(self, method: str, before_again: BeforeAgain | None) -> None:
        for status in self.attempts.get(method, ()):
            self.meanwhile()
            if before_again:
                before_again(status)

    def stop_waiting(self) -> None:
        self.calls.append(("stop_waiting", ""))

    def _call(self, method: str, name: str, deed: Callable[[], None]) -> None:
        self.calls.append((method, name))
        self.before_call(method, name)
        when, error = self.faults.get((method, name), ("", None))
        if error is not None and when == "before":
            raise error
        deed()
        if error is not None:
            raise error


def ids_by_field(resource: Resource, ids: Mapping[Key, str]) -> dict[str, str]:
    references = references_of(resource.kind, resource)
    return {attribute.name: ids[key] for attribute, key in references if attribute.ref}


@dataclass
class Recorder(Journal):
    """A journal that remembers what it was told; `broken` names a step that fails."""

    broken: str = ""
    steps: list[str] = field(default_factory=list)
    failed: Mapping[Key, str] = field(default_factory=dict)

    def begin(self, intents: Sequence[Intent]) -> None:
        self._step("begin", [f"{i.action} {i.key.name}" for i in intents])

    def settle(self, upserts: Sequence[Record], removals: Sequence[ObjectId]) -> None:
        self._step("settle", [r.key.name for r in upserts] + [f"-{gone.id}" for gone in removals])

    def finish(self, unclear: Collection[Key], failed: Mapping[Key, str]) -> None:
        self.failed = failed
        self._step("finish", sorted(key.name for key in unclear))

    def _step(self, name: str, what: list[str]) -> None:
        self.steps.append(" ".join([name, *what]))
        if name == self.broken:
            raise DevinopsError("no room")
