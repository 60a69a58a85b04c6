"""Pages in a browser: search, filters, keys, two columns, themes, print, phones, no script, hostile texts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from devinops.model.changes import Refusal
from devinops.render import JobLinks, Style, render
from devinops.render.answers import Answer
from devinops.render.html.run import MOST_LISTED
from tests.testing.browser import PHONE
from tests.testing.many_targets import PAGES
from tests.testing.reports import JOB, RUNS, deletes, large, of_one, small

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.matrix, pytest.mark.nightly]
"""A browser takes seconds to start, and no page depends on the version of Python."""

Open = Callable[..., "Page"]
OPEN_ALL = "document.querySelectorAll('details').forEach((item) => { item.open = true })"
VIOLATIONS = "addEventListener('securitypolicyviolation', (e) => (window.violations ??= []).push(e.violatedDirective))"


def written(
    directory: Path, answer: Answer, change: Callable[[str], str] = str, job: JobLinks | None = None
) -> str:
    """Write the page of an answer; return its address."""
    path = directory / "report.html"
    path.write_text(change("".join(render("html", answer, Style(job=job)))), encoding="utf-8")
    return path.as_uri()


@pytest.fixture
def opened(page: Page, tmp_path: Path) -> Iterator[Open]:
    """Open the page of an answer; nothing may be wrong on its console."""
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))

    def show(answer: Answer | str, hash: str = "") -> Page:
        answer = PAGES[answer]() if isinstance(answer, str) else answer
        page.goto(f"{written(tmp_path, answer)}{hash}")
        return page

    yield show
    assert complaints == []


def shown(page: Page) -> list[str]:
    """Return the names of the items that the list shows."""
    # Not the inner text: that of items outside of the window is empty until they are painted.
    return page.locator(".item:visible .key strong").all_text_contents()


def focused(page: Page) -> Any:
    return page.evaluate(
        "document.activeElement.querySelector('strong')?.textContent ?? document.activeElement.id"
    )


NAMES = [
    "Database migrations",
    "Error envelope",
    "Forms",
    "Restart everything",
    "Triage an incident",
    "Code review",
]


FOUND = {
    "forms": ["Forms"],
    "backend/apis": ["Error envelope"],
    "stack TRACE": ["Error envelope"],
    "rule number 24": ["Error envelope"],
    "label every field.": ["Forms"],
    "nothing like this": [],
    "": NAMES,
}
"""Words → the names that a search for them finds, in keys, folders, texts and what is folded."""


def test_a_search_finds_names_folders_and_texts(opened: Open) -> None:
    page = opened("small")
    for words, names in FOUND.items():
        page.keyboard.press("Escape")
        page.keyboard.press("/")
        page.locator("#search").fill("")
        page.keyboard.type(words)
        assert shown(page) == names, words
        assert page.locator("#count").inner_text() == f"{len(names)} of 6 shown"
        assert page.locator("#nothing").is_visible() == (names == [])


def test_filters_combine_and_are_part_of_the_address(opened: Open) -> None:
    page = opened("small")
    page.get_by_role("checkbox", name="create 2").check()
    assert shown(page) == ["Forms", "Triage an incident"]
    page.get_by_role("checkbox", name="delete 1").check()
    page.get_by_role("checkbox", name="playbook 2").check()
    assert shown(page) == ["Restart everything", "Triage an incident"]
    address = page.evaluate("location.hash")
    assert address == "#action=create&action=delete&kind=playbook"
    page = opened("small", f"{address}&q=incident")
    assert shown(page) == ["Triage an incident"]
    assert page.get_by_role("checkbox", name="playbook 2").is_checked()
    assert page.locator("#search").input_value() == "incident"
    page.locator("#search").press("Escape")
    assert shown(page) == NAMES
    assert page.evaluate("location.hash") == ""


def test_everything_can_be_reached_with_keys(opened: Open) -> None:
    page = opened("deletes")
    page.keyboard.press("j")
    assert focused(page) == "Old rule 1"
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    assert focused(page) == "Old rule 10"
    item = page.locator("#change-2")
    for key in ("o", "Enter"):
        was = item.get_attribute("open")
        page.keyboard.press(key)
        assert item.get_attribute("open") != was
    page.keyboard.press("e")
    assert page.locator("details.item[open]").count() == 12
    assert page.get_by_role("button", name="Open all", pressed=True).is_visible()
    page.keyboard.press("e")
    assert page.locator("details.item[open]").count() == 0
    page.keyboard.press("f")
    assert page.evaluate("document.activeElement.value") == "delete"
    page.keyboard.press("?")
    assert page.get_by_role("dialog", name="Keyboard shortcuts").is_visible()
    page.get_by_label("Use single-key shortcuts").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    assert not page.get_by_role("dialog").is_visible()
    page.get_by_role("button", name="Keyboard shortcuts").click()
    page.get_by_label("Use single-key shortcuts").check()
    page.keyboard.press("Escape")
    assert not page.get_by_role("dialog").is_visible()
    page.keyboard.press("/")
    page.keyboard.type("jjj")
    assert page.locator("#search").input_value() == "jjj"


def test_a_link_to_an_item_opens_and_shows_it(opened: Open) -> None:
    page = opened("deletes", "#q=nothing")
    assert shown(page) == []
    page.get_by_role("link", name="knowledge:Backend/Old rule 9").click()
    # The browser reports a new fragment some time after the click.
    page.locator("#change-12[open] > summary").wait_for(state="visible")
    assert focused(page) == "Old rule 9"


def test_skipping_to_the_list_keeps_the_filters(opened: Open) -> None:
    page = opened(of_one(deletes(MOST_LISTED + 5)))
    page.locator("[value=delete]").check()
    page.locator("#search").fill("rule 7")
    page.locator(".skip").focus()
    page.keyboard.press("Enter")
    assert shown(page) == ["Old rule 17", "Old rule 7"]


def test_a_diff_is_shown_side_by_side(opened: Open) -> None:
    page = opened("small")
    pair = page.locator("#change-2 .pair").last.locator(":scope > *")
    gutters = [each.get_attribute("data-gutter") for each in pair.all()]
    assert gutters == ["  4     -", "  5     -", "      4 +", "      5 +"]

    def places() -> list[tuple[int, int]]:
        """Return the row and the column of each line, as the browser lays them out."""
        boxes = [each.bounding_box() for each in pair.all()]
        corners = [(round(box["y"]), round(box["x"])) for box in boxes if box]
        tops, sides = (sorted(set(numbers)) for numbers in zip(*corners, strict=True))
        return [(tops.index(top), sides.index(side)) for top, side in corners]

    assert places() == [(0, 0), (1, 0), (2, 0), (3, 0)]
    page.keyboard.press("s")
    assert places() == [(0, 0), (1, 0), (0, 1), (1, 1)]
    assert page.get_by_role("button", name="Side by side", pressed=True).is_visible()
    page.keyboard.press("s")
    assert places()[2] == (2, 0)


def test_the_theme_follows_the_system_until_it_is_chosen(opened: Open) -> None:
    page = opened("small")

    def lightness() -> int:
        return int(
            page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/)[0]")
        )

    assert lightness() > 200
    page.emulate_media(color_scheme="dark")
    assert lightness() < 50
    page.keyboard.press("t")
    page.keyboard.press("t")
    assert lightness() > 200
    assert page.get_by_role("button", name="Theme: light").is_visible()


def test_a_printed_page_has_everything_and_no_controls(opened: Open) -> None:
    page = opened("deletes")
    page.keyboard.press("s")
    page.emulate_media(media="print", color_scheme="dark")
    assert page.locator("details.item[open]").count() == 0
    assert page.locator("#change-12 dd").last.is_visible()
    assert page.locator(".controls").is_hidden()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


def test_every_page_fits_a_phone(opened: Open, page: Page) -> None:
    page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    for name in PAGES:
        opened(name).evaluate(OPEN_ALL)
        assert page.evaluate("document.documentElement.scrollWidth") == PHONE[0], name


def test_a_long_quote_fits_a_phone(tmp_path: Path, page: Page) -> None:
    page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    refusal = Refusal(f"there is no folder `{'a long name ' * 20}`")
    refused = replace(small(), refusals=(refusal,))
    page.goto(written(tmp_path, of_one(refused)))
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE[0]


def test_without_a_script_a_page_is_whole(chromium: Browser, tmp_path: Path) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(written(tmp_path, PAGES["small"]()))
    assert page.get_by_text("they need JavaScript.").is_visible()
    assert page.get_by_text("clients depend on it.").is_visible()
    assert page.get_by_role("checkbox", name="delete 1").is_disabled()
    assert page.locator("#search").is_hidden()
    fold = page.locator(".fold").first
    fold.locator("summary").click()
    assert fold.get_by_text("Rule number 24 of the envelope").is_visible()
    context.close()


def test_a_hostile_page_runs_nothing_and_asks_for_nothing(opened: Open, page: Page) -> None:
    page.add_init_script(VIOLATIONS)
    opened("hostile")
    page.keyboard.press("e")
    page.keyboard.press("s")
    page.locator("#search").fill("window.hacked")
    assert page.locator(".item:visible").count() > 10
    assert page.evaluate("[window.hacked, window.violations]") == [None, None]
    assert page.locator("script").count() == 1
    assert page.locator("img, iframe, svg, base, math, template").count() == 0


def test_a_script_that_got_in_would_be_blocked(page: Page, tmp_path: Path) -> None:
    """Escaping is the first wall and the policy the second, so here the first one is torn down."""
    injected = (
        "<script>window.hacked = 1</script><img src=x onerror='window.hacked = 2'>"
        "<a id=bad href='javascript:window.hacked=3'>x</a><p style='color: red'>x</p>"
    )
    page.add_init_script(VIOLATIONS)
    page.goto(
        written(
            tmp_path, PAGES["small"](), lambda text: text.replace("<main>", f"<main>{injected}")
        )
    )
    page.locator("#bad").click()
    with pytest.raises(Exception, match="TrustedHTML"):
        page.evaluate("document.body.innerHTML = '<b>x</b>'")
    assert page.evaluate("window.hacked") is None
    assert {"script-src-elem", "script-src-attr", "img-src", "style-src-attr"} <= set(
        page.evaluate("window.violations")
    )


FEW = (("small", "light"), ("conflict", "dark"))
MANY = [(name, scheme) for name in RUNS for scheme in ("light", "dark")]
MANY += [("many", "light"), ("many report", "dark"), ("rollout", "light"), ("rollout", "dark")]


@pytest.mark.parametrize(("name", "scheme"), dict.fromkeys((*FEW, *MANY)))
def test_a_page_is_accessible(chromium: Browser, tmp_path: Path, name: str, scheme: Any) -> None:
    from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]

    # axe is injected, which the policy of the page forbids as it should.
    context = chromium.new_context(bypass_csp=True, color_scheme=scheme)
    page = context.new_page()
    page.goto(written(tmp_path, PAGES[name](), job=JOB))
    page.evaluate(OPEN_ALL)
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()
    context.close()


def test_what_a_search_found_is_marked(opened: Open) -> None:
    page = opened("small", "#q=stack+TRACE")
    found = "[...(CSS.highlights.get('found') ?? [])].map(String).sort()"
    page.wait_for_function(f"{found}.length")
    assert set(page.evaluate(found)) == {"stack", "trace"}
    page.locator("#search").fill("")
    assert page.evaluate(found) == []


def test_a_list_of_thousands_is_filtered(opened: Open) -> None:
    page = opened(of_one(large(2_000, lines=8)))
    assert page.locator("#count").inner_text() == "2,000 of 2,000 shown"
    page.locator("#search").fill("note 00042")
    assert shown(page) == ["Note 00042"]
    page.locator("#search").fill("number 4")
    page.locator("#search").fill("number 43")
    assert page.locator("#count").inner_text() == "40 of 2,000 shown"


def names(page: Page) -> list[str]:
    """Return the names of the organizations that the table shows, in their order."""
    return page.locator("tr.item:visible th strong").all_text_contents()


def test_the_table_of_targets_is_filtered_and_sorted(opened: Open) -> None:
    page = opened("many")
    everything = names(page)
    assert len(everything) == 40
    assert everything[:4] == ["gone", "legacy", "moved", "audit"]
    page.get_by_role("checkbox", name="failed 2").check()
    assert names(page) == ["gone", "moved"]
    page.get_by_role("checkbox", name="failed 2").uncheck()
    page.get_by_role("button", name="changes", exact=True).click()
    assert names(page)[:2] == ["legacy", "labs"]
    page.get_by_role("button", name="changes", exact=True).click()
    assert names(page)[-1] == "legacy"
    page.get_by_role("button", name="name", exact=True).click()
    assert names(page) == sorted(everything)
    page.get_by_role("button", name="name", exact=True).click()
    assert names(page) == sorted(everything, reverse=True)
    assert page.locator("th[aria-sort=descending]").inner_text().startswith("name")
    page.locator("#search").fill("there is no such")
    assert names(page) == ["moved", "gone"]


def test_what_happens_in_a_target_is_shown_if_it_is_chosen(opened: Open) -> None:
    page = opened("many")
    page.get_by_role("link", name="labs", exact=True).click()
    # The browser reports a new fragment some time after the click.
    page.locator("#count", has_text="7 of").wait_for()
    assert page.get_by_role("combobox", name="Target").input_value() == "labs"
    assert names(page) == ["labs"]
    assert "Own rule" in shown(page)
    page.keyboard.press("e")
    parts = page.locator(".part")
    assert [part.is_visible() for part in parts.all()] == [True, False]
    page.get_by_role("combobox", name="Target").select_option("audit")
    assert page.evaluate("location.hash") == "#target=audit"
    assert shown(page) == ["Linting", "Error envelope", "Forms"]
    page.get_by_role("combobox", name="Target").select_option("All targets")
    assert len(names(page)) == 40
