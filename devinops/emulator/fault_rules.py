"""The fault script: which requests go wrong, and how.

`docs/emulator.md` has all keys, faults and parameters.

    seed: 7
    faults:
      - {method: POST, path: /v3/**/notes, nth: 1, fault: drop, when: after}
      - {path: /v3/**, probability: 0.1, fault: status, status: 503}

A plain list of rules is a script too. The first rule that matches a request wins: a request never
has two faults. If the fault of a rule cannot be applied to a request, the next rule is tried.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from devinops.emulator.fields import FieldType, fields_of
from devinops.emulator.parsing import did_you_mean, mapping, read_yaml, sequence
from devinops.emulator.records import SECTIONS
from devinops.model.errors import ConfigError

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
RULE_KEYS = ("method", "path", "nth", "probability", "times", "fault")
_TOP = ("seed", "faults")

# Returns the parameter's value; raises ValueError with what was expected.
Check = Callable[[object], Any]


def _whole_number(least: int, most: int | None = None) -> Check:
    expected = (
        f"a whole number, {least} or more" if most is None else f"a whole number, {least} to {most}"
    )

    def check(value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool):
            raise ValueError(expected)
        if value < least or (most is not None and value > most):
            raise ValueError(expected)
        return value

    return check


def _one_of(*values: str) -> Check:
    def check(value: object) -> str:
        if value not in values:
            raise ValueError(f"one of {', '.join(values)}{did_you_mean(str(value), values)}")
        return str(value)

    return check


def _boolean(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("true or false")
    return value


def _milliseconds(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 600_000:
        raise ValueError("0 to 600000 milliseconds")
    return value


def _retry_after(value: object) -> str:
    """Accept seconds, date, absent, or the header's text."""
    if value is None:
        return "absent"
    is_text = isinstance(value, int | float | str) and not isinstance(value, bool)
    text = str(value) if is_text else ""
    if not re.fullmatch(r"[!-~]([ -~]*[!-~])?", text):
        raise ValueError("seconds, date, absent, or the header's text")
    return text


def _set(value: object) -> dict[str, Any]:
    """Accept fields by the names of a seed, if any resource has them."""
    if not isinstance(value, Mapping) or not value:
        raise ValueError("a mapping of fields")
    known: dict[str, list[FieldType]] = {}
    for kind in SECTIONS.values():
        for name, field_type in fields_of(kind).items():
            known.setdefault(name, []).append(field_type)
    for name, content in value.items():
        if name not in known:
            raise ValueError(f'fields of an object, not "{name}"{did_you_mean(str(name), known)}')
        if not any(field_type.accepts(content) for field_type in known[name]):
            raise ValueError(f"{known[name][0].expected} for {name}")
    return dict(value)


_WHEN = (_one_of("before", "after"), "before")
PARAMETERS: Mapping[str, Mapping[str, tuple[Check, Any]]] = {
    "status": {
        "status": (_whole_number(400, 599), 503),
        "when": _WHEN,
        "empty": (_boolean, False),
    },
    "html": {"status": (_whole_number(200, 599), 200), "when": _WHEN},
    "rate-limit": {"retry_after": (_retry_after, "seconds"), "seconds": (_whole_number(0), 1)},
    "revoke-key": {},
    "drop": {"when": (_one_of("before", "after", "during"), "before"), "reset": (_boolean, False)},
    "close": {},
    "stale-connection": {},
    "hang": {"when": _WHEN},
    "drip": {"part": (_one_of("body", "headers"), "body"), "delay_ms": (_milliseconds, 10)},
    "delay": {"delay_ms": (_milliseconds, 1000), "when": _WHEN},
    "truncate": {},
    "garbage": {},
    "empty-list": {},
    "repeat-page": {},
    "skip-page": {},
    "lost-cursor": {},
    "looping-cursor": {},
    "low-total": {"by": (_whole_number(1), 1)},
    "late-object": {"lists": (_whole_number(1), 1), "lost": (_boolean, False)},
    "edit": {"set": (_set, None)},
    "delete": {},
    "delete-shown": {"copy": (_boolean, False)},
    "namesake": {"set": (_set, None)},
    "wrong-id": {"when": _WHEN},
    "old-values": {"when": _WHEN},
}


@dataclass(frozen=True)
class Nth:
    """Some of the matching requests, counted from 1: single ones, and all from one number on."""

    exactly: frozenset[int] = frozenset()
    onwards: int | None = 1

    def __contains__(self, number: object) -> bool:
        assert isinstance(number, int)
        return number in self.exactly or (self.onwards is not None and number >= self.onwards)


