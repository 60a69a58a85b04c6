"""The options by which a person approves what a plan would not do unasked."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

import click

from devinops.model.policy import HAZARDS, ON_CONFLICT, ON_DRIFT, Approvals

F = TypeVar("F", bound=Callable[..., Any])

_APPROVALS = (
    click.option(
        "--adopt", is_flag=True, help="Adopt live objects that differ from their entries."
    ),
    click.option(
        "--on-conflict",
        type=click.Choice(ON_CONFLICT.values),
        help="What to do if both sides changed: write Git's version, or keep the live one.",
    ),
    click.option(
        "--on-drift",
        type=click.Choice(ON_DRIFT.values),
        help="What to do with changes made outside devinops, in this run only: overwrite or keep "
        "them. Default: on_drift in devinops.yaml.",
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
        *args: Any,
        adopt: bool,
        on_conflict: str | None,
        on_drift: str | None,
        allow_delete: int | None,
        allow_missing: int | None,
        approvals: Approvals,
        **rest: Any,
    ) -> Any:
        combined = Approvals(
            adopt, on_conflict, allow_delete, allow_missing, approvals.hazards, on_drift
        )
        return function(*args, approvals=combined, **rest)

    wrapped = accepts_hazards(wrapped)
    for option in reversed(_APPROVALS):
        wrapped = option(wrapped)
    return wrapped  # type: ignore[return-value]


def accepts_hazards(function: F) -> F:
    """Give a command a flag for each hazard; its function gets them as one `Approvals`."""

    @functools.wraps(function)
    def wrapped(*args: Any, **rest: Any) -> Any:
        accepted = tuple(name for name in HAZARDS if rest.pop(f"allow_{name}"))
        return function(*args, approvals=Approvals(hazards=accepted), **rest)

    for name, help in reversed(HAZARDS.items()):
        wrapped = click.option(f"--allow-{name}", is_flag=True, help=help)(wrapped)
    return wrapped  # type: ignore[return-value]
