"""Clients of an emulator, and what tests send to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx

from devinops.emulator import Emulator

ORG = "/v3/organizations/org-emulator"
NOTE = {"name": "Deploys", "body": "Use blue-green.", "trigger": "deploying"}


class Api:
    """One key's client for one emulator; paths are relative to it."""

    def __init__(self, emulator: Emulator, client: Callable[[str, str], httpx.Client]) -> None:
        self.emulator = emulator
        self.v3 = client(emulator.url, "cog_emulator")
        self.enterprise = client(emulator.url, "cog_enterprise")
        self.v1 = client(emulator.url, "apk_emulator")
        self.person = client(emulator.url + "/_emulator", "")
        self.with_key = lambda key: client(emulator.url, key)

    def note(self, **fields: Any) -> dict[str, Any]:
        """Create a note on v3 and return the answer."""
        note: dict[str, Any] = good(self.v3.post(f"{ORG}/knowledge/notes", json={**NOTE, **fields}))
        return note


def good(response: httpx.Response) -> Any:
    """Return the parsed body of a 200."""
    assert response.status_code == 200, response.text
    return response.json()
