"""The conflict markers that `devinops pull` writes; a text with one is never applied."""

from __future__ import annotations

import re
from typing import Final

FILES: Final = "<<<<<<< in the files"
BETWEEN: Final = "======="
LIVE: Final = ">>>>>>> in the organization"

MARKER: Final = re.compile(rf"^(?:{re.escape(FILES)}|{re.escape(LIVE)})$", re.MULTILINE)
