"""Writes the rows of a report, each as one element that can be opened, found and filtered. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, NamedTuple, TypeAlias

from devinops.model.changes import Action, Outcome
from devinops.model.keys import Key
from devinops.model.objects import Severity
from devinops.render import Style, counted
from devinops.render.answers import LintDetails
from devinops.render.findings import NO_LINT, title_of
from devinops.render.html.markup import Html, joined, prose, tag
from devinops.render.html.values import fields
from devinops.render.problem_text import quoted, repeated
from devinops.render.report import Row
from devinops.render.signs import OUTCOMES, SIGNS
from devinops.render.terminal import Look, Sign
from devinops.render.where import ranges

SEVERITIES: Final = {
    Severity.ERROR: Sign("x", Look.ERROR, "error"),
    Severity.WARNING: Sign("!", Look.WARNING, "warning"),
    Severity.INFO: Sign("i", Look.MOVED, "info"),
}
_ACTIONS: Final = {str(action): sign for action, sign in SIGNS.items()}

Value: TypeAlias = tuple[str, Sign | None, str]
"""A value by which the list is filtered, its sign, and its word."""


class Rows(NamedTuple):
    """Writes rows; they are `opened` if there are few. `style` gives the addresses of files.

    `places` are the numbers of the targets, by which the script filters. `lint` is what it knows
    about the findings in the rows.
    """

    style: Style = Style()
    opened: bool = False
    places: Mapping[str, int] = MappingProxyType({})
    lint: LintDetails = NO_LINT

    def item(self, row: Row, *, below: bool = False) -> Html:
        """Return the element of a row in the list, or of one `below` another."""
        size = row.details.size if row.details and not row.facts else ""
        asides = filter(None, (row.where, size, "" if below else _place(row)))
        about = self._about(row)
        head = _spaced(
            tag("b", f"{row.number}.") if row.number else "",
            *_badges(row),
            tag("span", self._subject(row), class_="key"),
            *(tag("span", aside, class_="where") for aside in asides),
            tag("span", about, class_="why") if about else "",
        )
        facts: dict[str, Any] = {
            f"data_{facet}": " ".join(value for value, *_ in values) or None
            for facet, values in ({} if below else self.facets(row)).items()
        }
        facts["data_at"], name = self._at(row), "part" if below else "item"
        content = [*self._content(row)]
        if not (content or row.id):
            return tag("p", head, class_=name, **facts)
        body = tag("div", self._facts(row), *content, class_="content")
        is_open = not row.is_folded if below else self.opened
        parts = tag("summary", head), body
        return tag("details", *parts, class_=name, id=row.id or None, open=is_open, **facts)

    def line(self, row: Row) -> Html:
        """Return a row as a line of a box, with links to what it is about."""
        id = row.to or row.id
        subject = self._subject(row)
        if row.key and id:
            subject = joined(tag("a", row.name, href=f"#{id}"), *_aside(row))
        is_said = not row.sign or row.word in ("", row.sign.meaning, row.text.partition(":")[0])
        about = self._about(row)
        return joined(
            *([tag("b", row.sign.symbol), " "] if row.sign else []),
            subject,
            _after(row) if about else "",
            "" if is_said else f"{row.word}: ",
            about,
            *([tag("small", f" in {row.where}")] if row.where else []),
            *(tag("p", self.line(each), class_="hint") for each in row.rows if _is_line(each)),
            *(tag("p", prose(hint), class_="hint") for hint in row.hints),
        )

    def facets(self, row: Row) -> Mapping[str, Sequence[Value]]:
        """Return the values by which a row is filtered: facet → those of the row and below it."""
        if problem := row.problem:
            sign = SEVERITIES[problem.severity]
            return {
                "action": [(sign.meaning, sign, sign.meaning)],
                "rule": [(problem.code, None, title_of(problem, self.lint))],
            }
        found: dict[str, dict[str, Value]] = {"outcome": {}, "action": {}, "kind": {}}
        for each in walk(row):
            action, outcome = each.action, each.outcome
            if outcome:
                found["outcome"][outcome] = _value(outcome, OUTCOMES[Outcome(outcome)])
            if action:
                found["action"].setdefault(action, _value(action, _ACTIONS.get(action, each.sign)))
            if each.key:
                found["kind"][each.key.kind] = _value(each.key.kind)
        return {facet: [*values.values()] for facet, values in found.items()}

    # --- parts of an item -------------------------------------------------------------------------

    def _subject(self, row: Row) -> Html:
        if row.problem:
            return self._linked(row, str(row.problem.source))
        was = tag("small", f"{row.was} → ") if row.was else ""
        return joined(was, key_markup(row.key) if row.key else prose(row.text), *_aside(row))

    def _about(self, row: Row) -> Html:
        """Return what a row says behind its subject."""
        if problem := row.problem:
            more = filter(None, (quoted(problem, self.lint), repeated(problem, self.lint)))
            lines = (part for line in more for part in (Html("<br>"), tag("code", line)))
            return joined(prose(problem.message), " ", tag("code", problem.code), *lines)
        text = "; ".join((*row.layers, row.text)) if row.key else "; ".join(row.layers)
        return prose(" · ".join(filter(None, (text, row.facts, row.uses))))

    def _content(self, row: Row) -> Iterator[Html]:
        """Yield what is hidden until an item is opened."""
        yield from (tag("p", prose(hint), class_="hint") for hint in row.hints)
        if row.needed_by:
            title = f"needed by {counted(len(row.needed_by), 'entry', 'entries')}"
            names = [tag("li", str(key)) for key in row.needed_by]
            yield tag("div", tag("p", title), tag("ul", *names), class_="needed")
        if details := row.details:
            sides = details.sides.replace("-", "−")
            yield fields(details.kind, details.fields, signed=details.signed, sides=sides)
        yield from (self.item(each, below=True) for each in row.rows)

    def _facts(self, row: Row) -> Html:
        """Return the links to the file and to the item itself, and the ids of one target's objects.

        They are not in the summary, because a control must not contain another one.
        """
        file = self._linked(row, _place(row)) if row.source and self.style.job else Html("")
        own_ids = ", ".join(row.ids) if len(row.targets) <= 1 else ""
        ids = tag("span", "id ", tag("code", own_ids)) if own_ids else Html("")
        link = tag("a", "link to this", href=f"#{row.id}") if row.id else Html("")
        return tag("p", file, ids, link, class_="facts")

    def _linked(self, row: Row, shown: str) -> Html:
        source = row.problem.source if row.problem else row.source
        url = self.style.source_url(source.path, source.line, gone=row.is_gone) if source else ""
        return tag("a", shown, href=url, rel="noopener") if url else tag("span", shown)

    def _at(self, row: Row) -> str | None:
        """Return the numbers of the targets of a row, such as `1-14 16`; None if it is in all."""
        numbers = sorted(self.places[name] for name in row.targets if name in self.places)
        if not numbers or len(numbers) == len(self.places):
            return None
        return " ".join(ranges(numbers, "-"))


def _after(row: Row) -> str:
    """Return what separates the subject of a line from what is said about it."""
    return " " if row.problem else ": " if row.key else " · "


def _is_line(row: Row) -> bool:
    """Return whether a row below another one is so short that it stands in a box, too."""
    return not (row.is_folded or row.details or row.rows)


def _aside(row: Row) -> list[Html]:
    return [tag("small", f" {row.aside}")] if row.aside else []


def _spaced(*words: str) -> Html:
    return joined(*(part for word in words if word for part in (word, " ")))


def _value(value: str, sign: Sign | None = None) -> Value:
    return value, sign, sign.meaning if sign else value


def walk(row: Row) -> Iterator[Row]:
    """Yield a row and those below it."""
    yield row
    for below in row.rows:
        yield from walk(below)


def _badges(row: Row) -> Iterator[Html]:
    if row.problem:
        yield badge(SEVERITIES[row.problem.severity])
    elif row.outcome:
        yield badge(OUTCOMES[Outcome(row.outcome)])
        if row.action:
            yield badge(SIGNS[Action(row.action)])
    elif row.sign:
        yield badge(row.sign, row.word)


def badge(sign: Sign, label: str = "") -> Html:
    """Return a sign with its word, in the color of what it means."""
    word, classes = f" {label or sign.meaning}", badge_classes(sign.look)
    return tag("span", tag("b", sign.symbol), word, class_=classes)


def badge_classes(look: Look) -> str:
    """Return the classes of a badge with this look."""
    return f"badge {look.name.lower()}"


def key_markup(key: Key) -> Html:
    """Return a key with its name in bold, because readers look for the name."""
    folder, slash, name = key.path.rpartition("/")
    where = tag("small", f"{key.kind}:{folder}{slash}" if key.path else key.kind)
    return joined(where, tag("strong", name)) if name else where


def _place(row: Row) -> str:
    return f"{row.source.path}:{row.source.line}" if row.source and not row.problem else ""
