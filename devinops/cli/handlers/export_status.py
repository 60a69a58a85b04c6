"""What `devinops export` reads, and what it does with --status: compare, and write nothing."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import suppress
from functools import cache, partial
from pathlib import Path
from typing import Final

from devinops.cli.declarations.options import Options
from devinops.config.reading import read_project, read_repository
from devinops.config.settings import target_name
from devinops.export.lock import LOCK, Ids, Locked, parse
from devinops.export.plugin import RULES, SKILL_FILE, TEXT_FILE
from devinops.export.status import FoundSkill, compared
from devinops.ingest.import_sources import walk
from devinops.inventory import InventorySettings
from devinops.inventory.offline import known_items
from devinops.load.discover import is_inside, read_text
from devinops.load.problems import problem
from devinops.model.errors import DevinopsError, UsageError, stop_on_errors
from devinops.model.exit_codes import ExitCode
from devinops.model.inventory import Record
from devinops.model.keys import Key
from devinops.model.objects import Declaration, Source
from devinops.render.answers import SimpleAnswer
from devinops.schema.base_document import HEAD
from devinops.schema.command_outputs import ComparedItem, StatusReport

# --- what is read ---------------------------------------------------------------------------------


def selected_entries(options: Options) -> tuple[str | None, list[Declaration], list[Declaration]]:
    """Return the chosen target (None: all), its entries, and the entries of other targets.

    Raises InputError, UsageError.
    """
    project, loaded = read_repository(options.root)
    stop_on_errors(loaded.problems)
    if options.flags.target is None:
        if any(entry.chain for entry in loaded.declarations):
            raise UsageError(
                "because of layers, targets have different entries under one key: choose one with "
                "--target"
            )
        return None, list(loaded.declarations), []
    name, _ = target_name(project, options.flags)
    entries = [entry for entry in loaded.declarations if entry.concerns(name)]
    return name, entries, [entry for entry in loaded.declarations if not entry.concerns(name)]


def locked_names(directory: Path) -> list[Locked]:
    """Return the lines of the lock file of a plugin, none without one.

    Raises InputError, UnusableFile.
    """
    path = directory / LOCK
    if not os.path.lexists(path):
        return []
    text, problems = read_text(str(path), str(path))
    stop_on_errors(problems)
    return parse(text or "", str(path))


def known_ids(options: Options) -> dict[Key, Ids]:
    """Return key → target → id of the live object, as far as this machine knows the inventory.

    An export works without an inventory, which only helps to follow renamed notes. Of several
    targets, one must be chosen.
    """
    ids: defaultdict[Key, dict[str, str]] = defaultdict(dict)
    with suppress(DevinopsError):
        project = read_project(options.root)
        name, _ = target_name(project, options.flags)
        settings = InventorySettings(**project.inventory_of(name))
        for item in known_items(settings, project.root, name):
            if isinstance(item, Record):
                ids[item.key][name] = item.id
    return dict(ids)


# --- the status of skills -------------------------------------------------------------------------

_SIGNS: Final = {"different": "~", "missing": "-", "same": "=", "without an entry": "?"}


def skills_compared(options: Options, directories: tuple[Path, ...]) -> ExitCode:
    """Compare the skills in the directories with the entries; return the exit code."""
    if not directories:
        raise UsageError("--status needs at least one DIR: a plugin, or a checkout with skills")
    for directory in directories:
        if not directory.is_dir():
            raise UsageError(f"{directory} is not a directory: expected a checkout with skills")
    _, entries, others = selected_entries(options)
    skills = {skill.path: skill for directory in directories for skill in _skills(directory)}
    items = compared(entries, skills.values(), others)
    differ = any(item.status in ("different", "missing") for item in items)
    code = ExitCode.LOOK if differ else ExitCode.OK
    document = partial(_report, items, directories, code)
    options.answer(SimpleAnswer(tuple(_lines(items)), document, exit_code=code))
    return code


def _skills(top: Path) -> Iterator[FoundSkill]:
    """Yield the skills and rules below a directory. Raises InputError, UnusableFile."""
    locks = cache(lambda plugin: _locked(plugin, top))
    for path in map(Path, walk(str(top), _stop)):
        name = path.parent.absolute().name
        is_rule = name == RULES and path.suffix == ".md"
        if is_rule or path.name == SKILL_FILE:
            slug = path.stem if is_rule else name
            # A relative path may have fewer parents than its file.
            plugin = Path(os.path.normpath(path.parent / (".." if is_rule else "../..")))
            locked = locks(plugin).get(slug)
            whole = "" if is_rule else _text(path.parent / TEXT_FILE, top)
            yield FoundSkill(path.as_posix(), slug, _text(path, top), locked, whole, is_rule)


def _locked(plugin: Path, top: Path) -> dict[str, Key]:
    """Return slug → key by the lock file of a plugin, which can be above the directory `top`.

    Raises InputError if a link leads out of both, so that nothing of another file is shown. Raises
    UnusableFile.
    """
    path = plugin / LOCK
    real = os.path.realpath(path)
    if not any(is_inside(real, os.path.realpath(place)) for place in (plugin, top)):
        message = f"this link leads out of {top}: remove it, or put the file in its place"
        stop_on_errors([problem(Source(str(path)), "outside-root", message)])
    return {line.slug: line.key for line in locked_names(plugin)}


def _text(path: Path, top: Path) -> str:
    """Return the text of a file; empty without one, and if it is not UTF-8 or a link leads out.

    Raises InputError.
    """
    real = os.path.realpath(path)
    if not os.path.lexists(path) or not is_inside(real, os.path.realpath(top)):
        return ""
    text, problems = read_text(real, str(path))
    stop_on_errors(problem for problem in problems if problem.code == "unreadable")
    return text or ""


def _stop(error: OSError) -> None:
    """Raise InputError for a directory that cannot be read, whose skills are therefore unknown."""
    message = f"cannot read this directory: {error.strerror}"
    stop_on_errors([problem(Source(str(error.filename)), "unreadable", message)])


def _lines(items: list[ComparedItem]) -> Iterator[str]:
    for item in items:
        place = "  ".join(filter(None, (item.path, item.key)))
        what = f"another {' and '.join(item.differs)}" if item.differs else item.status
        yield f"{_SIGNS[item.status]} {place}{'' if item.status == 'same' else f': {what}'}"
    numbers = Counter(item.status for item in items)
    counts = ", ".join(f"{number} {status}" for status, number in numbers.items())
    yield f"Skills: {counts or 'none'}"


def _report(
    items: list[ComparedItem], directories: tuple[Path, ...], code: ExitCode
) -> StatusReport:
    directory_names = tuple(map(str, directories))
    return StatusReport(**HEAD, exit_code=code, directories=directory_names, skills=tuple(items))
