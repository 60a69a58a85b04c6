"""A command downloads a program and runs it at once, unread.

Whoever controls the address controls Devin's machine and its secrets. Use a package manager, or
download the file, check its checksum, and run it then. A line that warns of such a command is not
reported.

Fails:

    knowledge/setup.md
    ---
    name: Setup
    trigger: When setting up the shop
    ---
    ```sh
    curl -sSL https://get.acme.dev/install.sh | sudo bash
    ```

Passes:

    knowledge/setup.md
    ---
    name: Setup
    trigger: When setting up the shop
    ---
    ```sh
    curl -sSLO https://get.acme.dev/install.sh
    echo "$CHECKSUM  install.sh" | sha256sum -c && bash install.sh
    ```
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from devinops.lint.context import Context
from devinops.lint.finding import Finding
from devinops.lint.rule import Rule
from devinops.lint.rules._warnings import is_warned_of
from devinops.lint.subject import Subject
from devinops.model.objects import Severity
from devinops.model.patterns import LazyPattern

_GET = r"(?:curl|wget|fetch)\b"
_SHELL = (
    r"(?:(?:ba|z|da|k|fi|c)?sh\b|(?:python|perl|ruby|node|php)[\d.]*\b(?!\s+(?:-[a-z]|\S+\.\w)))"
)
_ARGUMENTS = r"[^\n|;]{0,300}(?:\\\n[^\n|;]{0,300}){0,9}"
_RUN = LazyPattern(
    rf"\b{_GET}{_ARGUMENTS}\|\s*(?:\\\n\s*)?(?:sudo\s+(?:-\S+\s+)*)?(?:env\s+(?:\w+=\S*\s+)*)?(?:/[\w/]*/)?{_SHELL}"
    rf"|\b(?:(?:ba|z|da|k|fi)?sh|source|eval|python[\d.]*)\s+(?:-\S+\s+)?[\"']?(?:<\(|\$\(|`)\s*{_GET}[^\n]{{0,300}}"
    r"|(?:^|[\s`;&])(?:\.)\s+<\(\s*(?:curl|wget)\b[^\n]{0,300}"
    r"|\b(?:irm|iwr|Invoke-WebRequest|Invoke-RestMethod)\b[^\n|]{0,300}\|\s*(?:iex|Invoke-Expression)\b"
    r"|\b(?:iex|Invoke-Expression)\b[^\n]{0,300}(?:\birm\b|\biwr\b|Invoke-WebRequest|Invoke-RestMethod|DownloadString)",
    re.IGNORECASE | re.MULTILINE,
    hints=("curl", "wget", "fetch", "irm", "iwr", "invoke-", "iex"),
)
_ADDRESS = LazyPattern(r"[\w-]+(?:\.[\w-]+)+|\$\{?\w|localhost", re.IGNORECASE)
"""An address or a variable; `curl … | sh` only speaks of such commands."""


def check(subject: Subject, _: Context) -> Iterator[Finding]:
    text = subject.text
    for match in _RUN.finditer(text) if subject.kind.document else ():
        start = match.start() + len(match[0]) - len(match[0].lstrip(" `;&\n\t"))
        if not _ADDRESS.search(match[0]) or is_warned_of(subject.markdown, start):
            continue
        message = (
            "this runs what it downloads, unread: use a package manager, or check a checksum "
            "before running it"
        )
        yield subject.in_text(message, start, match.end() - start)


RULE = Rule("DV304", "download-and-run", Severity.WARNING, entry=check)
