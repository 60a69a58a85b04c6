"""What `devinops doctor` does."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from devinops.cli.declarations.options import Options
from devinops.cli.doctor_writes import DoctorWrites, WriteOptions, WriteResult
from devinops.cli.session import failures_written, read_settings
from devinops.config.settings import Settings
from devinops.doctor import local
from devinops.doctor.checks import note, ok, problem
from devinops.doctor.examine import Examination, examine
from devinops.doctor.summary import NOT_TRIED
from devinops.environment import KEY_VARIABLES
from devinops.git import Git
from devinops.inventory import open_store
from devinops.load.file_names import CONFIG
from devinops.model.errors import ConfigError, DevinopsError, InputError
from devinops.model.exit_codes import ExitCode, worst
from devinops.render import counted
from devinops.render.answers import SimpleAnswer
from devinops.render.terminal import Look
from devinops.schema.base_document import HEAD
from devinops.schema.doctor import Check, DoctorDocument, KeyFacts, Status

_LOOKS: Final = {"ok": Look.GOOD, Status.NOTE.value: Look.MOVED, "problem": Look.ERROR}


def run(options: Options, **writes: bool) -> ExitCode:
    """Carry out the command, as its help says; return the exit code."""
    wanted, written = WriteOptions(**writes), WriteResult()
    wanted.check()
    with failures_written(options):
        git, found = Git(options.root), None
        checks = [local.of_programs(git), local.of_files(options.root)]
        try:
            settings = read_settings(options)
            lists = not wanted.clean
            found = examine(settings.connection, options.log, time.time, lists=lists)
        except (ConfigError, InputError):
            checks.append(_unusable())
        if (options.root / CONFIG).is_file():
            checks += _inventory(settings, found) if found else ()
            checks += _pipeline(options)
        checks += (*local.of_hooks(git), *(found.checks if found else ()))
        if found and (wanted.write or wanted.clean):
            written = DoctorWrites(options, settings, found, wanted).carry_out()
            found.quirks |= written.quirks
            found.requests += written.requests
    checks = [*_without_noise(checks, wanted), *written.checks]
    document = _document(tuple(checks), found, written.code)
    numbers = [sum(check.status is status for check in checks) for status in Status]
    counts = f"{counted(numbers[2], 'problem')}, {counted(numbers[1], Status.NOTE)}"
    last = f"{counts}. {written.summary}; {counted(document.requests, 'request')} sent."
    to_report = "To report something: devinops doctor --report markdown=FILE"
    lines = [*map(str, checks), "", last, to_report]
    code = ExitCode(document.exit_code)
    return options.answer(SimpleAnswer(lines, lambda: document, exit_code=code, looks=_LOOKS))


def _without_noise(checks: Iterable[Check], wanted: WriteOptions) -> Iterable[Check]:
    """Return the checks that matter beside the results of writing, if there are some."""
    if wanted.clean:
        return (check for check in checks if check.status is Status.PROBLEM)
    return (check for check in checks if not wanted.write or check.text != NOT_TRIED)


def _unusable() -> Check:
    """Return the check of settings without which no request can be sent."""
    if any(os.environ.get(name, "").strip() for name in KEY_VARIABLES):
        why = "cannot be used, so no request was sent"
        return problem("settings", why, "devinops whoami says why")
    step = f"set {KEY_VARIABLES[0]}, or the variable that the target names, to a key"
    return problem("key", "none is set, so no request was sent", step)


def _inventory(settings: Settings, found: Examination) -> Iterator[Check]:
    target = replace(settings.target, org_id=found.org_id, emulator=found.emulator)
    store = settings.inventory
    yield local.of_inventory(store.store, lambda: open_store(store, settings.root, target).read())


def _pipeline(options: Options) -> Iterator[Check]:
    """Yield the check of the files of CI, if there are some that devinops init writes."""
    # Imported late: it is about many files.
    from devinops.cli.handlers.init import set_up
    from devinops.cli.setup.placed_files import FileState
    from devinops.cli.setup.repository import Repository

    try:
        git = Repository.of(options.root)
        setup = set_up(options.root, git, with_sample=False, check=True)
    except DevinopsError:
        yield note("CI", "its files cannot be compared", "devinops init says why")
        return
    states = [file.state for file in setup.ci_files]
    if outdated := states.count(FileState.OUTDATED):
        yield note("CI", f"{counted(outdated, 'file')} of an older devinops", "devinops init")
    elif {*states} - {FileState.NEW}:
        yield ok("CI", "its files are up to date, or edited")


def _document(
    checks: tuple[Check, ...], found: Examination | None, code: ExitCode
) -> DoctorDocument:
    has_problem = any(check.status is Status.PROBLEM for check in checks)
    if has_problem and code is not ExitCode.RUN_AGAIN:  # FIX says that nothing was written
        code = worst(code, ExitCode.FIX)
    shown = found or Examination(KeyFacts("v3"), None)
    return DoctorDocument(
        **HEAD,
        exit_code=code,
        emulator=shown.emulator,
        requests=shown.requests,
        key=found.key if found else None,
        readings=tuple(each.item for each in shown.lists.values()),
        quirks=dict(sorted(shown.quirks.items())),
        headers=shown.headers,
        checks=checks,
    )
