"""The document that `doctor` prints, and that the emulator can be started from."""

from __future__ import annotations

from enum import StrEnum, auto
from typing import Annotated, Literal

from msgspec import Struct

from devinops.schema.base_document import Count, Document, ExitStatus, about


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
    step: Annotated[str, about("What to do; empty if there is nothing.")] = ""

    def __str__(self) -> str:
        """Return it as a line for people."""
        step = f": {self.step}" if self.step else ""
        return f"{self.status:<7}  {self.about}: {self.text}{step}"


class KeyFacts(Struct, frozen=True):
    """What a key is, as far as reading tells."""

    api: Literal["v3", "v1"]
    scope: Literal["organization", "enterprise", "unknown"] = "unknown"
    principal: Literal["service_user", "pat_user", "unknown"] = "unknown"
    permissions: Annotated[
        tuple[str, ...] | None, about("Those of its roles; null: they cannot be read.")
    ] = None


class ReadingItem(Struct, frozen=True):
    """What one path led to."""

    path: Annotated[str, about("With {org_id} in place of the organization.")]
    status: Annotated[int | None, about("null: there was no response.")]
    permission: Annotated[str, about("What reading it needs; empty if that is not known.")]
    objects: Count
    complete: Annotated[bool, about("These are all; at most three pages are read.")]
    page_size: Annotated[int | None, about("Objects on a full page; null: no page was full.")]


class DoctorDocument(Document, frozen=True, kw_only=True):
    """Output of `doctor`. It has no text, name, address or id of an organization."""

    exit_code: ExitStatus
    emulator: Annotated[bool, about("The API is an emulator.")]
    requests: Count
    key: Annotated[KeyFacts | None, about("null: no request was sent.")]
    readings: tuple[ReadingItem, ...]
    quirks: Annotated[dict[str, str], about("Open question → the answer that was found.")]
    headers: Annotated[tuple[str, ...], about("Of responses: rate limits and request ids.")]
    checks: tuple[Check, ...]
