"""Turn entries into the files of one Devin plugin. Pure: reads and writes nothing.

A text that is recalled when it fits becomes a skill, or a rule that Devin decides on; a short one
that is pinned to everything becomes a rule that is always on. A text that a person starts becomes a
skill that only a person starts. Sources: agentskills.io/specification; docs.devin.ai, "plugins",
"skills" and "rules".
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from devinops.export.lock import LOCK, Ids, Locked, dump, named, with_ids
from devinops.export.page import OTHER_TARGET, SOURCE, TEXT, Provenance, Remark, page, provenance
from devinops.export.slugs import is_slug, plain_slug
from devinops.model.keys import Key
from devinops.model.kind import Attribute, Use
from devinops.model.objects import Declaration, Ensure

MANIFEST: Final = ".devin-plugin/plugin.json"
PORTABLE: Final = "plugin.json"
"""The manifest of Agent Plugins, which other agents read; Devin prefers its own."""
SKILLS: Final = "skills"
RULES: Final = "rules"
SKILL_FILE: Final = "SKILL.md"
TEXT_FILE: Final = "references/whole-text.md"
"""Beside SKILL.md: a text that is too long for it, with the same front matter."""

LONGEST_DESCRIPTION: Final = 1024
"""Maximum length of the description of a skill."""

LONGEST_ALWAYS_ON: Final = 2_000
"""Maximum length of a text that is in every session, because it costs context there."""

LONGEST_RULE: Final = 12_000
"""Maximum length of a rule in Devin Desktop."""

LONGEST_SKILL: Final = 20_000
"""The specification advises at most 5,000 tokens, which are about so many characters."""

PORTABLE_SCHEMA: Final = "https://agent-plugins.org/schemas/1.0.0/plugin.schema.json"

IS_RULE: Final = "only Devin reads rules"
IS_FOR_PEOPLE: Final = "only Devin obeys triggers: [user], so another agent may start it by itself"

EVERYWHERE: Final = "all"
"""A pin to every repository."""

GLOBS: Final = "globs"
"""The member of an entry's `meta` with file patterns."""

_PORTABLE_NAME: Final = re.compile(r"(?!.{65})[a-z0-9]+([.-][a-z0-9]+)*")


@dataclass(frozen=True)
class PluginChoices:
    """What the user chose.

    `name` is that of a new plugin. `as_rules`: rules instead of skills. `repository`: only what is
    pinned to that one. `force` overwrites files that were changed by hand. `source` is the
    repository that the entries are in, empty if it is not known. `check`: nothing is written.
    """

    name: str
    as_rules: bool = False
    repository: str = ""
    force: bool = False
    source: str = ""
    check: bool = False


class FileStatus(StrEnum):
    """What an export does to a file."""

    NEW = "new"
    CHANGED = "changed"
    REMOVED = "removed"
    UNCHANGED = "unchanged"
    BY_HAND = "changed by hand"


@dataclass(frozen=True, order=True)
class PluginFile:
    """A file of the plugin: its path there, its new text, and the entry that it is made from.

    A manifest and the lock file have no entry. A file that is removed, or that was changed by hand
    and therefore stays, has no text.
    """

    path: str
    status: FileStatus
    text: str = field(default="", compare=False)
    key: Key | None = field(default=None, compare=False)
    source: str = field(default="", compare=False)

    @property
    def is_written(self) -> bool:
        return self.status in (FileStatus.NEW, FileStatus.CHANGED)


@dataclass(frozen=True)
class Exported:
    """The files of a plugin, sorted by path, and what could not be carried over.

    `left_out` are entries that the plugin does not have. `shipped` are the entries whose live
    objects exist a second time as soon as Devin uses the plugin. `ours` is the number of files that
    an earlier export of the same repository wrote. `withheld` are those of `left_out` whose text
    would be lost with the live object. `not_portable` says what agents other than Devin ignore.
    """

    files: tuple[PluginFile, ...]
    remarks: tuple[Remark, ...]
    left_out: tuple[Remark, ...]
    shipped: tuple[Key, ...]
    ours: int
    withheld: tuple[Key, ...]
    not_portable: tuple[Remark, ...]

    @property
    def gone(self) -> list[PluginFile]:
        """The files that are removed and whose entry has no other file."""
        keys = {file.key for file in self.files if file.status is not FileStatus.REMOVED}
        return [file for file in self.with_status(FileStatus.REMOVED) if file.key not in keys]

    @property
    def is_current(self) -> bool:
        return all(file.status is FileStatus.UNCHANGED for file in self.files)

    def with_status(self, *statuses: FileStatus) -> list[PluginFile]:
        return [file for file in self.files if file.status in statuses]


