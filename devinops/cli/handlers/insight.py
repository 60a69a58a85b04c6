"""What `devinops insight` does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final, NamedTuple, get_args

from devinops import run_facts
from devinops.api import open_reader
from devinops.cli.declarations.options import Options
from devinops.cli.runs.run import open_run
from devinops.cli.session import Session, failures_written, several
from devinops.config.reading import read_repository
from devinops.export.lock import LOCK, parse
from devinops.insight.findings import MISLEADING, Insight, Observed, pins_to_ask
from devinops.insight.report import insight_report
from devinops.insight.sessions import NOTES, sessions_of
from devinops.lint.detector import everywhere, leaks
from devinops.load import Loaded
from devinops.model.client_protocols import Reader
from devinops.model.errors import ApiError, DevinopsError, UsageError
from devinops.model.exit_codes import ExitCode, worst
from devinops.model.inventory import TIME
from devinops.model.target import Target
from devinops.planning.waves import duration
from devinops.render.answers import ReportAnswer
from devinops.schema.base_document import HEAD
from devinops.schema.insight import BaseItem, InsightDocument, ReadTargetItem, RepositoryFilter
from devinops.schema.parts import TargetItem

MOST_PAGES: Final = 50
MOST_REPOSITORIES: Final = 20
"""Each costs a request."""

_MADE_UP: Final = "devinops/no-such-repository"
"""If sessions worked here, the API ignores the filter."""

_FILTERS: Final = get_args(RepositoryFilter)


def run(options: Options, since: str, fail_on: str | None) -> ExitCode:
    """Carry out the command, as its help says; return the exit code."""
    now, window = datetime.now(UTC), duration(since)
    if not window:
        raise UsageError(f'--since must be a time such as 90d, not "{since}"')
    start, seen = now - window, dict[str, _Seen]()
    failed: dict[str, DevinopsError] = {}
    with failures_written(options):
        _, loaded = read_repository(options.root)
        skills = _skills(options)
        with open_run(options, several(options) or None, open_reader, entries=False) as opened:

            def read(name: str) -> None:
                seen[name] = _read(opened.session(name), loaded, skills, int(start.timestamp()))

            jobs = {name: partial(read, name) for name in opened.names}
            opened.each("reading", jobs, failed.__setitem__)
    insight = Insight([seen[n].observed for n in jobs if n in seen], start.timestamp(), _concealed)
    misleading = insight.misleading()
    is_misleading = any(item.bad >= MISLEADING for item in misleading)
    own = ExitCode.FIX if fail_on and is_misleading else ExitCode.OK
    code = worst(own, *(error.exit_code for error in failed.values()))
    document = InsightDocument(
        **HEAD,
        exit_code=code,
        base=_base(insight, [*jobs], seen, failed, (start, now)),
        misleading=tuple(misleading),
        never_mentioned=tuple(insight.never_mentioned()),
        missing=tuple(insight.missing()),
        unknown=tuple(insight.unknown()),
        skills=tuple(insight.skills()),
        cost=tuple(insight.cost()),
    )
    whole, public = (insight_report(document, quotes=quotes) for quotes in (True, False))
    options.answer(ReportAnswer(whole, public, lambda: document, code))
    return code


class _Seen(NamedTuple):
    """What was read of a target. `unasked` are the repositories that were too many to ask about."""

    observed: Observed
    target: Target
    newest_only: bool
    repositories: RepositoryFilter
    unasked: int


def _read(session: Session[Reader], loaded: Loaded, skills: Mapping[str, str], since: int) -> _Seen:
    """Read lists, and for a note that nothing mentions whether its repository had a session."""
    client, name = session.client, session.settings.target.name
    inventory = session.read_inventory(go_on=True)
    pages = client.sessions({"created_after": str(since)}, MOST_PAGES)
    notes = session.snapshot(NOTES, verify=False, parents=False).objects
    entries = {entry.key: entry for entry in loaded.declarations if entry.concerns(name)}
    sessions = sessions_of(pages.items, since)
    seen = Observed(name, sessions, notes, entries, inventory, skills=skills)
    pins = pins_to_ask(seen, since)
    idle, repositories = _idle(client, pins[:MOST_REPOSITORIES], since)
    unasked = len(pins[MOST_REPOSITORIES:])
    return _Seen(seen._replace(idle=idle), client.target, pages.has_more, repositories, unasked)


def _idle(
    client: Reader, pins: Sequence[str], since: int
) -> tuple[frozenset[str], RepositoryFilter]:
    """Return the repositories in which no session worked, if the API can be asked that."""

    def newest(repository: str) -> Sequence[Mapping[str, Any]]:
        return client.sessions({"repo_names": repository, "first": "1"}).items

    if not pins:
        return frozenset(), "not_asked"
    try:
        if newest(_MADE_UP):
            return frozenset(), "filter_ignored"
        idle = (repository for repository in pins if not sessions_of(newest(repository), since))
        return frozenset(idle), "asked"
    except ApiError:
        return frozenset(), "filter_ignored"


def _base(
    insight: Insight,
    names: Sequence[str],
    seen: Mapping[str, _Seen],
    failed: Mapping[str, DevinopsError],
    window: tuple[datetime, datetime],
) -> BaseItem:
    start, end = (time.strftime(TIME) for time in window)
    filters = {each.repositories for each in seen.values()}
    return BaseItem(
        time=end,
        since=start,
        sessions=len(insight.sessions),
        analysed=len(insight.analysed),
        priced=sum(session.acus > 0 for session in insight.sessions),
        requests=run_facts.current().requests.total(),
        newest_only=any(each.newest_only for each in seen.values()),
        repositories=max(filters, key=_FILTERS.index, default="not_asked"),
        unasked=sum(each.unasked for each in seen.values()),
        targets=tuple(
            ReadTargetItem(name, TargetItem.of(seen[name].target))
            if name in seen
            else ReadTargetItem(name, None, str(failed[name]))
            for name in names
        ),
        mentioned=tuple(insight.mentioned()),
    )


def _skills(options: Options) -> dict[str, str]:
    """Return the directory of each skill that was exported below the root → key of its entry."""
    paths = sorted(path for depth in ("", "*/", "*/*/") for path in options.root.glob(depth + LOCK))
    lines = (line for path in paths for line in parse(path.read_text("utf-8"), str(path)))
    return {line.slug: str(line.key) for line in lines}


def _concealed(text: str) -> str:
    """Return a text with stars in place of what looks like a secret."""
    for leak in everywhere(text, leaks):
        text = f"{text[: leak.start]}{'*' * (leak.end - leak.start)}{text[leak.end :]}"
    return text
