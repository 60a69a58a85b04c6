"""The answers of commands, in no format yet."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from devinops.model.exit_codes import ExitCode
from devinops.model.objects import Severity

if TYPE_CHECKING:
    from datetime import datetime

    from devinops.model.changes import Change
    from devinops.model.keys import Key
    from devinops.model.objects import Problem, Source
    from devinops.planning.run import Plans
    from devinops.planning.waves import WaveStatus
    from devinops.render.terminal import Look
    from devinops.schema.base_document import Document

Answer: TypeAlias = (
    "RunAnswer | Failure | ProblemsAnswer | ReportAnswer | SimpleAnswer | RolloutAnswer"
)


class RunAnswer(NamedTuple):
    """What `plan`, `apply`, `drift`, `rollback` and `show` say, about one target or many.

    `error` says why the plans were not applied, or is empty. `command` is the command that applies
    them, with the arguments that make it these plans. `lint` is what lint found in the entries that
    a request changes; None if it did not look. `selectors` are the values of --target that select
    these targets, `affected` and `wave` those of --affected and --wave. `keys` are the variables
    that the API keys come from.

    People need only a line for each change if the plan is `approved`, because they have read it. If
    a report `is_alone`, they have not just read the plans. `backup_used` is the backup that was
    rolled back, as an argument of `devinops rollback`. `named` are the keys that sentences can
    name, besides those of the plans. `uses` says of keys how often sessions used the object.
    """

    plans: Plans
    exit_code: ExitCode
    error: str = ""
    approved: bool = False
    command: str = "apply"
    selectors: tuple[str, ...] = ("all",)
    keys: tuple[str, ...] = ()
    lint: ProblemsAnswer | None = None
    affected: str | None = None
    wave: str | None = None
    is_alone: bool = False
    backup_used: str = ""
    named: frozenset[Key] = frozenset()
    uses: Mapping[str, str] = MappingProxyType({})


class Failure(NamedTuple):
    """The error of a run that has no plan, and the problems in the files if they caused it.

    `target` is the name of the target, empty if it is not known.
    """

    error: str
    exit_code: ExitCode
    problems: tuple[Problem, ...] = ()
    target: str = ""


class Excerpt(NamedTuple):
    """The line of a file that a problem is about, from `column` for `length` characters.

    Secrets in it are concealed.
    """

    line: str
    column: int
    length: int


class RuleFacts(NamedTuple):
    """What people and programs want to know about a lint rule; `manual` is its page.

    `security` is how dangerous what it finds is, from 0.1 to 10 as in CVSS; empty for a rule that
    is not about security. `url` is the web address of all pages; empty if it is not known.
    """

    id: str
    name: str
    severity: Severity
    summary: str
    manual: str
    security: str = ""
    url: str = ""


class LintDetails(NamedTuple):
    """What lint knows about its problems, by problem.

    `rules` maps the code of a problem to its rule; `related` are the positions of other entries
    concerned. `fail_on` is the lowest severity that fails the run. `baseline` counts the findings
    that the baseline hides, `fixed` those that were fixed, and `gone` the entries of the baseline
    that were looked for and are no longer found. `repeats` maps the first finding of a rule in an
    entry, or about a text, to the others there. If only the entries count that changed since the
    commit `since`, `informing` are the findings in the others, which never fail the run.
    """

    rules: Mapping[str, RuleFacts]
    excerpts: Mapping[Problem, Excerpt] = MappingProxyType({})
    fingerprints: Mapping[Problem, str] = MappingProxyType({})
    related: Mapping[Problem, Sequence[Source]] = MappingProxyType({})
    fail_on: Severity = Severity.ERROR
    baseline: int = 0
    gone: int = 0
    fixed: int = 0
    repeats: Mapping[Problem, Sequence[Problem]] = MappingProxyType({})
    since: str = ""
    informing: frozenset[Problem] = frozenset()


class ProblemsAnswer(NamedTuple):
    """The problems in the files, only in `paths` if given; `elsewhere` counts the others.

    `unread` were given too, but devinops reads no file at or below them.
    `lint` holds more about the problems that lint found.
    """

    problems: Sequence[Problem]
    files: int
    entries: int
    exit_code: ExitCode
    paths: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    elsewhere: int = 0
    lint: LintDetails | None = None


class SimpleAnswer(NamedTuple):
    """The answer of any other command: lines for people, and a document for programs.

    `document` is only called for a program, so that text needs no import of msgspec. It returns a
    mapping if the document has no published schema, so that it can change in any release; the exit
    code is added to it. Lines that are `verbatim`, such as those of a patch, are written as they
    are, so they must be safe to print. A line that begins with one of the words `looks` shows it
    like that.
    """

    lines: Sequence[str]
    document: Callable[[], Document | Mapping[str, Any]]
    verbatim: bool = False
    exit_code: ExitCode = ExitCode.OK
    looks: Mapping[str, Look] = MappingProxyType({})


class ReportAnswer(NamedTuple):
    """A `Report` that is made already: the whole one for text, and one that anybody may see."""

    whole: Any
    public: Any
    document: Callable[[], Document]
    exit_code: ExitCode = ExitCode.OK


class RolloutAnswer(NamedTuple):
    """Where a rollout is, at a commit and a time; `holds` maps held targets to the reasons.

    `lines` and `document` are as in `SimpleAnswer`.
    """

    statuses: Sequence[WaveStatus]
    commit: str
    time: datetime
    holds: Mapping[str, str]
    lines: Sequence[str]
    document: Callable[[], Document]
    exit_code: ExitCode = ExitCode.OK


class Differences(NamedTuple):
    """How a plan differs from the reviewed one, which only people read, before the error.

    `held` are reviewed changes of objects that are now blocked, or changed outside devinops and
    kept; their reasons say so. `differing` are pairs of a change as reviewed and as it is now.
    `moved`: only one of the plans renames the inventory.
    """

    new: tuple[Change, ...]
    held: tuple[Change, ...]
    gone: tuple[Change, ...]
    differing: tuple[tuple[Change, Change], ...]
    moved: bool = False

    @classmethod
    def between(cls, reviewed: Plans, now: Plans) -> Differences:
        """Compare two plans of one target. Changes with one key and id are about one object."""
        before, after = _by_identity(reviewed), _by_identity(now)
        missing = [(c, _why_held(c, now)) for id, c in before.items() if id not in after]
        pairs = [(before[id], after[id]) for id in after if id in before]
        moves = [[target.moves_from for target in plans.targets] for plans in (reviewed, now)]
        return cls(
            new=tuple(change for id, change in after.items() if id not in before),
            held=tuple(replace(change, reason=why) for change, why in missing if why),
            gone=tuple(change for change, why in missing if not why),
            differing=tuple(pair for pair in pairs if _content(pair[0]) != _content(pair[1])),
            moved=moves[0] != moves[1],
        )

    def __str__(self) -> str:
        counts = (
            (len(self.new), "new"),
            (len(self.held), "blocked or kept"),
            (len(self.gone), "gone"),
            (len(self.differing), "different"),
        )
        unseen = "a live value that no entry mentions, or what a name refers to, has changed"
        if self.moved:
            unseen = "only one of them renames the inventory"
        return ", ".join(f"{count} {word}" for count, word in counts if count) or unseen


def _by_identity(plans: Plans) -> dict[tuple[Key, str | None], Change]:
    rows = [(change, row) for change, at in plans.changes for row in at]
    return {(change.key, row.id): replace(change, id=row.id) for change, row in rows}


def _why_held(change: Change, now: Plans) -> str:
    """Return why the object of a reviewed change stays as it is now; empty if nothing holds it."""
    kind = change.key.kind
    for block, blocked_at in now.blocked:
        is_it = block.key.kind == kind and any(change.id in row.ids for row in blocked_at)
        if is_it or change.key in (block.key, *block.needed_by):
            return f"{block.by}: {block.reason}"
    for drift, drift_at in now.drift:
        is_it = drift.key.kind == kind and any(change.id == row.id for row in drift_at)
        if is_it or drift.key == change.key:
            return f"{drift.moved} outside devinops, and kept"
    return ""


def _content(change: Change) -> tuple[object, ...]:
    return change.action, {field.name: (field.before, field.after) for field in change.fields}
