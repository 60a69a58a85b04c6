"""What `devinops doctor` does."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from devinops.cli.options import Options
from devinops.cli.session import connection, failures_written, read_settings
from devinops.config.settings import Settings, key_variable
from devinops.doctor import local
from devinops.doctor.checks import Check, Status, note, ok, problem
from devinops.doctor.examine import Examination, examine
from devinops.environment import KEY_VARIABLES
from devinops.git import Git
from devinops.inventory import open_store
from devinops.load.file_names import CONFIG
from devinops.model.errors import ConfigError, DevinopsError, InputError
from devinops.model.exit_codes import ExitCode
from devinops.render import counted
from devinops.render.answers import SimpleAnswer
from devinops.render.terminal import Look

if TYPE_CHECKING:
    from devinops.schema.doctor import DoctorDocument

_HOW_TO_REPORT: Final = "To report something: devinops doctor --report markdown=FILE"
LOOKS: Final = {
    Status.OK.value: Look.GOOD,
    Status.NOTE.value: Look.MOVED,
    Status.PROBLEM.value: Look.ERROR,
}


def run(options: Options) -> ExitCode:
    """Carry out the command, as its help says; return the exit code."""
    with failures_written(options):
        git = Git(options.root)
        checks = [local.of_programs(git), local.of_files(options.root)]
        found: Examination | None = None
        try:
            settings = read_settings(options)
        except (ConfigError, InputError):
            checks.append(_unusable())
        else:
            log, variable = options.log, key_variable(settings)
            found = examine(connection(settings), variable, log, time.time)
            if (options.root / CONFIG).is_file():
                checks.append(_inventory(settings, found))
        checks += [*local.of_hooks(git), *_pipeline(options)]
    answer = _answer([*checks, *(found.checks if found else ())], found)
    options.answer(answer)
    return answer.exit_code


def _unusable() -> Check:
    """Return the check of settings without which no request can be sent."""
    if not any(os.environ.get(name, "").strip() for name in KEY_VARIABLES):
        step = f"set {KEY_VARIABLES[0]}, or the variable that the target names, to a key"
        return problem("key", "none is set, so no request was sent", step)
    return problem("settings", "cannot be used, so no request was sent", "devinops whoami says why")


def _inventory(settings: Settings, found: Examination) -> Check:
    target = replace(settings.target, org_id=found.org_id, emulator=found.emulator)
    return local.of_inventory(
        settings.inventory.store,
        lambda: open_store(settings.inventory, settings.root, target).read(),
    )


def _pipeline(options: Options) -> Iterator[Check]:
    """Yield the check of the files of CI, if devinops init wrote any."""
    if not (options.root / CONFIG).is_file():
        return
    # Imported late: it is about many files.
    from devinops.cli.handlers.init import Repository, set_up

    try:
        repository = Repository.of(options.root)
        setup = set_up(options.root, repository, with_sample=False, check=True)
    except DevinopsError:
        yield note("CI", "its files cannot be compared", "devinops init says why")
        return
    top = repository.top or options.root
    existing = {name for name in setup.ci_files if (top / name).exists()}
    outdated = existing.intersection(setup.written)
    if not existing:
        return
    if setup.lacks_targets:
        yield problem("CI", "its file lacks a target", "devinops init shows the difference")
    elif outdated:
        yield note("CI", f"{counted(len(outdated), 'file')} of an older devinops", "devinops init")
    else:
        yield ok("CI", "its files are up to date, or edited")


def _answer(checks: list[Check], found: Examination | None) -> SimpleAnswer:
    code = ExitCode.FIX if any(c.status is Status.PROBLEM for c in checks) else ExitCode.OK
    counts = ", ".join(
        counted(sum(check.status is status for check in checks), status.value)
        for status in (Status.PROBLEM, Status.NOTE)
    )
    sent = counted(found.requests if found else 0, "request")
    last = f"{counts}. Nothing was written; {sent} sent."
    lines = [*map(str, checks), "", last, _HOW_TO_REPORT]

    def document() -> DoctorDocument:
        # Imported late: text needs no documents.
        from devinops.doctor.report import document

        return document(checks, found, code)

    return SimpleAnswer(lines, document, exit_code=code, looks=LOOKS)