def export_plugin(
    declarations: Iterable[Declaration],
    existing: Mapping[str, str],
    choices: PluginChoices,
    others: Iterable[Declaration] = (),
    locked: Sequence[Locked] = (),
    ids: Mapping[Key, Ids] = MappingProxyType({}),
) -> Exported:
    """Return what the plugin is made of; `existing` are path → text of the files it has now.

    The files of `others`, which the user did not select, stay as they are. `locked` are the lines
    of the lock file, and `ids` the known ids of live objects.
    """
    run = _PluginExport(existing, choices, locked, ids)
    run.unselected.update(key for other in others for key in _keys(other))
    run.export(sorted(declarations, key=lambda declaration: declaration.key))
    return run.exported()


def _is_page(path: str) -> bool:
    """Return whether a file is a skill or a rule."""
    return path.startswith((f"{SKILLS}/", f"{RULES}/"))


def _slug_of(path: str) -> str:
    return path.split("/")[1].removesuffix(".md")


class _PluginExport:
    """One export while it is prepared."""

    def __init__(
        self,
        existing: Mapping[str, str],
        choices: PluginChoices,
        locked: Sequence[Locked],
        ids: Mapping[Key, Ids],
    ) -> None:
        self.existing, self.choices, self.locked, self.ids = existing, choices, locked, ids
        provenances = {path: provenance(path, existing[path]) for path in sorted(existing)}
        self.origins = {
            path: origin for path, origin in provenances.items() if origin and _is_page(path)
        }
        """Path → provenance of the files that devinops wrote, sorted by path."""
        self.earlier = _earlier_files(self.origins)
        self.files: dict[str, PluginFile] = {}
        self.remarks: list[Remark] = []
        self.left_out: list[Remark] = []
        self.shipped: list[Key] = []
        self.withheld: list[Key] = []
        self.not_portable: list[Remark] = []
        self.unselected: set[Key] = set()
        """The keys of entries that the user did not select."""

    # entries

    def export(self, declarations: Sequence[Declaration]) -> None:
        chosen: dict[Key, Declaration] = {}
        for declaration in filter(self.is_chosen, declarations):
            if chosen.setdefault(declaration.key, declaration) is not declaration:
                self.left_out.append(Remark(OTHER_TARGET, declaration.key))
        slugs = self.slugs(list(chosen.values()), {entry.key for entry in declarations})
        for declaration in chosen.values():
            self.add(declaration, slugs[declaration.key])

    def is_chosen(self, declaration: Declaration) -> bool:
        """Return whether the plugin gets an entry, and report why if it does not."""
        is_retired = declaration.ensure is not Ensure.PRESENT and bool(
            self.earlier_files(declaration)
        )
        if is_retired and not _is_written(declaration):
            self.keep(declaration)
            return False
        repository = self.choices.repository
        if repository and _pin(declaration) != repository and not is_retired:
            self.unselected.update(_keys(declaration))
            return False
        if why := refusal(declaration, is_retired=is_retired):
            self.left_out.append(Remark(why, declaration.key))
        if why == _TOO_LATE:
            self.withheld.append(declaration.key)
        return not why

    def earlier_files(self, declaration: Declaration) -> list[str]:
        """Return the paths of the files of an earlier export that an entry has."""
        return [self.earlier[key] for key in _keys(declaration) if key in self.earlier]

    def keep(self, declaration: Declaration) -> None:
        """Keep the file of an entry that has no text anymore: now people edit the file itself."""
        absent = f"its entry has ensure: {declaration.ensure} and no text"
        self.remarks.append(Remark(f"{absent}: its file stays as it is", declaration.key))
        for path in self.earlier_files(declaration):
            self.files[path] = PluginFile(path, FileStatus.UNCHANGED, "", declaration.key)

    def slugs(self, entries: Sequence[Declaration], declared: Collection[Key]) -> dict[Key, str]:
        """Return the slug of each entry, and put all of them into the lock file."""
        plain = {entry.key: plain_slug(entry.key, handle(entry)) for entry in entries}
        before, others = self.lines(), self.unselected.union(declared)
        taken = {_slug_of(path).lower() for path in self.existing if _is_page(path)}
        lines = named(before, entries, plain, self.ids, others, taken)
        self.add_lock(lines, plain.keys())
        known = {line.slug for line in before}
        for key, wanted in plain.items():
            if (slug := lines[key].slug) not in known and slug != wanted:
                text = f"another entry has or wants the name {wanted}, so it is called {slug}"
                self.remarks.append(Remark(text, key))
        return {key: lines[key].slug for key in plain}

    def lines(self) -> list[Locked]:
        """Return the lines of the lock file, and those for the files of exports before it."""
        keys = {line.key for line in self.locked}
        slugs = {line.slug for line in self.locked}
        lines = [*self.locked]
        for key, path in self.earlier.items():
            slug = _slug_of(path)
            if key not in keys and slug not in slugs and is_slug(slug):
                slugs.add(slug)
                lines.append(Locked(slug, key))
        return lines

    def add_lock(self, lines: Mapping[Key, Locked], written: Collection[Key]) -> None:
        """Add the lock file. For a check, an id that an apply has made known is no change."""
        ids = {key: self.ids.get(key, {}) for key in written if not self.choices.check}
        text = dump(with_ids(lines, ids))
        changed = FileStatus.CHANGED if self.locked else FileStatus.NEW
        status = FileStatus.UNCHANGED if text == dump(self.locked) else changed
        if lines:
            self.files[LOCK] = PluginFile(LOCK, status, text)

    def add(self, declaration: Declaration, slug: str) -> None:
        """Add the file of an entry."""
        front, is_rule = self.front(declaration, slug)
        path = f"{RULES}/{slug}.md" if is_rule else f"{SKILLS}/{slug}/{SKILL_FILE}"
        metadata = dict(_metadata(declaration, front)) | self.source(declaration)
        key, body = declaration.key, declaration.kind.text_of(declaration.resource)
        if not is_rule and len(body) > LONGEST_SKILL:
            beside = f"{SKILLS}/{slug}/{TEXT_FILE}"
            self.put(beside, page(beside, front, key, metadata, body), declaration)
            metadata[TEXT] = TEXT_FILE
            body = f"Read [the whole text]({TEXT_FILE}) before you begin."
        status = self.put(path, page(path, front, key, metadata, body), declaration)
        if status is FileStatus.UNCHANGED and declaration.ensure is Ensure.PRESENT:
            self.shipped.append(key)
        self.remarks += (Remark(text, key) for text in self.losses(declaration, is_rule))
        if is_rule or TRIGGERS in front:
            why = IS_RULE if is_rule else IS_FOR_PEOPLE
            self.not_portable.append(Remark(why, key))

    def put(self, path: str, text: str, declaration: Declaration) -> FileStatus:
        """Add the file of an entry, and return its status."""
        status, source = self.status(path, text), declaration.source.path
        self.files[path] = PluginFile(path, status, text, declaration.key, source)
        return status

    def source(self, declaration: Declaration) -> dict[str, str]:
        """Return the repository in an entry's file: what the file says already, else this one."""
        known = (self.origins[path].source for path in self.earlier_files(declaration))
        source = next(known, self.choices.source)
        return {SOURCE: source} if source else {}

    def status(self, path: str, text: str) -> FileStatus:
        """Return what an export does to the file at a path."""
        if path not in self.existing:
            return FileStatus.NEW
        if self.existing[path] == text:
            return FileStatus.UNCHANGED
        origin = self.origins.get(path)
        may_write = origin is not None and (origin.intact or self.choices.force)
        return FileStatus.CHANGED if may_write else FileStatus.BY_HAND

    def front(self, declaration: Declaration, slug: str) -> tuple[dict[str, Any], bool]:
        """Return the front matter of an entry's file, and whether the file is a rule."""
        when = description(declaration)
        if declaration.kind.meaning.use is Use.PROCEDURE:
            front = {"name": slug, "description": shortened(when), TRIGGERS: ["user"]}
            return front, False
        always = self.is_always_on(declaration)
        size = len(declaration.kind.text_of(declaration.resource)) + len(when) + 1_000
        if not always and not (self.choices.as_rules and size <= LONGEST_RULE):
            return {"name": slug, "description": shortened(when)}, False
        globs = [] if always else _globs(declaration)
        mode = "always_on" if always else "glob" if globs else "model_decision"
        front = {_MODE: mode, "description": when}
        return front | ({GLOBS: globs} if globs else {}) | {"name": declaration.key.name}, True

    def is_always_on(self, declaration: Declaration) -> bool:
        pin = _pin(declaration)
        everywhere = pin in (EVERYWHERE, self.choices.repository) and pin != ""
        text = declaration.kind.text_of(declaration.resource)
        return everywhere and len(text) <= LONGEST_ALWAYS_ON

    # what is lost

    def losses(self, declaration: Declaration, is_rule: bool) -> Iterator[str]:
        """Yield what an entry's file cannot say as the entry does."""
        kind = declaration.kind
        if len(description(declaration)) > LONGEST_DESCRIPTION and not is_rule:
            yield (
                f"its {kind.meaning.when} has more than {LONGEST_DESCRIPTION} characters: the "
                "description of the skill is cut, and the metadata has all of it"
            )
        if lost := self.lost_pin(declaration, is_rule):
            yield lost
        elif self.choices.as_rules and not is_rule and kind.meaning.use is Use.RULE:
            yield f"too long for a rule, which has at most {LONGEST_RULE} characters: it is a skill"
        if not (self.choices.as_rules and is_rule) and _globs(declaration):
            yield f"only a rule can have {GLOBS}"
        if not is_rule and len(kind.text_of(declaration.resource)) > LONGEST_SKILL:
            yield (
                f"its text has more than {LONGEST_SKILL} characters, too long for a good skill: it "
                f"is in {TEXT_FILE}; consider splitting the entry"
            )
        yield from _lost_values(declaration)

    def lost_pin(self, declaration: Declaration, is_rule: bool) -> str:
        """Return what happens to a pin that a plugin cannot have; empty if nothing is lost."""
        pin = _pin(declaration)
        if not pin or self.is_always_on(declaration):
            return ""
        if pin in (EVERYWHERE, self.choices.repository):
            return (
                f"always used, but its text has more than {LONGEST_ALWAYS_ON} characters: it is a "
                f"{'rule' if is_rule else 'skill'}, so Devin decides when to use it"
            )
        return (
            f"pinned to {pin}: in a plugin Devin decides by the description when to use it; "
            f"--repository {pin} exports it for that repository"
        )

    # the plugin

    def exported(self) -> Exported:
        self.add_manifests()
        self.remove_others()
        ours = [path for path, origin in self.origins.items() if self.is_ours(origin)]
        return Exported(
            files=tuple(sorted(self.files.values())),
            remarks=tuple(sorted(self.remarks)),
            left_out=tuple(sorted(self.left_out)),
            shipped=tuple(self.shipped),
            ours=len(ours),
            withheld=tuple(self.withheld),
            not_portable=tuple(sorted(self.not_portable)),
        )

    def add_manifests(self) -> None:
        """Add the manifests that are missing; those that exist belong to the user."""
        facts = {"name": self.choices.name, "description": "Written by devinops export."}
        if written := self.existing.get(MANIFEST):
            own = json.loads(written.removeprefix("\ufeff"))
            own = {name: own[name] for name in facts if isinstance(own.get(name), str)}
            facts |= own if _PORTABLE_NAME.fullmatch(own.get("name", "")) else {}
        for path, more in ((MANIFEST, {}), (PORTABLE, {"$schema": PORTABLE_SCHEMA})):
            if path not in self.existing:
                text = json.dumps({**more, **facts}, indent=2) + "\n"
                self.files[path] = PluginFile(path, FileStatus.NEW, text)

    def remove_others(self) -> None:
        """Remove the files of entries that are gone, unless they were changed."""
        exported = {file.key for file in self.files.values()}
        for path, origin in self.origins.items():
            if path in self.files:
                continue
            if origin.key in exported or not (why := self.reason_to_stay(origin)):
                status = FileStatus.REMOVED if origin.intact else FileStatus.BY_HAND
                self.files[path] = PluginFile(path, status, "", origin.key)
            else:
                self.remarks.append(Remark(f"{why}, so its file stays", origin.key))

    def reason_to_stay(self, origin: Provenance) -> str:
        """Return why a file without an exported entry stays; empty if its entry is gone."""
        if not self.is_ours(origin):
            return f"written from {origin.source}"
        return "not selected" if origin.key in self.unselected else ""

    def is_ours(self, origin: Provenance) -> bool:
        """Return whether a file was written from the repository that is exported now."""
        return origin.source in ("", self.choices.source)


