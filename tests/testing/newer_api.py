"""An API that is newer than this devinops: a layer of the emulator that knows more words and members."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from devinops.emulator.middleware import Call, Next
from devinops.emulator.response_sending import Reply
from tests.testing.examined import with_body

Path = tuple[str | int, ...]


class NewerApi:
    """Objects below `path` also have `members`, and words for others that the emulator knows.

    What an update does to such a member is as with the members of its group: with `merges` it stays
    if it is left out, else the group is replaced. With `refuses`, no request may have one (422).
    `stored` has the members of each object by its id.
    """

    def __init__(
        self,
        members: Mapping[Path, Any] | None = None,
        words: Mapping[str, str] | None = None,
        *,
        path: str = "/automations",
        merges: bool = True,
        refuses: bool = False,
    ) -> None:
        self.members, self.words, self.path = dict(members or {}), dict(words or {}), path
        self.merges, self.refuses = merges, refuses
        self.stored: dict[str, dict[Path, Any]] = {}

    async def __call__(self, call: Call, ask: Next) -> Reply:
        if self.path not in call.path:
            return await ask(call)
        body, id = call.json, call.path.rpartition("/")[2]
        is_update = call.method in ("PATCH", "PUT") and isinstance(body, dict)
        taken = dict(self._taken(body, id)) if is_update and not self.refuses else {}
        if isinstance(body, dict):
            text = json.dumps(body)
            for newer, older in self.words.items():
                text = text.replace(json.dumps(newer), json.dumps(older))
            call = replace(call, body=text.encode())
        reply = await ask(call)
        if is_update and reply.status == 200:
            self._change(id, body, taken)
        if not reply.status or reply.status >= 300 or not reply.body:
            return reply
        answer = json.loads(reply.body)
        for item in answer.get("items", [answer]):
            self._extend(item)
        text = json.dumps(answer)
        for newer, older in self.words.items():
            text = text.replace(json.dumps(older), json.dumps(newer))
        return with_body(reply, text.encode())

    def _of(self, id: str) -> dict[Path, Any]:
        return self.stored.setdefault(id, copy.deepcopy(self.members))

    def _taken(self, body: dict[str, Any], id: str) -> Iterator[tuple[Path, Any]]:
        """Take the members out of a request, and yield them."""
        for path in self._of(id):
            parent = _at(body, path[:-1])
            if isinstance(parent, dict) and path[-1] in parent:
                yield path, parent.pop(path[-1])

    def _change(self, id: str, body: dict[str, Any], taken: Mapping[Path, Any]) -> None:
        kept = self._of(id)
        for path in [path for path in kept if len(path) > 1 and path[0] in body]:
            if path not in taken and not (self.merges and _at(body, path[:-1]) is not None):
                del kept[path]
        kept |= taken

    def _extend(self, item: dict[str, Any]) -> None:
        id = next(
            value for name, value in item.items() if name.endswith("_id") and name != "org_id"
        )
        for path, value in self._of(id).items():
            parent = _at(item, path[:-1])
            if isinstance(parent, dict):
                parent[path[-1]] = value


def _at(value: Any, path: Path) -> Any:
    """Return what a path leads to; None if it leads nowhere."""
    for part in path:
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            return None
    return value
