"""What the runner of GitHub Actions makes of a log, and of the file in which a step collects outputs."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Command:
    """A workflow command as the runner understands it."""

    name: str
    properties: dict[str, str]
    data: str


def commands(log: str) -> list[Command]:
    """Return the commands in a log; a runner looks at each line, after any white space."""
    lines = (line.lstrip() for line in re.split(r"\r\n|\r|\n", log))
    matches = (re.fullmatch(r"::([a-z-]+)(?: (.*?))?::(.*)", line) for line in lines)
    return [_command(*match.groups()) for match in matches if match]


def _command(name: str, properties: str | None, data: str) -> Command:
    pairs = (pair.partition("=") for pair in (properties or "").split(",") if pair)
    return Command(name, {key: _unescaped(value) for key, _, value in pairs}, _unescaped(data))


def _unescaped(text: str) -> str:
    for code, char in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(code, char)
    return text


def outputs(text: str) -> dict[str, str]:
    """Return the outputs in a step's file: `name=value`, or `name<<END` and lines up to `END`."""
    values: dict[str, str] = {}
    lines = iter(re.split(r"\r\n|\r|\n", text))
    for line in lines:
        if not line:
            continue
        match = re.fullmatch(r"(.*?)(=|<<)(.*)", line)
        assert match, f"the runner refuses this line: {line!r}"
        name, sign, rest = match.groups()
        values[name] = rest if sign == "=" else "\n".join(iter(lines.__next__, rest))
    return values
