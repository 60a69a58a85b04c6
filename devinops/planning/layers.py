"""Which targets get an entry, and what the entries of several layers make together. Pure.

The root is the first layer. Of the entries with one key that a target gets, each later one replaces
the one before it, replaces some of its fields, or takes it away; it must say which.
"""

from __future__ import annotations

import dataclasses
import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import Any, NamedTuple

from devinops.model.keys import Key, listed
from devinops.model.objects import NOT_LAYERED, Declaration, Ensure, Problem, Severity, Source

NOT = "not"
"""The key of `where` with the labels that a target must not have."""


def fits(where: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """Return whether a target has all labels of `where`, and none of those under `not`.

    A list of values stands for any of them.
    """

    def has(name: str, value: Any) -> bool:
        return labels.get(name) in (value if isinstance(value, list) else [value])

    wanted, without = where.items(), where.get(NOT)
    is_wanted = all(has(*label) for label in wanted if label[0] != NOT)
    unwanted = without.items() if isinstance(without, dict) else ()
    return is_wanted and not any(has(*label) for label in unwanted)


# --- who gets an entry ----------------------------------------------------------------------------


class Layer(NamedTuple):
    """A directory of entries, by its path from the root, and the targets that get them.

    `rank` is its number in devinops.yaml, counted from 1. `is_named`: its path has the name of its
    only target.
    """

    path: str
    rank: int
    targets: frozenset[str]
    is_named: bool = False


@dataclass
class Layers:
    """The targets and the layers of devinops.yaml: they tell which targets get an entry.

    `targets` maps names to settings, and `directories` paths from the root to layers. `exact` maps
    targets to the last layer that exactly they get; its directory need not exist. `unused` maps
    each directory of entries that is no layer to its problem, which does not apply if `paths` or
    `ignore` matches it.
    """

    targets: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: {"default": {}})
    directories: dict[str, Layer] = field(default_factory=dict)
    exact: dict[frozenset[str], Layer] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    unused: dict[str, Problem] = field(default_factory=dict)
    _known: dict[object, frozenset[str]] = field(default_factory=dict)

    def placed(self, entry: Declaration) -> Declaration:
        """Return an entry with its rank and the names of the targets that get it.

        Without layers, `where` and enterprises it stays as it is: its `targets` tell.
        """
        if not (self.directories or self._has_enterprise) and entry.layering is NOT_LAYERED:
            return entry
        layer = self._layer(entry.source.path)
        options, where = entry.layering, json.dumps(dict(entry.layering.where))
        known = (layer, entry.targets, options.enterprise, where)
        if known not in self._known:
            self._known[known] = frozenset(self._names(entry, layer))
        return entry._replace(rank=layer.rank if layer else 0, audience=self._known[known])

    @cached_property
    def _has_enterprise(self) -> bool:
        return any(target.get("enterprise") for target in self.targets.values())

    def _layer(self, path: str) -> Layer | None:
        above = path
        while above := above.rpartition("/")[0]:
            if above in self.directories:
                return self.directories[above]
        return None

    def _names(self, entry: Declaration, layer: Layer | None) -> Iterator[str]:
        """Yield the targets of an entry, and the names that no target has: those are a problem."""
        options, known = entry.layering, layer.targets if layer else self.targets
        is_named = entry.targets is not None or bool(layer and layer.is_named)
        for name in known if entry.targets is None else entry.targets:
            target = self.targets.get(name)
            if target is None:
                yield name
            elif name in known:
                is_enterprise = bool(target.get("enterprise"))
                is_meant = is_enterprise if options.enterprise else is_named or not is_enterprise
                if is_meant and fits(options.where, labels_of(target)):
                    yield name


def labels_of(target: Mapping[str, Any]) -> Mapping[str, str]:
    """Return the labels of a target; none if they are not a mapping."""
    labels = target.get("labels")
    return labels if isinstance(labels, dict) else {}


def unused(entries: Iterable[Declaration]) -> Iterator[Problem]:
    """Yield a problem for each entry that no target gets."""
    for entry in entries:
        if entry.audience is None or entry.audience:
            continue
        options = entry.layering
        if options.where:
            option, why = "where", "none of its targets has these labels: correct them"
        elif options.enterprise:
            option, why = "enterprise", "it is for an enterprise, but none of its targets is one"
        elif entry.targets is not None:
            option, why = "targets", "its layer is not for these targets: correct them"
        else:
            option = ""
            why = (
                "it is for organizations, but its targets are enterprises: add `enterprise: true`"
                ", or name the target under `targets`"
            )
        message = f"no target gets {entry.key}: {why}"
        yield Problem(entry.source_of(option), "no-target", message)


# --- what several entries make together -----------------------------------------------------------


class Resolved(NamedTuple):
    """The entries that targets get, and what is wrong with them."""

    entries: tuple[Declaration, ...]
    problems: tuple[Problem, ...] = ()


def resolve(written: Sequence[Declaration], targets: Collection[str]) -> Resolved:
    """Return one entry for each key and group of targets that get the same.

    `written` are in the order of their keys, and `targets` the names of all targets. An entry that
    another one replaces in every target stays, but no target gets it.
    """
    if not any(entry.rank or entry.layering is not NOT_LAYERED for entry in written):
        return Resolved(tuple(written))
    by_key: defaultdict[Key, list[Declaration]] = defaultdict(list)
    for entry in written:
        by_key[entry.key].append(entry)
    entries: list[Declaration] = []
    problems: set[Problem] = set()
    for group in by_key.values():
        if len(group) == 1 and group[0].layering is NOT_LAYERED:
            entries += group
        else:
            resolved = _resolve_key(group, targets)
            entries += resolved.entries
            problems.update(resolved.problems)
    return Resolved(tuple(entries), tuple(sorted(problems)))


