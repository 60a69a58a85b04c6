"""The lint rules, one module each. `RULES` has every module of this package that defines one."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from typing import Final

from devinops.lint.rule import Rule


def _walk() -> Iterator[Rule]:
    for module in pkgutil.iter_modules(__path__):
        if not module.name.startswith("_"):
            imported = importlib.import_module(f"{__name__}.{module.name}")
            rule: Rule = imported.RULE
            yield rule._replace(manual=(imported.__doc__ or "").strip())


RULES: Final = tuple(sorted(_walk(), key=lambda rule: rule.id))
"""All rules, sorted by id."""
