"""Keys, records and output, as the commands of `devinops inventory` share them."""

from __future__ import annotations

from collections.abc import Iterable

from devinops.cli.session import Session
from devinops.kinds import KINDS
from devinops.model.client_protocols import Reader
from devinops.model.errors import NotFound, UsageError
from devinops.model.exit_codes import ExitCode
from devinops.model.inventory import Inventory, Record
from devinops.model.keys import ROOT, Key
from devinops.model.kind import Only
from devinops.model.suggest import did_you_mean
from devinops.render.answers import SimpleAnswer
from devinops.schema.base_document import HEAD, Document
from devinops.schema.inventory import RecordDocument, RecordItem


def answer(
    session: Session[Reader],
    lines: Iterable[str],
    document: Document,
    exit_code: ExitCode = ExitCode.OK,
) -> None:
    """Write lines for people, or a document for programs."""
    session.options.answer(SimpleAnswer(tuple(lines), lambda: document, exit_code=exit_code))


def answer_record(session: Session[Reader], lines: Iterable[str], record: RecordItem) -> None:
    """Write lines for people, or the document of one record for programs."""
    target = session.settings.target.name
    answer(session, lines, RecordDocument(**HEAD, target=target, record=record))


def parse_key(text: str) -> Key:
    """Return the key that a user typed. Raises UsageError."""
    kind = KINDS.get(text)
    if kind and isinstance(kind.identity, Only):
        return Key(kind.noun, ROOT, "")
    try:
        key = Key.parse(text)
    except ValueError as error:
        raise UsageError(f"{error}: write KEY as plan and inventory list print it") from None
    if key.kind not in KINDS:
        hint = did_you_mean(key.kind, KINDS)
        raise UsageError(f'there is no kind "{key.kind}"{hint}; the kinds are {", ".join(KINDS)}')
    return key


def find_record(inventory: Inventory, key: Key, place: str) -> Record:
    """Return the record of a key. Raises NotFound if it is not owned.

    `place` holds the options of printed commands.
    """
    record = inventory.by_key.get(key)
    if record is None:
        raise NotFound(f"{key} is not in the inventory{near_keys(key, inventory.by_key, place)}")
    return record


def near_keys(key: Key, known: Iterable[Key], place: str) -> str:
    """Return a hint to put after an unknown key; `place` holds the options of its command."""
    otherwise = f"; devinops inventory list{place} shows the known keys"
    return did_you_mean(key, map(str, known), otherwise)
