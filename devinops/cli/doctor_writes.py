"""What `devinops doctor` writes and deletes: it says what, asks, and keeps off what is held."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import click

from devinops import signals
from devinops.cli.declarations.options import Options
from devinops.cli.output import is_interactive, tell
from devinops.config.reading import open_project
from devinops.config.settings import Settings
from devinops.doctor import leftovers
from devinops.doctor.checks import note, of_list, ok, problem
from devinops.doctor.examine import Examination
from devinops.doctor.samples import Sample, samples
from devinops.doctor.summary import of_quirks
from devinops.doctor.trial import Trial, questions
from devinops.doctor.writer import Writer
from devinops.model.errors import UsageError
from devinops.model.exit_codes import ExitCode, worst
from devinops.render import counted
from devinops.schema.doctor import Check, Status


class WriteOptions(NamedTuple):
    """What the command line asks for; without `write` and `clean`, doctor only reads."""

    write: bool = False
    clean: bool = False
    enterprise: bool = False
    yes: bool = False

    def check(self) -> None:
        """Raise UsageError for options that have no meaning together."""
        if self.write and self.clean:
            raise UsageError("--write and --clean cannot be used together: choose one")
        if (self.enterprise or self.yes) and not (self.write or self.clean):
            raise UsageError("--enterprise and --yes need --write or --clean: doctor only reads")


@dataclass
class WriteResult:
    """What writing led to. `summary` is for the last line."""

    checks: list[Check] = field(default_factory=list)
    quirks: Mapping[str, str] = field(default_factory=dict)
    code: ExitCode = ExitCode.OK
    requests: int = 0
    summary: str = "Nothing was written"


@dataclass
class DoctorWrites:
    """Carries out --write or --clean, after a question unless --yes answers it."""

    options: Options
    settings: Settings
    examination: Examination
    wanted: WriteOptions
    stopped: ExitCode = ExitCode.OK

    def carry_out(self) -> WriteResult:
        """Return what it led to."""
        if refusal := self._refusal():
            about = "clean" if self.wanted.clean else "trial"
            return WriteResult([note(about, *refusal)], code=ExitCode.DECIDE)
        org_id, enterprise = self.examination.org_id, self.wanted.enterprise
        at = samples(self.examination.key.api, org_id, enterprise=enterprise)
        with Writer(self.settings.connection, self.options.log, time.time) as writer:
            written = (self._clean if self.wanted.clean else self._try)(writer, at)
            written.requests = writer.sent
        return written

    def _refusal(self) -> tuple[str, str] | None:
        """Return why nothing may be written here, and the next step; None if it may."""
        is_v1, enterprise = self.examination.key.api == "v1", self.wanted.enterprise
        about = {check.about for check in self.examination.checks if check.status is Status.PROBLEM}
        if about & {"connection", "key", "/v3/self"}:
            return "not started, because of the problem with the key", "solve that first"
        if any(check.about == "lists" for check in self.examination.checks):
            return "not started, because the API stopped answering", "run it again later"
        if self.settings.target.enterprise and not enterprise:
            return "not started: the target is the enterprise", "--enterprise writes there"
        if enterprise and (is_v1 or self.examination.key.scope == "organization"):
            return (
                "not started: the key does not belong to the enterprise",
                "leave out --enterprise",
            )
        if not (enterprise or is_v1 or self.examination.org_id):
            return "not started: no organization is chosen", "set DEVIN_ORG_ID, or use --enterprise"
        if self._is_held():
            place = "of this enterprise" if enterprise else "this organization"
            more = "" if enterprise or is_v1 else ", or add org_id to the held target"
            why = f"not started: a target with `hold` is, or may be, {place}"
            return why, f"remove `hold` in devinops.yaml{more}"
        return None

    def _is_held(self) -> bool:
        """Return whether a target holds, or may hold, what would be written to."""
        if self.settings.policy.hold:
            return True
        targets = open_project(self.options.root)[0].targets.values()
        held = [each for each in targets if isinstance(each, dict) and "hold" in each]
        if self.wanted.enterprise or self.examination.key.api == "v1":
            # All organizations see what the enterprise has, and API v1 tells of no key whose it is.
            return bool(held)
        # Without an id, the organization is that of a key: it can be any.
        ids = {each.get("org_id") for each in held if not each.get("enterprise")}
        return not ids.isdisjoint({self.examination.org_id, None})

    def _may(self, lines: Iterable[str], question: str) -> bool:
        """Say what would be done, and return whether somebody agrees.

        From then on a signal is recorded, and ends nothing in the middle.
        """
        for line in lines:
            (self.options.say if self.wanted.yes else tell)(line)
        signals.check()
        if not self.wanted.yes and not (is_interactive() and click.confirm(question, err=True)):
            return False
        signals.instead(self._stop)
        return True

    def _stop(self, code: ExitCode) -> None:
        self.stopped = code
        left = "press again to leave them to devinops doctor --clean"
        signals.tell(f"\ninterrupted: deleting its own objects; {left}")

    # --- --write ---

    def _try(self, writer: Writer, at: tuple[Sample, ...]) -> WriteResult:
        trial = Trial(writer)
        if not self._may(self._announced(at, trial.run), "Create and delete them?"):
            step = "pass --yes to write without a question"
            return WriteResult([note("trial", "nothing was written", step)], code=ExitCode.DECIDE)
        for sample in at:
            if not signals.pending():
                trial.carry_out(sample)
        checks = [*trial.checks, *of_quirks(trial.quirks, questions(at), "tried")]
        summary = "Everything that was created is deleted"
        if trial.left:
            summary = f"{counted(trial.left, 'object')} may be left"
        return WriteResult(checks, trial.quirks, self._code(trial.left), summary=summary)

    def _code(self, left: int) -> ExitCode:
        return worst(self.stopped, ExitCode.RUN_AGAIN if left else ExitCode.OK)

    def _announced(self, at: tuple[Sample, ...], run: str) -> Iterator[str]:
        """Yield lines that say what is created, and what others see of it."""
        place = "at the enterprise" if self.wanted.enterprise else "in the organization of the key"
        yield f"--write creates these objects {place}, and deletes each again at once:"
        yield from (f"  - {sample.says}" for sample in at)
        yield f"Each is named {run}, and says that it comes from devinops doctor."
        yield "Others can see:"
        yield "  - the objects, for as long as they exist: usually some seconds"
        if self.wanted.enterprise:
            yield "  - all of that in every organization of the enterprise"
        yield "  - entries in the audit log, which stay"
        yield from (f"  - {sample.seen}" for sample in at if sample.seen)
        if self.examination.key.principal != "service_user":
            yield "If the key belongs to a person, all of this happens in that person's name."

    # --- --clean ---

    def _clean(self, writer: Writer, at: tuple[Sample, ...]) -> WriteResult:
        found = [leftovers.find(writer, sample) for sample in at]
        checks = [note(each.sample.reading.name, text) for each in found for text in each.lines()]
        unread = [each.read for each in found if not each.read.is_complete]
        checks += [check for each in unread for check in of_list(each)]
        count = sum(len(each.names) for each in found)
        if not count:
            return WriteResult([*checks, ok("clean", "nothing to delete")])
        shown = map(str, checks) if is_interactive() and not self.wanted.yes else ()
        if not self._may(shown, f"Delete {counted(count, 'object')}?"):
            step = "pass --yes to delete without a question"
            checks.append(note("clean", "nothing was deleted", step))
            return WriteResult(checks, code=ExitCode.DECIDE)
        results = [leftovers.clean(writer, each) for each in found if each.names]
        edited, left = map(sum, zip(*results, strict=True))
        checks.append(ok("clean", f"{counted(count - edited - left, 'object')} deleted"))
        if edited:
            kept = f"{counted(edited, 'object')} kept, because of edits since then"
            checks.append(note("clean", kept))
        if left:
            text = f"{counted(left, 'object')} could not be deleted"
            checks.append(problem("clean", text, "run it again, or delete them in the web app"))
        return WriteResult(checks, code=self._code(left), summary="Leftovers were deleted")
