"""What `devinops import` does."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from devinops.cli import write_files
from devinops.cli.declarations.options import Options
from devinops.config.project import Project
from devinops.config.settings import target_name
from devinops.ingest.import_form import ENTERPRISE, ImportChoices
from devinops.ingest.import_sources import ImportSources
from devinops.ingest.importing import (
    Existing,
    Imported,
    ImportOrigin,
    ImportReport,
    import_contents,
)
from devinops.model.errors import NotFound, UsageError
from devinops.model.exit_codes import ExitCode
from devinops.render import counted
from devinops.render.answers import SimpleAnswer
from devinops.writers import FileChange

_ADDRESS = re.compile(r"https?://[^\s/?#@<>()]+(?:/[^\s?#<>()]*)?")
_REPO = re.compile(r"all|[^/\s]+(?:/[^/\s]+)+")


def run(
    options: Options,
    sources: tuple[Path, ...],
    split: bool,
    repo: str | None,
    folder: str | None,
    link_base: str | None,
    dry_run: bool,
    force: bool,
) -> ExitCode:
    """Carry out the command, as its help says; return the exit code."""
    if repo and not _REPO.fullmatch(repo):
        raise UsageError(f'--repository must be OWNER/NAME or all, not "{repo}"')
    if link_base and not _ADDRESS.fullmatch(link_base):
        raise UsageError(
            "--link-base must be an address such as https://github.com/OWNER/NAME/blob/COMMIT, "
            f"not {link_base}"
        )
    raws: write_files.Raws = {}
    project, loaded = write_files.read(options.root, raws)
    name, place = _target(options, project)
    choices = ImportChoices(
        split=split,
        repo=repo or "",
        into=folder or "",
        link_base=(link_base or "").rstrip("/"),
        place=place,
        settings=_settings(project, name, place),
        elsewhere=partial(_elsewhere, project, options.root_flag, place),
    )
    entries = [entry for entry in loaded.written if not name or entry.concerns(name)]
    repository = Existing(
        # Of several layers, the first one: new entries are written into the root.
        {entry.key: entry for entry in sorted(entries, key=lambda entry: -entry.rank)},
        write_files.taken(options.root),
        write_files.ignored(project),
        force,
        write_files.text_of(options.root, raws),
    )
    own = {os.path.realpath(options.root / path) for path in loaded.files}
    reader = ImportSources(choices, own)
    report = _prepare(reader, sources, choices, repository)
    if not dry_run:
        changes = _changes(report)
        for item in write_files.write(options.root, changes, raws, loaded.declarations):
            report.leave(item.change.path, item.reason)
    waits = report.not_imported or any(item.unwritten for item in report.imported)
    code = ExitCode.DECIDE if waits else ExitCode.OK
    lines = tuple(_lines(report, dry_run, options, choices.link_base))
    document = partial(_document, report, dry_run, options.command_flags)
    return options.answer(SimpleAnswer(lines, document, exit_code=code))


def _target(options: Options, project: Project) -> tuple[str, str | None]:
    """Return the name of the target that gets the entries, empty for all, and its place.

    The place is that of `ImportChoices`.
    """
    if len(project.targets) > 1 and not options.flags.selectors:
        return "", None
    name, _ = target_name(project, options.flags)
    return name, _place_of(project, name) or os.environ.get("DEVIN_ORG_ID", "").strip()


def _place_of(project: Project, name: str) -> str | None:
    """Return the place that devinops.yaml says for a target; None if it says none."""
    target = project.targets.get(name, {})
    return ENTERPRISE if target.get("enterprise") else target.get("org_id")


def _settings(project: Project, name: str, place: str | None) -> dict[str, Any]:
    """Return the settings of an entry that only one target gets."""
    if name and len(project.targets) > 1:
        return {"targets": [name]}
    return {"enterprise": True} if place == ENTERPRISE else {}


def _elsewhere(project: Project, root_flag: str, chosen: str | None, place: str) -> str:
    """Return the command that imports the objects of a place that is not the `chosen` one."""
    command = f"devinops import{root_flag}"
    for name in project.targets:
        if _place_of(project, name) == place:
            return f"{command} -t {shlex.quote(name)}"
    if place != ENTERPRISE and chosen == "":
        return f"DEVIN_ORG_ID={shlex.quote(place)} {command}"
    setting = "enterprise: true" if place == ENTERPRISE else f"org_id: {place}"
    return f"add a target with {setting} to devinops.yaml, then {command} -t NAME"


def _prepare(
    reader: ImportSources, paths: tuple[Path, ...], choices: ImportChoices, repository: Existing
) -> ImportReport:
    """Return what the sources become. Raises NotFound if there is nothing to import in them."""
    for path in paths:
        reader.add(str(path))
    report = import_contents(reader.read, choices, repository)
    report.unread = +reader.unread
    written = {item.origin.path for item in report.imported}
    report.broken_links = sum(reader.broken_links[path] for path in written)
    if not (report.imported or report.duplicates or report.not_imported):
        named = ", ".join(map(str, paths))
        raise NotFound(
            f"there is nothing to import in {named}: expected rules, skills, prompts, playbooks, "
            "Markdown, JSON of the API or a Terraform state; nothing was written"
        )
    return report


def _changes(report: ImportReport) -> Iterator[FileChange]:
    there = {item.file for item in report.imported if item.overwritten}
    there |= {file.path for file in report.files if file.extended}
    for file in report.files:
        keys = tuple(declaration.key for declaration in file.declarations)
        yield FileChange(file.path, file.text, keys, is_new=file.path not in there)


# --- for people -----------------------------------------------------------------------------------


def _lines(report: ImportReport, dry_run: bool, options: Options, link_base: str) -> Iterator[str]:
    for path, remarks in report.remarks.items():
        yield from (f"{path}: {remark}" for remark in remarks)
    for item in report.imported:
        yield f"{'~' if item.overwritten else '+'} {item.file}"
        yield f"    {item.key}, from {item.origin} ({item.origin.form})"
        if item.unwritten:
            yield f"    {item.unwritten}: missing in the source: replace the TODO"
        yield from (f"    {remark}" for remark in item.remarks)
    for same in report.duplicates:
        yield f"= {same.origin}: {same.what} {same.same} ({same.file})"
    for rest in report.not_imported:
        what = "" if rest.origin.path.endswith(rest.what) else f"{rest.what}: "
        yield f"! {rest.origin}: not imported: {what}{rest.why}"
    yield from _follow_up(report, options)
    for what, number in report.unread.items():
        yield f"{counted(number, what)} not read: name a file to import it"
    if report.broken_links:
        links = counted(report.broken_links, "relative link leads", "relative links lead")
        remedy = "nowhere from the new files: --link-base URL writes addresses for them"
        yield f"{links} {'out of the tree at --link-base' if link_base else remedy}"
    yield _summary(report, dry_run)
    if report.imported and not dry_run:
        plan = f"devinops plan{options.command_flags}"
        yield f"Next: devinops validate{options.root_flag}, then {plan}"


def _follow_up(report: ImportReport, options: Options) -> Iterator[str]:
    """Yield how to adopt live objects by id, and how to take them from Terraform."""
    adopted = [item for item in _of_terraform(report) if item.is_adopted]
    by_id = [item for item in adopted if item.id and (options.verbose or item.differs)]
    title = "Adopt the live objects by id, in a target with an inventory:"
    yield from _block(title, _links(by_id, options.command_flags))
    if equal := len(adopted) - len(by_id):
        yield ""
        yield (
            f"{counted(equal, 'object equals its entry', 'objects equal their entries')}, so apply "
            "adopts them; -v prints the commands that adopt them by id"
        )
    title = "After the apply, remove them from the Terraform state, which destroys nothing:"
    yield from _block(title, _removals(report))
    title = "These stay in Terraform, but let it ignore the arguments that the entries now set:"
    yield from _block(title, _ignored(report))
    if _of_terraform(report):
        yield ""


def _block(title: str, lines: Sequence[str]) -> Iterator[str]:
    if lines:
        yield from ("", title, *(f"  {line}" for line in lines))


def _links(items: Iterable[Imported], flags: str) -> list[str]:
    return [
        f"devinops inventory link{flags} {shlex.quote(str(item.key))} {shlex.quote(item.id)}"
        for item in items
        if item.id
    ]


def _removals(report: ImportReport) -> list[str]:
    own = (item for item in _of_terraform(report) if not item.shared)
    return [f"terraform state rm {shlex.quote(item.address)}" for item in own]


def _ignored(report: ImportReport) -> list[str]:
    return [
        f"{item.address}: lifecycle {{ ignore_changes = [{', '.join(item.shared)}] }}"
        for item in _of_terraform(report)
        if item.shared
    ]


def _of_terraform(report: ImportReport) -> list[Imported]:
    return [item for item in (*report.imported, *report.settled) if item.address]


def _summary(report: ImportReport, dry_run: bool) -> str:
    unwritten = sum(bool(item.unwritten) for item in report.imported)
    shared = sum(same.imported for same in report.duplicates)
    counts = (
        (len(report.duplicates) - shared, "duplicate", ""),
        (shared, "with the text of another entry", "with the text of another entry"),
        (len(report.not_imported), "not imported", "not imported"),
        (unwritten, "TODO to write", "TODOs to write"),
    )
    entries = counted(len(report.imported), "entry", "entries")
    files = counted(len(report.files), "file")
    done = "Would import" if dry_run else "Imported"
    rest = "".join(f"; {counted(number, *words)}" for number, *words in counts if number)
    return f"{done} {entries} into {files}{rest}"


# --- for programs ---------------------------------------------------------------------------------


def _document(report: ImportReport, dry_run: bool, flags: str) -> dict[str, Any]:
    return {
        "dry_run": dry_run,
        "imported": [
            {
                "key": str(item.key),
                "file": item.file,
                "source": _origin(item.origin),
                "overwritten": item.overwritten,
                "unwritten": item.unwritten,
                "id": item.id,
                "address": item.address,
                "remarks": item.remarks,
            }
            for item in report.imported
        ],
        "duplicates": [
            {
                "source": _origin(same.origin),
                "what": same.what,
                "key": str(same.same),
                "place": same.file,
            }
            for same in report.duplicates
        ],
        "not_imported": [
            {"source": _origin(rest.origin), "what": rest.what, "why": rest.why}
            for rest in report.not_imported
        ],
        "not_read": report.unread,
        "broken_links": report.broken_links,
        "remarks": report.remarks,
        "commands": [*_links(_of_terraform(report), flags), *_removals(report)],
    }


def _origin(origin: ImportOrigin) -> dict[str, Any]:
    return {"path": origin.path, "line": origin.line, "form": origin.form}
