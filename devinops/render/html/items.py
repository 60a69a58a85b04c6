"""Writes what a report lists, each as one element that can be opened: changes, blocks, drift."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from devinops.model.changes import Action, Blocked, Change, Drift, Outcome, Result
from devinops.model.keys import Key
from devinops.model.objects import Problem, Severity, Source
from devinops.render import JobLinks, counted
from devinops.render.answers import LintDetails
from devinops.render.changes import (
    is_redundant,
    size,
    with_layers,
)
from devinops.render.findings import NO_LINT
from devinops.render.html.markup import Html, joined, prose, tag
from devinops.render.html.values import fields
from devinops.render.problem_text import quoted, repeated
from devinops.render.signs import BLOCKED, FAILED, OUTSIDE, SIGNS
from devinops.render.terminal import Look, Sign
from devinops.render.text import drift_summary

WARNING: Final = Sign("!", Look.WARNING, "warning")
ERROR: Final = Sign("x", Look.ERROR, "error")
INFO: Final = Sign("i", Look.MOVED, "info")
SEVERITIES: Final = {Severity.ERROR: ERROR, Severity.WARNING: WARNING, Severity.INFO: INFO}
OUTCOMES: Final = {
    Outcome.DONE: Sign("✓", Look.GOOD, "done"),
    Outcome.FAILED: FAILED,
    Outcome.SKIPPED: Sign("!", Look.WAITING, "skipped"),
    Outcome.BLOCKED: BLOCKED,
}


CHANGED: Final = ("unchanged", "changed")
"""The values by which findings are filtered if lint compares with another commit."""


@dataclass(frozen=True)
class Items:
    """Writes items; they are `opened` if there are few. `job` gives the addresses of files."""

    job: JobLinks | None = None
    opened: bool = False

    def changes(self, changes: Iterable[Change], prefix: str = "change") -> Iterator[Html]:
        """Yield an element for each change, with the ids PREFIX-1 and so on."""
        for number, change in enumerate(changes, 1):
            yield self.change(change, f"{prefix}-{number}")

    def results(self, results: Iterable[tuple[int, Result]]) -> Iterator[Html]:
        """Yield an element for each result, with its number in the report."""
        for number, result in results:
            yield self.change(result.change, f"result-{number}", result)

    def change(self, change: Change, id: str, result: Result | None = None) -> Html:
        """Return the element of a change, with its result if there is one."""
        is_gone = change.action is Action.DELETE
        one_sided = is_gone or change.action is Action.CREATE
        shown = [field for field in change.fields if not is_redundant(change, field)]
        facets, reason = _facets(change.key, change.action), with_layers(change)
        badges = [badge(SIGNS[change.action])]
        if result:
            facets["outcome"] = str(result.outcome)
            badges = [badge(OUTCOMES[result.outcome]), *badges]
            reason = result.message or reason
        return self._item(
            id,
            facets,
            badges,
            change.key,
            change.source,
            reason,
            [
                self._facts(change.source, id, change.id or "", is_gone),
                fields(change.key.kind, shown, signed=not one_sided),
            ],
            size(change),
        )

    def blocked(self, blocked: Iterable[Blocked], prefix: str = "blocked") -> Iterator[Html]:
        """Yield an element for each blocked step."""
        for number, block in enumerate(blocked, 1):
            id = f"{prefix}-{number}"
            yield self._item(
                id,
                _facets(block.key, "blocked"),
                [badge(BLOCKED, str(block.by))],
                block.key,
                block.source,
                with_layers(block),
                [
                    self._facts(block.source, id, ", ".join(block.ids)),
                    _needed_by(block.needed_by),
                    fields(block.key.kind, block.fields, sides="− live, + files"),
                ],
            )

    def drift(self, drifts: Iterable[Drift], sides: str = "− files, + live") -> Iterator[Html]:
        """Yield an element for each change made outside devinops."""
        for number, drift in enumerate(drifts, 1):
            id = f"outside-{number}"
            yield self._item(
                id,
                _facets(drift.key, "outside"),
                [badge(OUTSIDE, str(drift.moved))],
                drift.key,
                drift.source,
                drift_summary(drift),
                [
                    self._facts(drift.source, id, drift.id),
                    fields(drift.key.kind, drift.fields, sides=sides),
                ],
            )

    def objects(self, objects: Iterable[tuple[Key, str]], sign: Sign) -> Iterator[Html]:
        """Yield an element for each object that needs only one sentence."""
        for key, about in objects:
            yield self._line(_facets(key, sign.meaning), badge(sign), _key(key), about)

    def problems(self, problems: Iterable[Problem], lint: LintDetails = NO_LINT) -> Iterator[Html]:
        """Yield an element for each problem in a file."""
        for problem in problems:
            where = self._source(problem.source, str(problem.source))
            facets = {"action": str(problem.severity), "rule": problem.code}
            about = [prose(problem.message), " ", tag("code", problem.code)]
            if excerpt := quoted(problem, lint):
                about += [Html("<br>"), tag("code", excerpt)]
            if more := repeated(problem, lint):
                about += [Html("<br>"), more]
            if lint.since:
                facets["entry"] = CHANGED[problem not in lint.informing]
            yield self._line(facets, badge(SEVERITIES[problem.severity]), where, joined(about))

    # --- parts of an item -------------------------------------------------------------------------

    def _item(
        self,
        id: str,
        facets: Mapping[str, str],
        badges: Iterable[Html],
        key: Key,
        source: Source | None,
        reason: str,
        content: Iterable[Html],
        lines: str = "",
    ) -> Html:
        summary = tag(
            "summary",
            tag("span", *badges, class_="badges"),
            tag("span", _key(key), class_="key"),
            tag("span", lines, class_="where") if lines else Html(""),
            tag("span", _place(source), class_="where") if source else Html(""),
            tag("span", prose(reason), class_="why"),
        )
        body = tag("div", *content, class_="content")
        return _element("details", facets, summary, body, id=id, open=self.opened)

    def _line(self, facets: Mapping[str, str], badge: Html, title: Html, about: str) -> Html:
        return _element(
            "p",
            facets,
            tag("span", badge, class_="badges"),
            tag("span", title, class_="key"),
            tag("span", about, class_="why"),
        )

    def _facts(self, source: Source | None, id: str, object_id: str, is_gone: bool = False) -> Html:
        """Return the links to the file and to the item itself, and the id of the object.

        They are not in the summary, because a control must not contain another one. The link of an
        entry that may be gone leads to the base of the request.
        """
        file = self._source(source, _place(source), is_gone) if source and self.job else Html("")
        object_ids = tag("span", "id ", tag("code", object_id)) if object_id else Html("")
        return tag("p", file, object_ids, tag("a", "link to this", href=f"#{id}"), class_="facts")

    def _source(self, source: Source, shown: str, is_gone: bool = False) -> Html:
        url = self.job and (self.job.base_url if is_gone else self.job.source_url)
        address = url(source.path, source.line) if url else ""
        return tag("a", shown, href=address, rel="noopener") if address else tag("span", shown)


def _place(source: Source) -> str:
    return f"{source.path}:{source.line}"


def _element(
    name: str, facets: Mapping[str, str], *content: Html, id: str | None = None, open: bool = False
) -> Html:
    data: Any = {f"data_{facet}": value for facet, value in facets.items()}
    return tag(name, *content, class_="item", id=id, open=open, **data)


def badge(sign: Sign, label: str = "") -> Html:
    """Return a sign with its word, in the color of what it means."""
    return tag(
        "span", tag("b", sign.symbol), f" {label or sign.meaning}", class_=badge_classes(sign.look)
    )


def badge_classes(look: Look) -> str:
    """Return the classes of a badge with this look."""
    return f"badge {look.name.lower()}"


def _facets(key: Key, action: str) -> dict[str, str]:
    return {"action": action, "kind": key.kind}


def _key(key: Key) -> Html:
    """Return a key with its name in bold, because readers look for the name."""
    folder, slash, name = key.path.rpartition("/")
    where = tag("small", f"{key.kind}:{folder}{slash}" if key.path else key.kind)
    return joined([where, tag("strong", name)] if name else [where])


def _needed_by(keys: Iterable[Key]) -> Html:
    names = [tag("li", str(key)) for key in keys]
    if not names:
        return Html("")
    title = f"needed by {counted(len(names), 'entry', 'entries')}"
    return tag("div", tag("p", title), tag("ul", *names), class_="needed")
