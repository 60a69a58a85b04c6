"""The table of targets: the state of each, which can be filtered, and numbers to sort by. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from devinops.render.html import parts
from devinops.render.html.items import badge
from devinops.render.html.markup import Html, prose, tag
from devinops.render.html.page import Facet, HtmlSection
from devinops.render.terminal import Sign


class Row(NamedTuple):
    """A target: its state, why it is in it, and its numbers by column. `owner` is who has it."""

    name: str
    owner: str
    state: Sign
    message: str
    numbers: Mapping[str, int]
    group: int = 0
    """The number of its class, 0 if it has none."""


def state_facet(rows: Sequence[Row]) -> Facet:
    """Return the filter by state."""
    numbers = Counter(row.state for row in rows)
    return parts.sign_facet("state", [(sign.meaning, sign, n) for sign, n in numbers.most_common()])


def section(title: str, rows: Sequence[Row]) -> HtmlSection:
    """Return the section with the table. The script lets readers sort it."""
    names = tuple(
        dict.fromkeys(name for row in rows for name, number in row.numbers.items() if number)
    )
    groups = ["class"] if any(row.group for row in rows) else []
    heads = [_head(name, at) for at, name in enumerate(("name", "state", *groups, *names))]
    return HtmlSection(title, _lines(heads, rows, names, bool(groups)), f"{len(rows):,}")


def _head(name: str, column: int) -> Html:
    button = tag("button", name, type="button", data_do="sort", disabled=True)
    return tag("th", button, scope="col", class_="number" if column > 1 else None)


def _lines(
    heads: Sequence[Html], rows: Sequence[Row], names: Sequence[str], grouped: bool
) -> Iterator[Html]:
    head = tag("thead", tag("tr", *heads))
    yield Html(f'<div class="table" tabindex="0"><table>{head}<tbody>')
    for row in rows:
        about = tag("small", f" {row.owner}") if row.owner else Html("")
        why = [Html("<br>"), tag("small", prose(row.message))] if row.message else []
        link = tag("a", f"{row.group}", href=f"#class-{row.group}") if row.group else Html("")
        cells = [
            tag("th", tag("strong", row.name), about, scope="row"),
            tag("td", badge(row.state), *why),
            *([tag("td", link, class_="number")] if grouped else []),
            *(tag("td", f"{row.numbers.get(n) or ''}", class_="number") for n in names),
        ]
        yield tag("tr", *cells, class_="item", data_state=row.state.meaning)
    yield Html("</tbody></table></div>")