TRIGGERS: Final = "triggers"
"""The member of a skill's front matter that says who may start it."""

_MODE: Final = "trigger"
"""The member of a rule's front matter that says when the rule is used."""


def _earlier_files(origins: Mapping[str, Provenance]) -> dict[Key, str]:
    """Return key → its file of an earlier export; of several, one that is still as exported."""
    earlier: dict[Key, str] = {}
    for path, origin in origins.items():
        if origin.key not in earlier or not origins[earlier[origin.key]].intact:
            earlier[origin.key] = path
    return earlier


_TOO_LATE: Final = (
    "its entry has ensure: absent, and the plugin does not have it yet: export it without that "
    "setting first, or delete its text if nobody needs it"
)


def refusal(declaration: Declaration, *, is_retired: bool) -> str:
    """Return why the plugin does not get an entry; empty if it does."""
    meaning = declaration.kind.meaning
    if meaning.use is None:
        return "a plugin cannot hold this kind"
    if declaration.ensure is not Ensure.PRESENT and not is_retired:
        is_late = declaration.ensure is Ensure.ABSENT and _is_written(declaration)
        return _TOO_LATE if is_late else f"its entry has ensure: {declaration.ensure}"
    if meaning.switch and getattr(declaration.resource, meaning.switch) is False:
        return "it is disabled"
    return "" if _is_written(declaration) else "it has no text"


