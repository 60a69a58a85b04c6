"""The values that a shell can complete, from files on this machine and never from the network.

Whatever is broken, a function returns fewer values and says nothing: it runs while somebody types.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from pathlib import Path

    from click.shell_completion import CompletionItem

    from devinops.config.project import Project
    from devinops.inventory.format import Item

_Complete = Callable[[click.Context, click.Parameter, str], "list[CompletionItem[str]]"]


def _quiet(values: Callable[[click.Context, str], Iterable[str]]) -> _Complete:
    """Return a function for click that offers what begins with the typed text, sorted."""

    @wraps(values)
    def complete(ctx: click.Context, _: click.Parameter, typed: str) -> list[CompletionItem[str]]:
        from click.shell_completion import CompletionItem

        try:
            matching = sorted({value for value in values(ctx, typed) if value.startswith(typed)})
        except Exception:
            return []
        return [CompletionItem(value) for value in matching if value.isprintable()]

    return complete


def choices(*values: str) -> _Complete:
    """Return a function for click that offers `values`; N at the end stands for a number."""
    return _quiet(lambda ctx, typed: (value.removesuffix("N") for value in values))


@_quiet
def targets(ctx: click.Context, typed: str) -> Iterable[str]:
    """Offer the targets in devinops.yaml."""
    return _project(ctx).targets


@_quiet
def selectors(ctx: click.Context, typed: str) -> Iterable[str]:
    """Offer the targets in devinops.yaml and their labels, also after a comma."""
    from devinops.model.selectors import pairs

    targets = _project(ctx).targets
    labels = {pair for target in targets.values() for pair in pairs(target)}
    before, comma, _ = typed.rpartition(",")
    if comma:
        return {f"{before},{label}" for label in labels - {*before.split(",")}}
    return {*targets, *labels}


@_quiet
def waves(ctx: click.Context, typed: str) -> Iterable[str]:
    """Offer the waves in devinops.yaml."""
    return ["due", *(wave.name for wave in _project(ctx).waves)]


@_quiet
def schemas(ctx: click.Context, typed: str) -> Iterable[str]:
    """Offer the names of the JSON Schemas."""
    from devinops.schema.all_schemas import schemas

    return schemas()


@_quiet
def rules(ctx: click.Context, typed: str) -> Iterable[str]:
    """Offer the names of the lint rules, or their ids if an id was begun."""
    from devinops.lint.rules import RULES

    return {rule.id if typed.startswith("D") else rule.name for rule in RULES}


@_quiet
def only(ctx: click.Context, typed: str) -> Iterable[str]:
    """Offer the kinds, and after a colon the keys of the entries."""
    from devinops.kinds import KINDS

    return _declared(ctx) if ":" in typed else KINDS.declared


@_quiet
def keys(ctx: click.Context, typed: str) -> Iterable[str]:
    """Offer the keys of the entries and of what is owned."""
    return {*_owned(ctx), *_declared(ctx)}


@_quiet
def owned_keys(ctx: click.Context, typed: str) -> Iterable[str]:
    """Offer the keys of owned objects, or of the entries if the inventory cannot be read."""
    return _owned(ctx) or _declared(ctx)


@_quiet
def _runs_with_backup(ctx: click.Context, typed: str) -> Iterable[str]:
    from devinops.applying.backup import LATEST, backups

    paths = backups(_root(ctx))
    return [LATEST, *(path.stem for path in paths)] if paths else []


def backups(ctx: click.Context, param: click.Parameter, typed: str) -> list[CompletionItem[str]]:
    """Offer the runs that have a backup, and `latest`; otherwise leave the file to the shell."""
    return _runs_with_backup(ctx, param, typed) or files(ctx, param, typed)


@_quiet
def open_runs(ctx: click.Context, typed: str) -> Iterable[str]:
    """Offer the runs that have not finished."""
    from devinops.model.inventory import Intent

    return {item.run for item in _items(ctx) if isinstance(item, Intent) and not item.unclear}


@_quiet
def quirks(ctx: click.Context, typed: str) -> Iterable[str]:
    """Offer the quirks of the emulator with their values."""
    from devinops.emulator.quirks import VALUES

    return (f"{name}={value}" for name, values in VALUES.items() for value in values)


def reports(ctx: click.Context, param: click.Parameter, typed: str) -> list[CompletionItem[str]]:
    """Offer `FORMAT=`, and then leave the file to the shell."""
    from click.shell_completion import CompletionItem

    if "=" in typed:
        return [CompletionItem(typed, type="file")]
    types = (param.type for param in ctx.command.params if param.name == "format")
    choices = (type.choices for type in types if isinstance(type, click.Choice))
    names = next(choices, ())
    return [CompletionItem(f"{name}=") for name in names if name.startswith(typed)]


def files(ctx: click.Context, param: click.Parameter, typed: str) -> list[CompletionItem[str]]:
    """Leave the file to the shell."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(typed, type="file")]


# --- where the values are ---------------------------------------------------------------------


def _given(ctx: click.Context, name: str) -> Any:
    """Return the value of a common option; of one that is given several times, the last."""
    value = ctx.params.get(name)
    return next(reversed(value), None) if isinstance(value, tuple) else value


def _root(ctx: click.Context) -> Path:
    from pathlib import Path

    from devinops.config.reading import find_root

    root = _given(ctx, "root")
    return find_root(Path.cwd()) if root is None else Path(root).absolute()


def _project(ctx: click.Context) -> Project:
    from devinops.config.reading import open_project

    return open_project(_root(ctx))[0]


def _declared(ctx: click.Context) -> set[str]:
    from devinops.config.reading import read_repository

    return {str(entry.key) for entry in read_repository(_root(ctx))[1].declarations}


def _owned(ctx: click.Context) -> set[str]:
    from devinops.model.inventory import Record

    return {str(item.key) for item in _items(ctx) if isinstance(item, Record)}


def _items(ctx: click.Context) -> list[Item]:
    """Return what this machine knows of the inventories of the chosen target, or of all."""
    from devinops.inventory import InventorySettings
    from devinops.inventory.offline import known_items

    project, chosen = _project(ctx), _given(ctx, "target")
    return [
        item
        for name in project.targets
        if name == chosen or chosen is None
        for item in known_items(InventorySettings(**project.inventory_of(name)), project.root, name)
    ]
