"""Says in words in which targets of a run something is: all, a label, or names. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import PurePosixPath
from typing import Final, NamedTuple

from devinops.model.objects import Source
from devinops.render import counted

FEW: Final = 3
"""So many targets are always named, and so many may be missing where others are counted."""
LONGEST: Final = 160
"""How many characters names may take where only their number is needed."""
_LEAST_RANGE: Final = 3
_NUMBERED: Final = re.compile(r"(.*?)(\d+)", re.DOTALL)


def names(targets: Iterable[str]) -> str:
    """Return all names, those with successive numbers as a range: `team-00 to -14, -16 to -20`."""
    return ", ".join(_named(sorted(targets, key=_natural)))


def _natural(name: str) -> tuple[str, int, str]:
    """Return what puts numbered names into the order of their numbers."""
    number = name.removeprefix(_prefix(name))
    return (_prefix(name), len(number), number) if _prefix(name) else (name, 0, "")


def _named(targets: Sequence[str]) -> Iterator[str]:
    for prefix, group in groupby(targets, key=_prefix):
        members = list(group)
        runs = list(_runs([name.removeprefix(prefix) for name in members])) if prefix else []
        if all(first == last for first, last in runs):
            yield from members
            continue
        # After a range, `-16` is as clear as the whole name; a number alone would not be.
        short = prefix if prefix[-1].isalnum() else prefix[-1]
        for number, (first, last) in enumerate(runs):
            start = f"{short if number else prefix}{first}"
            yield start if first == last else f"{start} to {short}{last}"


def _prefix(name: str) -> str:
    """Return what stands before the number at the end of a name; empty if there is none."""
    match = _NUMBERED.fullmatch(name)
    return match[1] if match else ""


def _runs(numbers: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield the first and the last of each range, or a number twice; ranges have at least three."""
    run: list[str] = []
    for text in [*numbers, ""]:
        follows = bool(run and text) and len(text) == len(run[-1]) and int(text) == int(run[-1]) + 1
        if run and not follows:
            yield from [(run[0], run[-1])] if len(run) >= _LEAST_RANGE else ((n, n) for n in run)
            run = []
        run.append(text)


def ranges(numbers: Iterable[int], to: str) -> Iterator[str]:
    """Yield rising numbers, those that follow each other as one text: `1–4`, with `to` between."""
    for _, run in groupby(enumerate(numbers), lambda pair: pair[1] - pair[0]):
        between = [number for _, number in run]
        yield f"{between[0]}{to}{between[-1]}" if len(between) > 1 else f"{between[0]}"


class Places(NamedTuple):
    """The targets that a run can write to, in which `all` and `of` count, and their labels.

    noun: what they are called, `organization` or `target`.
    """

    targets: frozenset[str]
    labels: Mapping[str, Mapping[str, str]]
    noun: str = "organization"

    def many(self, number: int) -> str:
        """Return a number of targets, such as `40 organizations`."""
        return counted(number, self.noun)

    def exactly(self, targets: Collection[str]) -> str:
        """Return words that name exactly these targets, for what nobody may overlook."""
        missing = self.targets.difference(targets)
        if not targets:
            return ""
        if len(targets) <= FEW or not self.targets.issuperset(targets):
            return names(targets)
        if not missing:
            return f"all {len(targets):,}"
        if len(missing) <= FEW:
            return f"{len(targets):,} of {len(self.targets):,}{_but(missing, ())}"
        return names(targets)

    def where(
        self, targets: Collection[str], blocked: Collection[str] = (), source: Source | None = None
    ) -> str:
        """Return in which targets something is; in those `blocked` it waits for a person.

        The label of the layer that `source` is in is better than one that fits by chance.
        """
        exact = self.exactly(targets)
        if len(targets) <= FEW or exact == f"all {len(targets):,}":
            return exact
        missing = self.targets.difference(targets)
        if len(missing) <= FEW:
            return f"{len(targets):,} of {len(self.targets):,}{_but(missing, blocked)}"
        for label, having in self._having(targets, source):
            missing = having.difference(targets)
            number = f"{len(targets):,} of the" if missing else "all"
            return f"{number} {len(having):,} with {label}{_but(missing, blocked)}"
        return self.named(targets)

    def named(self, targets: Collection[str], longest: int = LONGEST) -> str:
        """Return the names of targets if they are short, else how many they are."""
        written = names(targets)
        return written if len(written) <= longest else self.many(len(targets))

    def _having(
        self, targets: Collection[str], source: Source | None
    ) -> list[tuple[str, frozenset[str]]]:
        """Return the labels that all of these targets and at most a few others have, best first."""
        having: dict[tuple[str, str], set[str]] = {}
        for name in self.targets:
            for label in self.labels.get(name, {}).items():
                having.setdefault(label, set()).add(name)
        folders = PurePosixPath(source.path).parts[:-1] if source else ()
        fitting = [
            (value not in folders, len(all_of_it), f"{label}={value}", frozenset(all_of_it))
            for (label, value), all_of_it in having.items()
            if all_of_it.issuperset(targets) and len(all_of_it) - len(targets) <= FEW
        ]
        return [(label, names) for *_, label, names in sorted(fitting, key=lambda fit: fit[:3])]


def _but(missing: Collection[str], blocked: Collection[str]) -> str:
    """Return which targets are missing, and in which of them something is blocked."""
    waiting = set(missing).intersection(blocked)
    others = set(missing) - waiting
    parts = (
        f"not in {names(others)}" if others else "",
        f"blocked in {names(waiting)}" if waiting else "",
    )
    text = ", ".join(filter(None, parts))
    return f" ({text})" if text else ""
