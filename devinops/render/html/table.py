"""The table of targets: the state of each, which can be filtered, and numbers to sort by. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from urllib.parse import quote

from devinops.render.html.markup import Html, prose, tag
from devinops.render.html.page import Facet, HtmlSection
from devinops.render.html.rows import badge
from devinops.render.report import TargetRow


def state_facet(rows: Sequence[TargetRow]) -> Facet:
    """Return the filter by state."""
    numbers = Counter(row.state for row in rows)
    states = [(_value(row), row.state, row.state.meaning, numbers[row.state]) for row in rows]
    return Facet("state", list(dict.fromkeys(states)))


def _value(row: TargetRow) -> str:
    return row.state.meaning.replace(" ", "-")


def section(rows: Sequence[TargetRow]) -> HtmlSection:
    """Return the section with the table, which the script sorts.

    The name of a target is a link to what happens in it.
    """
    columns = dict.fromkeys(name for row in rows for name, number in row.numbers.items() if number)
    which = ["which changes"] if any(row.changes for row in rows) else []
    heads = [_head(name, name in columns) for name in ("name", "state", *columns, *which)]
    return HtmlSection("Targets", _lines(heads, rows, bool(which), [*columns]), f"{len(rows):,}")


def _head(name: str, is_number: bool) -> Html:
    button = tag("button", name, type="button", data_do="sort", disabled=True)
    return tag("th", button, scope="col", class_="number" if is_number else None)


def _lines(
    heads: Sequence[Html], rows: Sequence[TargetRow], which: bool, columns: Sequence[str]
) -> Iterator[Html]:
    head = tag("thead", tag("tr", *heads))
    yield Html(f'<div class="table" tabindex="0"><table>{head}<tbody>')
    for number, row in enumerate(rows, 1):
        name = tag("a", tag("strong", row.name), href=f"#target={quote(row.name)}")
        about = [" ", tag("small", row.owner)] if row.owner else []
        why = [Html("<br>"), tag("small", prose(row.text))] if row.text else []
        cells = [
            tag("th", name, *about, scope="row"),
            tag("td", badge(row.state), *why),
            *(tag("td", f"{row.numbers.get(name) or ''}", class_="number") for name in columns),
            *([tag("td", row.changes)] if which else []),
        ]
        yield tag("tr", *cells, class_="item", data_state=_value(row), data_at=number)
    yield Html("</tbody></table></div>")
