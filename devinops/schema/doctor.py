"""The document that `doctor` prints, and that the emulator can be started from."""

from __future__ import annotations

from enum import StrEnum, auto
from typing import Literal

from msgspec import Struct

from devinops.schema.base_document import Count, Document, ExitStatus


class Status(StrEnum):
    """How a check ended; one problem makes the exit code 1."""

    OK = auto()
    NOTE = auto()
    PROBLEM = auto()


class Check(Struct, frozen=True):
    """One thing that was looked at."""

    status: Status
    about: str
    text: str
    step: str = ""

    def __str__(self) -> str:
        """Return it as a line for people."""
        step = f": {self.step}" if self.step else ""
        return f"{self.status:<7}  {self.about}: {self.text}{step}"


class KeyFacts(Struct, frozen=True):
    """What a key is, as far as reading tells."""

    api: Literal["v3", "v1"]
    scope: Literal["organization", "enterprise", "unknown"] = "unknown"
    principal: Literal["service_user", "pat_user", "unknown"] = "unknown"
    permissions: tuple[str, ...] | None = None


class ReadingItem(Struct, frozen=True):
    """What one path led to."""

    path: str
    status: int | None
    permission: str
    objects: Count
    complete: bool
    page_size: int | None


class DoctorDocument(Document, frozen=True, kw_only=True):
    """Output of `doctor`. It has no text, name, address or id of an organization."""

    exit_code: ExitStatus
    emulator: bool
    requests: Count
    key: KeyFacts | None
    readings: tuple[ReadingItem, ...]
    quirks: dict[str, str]
    headers: tuple[str, ...]
    checks: tuple[Check, ...]