def _is_written(declaration: Declaration) -> bool:
    """Return whether an entry has all that its file needs."""
    return bool(declaration.kind.text_of(declaration.resource) and description(declaration))


def _keys(declaration: Declaration) -> tuple[Key, ...]:
    """Return the keys that an entry has and had."""
    return (declaration.key, *declaration.previously)


def _text(declaration: Declaration, name: str) -> str:
    value = getattr(declaration.resource, name) if name else ""
    return value if isinstance(value, str) else ""


def handle(declaration: Declaration) -> str:
    """Return how people start an entry's text, such as a macro; empty if there is no such way."""
    return _text(declaration, declaration.kind.meaning.handle)


def _pin(declaration: Declaration) -> str:
    return _text(declaration, declaration.kind.meaning.always)


def description(declaration: Declaration) -> str:
    """Return when to use an entry's text, as the entry or as the way it is started says."""
    if declaration.kind.meaning.use is Use.PROCEDURE:
        noun = declaration.kind.name
        return f'Use when a person starts the {noun} "{declaration.key.name}".'
    return _text(declaration, declaration.kind.meaning.when)


def shortened(description: str) -> str:
    """Return the longest beginning of a description that a skill can have."""
    if len(description) <= LONGEST_DESCRIPTION:
        return description
    cut = description[: LONGEST_DESCRIPTION - 1]
    return f"{cut.rpartition(' ')[0] or cut}…"


