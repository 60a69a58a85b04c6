"""Each error knows its exit code."""

from __future__ import annotations

import pytest

from devinops.model.errors import (
    ApiError,
    BadResponse,
    ConfigError,
    DevinopsError,
    InputError,
    Interrupted,
    InventoryError,
    Refused,
    Stale,
    Terminated,
    Unreachable,
    UsageError,
    stop_on_errors,
)
from devinops.model.objects import Problem, Severity, Source

PROBLEMS = (Problem(Source("a.yaml"), "c", "first"), Problem(Source("b.yaml"), "c", "second"))
CODES = [
    (DevinopsError("e"), 1),
    (ConfigError("e"), 1),
    (InputError(PROBLEMS), 1),
    (InventoryError("e"), 1),
    (ApiError("e"), 1),
    (Unreachable("e"), 1),
    (BadResponse("e"), 1),
    (Refused("e"), 4),
    (Stale("e"), 5),
    (UsageError("e"), 64),
    (Interrupted(KeyboardInterrupt()), 130),
    (Interrupted(Terminated()), 143),
]


@pytest.mark.parametrize(("error", "code"), CODES, ids=lambda value: type(value).__name__)
def test_an_error_knows_its_exit_code(error: DevinopsError, code: int) -> None:
    assert error.exit_code == code


def test_problems_of_files_are_all_kept_and_the_first_is_named() -> None:
    error = InputError(PROBLEMS)
    assert error.problems == PROBLEMS
    assert str(error) == "2 problems in the files, the first at a.yaml:1:1: first"


def test_an_object_is_missing_only_if_the_api_itself_says_so() -> None:
    assert ApiError("e", status=404).is_missing
    assert not ApiError("e", status=403).is_missing
    assert not BadResponse("e", status=404).is_missing


@pytest.mark.parametrize(
    ("status", "doubtful", "answered"),
    [(404, False, True), (499, False, True), (500, False, False), (None, False, False), (404, True, False)],
)  # fmt: skip
def test_after_a_5xx_or_no_response_the_request_may_have_been_carried_out(
    status: int | None, doubtful: bool, answered: bool
) -> None:
    assert ApiError("e", status=status, doubtful=doubtful).answered is answered


def test_only_an_error_stops_a_run_and_all_problems_are_shown_in_order() -> None:
    warning = Problem(Source("b.md"), "empty-file", "it is empty", Severity.WARNING)
    error = Problem(Source("a.md"), "not-utf8", "it is not text")
    stop_on_errors([warning])
    with pytest.raises(InputError) as stopped:
        stop_on_errors([warning, error])
    assert stopped.value.problems == (error, warning)
