"""What `devinops insight` does."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from typing import Final

from devinops import run_facts
from devinops.api import open_reader
from devinops.cli.declarations.options import Options
from devinops.cli.handlers.export import locked_names
from devinops.cli.runs.run import open_run
from devinops.cli.session import Session, failures_written, several
from devinops.config.reading import read_repository
from devinops.export.lock import LOCK
from devinops.git import Git
from devinops.insight.findings import MISLEADING, Insight, Observed, pins_to_ask
from devinops.insight.report import insight_report
from devinops.insight.sessions import NOTES, SkillId, Skills, sessions_of
from devinops.load import Loaded
from devinops.model.client_protocols import Reader
from devinops.model.errors import ApiError, DevinopsError, UsageError
from devinops.model.exit_codes import ExitCode, worst
from devinops.model.inventory import TIME
from devinops.planning.waves import duration
from devinops.render.answers import ReportAnswer
from devinops.schema.base_document import HEAD
from devinops.schema.insight import InsightDocument

MOST_PAGES: Final = 50
MOST_REPOSITORIES: Final = 20
"""Each costs a request."""

_MADE_UP: Final = "devinops/no-such-repository"
"""If sessions worked here, the API ignores the filter."""


def run(options: Options, since: str, fail_on: str | None) -> ExitCode:
    """Carry out the command, as its help says; return the exit code."""
    now, window = datetime.now(UTC), duration(since)
    if not window:
        raise UsageError(f'--since must be a time such as 90d, not "{since}"')
    start, seen = int((now - window).timestamp()), list[Observed]()
    failed: dict[str, DevinopsError] = {}
    with failures_written(options):
        loaded, skills = read_repository(options.root)[1], _skills(options)
        with open_run(options, several(options) or None, open_reader, entries=False) as opened:

            def read(name: str) -> None:
                seen.append(_read(opened.session(name), loaded, start))

            jobs = {name: partial(read, name) for name in opened.names}
            opened.each("reading", jobs, failed.__setitem__)
    found = Insight(sorted(seen, key=lambda each: each.target.name), start, skills)
    misleading = found.misleading()
    is_misleading = any(item.bad >= MISLEADING for item in misleading)
    own = ExitCode.FIX if fail_on and is_misleading else ExitCode.OK
    code = worst(own, *(error.exit_code for error in failed.values()))
    document = InsightDocument(
        **HEAD,
        exit_code=code,
        base=found.base(
            unread={name: str(error) for name, error in sorted(failed.items())},
            time=now.strftime(TIME),
            since=(now - window).strftime(TIME),
            requests=run_facts.current().requests.total(),
        ),
        misleading=tuple(misleading),
        never_mentioned=tuple(found.never_mentioned()),
        missing=tuple(found.missing()),
        unknown=tuple(found.unknown()),
        skills=tuple(found.skills()),
        cost=tuple(found.cost()),
    )
    whole, public = (insight_report(document, quotes=quotes) for quotes in (True, False))
    return options.answer(ReportAnswer(whole, public, lambda: document, code))


def _read(session: Session[Reader], loaded: Loaded, since: int) -> Observed:
    """Read lists, and for a note that nothing mentions whether its repository had a session."""
    client, name = session.client, session.settings.target.name
    inventory = session.read_inventory(go_on=True)
    items, has_more = client.sessions({"created_after": str(since)}, MOST_PAGES)
    notes = session.snapshot(NOTES, verify=False, parents=False).objects
    entries = {entry.key: entry for entry in loaded.declarations if entry.concerns(name)}
    sessions, unreadable = sessions_of(items, since)
    # Only after a response, a client knows whether an emulator sent it.
    seen = Observed(client.target, sessions, notes, entries, inventory, has_more, unreadable)
    pins = pins_to_ask(seen, since)

    def is_idle(repository: str, since: int) -> bool:
        newest, _ = client.sessions({"repo_names": repository, "first": "1"})
        return not any(sessions_of(newest, since))

    with suppress(ApiError):
        if not pins or is_idle(_MADE_UP, 0):
            idle = [each for each in pins[:MOST_REPOSITORIES] if is_idle(each, since)]
            return seen._replace(idle=idle, unsure=len(pins) > MOST_REPOSITORIES)
    return seen._replace(unsure=True)


def _skills(options: Options) -> Skills:
    """Return the place of each skill that was exported below the root → key of its entry.

    Empty if Git does not know the repository: a skill of another one may have the same name.
    """
    origin = Git(options.root).line("remote", "get-url", "origin")
    paths = sorted(path for depth in ("", "*/", "*/*/") for path in options.root.glob(depth + LOCK))
    lines = (line for path in paths for line in locked_names(path.parent))
    return {SkillId(origin, line.slug).place: str(line.key) for line in lines if origin}
