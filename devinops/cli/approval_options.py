"""The options by which a person approves what a plan would not do unasked."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import click

from devinops.cli.options import NonEmpty
from devinops.model.errors import UsageError
from devinops.model.keys import Key
from devinops.model.policy import HAZARDS, ON_CONFLICT, ON_DRIFT, Approvals, MissingFolders

F = TypeVar("F", bound=Callable[..., Any])

_APPROVALS = (
    click.option(
        "--adopt", is_flag=True, help="Adopt live objects that differ from their entries."
    ),
    click.option(
        ON_CONFLICT.option,
        type=NonEmpty(),
        multiple=True,
        metavar="git|live[=KEY]",
        help="What to do if both sides changed: write Git's version, or keep the live one. With "
        "KEY, decide for this object only, such as 'git=knowledge:Backend/Error envelope'; "
        "repeatable.",
    ),
    click.option(
        ON_DRIFT.option,
        type=click.Choice(ON_DRIFT.values),
        help="What to do with changes made outside devinops, in this run only: overwrite or keep "
        "them. Default: on_drift in devinops.yaml.",
    ),
    click.option(
        "--folders",
        type=click.Choice([choice.value for choice in MissingFolders]),
        help="Where to create notes whose folder is missing, in this run only: in the root, or "
        "nowhere (block). Default: missing_folders in devinops.yaml.",
    ),
    click.option(
        "--allow-delete", type=click.IntRange(0), metavar="N", help="Allow exactly N deletes."
    ),
    click.option(
        "--allow-missing",
        type=click.IntRange(0),
        metavar="N",
        help="Allow exactly N owned objects to be missing from the lists.",
    ),
)


def approvals(function: F) -> F:
    """Give a command the approval flags; its function gets them as one `Approvals`.

    They are never read from the environment.
    """

    @functools.wraps(function)
    def wrapped(
        adopt: bool,
        on_conflict: tuple[str, ...],
        on_drift: str | None,
        folders: str | None,
        allow_delete: int | None,
        allow_missing: int | None,
        approvals: Approvals,
        **rest: Any,
    ) -> Any:
        for_all, decided = _decisions(on_conflict) if on_conflict else (None, ())
        combined = Approvals(
            adopt,
            for_all,
            allow_delete,
            allow_missing,
            approvals.hazards,
            on_drift,
            decided,
            folders,
        )
        return function(approvals=combined, **rest)

    wrapped = accepts_hazards(wrapped)
    for option in reversed(_APPROVALS):
        wrapped = option(wrapped)
    return wrapped  # type: ignore[return-value]


def _decisions(values: Iterable[str]) -> tuple[str | None, tuple[tuple[Key, str], ...]]:
    """Return the decision about all conflicts, if any, and those about keys. Raises UsageError.

    A value can hold several, one a line, because an input of a CI job has only one value.
    """
    from devinops.kinds import parse_key

    decided: dict[Key | None, str] = {}
    for text in (line.strip() for value in values for line in value.splitlines() if line.strip()):
        side, equals, written = text.partition("=")
        if side not in ON_CONFLICT.values:
            raise UsageError(
                f"{ON_CONFLICT.option} must be git, live, git=KEY or live=KEY, not {text!r}"
            )
        key = parse_key(written) if equals else None
        if key in decided:
            about = f"the conflict of {key}" if key else "all conflicts"
            raise UsageError(f"{ON_CONFLICT.option} decides {about} twice: pass only one")
        decided[key] = side
    return decided.pop(None, None), tuple(sorted((k, side) for k, side in decided.items() if k))


def accepts_hazards(function: F) -> F:
    """Give a command a flag for each hazard; its function gets them as one `Approvals`."""

    @functools.wraps(function)
    def wrapped(**rest: Any) -> Any:
        accepted = tuple(name for name in HAZARDS if rest.pop(f"allow_{name}"))
        return function(approvals=Approvals(hazards=accepted), **rest)

    for name, help in reversed(HAZARDS.items()):
        wrapped = click.option(f"--allow-{name}", is_flag=True, help=help)(wrapped)
    return wrapped  # type: ignore[return-value]
