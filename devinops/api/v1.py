"""What is particular to API v1: no organization in its paths and no call that says whose key it is."""

from __future__ import annotations

from typing import Final

from devinops.model.client import Identity

IDENTITY: Final = Identity("unknown (API v1 has no self)")
BASE: Final = "/v1"
