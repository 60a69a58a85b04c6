"""The pages in headless Chromium: what people do, with and without JavaScript, and what they see."""

from __future__ import annotations

import pytest

from tests.testing.browser import PHONE
from tests.testing.hostile_names import organization

pytestmark = [pytest.mark.matrix, pytest.mark.nightly]
"""A browser takes seconds to start, and no page depends on the version of Python."""

ORG = "/organizations/org-emulator"
PAGES = (
    "/",
    "/requests",
    "/audit-log",
    f"{ORG}/knowledge",
    f"{ORG}/secrets",
    f"{ORG}/automations",
    f"{ORG}/automations/new",
    "/knowledge/note-1",
    "/folders/folder-a",
    "/organizations/org-emulator",
    "/enterprise/organizations",
    "/enterprise/members",
    "/knowledge/nope",
)
LONG = "x" * 300


@pytest.fixture
def complaints(page):
    """What the console says, and errors of scripts; a dialog is a script of somebody else."""
    found = []
    page.on("console", lambda message: found.append(message.text))
    page.on("pageerror", lambda error: found.append(str(error)))
    page.on("dialog", lambda dialog: found.append(f"dialog: {dialog.message}") or dialog.dismiss())
    return found


@pytest.fixture
def visit(page, filled):
    """Open a page of the emulator."""

    def go(path):
        page.goto(filled.emulator.url + path)

    return go


def body_of(api, record_id):
    return api.emulator.store.get("knowledge", record_id).body


def test_a_person_creates_a_folder_and_a_note_in_it(page, filled, visit, complaints):
    visit("/")
    page.get_by_role("link", name="Payments", exact=True).click()
    page.get_by_role("link", name="New folder").click()
    page.get_by_label("Name").fill("Operations")
    page.get_by_label("Inside").select_option("A/B")
    page.get_by_role("button", name="Create folder").click()
    assert page.get_by_role("status").inner_text() == "Created."
    page.get_by_role("link", name="New note here").click()
    page.get_by_label("Name").fill("On call")
    page.get_by_label("Trigger").fill("When paged")
    page.get_by_label("Body").fill("Look at\n\nthe graphs.")
    page.get_by_role("button", name="Create note").click()
    assert page.get_by_role("heading", level=1).inner_text() == "On call"
    note = next(note for note in filled.emulator.knowledge() if note["name"] == "On call")
    assert (note["folder_path"], note["body"]) == ("A/B/Operations", "Look at\n\nthe graphs.")
    page.get_by_role("link", name="Knowledge 3").click()
    assert page.get_by_text("3 notes in 3 folders").is_visible()
    assert complaints == []


def test_a_person_edits_renames_and_moves_a_note(page, filled, visit, complaints):
    visit(f"{ORG}/knowledge")
    page.get_by_role("link", name="Deploys").click()
    page.get_by_label("Name").fill("Deployments")
    page.get_by_label("Body").fill("\nUse canaries.\n")
    page.get_by_label("Folder").select_option("(no folder)")
    page.get_by_role("button", name="Save").click()
    assert page.get_by_role("status").inner_text() == "Saved."
    page.locator("[role=status]:focus").wait_for()
    note = filled.emulator.knowledge()[0]
    assert (note["name"], note["folder_path"]) == ("Deployments", "")
    assert note["body"] == "\nUse canaries.\n"
    assert page.get_by_label("Body").input_value() == "\nUse canaries.\n"
    assert complaints == []


@pytest.mark.parametrize("body", ["\n\na\r\nb\rc\n", "a\x00b\x1b", "\u202e</textarea><b>\u2028"])
def test_a_browser_keeps_what_nobody_touched(page, filled, visit, body):
    filled.emulator.edit("knowledge", "note-1", body=body, trigger=body)
    visit("/knowledge/note-1")
    page.get_by_label("Macro").fill("!other")
    page.get_by_role("button", name="Save").click()
    note = filled.emulator.store.get("knowledge", "note-1")
    assert (note.body, note.trigger, note.macro) == (body, body, "!other")


def test_deleting_takes_two_steps(page, filled, visit, complaints):
    visit("/folders/folder-b")
    assert not page.get_by_role("button", name="Delete B").is_visible()
    page.get_by_text("Delete this folder").click()
    assert page.get_by_text("What is in it moves to the folder above.").is_visible()
    page.get_by_role("button", name="Delete B").click()
    assert page.get_by_role("status").inner_text() == "Deleted."
    assert filled.emulator.knowledge()[0]["folder_path"] == "A"
    assert complaints == []


def test_an_error_names_the_input_and_leads_to_it(page, visit):
    visit("/automations/automation-1")
    page.get_by_label("Name").fill("Pushed")
    page.get_by_label("Triggers").fill("[{]")
    page.get_by_role("button", name="Save").click()
    alert = page.get_by_role("alert")
    page.locator("[role=alert]:focus").wait_for()
    assert page.title().startswith("Error: ")
    alert.get_by_role("link", name="Triggers").click()
    assert page.evaluate("document.activeElement.name") == "triggers"
    triggers = page.get_by_label("Triggers")
    assert (triggers.input_value(), page.get_by_label("Name").input_value()) == ("[{]", "Pushed")
    assert triggers.get_attribute("aria-invalid") == "true"
    assert "line 1, column 3" in page.locator("#triggers-error").inner_text()


