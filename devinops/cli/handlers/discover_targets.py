"""What `devinops targets discover` does."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import chain, count
from typing import Any, Final, NamedTuple

from devinops.api.connection import API_URL, Connection
from devinops.api.organizations import Organization, organizations
from devinops.cli import write_files
from devinops.cli.declarations.options import Options
from devinops.cli.pull_report import IN_A_FILE
from devinops.cli.session import failures_written
from devinops.config.project import Project
from devinops.config.reading import open_project
from devinops.config.settings import check_spelling, resolve, target_name
from devinops.config.wrong_settings import DEFAULT_URL, organization_of
from devinops.export.slugs import slug
from devinops.load.file_names import CONFIG
from devinops.model.errors import ConfigError, NotWritten, stop_on_errors
from devinops.model.exit_codes import ExitCode
from devinops.render import counted, joined
from devinops.render.answers import SimpleAnswer
from devinops.schema.files import TARGET_NAME
from devinops.writers import FileChange, edit_targets
from devinops.writers.edit_fields import NotEditable

TARGETS_FILE: Final = "targets.yaml"
"""The new file for targets, if devinops.yaml has none and names no other."""

IGNORED: Final = "ignore_organizations"
"""The setting with the ids of organizations that get no target."""

LONGEST_NAME: Final = 40
"""Maximum length of the name of a new target, in characters."""

Targets = Mapping[str, Mapping[str, Any]]


class Difference(NamedTuple):
    """How the targets differ from the organizations of the enterprise.

    `new` maps names to the settings of new targets, `titles` targets to the new names of their
    organizations. `gone` are targets that are not held and have no organization. `ignored` counts
    organizations without a target that devinops.yaml ignores.
    """

    new: Targets
    titles: Mapping[str, str]
    gone: tuple[str, ...]
    ignored: int


def discover(options: Options, *, check: bool) -> ExitCode:
    """Write the difference to the organizations of the enterprise; return the exit code."""
    with failures_written(options):
        project = _project(options)
        enterprise = _enterprise(project, options)
        listed = organizations(enterprise, options.log)
        known = _known(project.targets, enterprise.target.api_url, os.environ)
        ignored = project.data.get(IGNORED, ())
        difference = compare(project.targets, known, listed, ignored, hold=_holds_new(project))
        raws: write_files.Raws = {}
        try:
            changes = _changes(project, difference, raws)
        except NotEditable as error:
            raise ConfigError(
                f"the targets cannot be written, because {error}: give each target lines of its "
                "own; nothing was written"
            ) from error
        if not check:
            for left in write_files.write(options.root, changes, raws):
                raise NotWritten(left.reason)
    code = _exit_code(difference, check=check)
    files = [change.path for change in changes]
    lines = list(_lines(project.targets, difference, len(listed), files, check=check))
    if files and project.document is None and not check:
        lines += _next_steps(project, options)
    document = _document(project.targets, difference, len(listed), files, check=check)
    return options.answer(SimpleAnswer(lines, lambda: document, exit_code=code))


def _project(options: Options) -> Project:
    """Return the project; its file of targets need not exist yet. Raises InputError."""
    project, problems = open_project(options.root)
    missing = ("missing-file", project.source_of("targets"))
    stop_on_errors(item for item in problems if (item.code, item.source) != missing)
    return project


def _enterprise(project: Project, options: Options) -> Connection:
    """Return how to reach the enterprise. Raises ConfigError, UsageError.

    The settings are those of the target that was chosen, else the defaults.
    """
    name = target_name(project, options.flags)[0] if options.flags.selectors else ""
    check_spelling(project, os.environ)
    connection = resolve(project, options.flags, os.environ, name).connection
    if connection.target.api == "v1":
        raise ConfigError(
            "only API v3 can list the organizations of an enterprise: use a key that begins with "
            "cog_"
        )
    unclear = [
        name
        for name, target in project.targets.items()
        if not (target.get("enterprise") or "org_id" in target or target.get("api_version") == "v1")
    ]
    if unclear:
        raise ConfigError(
            f"{project.target_key_source(unclear[0])}: the target {unclear[0]} has no org_id, so "
            "it cannot be compared with the organizations of the enterprise: add it (devinops "
            f"whoami -t {unclear[0]} shows it)"
        )
    target = replace(connection.target, enterprise=True, org_id=None)
    return replace(connection, target=target)


def _holds_new(project: Project) -> bool:
    """Return whether a new target is held, because no wave takes it."""
    waves = project.data.get("waves", ())
    return bool(waves) and all("where" in wave for wave in waves)


# --- the difference -------------------------------------------------------------------------------


def _known(targets: Targets, api_url: str, environ: Mapping[str, str]) -> dict[str, str]:
    """Return id → target of the organizations that have a target at an address."""
    usual = {"api_url": environ.get(API_URL, DEFAULT_URL)}
    places = ((name, organization_of({**usual, **target})) for name, target in targets.items())
    return {place[1]: name for name, place in places if place and place[0] == api_url.lower()}


def compare(
    targets: Targets,
    known: Mapping[str, str],
    listed: Iterable[Organization],
    ignored: Collection[str] = (),
    *,
    hold: bool = False,
) -> Difference:
    """Return how targets differ from organizations; `known` maps ids to their targets.

    The ids `ignored` get no new target. With `hold`, the new targets are held.
    """
    by_id = {organization.id: organization for organization in listed}
    before = (old for target in targets.values() for old in target.get("previously", ()))
    taken = {*targets, *before}
    new: dict[str, Mapping[str, Any]] = {}
    for organization in by_id.values():
        if organization.id not in {*known, *ignored}:
            name = _free_name(organization, {*taken, *new})
            title = {"title": organization.title} if organization.title else {}
            new[name] = {"org_id": organization.id, **title, **({"hold": "new"} if hold else {})}
    titles = {
        name: by_id[id].title
        for id, name in known.items()
        if id in by_id and targets[name].get("title", by_id[id].title) != by_id[id].title != ""
    }
    gone = (name for id, name in known.items() if id not in by_id and "hold" not in targets[name])
    return Difference(new, titles, tuple(gone), len(by_id) - len(by_id.keys() & known) - len(new))


def _free_name(organization: Organization, taken: Collection[str]) -> str:
    """Return a name for the target of an organization that no other target has, or had."""
    base = slug(organization.title)[:LONGEST_NAME].strip("-") or slug(organization.id)
    ends = (f"-{number}" for number in count(2))
    names = chain([base], (base[: LONGEST_NAME - len(end)].rstrip("-") + end for end in ends))
    return next(name for name in names if name not in taken and re.fullmatch(TARGET_NAME, name))


# --- writing --------------------------------------------------------------------------------------


def _changes(project: Project, difference: Difference, raws: write_files.Raws) -> list[FileChange]:
    """Return the files that change. Raises NotEditable, ConfigError."""
    if not (difference.new or difference.titles):
        return []
    text_of = write_files.text_of(project.root, raws)
    document = project.targets_file or project.document
    if document and "targets" in document.data and not isinstance(document.data["targets"], str):
        raw = text_of(document.path) or ""
        text = edit_targets.with_targets(raw, difference.titles, difference.new)
        return [FileChange(document.path, text, ())]
    path = project.data.get("targets", TARGETS_FILE)
    if "targets" not in project.data and os.path.lexists(project.root / path):
        raise ConfigError(
            f"{path} exists, but {CONFIG} does not name it: add targets: {path} there, or "
            "remove the file; nothing was written"
        )
    new = FileChange(path, edit_targets.new_file(difference.new), (), is_new=True)
    return [new, *_naming(project, path, text_of(CONFIG))]


def _naming(project: Project, path: str, raw: str | None) -> Iterator[FileChange]:
    """Yield the change of devinops.yaml that names a new file of targets, if it does not yet."""
    if raw is None:
        defaults = f"  inventory: {{store: {project.default_store}}}\n  prune: owned\n"
        text = f"version: 1\ndefaults:\n{defaults}targets: {path}\n"
        yield FileChange(CONFIG, text, (), is_new=True)
    elif "targets" not in project.data:
        yield FileChange(CONFIG, edit_targets.naming_file(raw, path), ())


# --- answering ------------------------------------------------------------------------------------


def _exit_code(difference: Difference, *, check: bool) -> ExitCode:
    if check:
        differs = difference.new or difference.titles or difference.gone
        return ExitCode.LOOK if differs else ExitCode.OK
    return ExitCode.DECIDE if difference.gone else ExitCode.OK


def _lines(
    targets: Targets, difference: Difference, total: int, files: Collection[str], *, check: bool
) -> Iterator[str]:
    for name, target in difference.new.items():
        yield f"+ {name}: {target.get('title', 'no title')} ({target['org_id']})"
    for name, title in difference.titles.items():
        yield f"~ {name}: {targets[name]['title']} is now {title}"
    for name in difference.gone:
        yield (
            f"! {name}: its organization {targets[name]['org_id']} is not in the list: give it "
            "hold: REASON, or remove it"
        )
    counts = joined(
        (
            (len(difference.new), "new"),
            (len(difference.titles), "with another title"),
            (len(difference.gone), "gone"),
            (difference.ignored, "ignored"),
        )
    )
    written = f"; {'would write' if check else 'wrote'} {', '.join(files)}" if files else ""
    yield f"{counted(total, 'organization')}: {counts or 'no difference'}{written}"


def _next_steps(project: Project, options: Options) -> Iterator[str]:
    """Yield what follows the first targets."""
    yield (
        "Next: write entries, or begin with what the organizations have (devinops pull"
        f"{options.command_flags} --target all). Then run devinops plan{options.command_flags} "
        "--target all."
    )
    if project.default_store == "file":
        yield IN_A_FILE


def _document(
    targets: Targets, difference: Difference, total: int, files: Iterable[str], *, check: bool
) -> dict[str, Any]:
    return {
        "check": check,
        "files": files,
        "organizations": total,
        "ignored": difference.ignored,
        "new": [
            {"name": name, "org_id": target["org_id"], "title": target.get("title", "")}
            for name, target in difference.new.items()
        ],
        "retitled": [
            {"name": name, "before": targets[name]["title"], "after": title}
            for name, title in difference.titles.items()
        ],
        "gone": difference.gone,
    }
