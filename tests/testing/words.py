"""The words of the documentation that people wrote for users: `python -m tests.testing.words` prints them by page.

Left out are blocks of code, what is written from the program, and pages for contributors.
"""

from __future__ import annotations

import re
from pathlib import Path

from tests.testing.links import DOCS
from tests.testing.places import ROOT

LIMIT = 37_200
NOT_FOR_USERS = {"architecture.md", "releasing.md"}
WRITTEN = {"benchmarks.md"}
"""What `make benchmark` writes as a whole."""
_GENERATED = re.compile(r"<!-- (.+): begin -->.*?<!-- \1: end -->", re.DOTALL)
_CODE = re.compile(r"^ *(`{3,}).*?^ *\1 *$", re.DOTALL | re.MULTILINE)


def words(text: str) -> int:
    """Return how many words of a page people wrote."""
    return len(_CODE.sub("", _GENERATED.sub("", text)).split())


def by_page() -> dict[Path, int]:
    """Return the words of each page for users."""
    pages = [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]
    return {
        page: words(page.read_text(encoding="utf-8"))
        for page in pages
        if page.name not in NOT_FOR_USERS | WRITTEN
    }


if __name__ == "__main__":
    for page, count in by_page().items():
        print(f"{count:6,}  {page.relative_to(ROOT)}")
    print(f"{sum(by_page().values()):6,}  of at most {LIMIT:,}")
