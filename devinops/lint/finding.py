"""What a lint rule reports."""

from __future__ import annotations

from dataclasses import dataclass, field

from devinops.model.objects import Declaration, Source


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule reports. `length` is the number of characters at `source` that it is about.

    `content` are the whole lines of the text that it is about, however the file writes them.
    `entries` are those concerned; an exception in any of them applies. `conceal` is a secret that
    must not be shown. `fix` are these characters if deleting them solves it, and readers and Devin
    understand the same as before.
    """

    source: Source
    message: str
    length: int = 1
    content: str = field(default="", repr=False)
    entries: tuple[Declaration, ...] = ()
    conceal: str = field(default="", repr=False)
    fix: str = ""
