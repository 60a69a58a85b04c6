"""Responses in which anything is replaced at random: doctor says something, and never fails itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from devinops.doctor.observer import MOST_REQUESTS
from devinops.emulator import Emulator
from devinops.emulator.middleware import Reply
from tests.testing.examined import changed, examined, lines, seed, with_body

VALUES = (None, True, 0, -1, 1.5, 10**30, "", "x", "..", "\u202e", [], {}, [[]], {"a": [1]}, ["x"], {"items": []})  # fmt: skip
STATUSES = (200, 301, 400, 401, 403, 404, 407, 418, 422, 429, 500, 503)
KEYS = ("cog_emulator", "cog_enterprise", "apk_emulator")


class Changes:
    """Changes a part of each response; `share` is how much."""

    def __init__(self) -> None:
        self.random, self.share = Random(0), 0.0

    def start(self, number: int) -> None:
        self.random = Random(number)
        self.share = self.random.choice([0.002, 0.01, 0.05, 0.2])

    def __call__(self, reply: Reply) -> Reply:
        body = json.dumps(self._changed(json.loads(reply.body))).encode()
        is_other = self.random.random() < self.share / 2
        status = self.random.choice(STATUSES) if is_other else reply.status
        return replace(with_body(reply, body), status=status)

    def _changed(self, value: Any) -> Any:
        if self.random.random() < self.share:
            return self.random.choice(VALUES)
        if isinstance(value, dict):
            return {name: self._changed(part) for name, part in value.items()}
        return [self._changed(part) for part in value] if isinstance(value, list) else value


@pytest.fixture(scope="module")
def changing() -> Iterator[tuple[Emulator, Changes]]:
    changes = Changes()
    with Emulator(seed(), layers=[changed("", changes)]) as emulator:
        yield emulator, changes


@pytest.mark.sampled(20, ci=10)
@pytest.mark.parametrize("number", range(60))
def test_it_never_fails(changing: tuple[Emulator, Changes], number: int) -> None:
    emulator, changes = changing
    for each in range(10):
        changes.start(10 * number + each)
        org_id = changes.random.choice([None, "org-emulator"])
        found = examined(emulator, KEYS[each % 3], org_id)
        assert found.requests <= MOST_REQUESTS
        assert all(line.isprintable() for line in lines(found))
