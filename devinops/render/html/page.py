"""Puts the parts of a report into one page that needs no network and runs no other script."""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Final

from devinops import __version__
from devinops.render.html.markup import Html, joined, plain, tag
from devinops.render.html.rows import badge_classes
from devinops.render.terminal import Look, Sign

_SLOT: Final = re.compile(r"\{\{(\w+)\}\}")


@dataclass(frozen=True)
class HtmlSection:
    """A part of the list with a heading. `items` are written one by one, to save memory."""

    title: str
    items: Iterable[Html]
    hint: str


@dataclass(frozen=True)
class Facet:
    """Values by which the list can be filtered, each with its sign, word and number, if known."""

    name: str
    values: Sequence[tuple[str, Sign | None, str, int | None]]


@dataclass(frozen=True)
class HtmlPage:
    """A report: `verdict` and `notices` say what matters, the sections hold the list.

    `title` is the name of the page, `about` what the verdict is about, and `facts` are shown below
    it. `ending` comes after the list. The list can be filtered by facets and by `targets`, whose
    numbers in their order are what items are marked with.
    """

    title: str
    about: str
    verdict: Html
    look: Look
    facts: Sequence[tuple[str, str]] = ()
    notices: Sequence[Html] = ()
    facets: Sequence[Facet] = ()
    targets: Sequence[str] = ()
    sections: Iterable[HtmlSection] = ()
    ending: Html = field(default=Html(""))


def write(page: HtmlPage) -> Iterator[str]:
    """Yield the page in pieces, none larger than one item."""
    style, script = _file("page.css"), _file("page.js")
    parts: Mapping[str, Iterable[str]] = {
        "policy": [_policy(style, script)],
        "title": [plain(page.title)],
        "style": [style],
        "script": [script],
        "header": [_header(page)],
        "notices": page.notices,
        "filters": _filters([facet for facet in page.facets if facet.values], page.targets),
        "sections": _sections(page.sections),
        "ending": [page.ending],
        "footer": [tag("p", f"Written by devinops {__version__}.")],
    }
    for number, piece in enumerate(_SLOT.split(_file("page.html"))):
        if number % 2:
            yield from parts[piece]
        else:
            yield piece


@cache
def _file(name: str) -> str:
    return (resources.files(__package__) / name).read_text("utf-8")


def _policy(style: str, script: str) -> str:
    """Return a content security policy that permits this style sheet and this script only."""
    return "; ".join(
        (
            "default-src 'none'",
            f"style-src '{_hash(style)}'",
            f"script-src '{_hash(script)}'",
            "base-uri 'none'",
            "form-action 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
        )
    )


def _hash(content: str) -> str:
    return f"sha256-{b64encode(hashlib.sha256(content.encode()).digest()).decode()}"


def _header(page: HtmlPage) -> Html:
    facts = [tag("div", tag("dt", name), tag("dd", value)) for name, value in page.facts]
    return joined(
        tag("p", page.about, class_="about"),
        tag("h1", page.verdict, class_=page.look.name.lower()),
        tag("dl", *facts, class_="facts") if facts else Html(""),
    )


def notice(title: str, content: Iterable[Html], look: Look) -> Html:
    """Return a box with what a reader must know before the list."""
    return tag("section", tag("h2", title), *content, class_=f"notice {look.name.lower()}")


def bullets(lines: Iterable[Html]) -> Html:
    """Return a list."""
    return tag("ul", *(tag("li", line) for line in lines))


def _filters(facets: Sequence[Facet], targets: Sequence[str]) -> Iterator[Html]:
    """Yield search and filters, if there is a list.

    The script enables them; without it, they still show counts.
    """
    if not facets:
        return
    search = tag(
        "label",
        tag("span", "Search", class_="label"),
        Html(
            '<input type="search" id="search" name="q" autocomplete="off" spellcheck="false"'
            ' placeholder="Name, folder or text">'
        ),
    )
    controls = [
        _button("split", "Side by side", switch=True),
        _button("all", "Open all", switch=True),
        _button("theme", "Theme: system"),
        _button("help", "Keyboard shortcuts"),
    ]
    yield tag(
        "form",
        tag("div", search, *_choice(targets), *controls, class_="controls", hidden=True),
        *map(_facet, facets),
        Html('<p id="count" role="status"></p>'),
        id="filters",
        role="search",
        aria_label="Search and filters",
        autocomplete="off",
    )


def _choice(targets: Sequence[str]) -> Iterator[Html]:
    """Yield the choice of one target, by which the list shows what happens there."""
    if targets:
        options = (tag("option", name, value=name) for name in targets)
        every = tag("option", "All targets", value="")
        yield tag("select", every, *options, name="target", aria_label="Target")


def _button(do: str, label: str, *, switch: bool = False) -> Html:
    state = "false" if switch else None
    return tag("button", label, type="button", data_do=do, aria_pressed=state)


def _facet(facet: Facet) -> Html:
    boxes = [
        tag(
            "label",
            Html(f'<input type="checkbox" name="{facet.name}" value="{plain(value)}">'),
            tag("b", sign.symbol) if sign else Html(""),
            f" {label}",
            f" {number:,}" if number else "",
            class_=badge_classes(sign.look if sign else Look.PLAIN),
        )
        for value, sign, label, number in facet.values
    ]
    return tag("fieldset", tag("legend", facet.name, class_="label"), *boxes, disabled=True)


def _sections(sections: Iterable[HtmlSection]) -> Iterator[Html]:
    for section in sections:
        heading = tag("h2", section.title, tag("small", f" {section.hint}"))
        yield Html(f"<section>{heading}\n")
        for item in section.items:
            yield Html(f"{item}\n")
        yield Html("</section>\n")