def test_everything_works_with_the_keyboard(page, filled, visit):
    visit(f"{ORG}/automations")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to content"
    page.keyboard.press("Enter")
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent") == "Disable Push":
            break
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Enable Push").wait_for()
    assert not filled.emulator.automations()[0]["enabled"]


# -- requests


def test_requests_appear_while_the_page_is_open(page, filled, visit, complaints):
    visit("/requests")
    page.get_by_text("No requests yet.").wait_for()
    filled.v3.get("/v3/self")
    page.get_by_text("/v3/self").wait_for()
    filled.note(name="<img src=x onerror=alert(1)>")
    summary = page.locator("summary", has_text="POST")
    summary.click()
    page.get_by_text('"name": "<img src=x onerror=alert(1)>"').wait_for()
    filled.v3.get("/v3/nope")
    page.get_by_text("404").wait_for()
    # A request that comes in does not close what is open.
    assert page.locator("details[open]").count() == 1
    assert [row.inner_text().split()[0] for row in page.locator("li[data-number]").all()] == [
        "GET",
        "POST",
        "GET",
    ]
    assert complaints == []


def test_a_list_that_is_cleared_elsewhere_becomes_empty(page, filled, visit):
    filled.v3.get("/v3/self")
    visit("/")
    page.get_by_text("/v3/self").wait_for()
    filled.emulator.clear_requests()
    page.get_by_text("No requests yet.").wait_for()


def test_the_list_can_be_paused(page, filled, visit):
    visit("/requests")
    page.get_by_role("button", name="Pause").click()
    assert page.get_by_role("status").inner_text() == "Paused"
    filled.v3.get("/v3/self")
    page.get_by_role("button", name="Resume").click()
    page.get_by_text("/v3/self").wait_for()


# -- without JavaScript


@pytest.fixture
def plain_page(chromium):
    context = chromium.new_context(java_script_enabled=False)
    yield context.new_page()
    context.close()


def test_everything_works_without_javascript(plain_page, filled):
    page = plain_page
    filled.v3.get("/v3/self")
    page.goto(f"{filled.emulator.url}/requests")
    assert page.get_by_text("/v3/self").is_visible()
    assert not page.get_by_role("button", name="Pause").is_visible()
    page.get_by_role("button", name="Clear the list").click()
    assert page.get_by_text("The list is empty again.").is_visible()
    page.goto(f"{filled.emulator.url}/knowledge/note-1")
    page.get_by_label("Body").fill("Plain.")
    page.get_by_role("button", name="Save").click()
    assert page.get_by_text("Saved.").is_visible()
    assert body_of(filled, "note-1") == "Plain."
    page.goto(f"{filled.emulator.url}{ORG}/automations/new")
    page.get_by_text("More settings").click()
    assert page.get_by_label("Tools").is_visible()


# -- how pages look


def test_hostile_names_run_nothing(page, start, complaints):
    markup = "<script>alert(1)</script><img src=x onerror=alert(2)>"
    note = {"id": "n", "name": markup, "trigger": f"\"'>{markup}", "body": f"</textarea>{markup}"}
    sections = organization()
    sections["knowledge"] += [note]
    api = start({"organizations": {"org-emulator": {"name": markup, **sections}}})
    api.v3.get("/v3/self", params={"x": markup})
    for path in ("/", f"{ORG}/knowledge?folders=open", "/knowledge/n", "/requests"):
        page.goto(api.emulator.url + path)
        assert page.locator("main img, main script").count() == 0
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert complaints == []


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_as_wide_as_a_phone(page, filled, visit, path):
    filled.emulator.edit("knowledge", "note-1", name=LONG, trigger=LONG, pinned_repo=LONG)
    filled.emulator.edit("organization", "org-emulator", name=LONG)
    filled.v3.get(f"/v3/{LONG}")
    page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    visit(path)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_are_accessible(page, filled, visit, scheme):
    """No rule of axe-core is violated, contrast included."""
    from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]

    filled.note()
    filled.emulator.edit("knowledge", "note-1", is_enabled=False, pinned_repo="acme/api")
    page.emulate_media(color_scheme=scheme)
    for path in PAGES:
        visit(path)
        assert_accessible(page, Axe)
    visit("/playbooks/playbook-1")
    page.get_by_label("Structured output schema").fill("{")
    page.get_by_role("button", name="Save").click()
    assert_accessible(page, Axe)


def assert_accessible(page, axe):
    violations = axe().run(page).response["violations"]
    assert not violations, [
        (rule["id"], node["html"], page.url) for rule in violations for node in rule["nodes"]
    ]
