"""The page of a run over many targets: each of them finds exactly what happens there."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from devinops.model.target import TargetState
from devinops.planning.lifecycles.required import is_missing
from devinops.planning.run import Plans
from devinops.render import Style, render
from tests.testing.html import Parsed
from tests.testing.many_targets import PAGES, answer, mixed, planned_in, plans_of
from tests.testing.reports import MARKUP, hostile

KEY = re.compile(r'<span class="key"><small>([^<]*)</small><strong>([^<]*)')


def written(plans: Plans) -> str:
    return "".join(render("html", answer(plans), Style()))


def found(page: str, target: str) -> Counter[str]:
    """Return the keys of the items that a page shows if a target is chosen."""
    names = re.findall(r'<option value="([^"]+)"', page)
    place = names.index(target) + 1
    items = page.partition('id="list"')[2].split('<details class="item"')[1:]
    keys = Counter[str]()
    for item in items:
        places = re.match(r'[^>]* data-at="([^"]*)"', item)
        match = KEY.search(re.sub("<small>[^<]* → </small>", "", item.partition("</summary>")[0]))
        # What a person has to create has no key.
        if match and (not places or is_at(places[1], place)):
            keys["".join(match.groups())] += 1
    return keys


def is_at(places: str, place: int) -> bool:
    ranges = (each.split("-") for each in places.split(" "))
    return any(int(numbers[0]) <= place <= int(numbers[-1]) for numbers in ranges)


def test_each_target_finds_exactly_what_happens_in_it() -> None:
    plans = mixed()
    page = written(plans)
    for target in plans.targets:
        own, expected = plans.of(target.name), Counter[str]()
        if target.state is TargetState.PLANNED:
            blocked = [each for each in own.blocked if not is_missing(each.item)]
            for items in (own.changes, blocked, own.drift):
                expected.update(str(each.item.key) for each in items)
        assert found(page, target.name) == expected, target.name


@pytest.mark.parametrize(
    "words",
    [
        "32 of 40 organizations</strong>",
        "playbook:Restart everything</a>: no longer declared<small> in labs, team-00 to -27</small>",
        '<h2>Failed: nothing is written</h2><ul><li><b>x</b> 404: there is no such organization<small> in gone, moved</small></li>',
        "body changed in Git and outside devinops: decide with <code>--on-conflict git</code>",
        "<code>devinops apply -t audit -t risk --on-conflict git</code>",
        '<a href="#target=legacy"><strong>legacy</strong></a>',
        "devinops apply --target all --expect",
    ],
)  # fmt: skip
def test_what_a_reader_must_know_of_many_targets(words: str) -> None:
    assert words in written(mixed())


def test_a_report_says_what_could_not_be_checked_and_where_the_backups_are() -> None:
    page = "".join(render("html", PAGES["many report"](), Style()))
    assert "503: try later<small> in labs</small>" in page
    assert "<h2>Backup</h2>" in page


def test_no_name_or_text_of_many_targets_becomes_markup() -> None:
    plans = plans_of([planned_in("a", hostile()), planned_in("b", hostile(MARKUP[:3]))])
    code = re.compile(r"<(script|style)>.*?</\1>", re.DOTALL)
    shown, usual = (code.sub("", written(each), count=2) for each in (plans, mixed()))
    tags = (set(Parsed(page.removeprefix("<!doctype html>")).tags) for page in (shown, usual))
    assert set.difference(*tags) <= {"i", "mark", "del", "ins"}
    assert {link[0] for link in re.findall(r'href="([^"]*)"', shown)} == {"#"}
