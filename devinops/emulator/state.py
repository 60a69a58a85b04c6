"""The state file: objects, audit log and counters, with which a restart continues.

JSON, replaced as a whole. It contains no secret value and no hash of one, and neither quirks nor
keys: these come with each start.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections import Counter
from dataclasses import fields
from pathlib import Path
from typing import Any

from devinops import atomic
from devinops.emulator.middleware import Call, Next
from devinops.emulator.records import KINDS, MEMORY_ONLY, Record
from devinops.emulator.response_sending import Reply
from devinops.emulator.store import Store
from devinops.model.errors import ConfigError

FORMAT = 3


class StateFile:
    """A store's file. As a layer it saves each change before the response.

    Requests that end during a write share the next write.
    """

    def __init__(self, path: Path, store: Store) -> None:
        self.path, self.store = path, store
        self._turn = asyncio.Lock()
        self._writing = threading.Lock()
        self._numbered = self._written = 0

    def load(self) -> bool:
        """Fill the store and return True; False without a file. Raises ConfigError."""
        try:
            text = self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return False
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{self.path}: cannot read the state: {error}") from None
        try:
            restore(self.store, json.loads(text))
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            hint = "expected what an emulator wrote; delete it to start from the seed"
            raise ConfigError(f"{self.path}: not a state file ({error}); {hint}") from None
        return True

    def save(self) -> None:
        """Write the file if anything has changed. Raises ConfigError; the next call tries again."""
        with self.store.lock:
            if not self.store.dirty:
                return
            text = json.dumps(dump(self.store), ensure_ascii=True)
            self.store.dirty = False
            self._numbered = number = self._numbered + 1
        try:
            self._write(number, text)
        except OSError as error:
            self.store.dirty = True
            raise ConfigError(
                f"{self.path}: cannot write the state: {atomic.reason(error)}"
            ) from None

    def _write(self, number: int, text: str) -> None:
        """Write the content unless a later one is written: threads can arrive out of order."""
        with self._writing:
            if number > self._written:
                atomic.replace(self.path, [text])
                self._written = number

    async def __call__(self, call: Call, ask: Next) -> Reply:
        reply = await ask(call)
        if self.store.dirty:
            try:
                async with self._turn:
                    await asyncio.to_thread(self.save)
            except ConfigError as error:
                # The change is not in the file.
                body = json.dumps({"detail": str(error)}).encode("ascii")
                return Reply(500, [(b"content-type", b"application/json")], body)
        return reply


def dump(store: Store) -> dict[str, Any]:
    """Return the store's content as JSON types. The caller holds the lock."""
    tables = {
        stored.table: [_row(record) for record in store.table(kind)]
        for kind, stored in KINDS.items()
    }
    return {"format": FORMAT, "counts": dict(store.counts), **tables}


def _row(record: Record) -> dict[str, Any]:
    names = [item.name for item in fields(record) if item.name not in MEMORY_ONLY]
    return {name: getattr(record, name) for name in names}


def restore(store: Store, content: dict[str, Any]) -> None:
    """Fill the store with what `dump` returned; anything else raises one of several errors."""
    if content["format"] != FORMAT:
        raise ValueError(f"format {content['format']!r}, expected {FORMAT}")
    tables = {
        kind: [stored.record(**row) for row in content[stored.table]]
        for kind, stored in KINDS.items()
    }
    with store.lock:
        store.clear()
        store.counts = Counter(content["counts"])
        for kind, records in tables.items():
            table = store.table(kind)
            for record in tuple(table):
                table.remove(record)
            for record in records:
                table.add(record)
        store.dirty = False
