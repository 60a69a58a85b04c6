"""What `devinops targets` does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from devinops.cli.options import Options
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
    from devinops.schema.command_outputs import TargetsDocument


def run(
    options: Options,
    action: str | None,
    names: bool,
    affected: str | None,
    waves: bool,
    check: bool,
) -> ExitCode:
    """Carry out the command, as its help says; return the exit code."""
    if action == "discover":
        given = {"--names": names, "--affected": affected, "--waves": waves}
        for option in (option for option, value in given.items() if value):
            raise UsageError(f"{option} is for the list: leave it out, or leave out discover")
        from devinops.cli.handlers.discover_targets import discover

        return discover(options, check=check)
    if check:
        raise UsageError("--check is for devinops targets discover: the list writes nothing")
    if waves:
        if names or affected or options.flags.selectors:
            raise UsageError("--waves shows all waves: leave out --target, --names and --affected")
        return _waves(options)
    with failures_written(options):
        project = read_project(options.root)
        chosen = tuple(project.targets)
        if chosen and options.flags.selectors:
            chosen = selected_targets(project, options.flags)
        if affected:
            from devinops.cli.affected_targets import only_affected

            chosen = only_affected(options, affected, chosen)
    lines = list(chosen) if names else list(_lines(project, chosen))
    options.answer(SimpleAnswer(lines, lambda: _document(project, chosen)))
    return ExitCode.OK


def _waves(options: Options) -> ExitCode:
    """Show where the rollout is."""
    from devinops.cli.waves import document, find_rollout, waves_of
    from devinops.render.waves import lines

    with failures_written(options):
        waves = waves_of(options)
        found = find_rollout(options, waves, Approvals())
    targets = read_project(options.root).targets
    holds = {name: targets[name]["hold"] for wave in waves for name in wave.held}
    text = lines(found.statuses, found.commit, holds, options.command_flags)
    options.answer(RolloutAnswer(*found, holds, list(text), lambda: document(found)))
    return ExitCode.OK


def key_variable(target: Mapping[str, Any]) -> str:
    """Return the variable that holds the key of a target."""
    return str(target.get("api_key_env", KEY_VARIABLES[0]))


def _lines(project: Project, names: Sequence[str]) -> Iterator[str]:
    """Yield a table of the targets, without columns that are empty, and their number."""
    rows = [_row(project, name) for name in names]
    columns = [column for column in zip(_TITLES, *rows, strict=True) if any(column[1:])]
    sizes = [max(map(terminal.columns, column)) for column in columns]
    for row in zip(*columns, strict=True) if rows else ():
        cells = ((cell or "-", size) for cell, size in zip(row, sizes, strict=True))
        padded = (cell + " " * (size - terminal.columns(cell)) for cell, size in cells)
        yield "  ".join(padded).rstrip()
    held = sum("hold" in project.targets[name] for name in names)
    yield f"{counted(len(names), 'target')}{f', {held} held' if held else ''}"


_TITLES = ("NAME", "TITLE", "ORGANIZATION", "LABELS", "LAYERS", "KEY VARIABLE", "HELD")


def _row(project: Project, name: str) -> tuple[str, ...]:
    target = project.targets[name]
    organization = "(enterprise)" if target.get("enterprise") else target.get("org_id", "")
    labels = " ".join(pairs(target))
    return (
        name,
        target.get("title", ""),
        organization,
        labels,
        " ".join(_layers(project, name)),
        key_variable(target),
        target.get("hold", ""),
    )


def _layers(project: Project, name: str) -> tuple[str, ...]:
    """Return the directories of the layers that a target gets, in their order."""
    layers = sorted(project.layers.directories.values(), key=lambda layer: layer.rank)
    return tuple(layer.path for layer in layers if name in layer.targets)


def _document(project: Project, names: Sequence[str]) -> TargetsDocument:
    from devinops.schema.base_document import HEAD
    from devinops.schema.command_outputs import FleetTargetItem, TargetsDocument
    from devinops.schema.plan import SourceItem

    items = []
    for name in names:
        target, source = project.targets[name], project.target_key_source(name)
        items.append(
            FleetTargetItem(
                name=name,
                title=target.get("title"),
                org_id=target.get("org_id"),
                enterprise=target.get("enterprise", False),
                labels=dict(target.get("labels", {})),
                layers=_layers(project, name),
                hold=target.get("hold"),
                api_key_env=key_variable(target),
                source=SourceItem(source.path, source.line, source.column),
            )
        )
    return TargetsDocument(**HEAD, exit_code=ExitCode.OK, targets=tuple(items))
