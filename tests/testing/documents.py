"""Documents that devinops wrote."""

from __future__ import annotations

import json
from typing import Any

from tests.testing.places import GOLDEN

PLAN: dict[str, Any] = json.loads((GOLDEN / "plan.json").read_text(encoding="utf-8"))
"""What `plan --format json` prints for the goldens."""
