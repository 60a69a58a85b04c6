"""Properties whose examples take long: CI tries as many as COSTLY_EXAMPLES says, and the night all."""

from collections.abc import Callable
from typing import Any, TypeVar

import pytest
from hypothesis import settings

Test = TypeVar("Test", bound=Callable[..., Any])


def costly(test: Test) -> Test:
    """Mark a test of Hypothesis; one of histories needs only the mark."""
    marked: Test = pytest.mark.costly(settings.get_profile("costly")(test))
    return marked
