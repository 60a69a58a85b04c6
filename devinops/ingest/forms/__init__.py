"""The forms that can be imported, one module each; `FORMS` has every module that defines one."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from typing import Final

from devinops.ingest.import_form import Form


def _walk() -> Iterator[Form]:
    for module in pkgutil.iter_modules(__path__):
        if not module.name.startswith("_"):
            form: Form = importlib.import_module(f"{__name__}.{module.name}").FORM
            yield form


FORMS: Final = tuple(sorted(_walk(), key=lambda form: form.fallback))
"""All forms, fallbacks last."""


def forms_of(path: str) -> list[Form]:
    """Return the forms that an absolute path matches: a fallback only if no other does."""
    matching = [form for form in FORMS if form.matches(path)]
    return [form for form in matching if not form.fallback] or matching
