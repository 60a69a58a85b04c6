"""What `devinops targets` does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from devinops.cli.declarations.options import Options
from devinops.cli.session import failures_written
from devinops.config.project import Project
from devinops.config.reading import read_project
from devinops.config.settings import selected_targets
from devinops.environment import KEY_VARIABLES
from devinops.model.errors import UsageError
from devinops.model.exit_codes import ExitCode
from devinops.model.policy import Approvals
from devinops.model.selectors import pairs
from devinops.render import counted, terminal
from devinops.render.answers import RolloutAnswer, SimpleAnswer

if TYPE_CHECKING:
    from devinops.planning.layers import Layer
    from devinops.schema.command_outputs import TargetsDocument


def run(options: Options, names: bool, affected: str | None) -> ExitCode:
    """Carry out the command, as its help says; return the exit code."""
    with failures_written(options):
        project = read_project(options.root)
        chosen = tuple(project.targets)
        if chosen and options.flags.selectors:
            chosen = selected_targets(project, options.flags)
        if affected:
            from devinops.cli.runs.affected_targets import only_affected

            chosen = only_affected(options, affected, chosen)
    lines = list(chosen) if names else list(_lines(project, chosen))
    return options.answer(SimpleAnswer(lines, lambda: _document(project, chosen)))


def waves(options: Options) -> ExitCode:
    """Show where the rollout is; return the exit code."""
    if options.flags.selectors:
        raise UsageError("targets waves shows all waves: leave out --target")
    from devinops.cli.runs.waves import document, find_rollout, waves_of
    from devinops.render.waves import lines

    with failures_written(options):
        all_waves = waves_of(options)
        found = find_rollout(options, all_waves, Approvals())
    targets = read_project(options.root).targets
    holds = {name: targets[name]["hold"] for wave in all_waves for name in wave.held}
    text = lines(found.statuses, found.commit, holds, options.command_flags)
    return options.answer(RolloutAnswer(*found, holds, list(text), lambda: document(found)))


def key_variable(target: Mapping[str, Any]) -> str:
    """Return the variable that holds the key of a target."""
    return str(target.get("api_key_env", KEY_VARIABLES[0]))


def _lines(project: Project, names: Sequence[str]) -> Iterator[str]:
    """Yield a table of the targets, what all of them have, and their number."""
    layers = {name: _layers(project, name) for name in names}
    are_many = len(names) > 1
    all_own = are_many and all(own and own[-1].is_named for own in layers.values())
    shown = slice(-1) if all_own else slice(None)
    rows = [_row(name, project.targets[name], layers[name][shown]) for name in names]
    is_one_key = are_many and len({row[_VARIABLE] for row in rows}) == 1
    if is_one_key:
        rows = [(*row[:_VARIABLE], "", *row[_VARIABLE + 1 :]) for row in rows]
    yield from _table(rows) if rows else ()
    if all_own:
        yield "Each also has a layer of its own, which comes last"
    if is_one_key:
        yield f"API keys from {key_variable(project.targets[names[0]])}"
    held = sum("hold" in project.targets[name] for name in names)
    yield f"{counted(len(names), 'target')}{f', {held} held' if held else ''}"


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield the lines of a table without empty columns; what does not fit stands below each row."""
    table: list[list[str]] = []
    below: list[list[str]] = []
    used = 0
    for title, *cells in zip(_TITLES, *rows, strict=True):
        size = max(map(terminal.columns, (title, *cells)))
        if not any(cells):
            continue
        if table and used + size > COLUMNS:
            below.append(["", *(cell and f"    {title.lower()}: {cell}" for cell in cells)])
            continue
        shown = (title, *(cell or "-" for cell in cells))
        table.append([cell + " " * (size - terminal.columns(cell)) for cell in shown])
        used += size + len(_GAP)
    page = terminal.Terminal(width=COLUMNS)
    for number, row in enumerate(zip(*table, strict=True)):
        yield _GAP.join(row).rstrip()
        for column in below:
            yield from page.paragraph(column[number]) if column[number] else ()


_TITLES: Final = ("NAME", "TITLE", "ORGANIZATION", "LABELS", "LAYERS", "KEY VARIABLE", "HELD")
_VARIABLE: Final = _TITLES.index("KEY VARIABLE")
_GAP: Final = "  "
COLUMNS: Final = 80
"""How wide the table is, also where it is written into a file."""


def _row(name: str, target: Mapping[str, Any], layers: Sequence[Layer]) -> tuple[str, ...]:
    return (
        name,
        target.get("title", ""),
        "(enterprise)" if target.get("enterprise") else target.get("org_id", ""),
        " ".join(pairs(target)),
        " ".join(layer.path for layer in layers),
        key_variable(target),
        target.get("hold", ""),
    )


def _layers(project: Project, name: str) -> tuple[Layer, ...]:
    """Return the layers that a target gets, in their order."""
    layers = sorted(project.layers.directories.values(), key=lambda layer: layer.rank)
    return tuple(layer for layer in layers if name in layer.targets)


def _document(project: Project, names: Sequence[str]) -> TargetsDocument:
    from devinops.schema.base_document import HEAD
    from devinops.schema.command_outputs import DeclaredTargetItem, TargetsDocument
    from devinops.schema.parts import SourceItem

    items = []
    for name in names:
        target, source = project.targets[name], project.target_key_source(name)
        items.append(
            DeclaredTargetItem(
                name=name,
                title=target.get("title"),
                org_id=target.get("org_id"),
                enterprise=target.get("enterprise", False),
                labels=dict(target.get("labels", {})),
                layers=tuple(layer.path for layer in _layers(project, name)),
                hold=target.get("hold"),
                api_key_env=key_variable(target),
                source=SourceItem(source.path, source.line, source.column),
            )
        )
    return TargetsDocument(**HEAD, exit_code=ExitCode.OK, targets=tuple(items))
