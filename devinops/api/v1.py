"""What is specific to API v1.

Its paths name no organization, and no call tells who a key belongs to.
"""

from __future__ import annotations

from typing import Final

from devinops.model.client import Identity

IDENTITY: Final = Identity("unknown (API v1 has no self)")
BASE: Final = "/v1"
