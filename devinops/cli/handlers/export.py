"""What `devinops export` does."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

from devinops import atomic
from devinops.cli.declarations.options import Options
from devinops.cli.output import writing
from devinops.cli.session import failures_written
from devinops.cli.setup.repository import host_and_repository
from devinops.config.reading import read_project, read_repository
from devinops.config.settings import target_name
from devinops.export.lock import LOCK, Ids, Locked, parse
from devinops.export.page import Remark
from devinops.export.plugin import (
    MANIFEST,
    PORTABLE,
    RULES,
    SKILL_FILE,
    SKILLS,
    TEXT_FILE,
    Exported,
    FileStatus,
    PluginChoices,
    PluginFile,
    export_plugin,
)
from devinops.export.slugs import slug
from devinops.git import Git
from devinops.inventory import InventorySettings
from devinops.inventory.offline import known_items
from devinops.kinds import KINDS
from devinops.load.discover import is_inside, read_text
from devinops.model.errors import DevinopsError, NotWritten, Refused, UsageError, stop_on_errors
from devinops.model.exit_codes import ExitCode
from devinops.model.inventory import Record
from devinops.model.keys import Key
from devinops.model.objects import Declaration
from devinops.render import counted, joined
from devinops.render.answers import SimpleAnswer

MAX_KEYS = 3
"""How many keys a line names, without -v."""

MAX_REMOVALS = 3
MAX_REMOVED_SHARE = 0.2
"""An export that removes more files, and a larger share of them, needs --force."""


def run(
    options: Options,
    directory: Path,
    as_: str | None,
    repository: str | None,
    check: bool,
    force: bool,
) -> ExitCode:
    """Carry out the command, as its help says; return the exit code."""
    with failures_written(options):
        _check_directory(directory, options.root)
        choices = PluginChoices(
            name=slug(directory.absolute().resolve().name) or "devinops",
            as_rules=as_ == "rules",
            repository=repository or "",
            force=force,
            source=_source(options.root),
            check=check,
        )
        answer = _export(options, directory, choices)
    return options.answer(answer)


def _export(options: Options, directory: Path, choices: PluginChoices) -> SimpleAnswer:
    entries, others = _selected_entries(options)
    existing, locked = _existing(directory), locked_names(directory)
    exported = export_plugin(entries, existing, choices, others, locked, _known_ids(options))
    _check_removals(exported, directory, force=choices.force)
    if not choices.check:
        _write(directory, exported)
    code = _code(exported, check=choices.check)
    lines = tuple(_lines(exported, directory, options, check=choices.check))
    document = partial(_document, exported, directory, choices.check)
    return SimpleAnswer(lines, document, exit_code=code)


# --- what is read ---------------------------------------------------------------------------------


def _selected_entries(options: Options) -> tuple[list[Declaration], list[Declaration]]:
    """Return the entries of the chosen target, or of all, and those of other targets.

    Raises InputError, UsageError.
    """
    project, loaded = read_repository(options.root)
    stop_on_errors(loaded.problems)
    entries = list(loaded.declarations)
    if options.flags.target is None:
        if any(entry.chain for entry in entries):
            raise UsageError(
                "because of layers, targets have different entries under one key: choose one with "
                "--target"
            )
        return entries, []
    name, _ = target_name(project, options.flags)
    others = [entry for entry in entries if not entry.concerns(name)]
    return [entry for entry in entries if entry.concerns(name)], others


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


def _known_ids(options: Options) -> dict[Key, Ids]:
    """Return key → target → id of the live object, as far as this machine knows the inventory.

    An export works without an inventory, which only helps to follow renamed notes. Of several
    targets, one must be chosen.
    """
    with suppress(DevinopsError):
        project = read_project(options.root)
        name, _ = target_name(project, options.flags)
        items = known_items(InventorySettings(**project.inventory_of(name)), project.root, name)
        return {item.key: {name: item.id} for item in items if isinstance(item, Record)}
    return {}


def _check_directory(directory: Path, root: Path) -> None:
    """Raise UsageError if devinops, or Git, would take the files of a plugin for its own."""
    real, top = Path(os.path.realpath(directory)), Path(os.path.realpath(root))
    names = (*KINDS.directories, ".git", atomic.STATE)
    for own in (top / name for name in names):
        if real == own or own in real.parents:
            raise UsageError(f"a plugin cannot be in {own}: choose another directory")


def _existing(directory: Path) -> dict[str, str]:
    """Return path → text of the files that an export may have written, or must not overwrite.

    Raises NotWritten.
    """
    for manifest in (MANIFEST, PORTABLE):
        _check_manifest(directory / manifest)
    patterns = (f"{SKILLS}/*/{SKILL_FILE}", f"{SKILLS}/*/{TEXT_FILE}", f"{RULES}/*.md")
    paths = (path for pattern in patterns for path in sorted(directory.glob(pattern)))
    return {
        path.relative_to(directory).as_posix(): _text(path)
        for path in (directory / MANIFEST, directory / PORTABLE, *paths)
        if os.path.lexists(path)
    }


def _check_manifest(path: Path) -> None:
    """Raise NotWritten if there is a manifest that nobody can read."""
    if not os.path.lexists(path):
        return
    try:
        if isinstance(json.loads(atomic.read(path).decode("utf-8-sig")), dict):
            return
        why = "expected a JSON object"
    except OSError as error:
        why = atomic.reason(error)
    except (ValueError, RecursionError) as error:
        why = f"it is not JSON: {error}"
    raise NotWritten(
        f"cannot read {path}: {why}; nothing was written: repair the file, or delete it to get "
        "a new one"
    )


def _text(path: Path) -> str:
    """Return the text of a file with LF line ends; what cannot be read was not written by us."""
    try:
        return atomic.read(path).decode("utf-8").replace("\r\n", "\n")
    except (OSError, UnicodeDecodeError):
        return ""


def _source(root: Path) -> str:
    """Return the repository and directory of the entries, such as `acme/devin:teams/web`.

    Empty if Git does not know the repository.
    """
    git = Git(root)
    _, repository = host_and_repository(git.line("remote", "get-url", "origin"))
    below = (git.line("rev-parse", "--show-prefix") or "").strip("/")
    return ":".join(filter(None, (repository, below))) if repository else ""


def _check_removals(exported: Exported, directory: Path, *, force: bool) -> None:
    """Raise Refused if much of a plugin would go: the files or the options may be wrong."""
    removed = exported.with_status(FileStatus.REMOVED)
    entries = (file for file in exported.files if file.key)
    if removed and not any(file.text or file.status is FileStatus.UNCHANGED for file in entries):
        raise Refused(
            f"no entry is left for {directory}, so {counted(len(removed), 'file')} would be "
            "removed; nothing was written: check the root, the target and --repository, or delete "
            "the directory by hand"
        )
    gone = len(exported.gone)
    if gone > max(MAX_REMOVALS, exported.ours * MAX_REMOVED_SHARE) and not force:
        raise Refused(
            f"{gone} of the {exported.ours} files that devinops wrote into {directory} would be "
            "removed, because their entries are gone; nothing was written: check the root, or pass "
            "--force to remove them"
        )


def _write(directory: Path, exported: Exported) -> None:
    """Write and remove files. Raises NotWritten."""
    top = os.path.realpath(directory)
    for file in sorted(exported.files, key=lambda file: not file.is_written):
        path = directory / file.path
        with writing(path):
            if not is_inside(os.path.realpath(path.parent), top):
                raise NotWritten(
                    f"cannot write {path}: a symbolic link leads out of {directory}: replace the "
                    "link, then run again"
                )
            if file.is_written:
                path.parent.mkdir(parents=True, exist_ok=True)
                atomic.replace(path, [file.text], errors="strict")
            elif file.status is FileStatus.REMOVED:
                _remove(path, directory)


def _remove(path: Path, directory: Path) -> None:
    """Remove a file, and the directories of a skill that have nothing else."""
    path.unlink(missing_ok=True)
    skills = directory / SKILLS
    for above in path.parents:
        if skills not in above.parents or any(above.iterdir()):
            break
        above.rmdir()


def _code(exported: Exported, *, check: bool) -> ExitCode:
    if check and not exported.is_current:
        return ExitCode.LOOK
    decide = exported.withheld or exported.with_status(FileStatus.BY_HAND)
    return ExitCode.DECIDE if decide else ExitCode.OK


_SIGNS = {
    FileStatus.NEW: "+",
    FileStatus.CHANGED: "~",
    FileStatus.REMOVED: "-",
    FileStatus.BY_HAND: "!",
}


def _lines(exported: Exported, directory: Path, options: Options, *, check: bool) -> Iterator[str]:
    for file in exported.files:
        if file.status is not FileStatus.UNCHANGED:
            yield f"{_SIGNS[file.status]} {directory / file.path}{_origin(file)}"
    most = None if options.verbose else MAX_KEYS
    yield from _grouped(exported.remarks, "", most)
    yield from _grouped(exported.left_out, "left out: ", most)
    if exported.shipped and not check:
        number = len(exported.shipped)
        entries = "1 entry is" if number == 1 else f"{number} entries are"
        yield (
            f"{entries} in the plugin already. Once Devin uses the plugin, it "
            "gets each of these texts twice: to delete a live object, add ensure: absent to its "
            "entry and apply; its text stays in the plugin"
        )
    if not check:
        yield from _grouped(exported.not_portable, "not portable: ", most)
    yield _summary(exported, directory, options.command_flags, check=check)


def _origin(file: PluginFile) -> str:
    if file.status is not FileStatus.BY_HAND:
        return f"  {file.key}" if file.key else ""
    entry = f"copy the change to {file.source}" if file.source else "its entry is gone"
    rest = "or pass --force to overwrite it" if file.source else "delete it by hand"
    return f"  changed by hand, so it stays: {entry}, {rest}"


def _grouped(remarks: Sequence[Remark], start: str, most: int | None) -> Iterator[str]:
    """Yield a line for each text, with the keys that it is about."""
    for text, group in groupby(remarks, key=lambda remark: remark.text):
        keys = [str(remark.key) for remark in group]
        more = f" and {len(keys) - most} more" if most and len(keys) > most else ""
        yield f"{start}{text}: {', '.join(keys[:most])}{more}"


def _summary(exported: Exported, directory: Path, flags: str, *, check: bool) -> str:
    counts = joined((len(exported.with_status(status)), status) for status in FileStatus)
    if exported.is_current:
        return f"{directory} is up to date: {counted(len(exported.files), 'file')}"
    if check:
        writes = exported.with_status(FileStatus.NEW, FileStatus.CHANGED, FileStatus.REMOVED)
        rest = f"; run devinops export{flags} without --check" if writes else ""
        return f"{directory} is not up to date: {counts}{rest}"
    return f"Exported to {directory}: {counts}"


def _document(exported: Exported, directory: Path, check: bool) -> dict[str, Any]:
    return {
        "directory": str(directory),
        "check": check,
        "files": [
            {"path": file.path, "change": file.status, "key": str(file.key) if file.key else None}
            for file in exported.files
        ],
        "remarks": _items(exported.remarks),
        "left_out": _items(exported.left_out),
        "shipped": list(map(str, exported.shipped)),
        "not_portable": _items(exported.not_portable),
    }


def _items(remarks: Iterable[Remark]) -> list[dict[str, str]]:
    return [{"key": str(remark.key), "text": remark.text} for remark in remarks]
