"""`python -m tests.testing.home SITE REPOSITORY` names the home of the project in every file that has the old one."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

from devinops.home import REPOSITORY, SITE
from tests.testing.places import ROOT


def move(root: Path, site: str, repository: str) -> list[str]:
    """Return the names of the files that name another home now. Tests keep their own addresses."""
    for address in (site, repository):
        if not re.fullmatch(r"https://[a-z0-9.-]+(/[\w./-]*\w)?", address):
            sys.exit(f"home: expected an https address without a slash at the end, not {address!r}")
    # The address of the repository can begin with that of the site.
    new = {
        REPOSITORY: repository,
        SITE: site,
        f"@{urlsplit(SITE).hostname}": f"@{urlsplit(site).hostname}",
    }
    old = re.compile("|".join(rf"{re.escape(address)}(?![\w-])" for address in new))
    listed = subprocess.check_output(
        ["git", "ls-files", "-z", ":!tests/**/*.py"], cwd=root, encoding="utf-8"
    )
    changed = []
    for name in listed.rstrip("\0").split("\0"):
        before = (root / name).read_bytes().decode("utf-8", "surrogateescape")
        after = old.sub(lambda found: new[found[0]], before)
        if after != before:
            (root / name).write_bytes(after.encode("utf-8", "surrogateescape"))
            changed.append(name)
    return changed


if __name__ == "__main__":
    print("changed:", *move(ROOT, *sys.argv[1:]) or ["nothing"])