def _resolve_key(group: Sequence[Declaration], targets: Collection[str]) -> Resolved:
    """Return the entries with one key that targets get."""
    ranked = sorted(group, key=lambda entry: (entry.rank, entry.source))
    by_rank: defaultdict[str, dict[int, Declaration]] = defaultdict(dict)
    for entry in ranked:
        for name in targets if entry.names is None else entry.names:
            # Two entries of one layer are a problem of their own.
            by_rank[name].setdefault(entry.rank, entry)
    chains = {name: tuple(entries.values()) for name, entries in by_rank.items()}
    audiences: defaultdict[tuple[Source, ...], set[str]] = defaultdict(set)
    for name, chain in chains.items():
        audiences[tuple(entry.source for entry in chain)].add(name)
    results: list[Declaration] = []
    problems: list[Problem] = []
    last: set[Source] = set()
    for names in audiences.values():
        chain = chains[min(names)]
        merged = _merged(chain)._replace(audience=frozenset(names))
        results.append(merged)
        problems += _chain_problems(chain, merged)
        last.add(merged.source)
    results += [
        entry._replace(audience=frozenset())
        for entry in ranked
        if entry.source not in last and not entry.layering.extends
    ]
    problems += _needless(ranked, chains)
    return Resolved(tuple(sorted(results, key=lambda entry: entry.source)), tuple(problems))


def _merged(chain: Sequence[Declaration]) -> Declaration:
    """Return the entry that several layers make together."""
    merged = chain[0]
    for entry in chain[1:]:
        known = dict.fromkeys((*entry.previously, *merged.previously))
        previously = tuple(key for key in known if key != entry.key)
        top = _extended(merged, entry) if entry.layering.extends else entry
        merged = top._replace(previously=previously, chain=tuple(chain))
    return merged


def _extended(below: Declaration, entry: Declaration) -> Declaration:
    """Return an entry with the fields and options of an earlier one that it does not set itself."""
    values: Any = dict(entry.resource.items())
    own = {*values, *entry.sources}
    rest = {
        path: source
        for path, source in below.sources.items()
        if (path if isinstance(path, str) else path[0]) not in own
    }
    has_text = entry.kind.document in values
    return entry._replace(
        resource=dataclasses.replace(below.resource, **values),
        protect=entry.protect if "protect" in own else below.protect,
        meta=entry.meta if "meta" in own else below.meta,
        lint=entry.lint if "lint" in own else below.lint,
        text_file=entry.text_file if has_text else below.text_file,
        sources=rest | dict(entry.sources),
    )


# --- problems -------------------------------------------------------------------------------------


def _chain_problems(chain: Sequence[Declaration], merged: Declaration) -> Iterator[Problem]:
    """Yield what is wrong with entries of several layers, and with what they make together."""
    first = chain[0]
    if first.layering.extends:
        message = f"no earlier layer has {first.key} for {_names(merged)}, so there is nothing to"
        message += " extend: write the whole entry without `extends`, or correct its name"
        yield Problem(first.source_of("extends"), "nothing-extended", message)
        return
    final = None
    for below, entry in pairwise(chain):
        final = final or (below if below.layering.final else None)
        if final:
            message = (
                f"{entry.key} is `final: true` in {_place(final)}, so no later layer can change it "
                "or take it away: remove this entry"
            )
            yield Problem(entry.source, "final-entry", message)
        elif problem := _unsaid(below, entry):
            yield problem
    if len(chain) > 1:
        for path, message in merged.kind.check(merged.resource):
            yield Problem(merged.source_of(path), "invalid-value", message)


def _unsaid(below: Declaration, entry: Declaration) -> Problem | None:
    """Return what is wrong with how an entry changes one of an earlier layer, if anything."""
    options = entry.layering
    if options.extends and below.ensure is not Ensure.PRESENT:
        message = (
            f"{_place(below)} has `ensure: {below.ensure}`, so there is nothing to extend: write "
            "the whole entry with `overrides: true`"
        )
        return Problem(entry.source_of("extends"), "nothing-extended", message)
    if options.overrides or options.extends or entry.ensure is not Ensure.PRESENT:
        return None
    message = (
        f"{entry.key} is also declared in {_place(below)}, in an earlier layer: add `overrides: "
        "true` to replace that entry, or `extends: true` to change only the fields that are here"
    )
    return Problem(entry.source, "unsaid-override", message)


def _needless(
    entries: Iterable[Declaration], chains: Mapping[str, Sequence[Declaration]]
) -> Iterator[Problem]:
    """Yield a warning for each entry that says that it overrides one, but never does.

    `chains` are by the names of the targets.
    """
    for entry in entries:
        first = (chains[name][0] for name in (chains if entry.names is None else entry.names))
        if entry.layering.overrides and all(other.rank == entry.rank for other in first):
            message = f"no earlier layer has {entry.key}, so it stands alone: remove `overrides`"
            source = entry.source_of("overrides")
            yield Problem(source, "nothing-overridden", message, Severity.WARNING)


def _place(entry: Declaration) -> str:
    return f"{entry.source.path}:{entry.source.line}"


def _names(entry: Declaration) -> str:
    return listed(sorted(entry.names or ()))