@dataclass(frozen=True)
class FaultRule:
    """A rule of a script. `given` is the rule as written; `chance` seeds its probability."""

    given: Mapping[str, Any]
    fault: str
    parameters: Mapping[str, Any]
    methods: frozenset[str]
    path: re.Pattern[str]
    nth: Nth = field(default_factory=Nth)
    probability: float = 1.0
    times: int | None = None
    chance: str = ""

    def matches(self, method: str, path: str) -> bool:
        return method in self.methods and self.path.fullmatch(path) is not None

    def selects(self, number: int) -> bool:
        """Return whether the matching request with this number goes wrong."""
        if number not in self.nth:
            return False
        chance = random.Random(f"{self.chance}:{number}").random()
        return self.probability >= 1 or chance < self.probability


@dataclass(frozen=True)
class Script:
    """Rules, in the order in which they are tried."""

    seed: int = 0
    rules: Sequence[FaultRule] = ()


def read_faults(path: Path) -> Script:
    """Read a YAML or JSON file. Raises ConfigError when it cannot be read or is malformed."""
    return parse_faults(read_yaml(path, "the fault script"), str(path))


def parse_faults(raw: object, where: str = "fault script") -> Script:
    """Return a script from a list of rules, or from a mapping with `seed` and `faults`.

    Raises ConfigError for anything else.
    """
    top = {"faults": raw} if isinstance(raw, list | tuple) else mapping(raw, where, _TOP)
    seed = _checked(_whole_number(0), top.get("seed", 0), f"{where}: seed")
    entries = enumerate(sequence(top.get("faults"), f"{where}: faults"))
    return Script(
        seed,
        [_rule(entry, seed, number, f"{where}: faults[{number}]") for number, entry in entries],
    )


def _rule(raw: object, seed: int, number: int, where: str) -> FaultRule:
    given = mapping(raw, where)
    fault = _fault(given, where)
    known = PARAMETERS[fault]
    mapping(raw, where, (*RULE_KEYS, *known))
    parameters = {
        name: _checked(check, given[name], f"{where}.{name}") if name in given else default
        for name, (check, default) in known.items()
    }
    times = given.get("times")
    return FaultRule(
        given=given,
        fault=fault,
        parameters=parameters,
        methods=_methods(given.get("method"), f"{where}.method"),
        path=_checked(_path, given.get("path", "/**"), f"{where}.path"),
        nth=_checked(_nth, given.get("nth", "1+"), f"{where}.nth"),
        probability=_checked(_probability, given.get("probability", 1), f"{where}.probability"),
        times=None if times is None else _checked(_whole_number(1), times, f"{where}.times"),
        chance=f"{seed}:{number}",
    )


def _fault(given: Mapping[str, Any], where: str) -> str:
    if "fault" not in given:
        parameters = [name for known in PARAMETERS.values() for name in known]
        mapping(given, where, (*RULE_KEYS, *parameters))
        raise ConfigError(f'{where}: "fault" is missing')
    name = given["fault"]
    if not isinstance(name, str) or name not in PARAMETERS:
        hint = did_you_mean(str(name), PARAMETERS) or f": expected one of {', '.join(PARAMETERS)}"
        raise ConfigError(f'{where}.fault: unknown fault "{name}"{hint}')
    return name


def _checked(check: Check, value: object, where: str) -> Any:
    try:
        return check(value)
    except ValueError as problem:
        raise ConfigError(f"{where}: expected {problem}") from None


def _methods(raw: object, where: str) -> frozenset[str]:
    if raw is None:
        return frozenset(METHODS)
    names = raw if isinstance(raw, list | tuple) else [raw]
    return frozenset(_checked(_one_of(*METHODS), str(name).upper(), where) for name in names)


def _path(value: object) -> re.Pattern[str]:
    """Return a regular expression for a pattern or a list of them."""
    patterns = value if isinstance(value, list | tuple) and value else [value]
    return re.compile("|".join(map(_expression, patterns)), re.DOTALL)


def _expression(value: object) -> str:
    if not isinstance(value, str) or not value.startswith(("/", "*")):
        raise ValueError("a pattern such as /v3/**/notes/*")
    if value.startswith("/_"):
        expected = "a pattern for paths below /v1 or /v3"
        raise ValueError(f"{expected}; what is below /_emulator never fails")
    wild = {"**": ".*", "*": "[^/]*", "?": "[^/]"}
    parts = re.split(r"(\*\*|\*|\?)", value)
    return "".join(wild.get(part, re.escape(part)) for part in parts)


def _nth(value: object) -> Nth:
    exactly: set[int] = set()
    onwards: list[int] = []
    items = value if isinstance(value, list | tuple) else [value]
    for item in items:
        text = "" if isinstance(item, bool) else str(item)
        match = re.fullmatch(r"([1-9]\d{0,8})(\+?)", text)
        if match is None:
            raise ValueError('a whole number from 1, a list of such numbers, or "3+"')
        if match[2]:
            onwards.append(int(match[1]))
        else:
            exactly.add(int(match[1]))
    return Nth(frozenset(exactly), min(onwards, default=None))


def _probability(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise ValueError("a number from 0 to 1")
    return float(value)