def _globs(declaration: Declaration) -> list[str]:
    written = declaration.meta.get(GLOBS)
    patterns = [written] if isinstance(written, str) else written
    if not isinstance(patterns, list):
        return []
    return [pattern for pattern in patterns if isinstance(pattern, str) and pattern]


def _metadata(declaration: Declaration, front: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the texts of an entry that are nowhere else in its file."""
    meaning = declaration.kind.meaning
    for attribute in _others(declaration, meaning.switch):
        value = getattr(declaration.resource, attribute.name)
        is_there = attribute.name == meaning.when and front["description"] == value
        if isinstance(value, str) and value and not is_there:
            yield attribute.name, value


def _lost_values(declaration: Declaration) -> Iterator[str]:
    """Yield the values that a file cannot hold, or that nothing uses there."""
    meaning = declaration.kind.meaning
    used = (meaning.when, meaning.always, meaning.handle)
    for attribute in _others(declaration, meaning.switch, *used):
        value = getattr(declaration.resource, attribute.name)
        if isinstance(value, str) and value:
            yield f"a plugin has no {attribute.name}: it is only in the metadata"
        elif value:
            yield f"not carried over: {attribute.name}"


def _others(declaration: Declaration, *names: str) -> Iterable[Attribute]:
    """Return the fields of an entry other than those of its key, its text and the named ones."""
    kind = declaration.kind
    known: Collection[str] = (*kind.key_fields, kind.document or "", *names)
    return [attribute for attribute in kind.attributes if attribute.name not in known]
