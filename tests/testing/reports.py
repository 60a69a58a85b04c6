"""Answers as real runs make them, for the tests of formats: small, with deletes, in conflict, hostile, large."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any, Final

from devinops.applying.report import ApplyReport
from devinops.model.changes import Blocked, Change, Outcome, Result
from devinops.model.exit_codes import ExitCode
from devinops.model.inventory import Inventory, Record, base
from devinops.model.objects import Declaration, Ensure, Live, Problem, Severity, Snapshot, Source
from devinops.model.policy import Approvals, MissingFolders, Policy, Prune
from devinops.model.target import Target
from devinops.planning.drift import DriftFindings, find_drift
from devinops.planning.plan import Plan, PlanRequest, build_plan
from devinops.planning.run import Collector
from devinops.render import JobLinks
from devinops.render.answers import Answer, Failure, RunAnswer
from tests.testing.hostile_text import HOSTILE
from tests.testing.objects import live

TARGET: Final = Target("production", "https://api.devin.ai", "v3", "org-1f2e3d")
JOB: Final = JobLinks(
    "0123abc",
    "https://example.com/job",
    lambda path, line, gone: "" if gone else f"https://example.com/{path}#L{line}",
    in_request=True,
)
"""A CI job of a pull request."""
FOLDERS: Final = tuple(
    live("folder", path=path, id=f"folder-{number}")
    for number, path in enumerate(("Backend", "Backend/APIs", "Frontend"), 1)
)
ERRORS: Final = "\n".join(
    [
        "# Errors",
        "",
        "Every error is an object with `code`, `message` and `request_id`.",
        "`code` is stable: clients switch on it.",
        "Never put a stack trace into a response.",
        "",
        *(
            f"{number}. Rule number {number} of the envelope stays as it is."
            for number in range(1, 25)
        ),
        "",
        "Ask #platform before you add a code.",
    ]
)
STEPS: Final = (
    "1. Read the alert and name the service.\n"
    "2. If a deploy is younger than the alert, propose a rollback.\n"
    "3. Write down what you saw, with times in UTC."
)


def note(name: str, folder: str = "Backend", **facts: Any) -> Live:
    """Return a live note in one of `FOLDERS`."""
    ids = {str(folder.key.path): folder.id for folder in FOLDERS}
    more = {"folder_id": ids[folder]} if folder in ids else {}
    id = facts.pop("id", f"note-{name.lower().replace(' ', '-')}")
    return live("knowledge", name=name, folder=folder, id=id, **more, **facts)


def declared(*objects: Live, path: str = "") -> list[Declaration]:
    """Return entries with the values of these objects, each in a file of its own."""
    return [
        Declaration(
            object.key,
            object.resource,
            Source(path or f"{object.kind.section}/{object.key.path}.md", 1),
        )
        for object in objects
    ]


NOTHING_APPROVED = Approvals()


def planned(
    entries: Iterable[Declaration],
    lives: Sequence[Live],
    owned: Sequence[Live] = (),
    approvals: Approvals = NOTHING_APPROVED,
    **policy: Any,
) -> Plan:
    """Return the plan of these entries. The objects in `owned` are as they were last applied.

    A missing folder blocks, so that there are plans with such a step.
    """
    records = [
        Record(
            object.key,
            object.id,
            f"{object.kind.section}/{object.key.path}.md",
            fields=base(object.resource, object.resource),
        )
        for object in owned
    ]
    return build_plan(
        entries,
        Snapshot.of([*FOLDERS, *lives]),
        PlanRequest(
            TARGET,
            Policy(**{"prune": Prune.OWNED, "missing_folders": MissingFolders.BLOCK} | policy),
            date(2026, 3, 12),
            Inventory.of("branch", records) if records else Inventory(),
            approvals,
        ),
    )


def small() -> Plan:
    """Return a plan with one change of most actions, and drift."""
    errors = note("Error envelope", "Backend/APIs", trigger="When adding an endpoint", body=ERRORS)
    changed = note(
        "Error envelope",
        "Backend/APIs",
        trigger="When adding or changing an endpoint",
        body=ERRORS.replace("switch on it", "depend on it").replace("Never put", "\tNever put"),
        pinned_repo="acme/api",
    )
    migrations = note("Migrations", trigger="When changing a table", body="One step at a time.")
    renamed = note(
        "Database migrations", trigger="When changing a table", body="One step at a time."
    )
    review = note("Code review", trigger="When asked for a review", body="Be kind.")
    restart = live(
        "playbook", title="Restart everything", id="playbook-9", body="Turn it off and on again."
    )
    forms = note("Forms", "Frontend", trigger="When changing a form", body="Label every field.")
    triage = live("playbook", title="Triage an incident", body=STEPS, macro="!triage")
    owned = [errors, migrations, review, restart]
    edited = note(
        "Code review",
        trigger="When asked for a review",
        body="Be kind, and be quick.",
        updated_at=1773308460,
        updated_by="user-4711",
    )
    return planned(
        declared(changed, renamed, review, forms, triage),
        [errors, migrations, edited, restart],
        owned,
    )


def deletes(number: int = 12) -> Plan:
    """Return a plan that is refused because it deletes too much."""
    notes = [note(f"Old rule {n}", id=f"note-{n}", body=f"Rule {n}.") for n in range(1, number + 1)]
    kept = note("Kept", body="Stays.")
    return planned(declared(kept), [*notes, kept], [*notes, kept])


def released() -> Plan:
    """Return a plan that changes only the inventory: records, and the name that it is stored under."""
    stays, gone = note("Of people"), note("Gone")
    plan = planned(
        [entry._replace(ensure=Ensure.UNMANAGED) for entry in declared(stays)],
        [stays],
        [stays, gone],
    )
    old_name = replace(plan.inventory, moves_from="staging")
    said = "the inventory still has the old name staging of this target: apply renames it"
    return replace(plan, inventory=old_name, notes=(said,))


def conflict() -> Plan:
    """Return a plan with a conflict, a missing folder, and an adoption that wants an approval."""
    base = note(
        "Error envelope",
        "Backend/APIs",
        trigger="When adding an endpoint",
        body="Codes are stable.",
    )
    ours = note(
        "Error envelope",
        "Backend/APIs",
        trigger="When adding an endpoint",
        body="Codes are stable and lower case.",
    )
    theirs = note(
        "Error envelope",
        "Backend/APIs",
        trigger="When adding an endpoint",
        body="Codes are numbers.",
    )
    unowned, wanted = note("Linting", body="Run ruff."), note("Linting", body="Run ruff and mypy.")
    homeless = [note(f"Mobile {n}", "Mobile/iOS", id=f"m{n}", body="b") for n in range(3)]
    fine = note("Forms", "Frontend", body="Label every field.")
    return planned(declared(ours, wanted, *homeless, fine), [theirs, unowned], [base])


def empty() -> Plan:
    kept = note("Kept", body="Stays.")
    return planned(declared(kept), [kept], [kept])


def large(number: int = 10_000, lines: int = 80) -> Plan:
    """Return a plan of many changes: of ten notes, five are updated, four created and one deleted."""
    text = "".join(f"Line {n} of a note that is long enough to count.\n" for n in range(lines))
    notes = [
        note(f"Note {n:05}", FOLDERS[n % 3].key.path, id=f"note-{n}", body=f"Number {n}\n{text}")
        for n in range(number)
    ]
    before = [object for n, object in enumerate(notes) if n % 10 < 6]
    changed = text.replace("Line 4 of", "Line 4, in")
    after = [
        note(f"Note {n:05}", FOLDERS[n % 3].key.path, id=f"note-{n}", body=f"Number {n}\n{changed}")
        for n in range(number)
        if n % 10
    ]
    return planned(declared(*after), before, before, Approvals(allow_delete=number // 10))


MARKUP: Final = (
    "<script>window.hacked = 1</script>",
    "</script><script>window.hacked = 1</script>",
    "</style><script>window.hacked = 1</script>",
    "</pre></details><img src=x onerror='window.hacked = 1'>",
    '"><svg onload=window.hacked=1>',
    "' onmouseover='window.hacked = 1",
    '<a href="javascript:window.hacked=1">click</a>',
    "<iframe srcdoc='<script>parent.hacked = 1</script>'></iframe>",
    "<base href='https://example.com/'><form action='https://example.com'><button>x</button></form>",
    "<meta http-equiv='refresh' content='0;url=https://example.com'>",
    "<!-- --!> ]]> <![CDATA[ &lt;b&gt; &#x3C;script&#x3E; &amp;amp;",
    "{{constructor.constructor('window.hacked = 1')()}} ${window.hacked=1} <%= 1 %> {{script}} {{policy}}",
    "<template><p></template><math><mtext></math><plaintext>",
)
"""Text that would do something if a page took it for markup."""


def hostile(texts: Sequence[str] = (*MARKUP, HOSTILE)) -> Plan:
    """Return a plan whose names, folders, triggers and bodies are these texts."""
    lives, entries = [], []
    for number, text in enumerate(texts):
        folder = live("folder", path=text.replace("/", ""), id=f"f{number}")
        facts = {"folder": folder.key.path, "folder_id": folder.id, "trigger": text}
        old = live("knowledge", name=text, id=f"n{number}", body=f"{text}\nold\t \n{text}", **facts)
        new = live(
            "knowledge", name=text, id=f"n{number}", body=f"{text} \nnew\t\n{text}{text}", **facts
        )
        lives += [folder, old, live("playbook", title=text, id=f"p{number}", body=text)]
        entries += declared(new, path=f"knowledge/{text}.md")
        entries += declared(live("playbook", title=f"{text}2", body=text), path=text)
    entries += declared(note("In no folder", texts[0], body="b"))
    return planned(entries, lives, [object for object in lives if object.kind.noun == "playbook"])


def applied() -> RunAnswer:
    """Return the report of the small plan, of which one change failed and one was skipped."""
    plan = small()
    outcomes = [Outcome.FAILED, Outcome.SKIPPED, *[Outcome.DONE] * len(plan.changes)]
    messages = {
        Outcome.FAILED: "422: trigger is too long",
        Outcome.SKIPPED: "it needs a change that failed",
    }
    results = tuple(
        Result(change, outcome, messages.get(outcome, ""))
        for change, outcome in zip(plan.changes, outcomes, strict=False)
    )
    backup = ".devinops/backups/20260312T094100Z.jsonl"
    return applied_to_one(
        plan,
        results,
        plan.changes[:2],
        backup=backup,
        restorable=True,
        code=ExitCode.RUN_AGAIN,
    )


PROBLEMS: Final = (
    Problem(
        Source("knowledge/a.md", 3, 1),
        "unknown-key",
        'unknown key "triger"; did you mean "trigger"?',
    ),
    Problem(Source("knowledge/a.md", 9, 4), "todo", "the trigger is a TODO", Severity.WARNING),
    Problem(Source("secrets.yaml", 1, 2), "bad-yaml", "expected a list"),
)


def drifted() -> RunAnswer:
    """Return a drift with an edited, a deleted and an unmanaged note."""
    kept, gone = note("Code review", body="Be kind."), note("Gone", body="b")
    edited = note("Code review", body="Be quick.", updated_at=1773308460, updated_by="user-4711")
    records = [
        Record(
            object.key, object.id, "knowledge.yaml", fields=base(object.resource, object.resource)
        )
        for object in (kept, gone)
    ]
    inventory = Inventory.of("branch", records)
    lives = Snapshot.of([*FOLDERS, edited, note("By somebody", body="b")])
    return drift_of_one(inventory, find_drift(inventory, lives))


def of_one(plan: Plan, error: str = "", **facts: Any) -> RunAnswer:
    """Return the answer about the plan of one target."""
    collector = Collector(with_others=True)
    collector.add(plan)
    plans = collector.plans(by_one=True, approvals=plan.approvals)
    return RunAnswer(plans, plans.exit_code(), error, named=plan.named, **facts)


def applied_to_one(
    plan: Plan,
    results: Iterable[Result],
    left: Iterable[Change] = (),
    waiting: Iterable[Blocked] = (),
    **facts: Any,
) -> RunAnswer:
    """Return the report of one target; `facts` are members of its `RunTarget`."""
    collector = Collector()
    collector.add_results(plan.target.name, results, left, waiting, **facts)
    plans = collector.applied(of_one(plan).plans)
    return RunAnswer(plans, plans.exit_code(), is_alone=True, named=plan.named)


def report_of_one(report: ApplyReport) -> RunAnswer:
    """Return the answer about the report of one target."""
    collector = Collector()
    report.add_to(collector)
    plans = collector.applied(of_one(report.plan).plans)
    return RunAnswer(plans, report.exit_code, is_alone=True, named=report.plan.named)


def drift_of_one(
    inventory: Inventory, found: DriftFindings, target: Target = TARGET, **facts: Any
) -> RunAnswer:
    """Return the answer about the drift in one target; `facts` are members of its plan."""
    others = (*found.unmanaged, *found.foreign)
    drift = tuple(found.drift)
    plan = Plan(target, (), drift=drift, inventory=inventory, others=others, **facts)
    run = of_one(plan)
    code = ExitCode.LOOK if drift else ExitCode.OK
    return run._replace(plans=replace(run.plans, is_drift=True), exit_code=code)


RUNS: Final[Mapping[str, Callable[[], RunAnswer]]] = {
    "small": lambda: of_one(small()),
    "deletes": lambda: of_one(deletes()),
    "released": lambda: of_one(released()),
    "conflict": lambda: of_one(conflict()),
    "empty": lambda: of_one(empty()),
    "hostile": lambda: of_one(hostile()),
    "drift": drifted,
    "report": applied,
}
"""Name → a run over one target that tests look at in every format."""


ANSWERS: Final[Mapping[str, Callable[[], Answer]]] = {
    **RUNS,
    "failure": lambda: Failure(
        "3 problems in 2 files; nothing was written", ExitCode.FIX, PROBLEMS
    ),
}
"""Name → an answer that tests look at in every format."""
