"""The main job with a person at the emulator's web page: apply, edit in a browser, drift."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from devinops.emulator import Emulator
from tests.testing.command_line import Devinops

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.matrix, pytest.mark.nightly]
"""A browser takes seconds to start, and no page depends on the version of Python."""

FILES = {
    "devinops.yaml": "version: 1\ntargets:\n  production:\n    inventory: {store: file}\n",
    "knowledge/Backend/errors.md": "---\nname: Errors\ntrigger: t\n---\nEvery error is an object.\n",
}


def test_an_edit_in_the_browser_is_drift(
    page: Page,
    devinops: Devinops,
    repository: Callable[[Mapping[str, str]], Path],
    use: Callable[..., None],
) -> None:
    root = repository(FILES)
    with Emulator() as emulator:
        use(emulator.url)
        page.goto(emulator.url)
        page.get_by_text("No requests yet.").wait_for()
        assert devinops("plan", "--root", root).code == 0
        page.get_by_text("/knowledge/folders").first.wait_for()

        page.get_by_role("link", name="Knowledge").first.click()
        page.get_by_role("link", name="New folder").click()
        page.get_by_label("Name").fill("Backend")
        page.get_by_role("button", name="Create folder").click()
        page.get_by_text("Created.").wait_for()
        assert devinops("apply", "--yes", "--root", root).code == 0
        assert devinops("drift", "--root", root).code == 0

        page.get_by_role("link", name="Knowledge", exact=True).click()
        page.get_by_role("link", name="Errors").click()
        page.get_by_label("Body").fill("Every error is an object.\nBe kind.\n")
        page.get_by_role("button", name="Save").click()
        page.get_by_text("Saved.").wait_for()
        drift = devinops("drift", "--root", root)
        assert drift.code == 2
        assert "knowledge:Backend/Errors" in drift.out
        assert "edited: body" in drift.out
