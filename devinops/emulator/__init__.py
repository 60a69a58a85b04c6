"""A local stand-in for the Devin API, v1 and v3.

Shares no code with the client, so that one mistake cannot pass on both sides. Needs the extra
`emulator`; importing this package alone loads nothing of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from devinops.model.errors import ConfigError

if TYPE_CHECKING:
    from devinops.emulator.app import create_app
    from devinops.emulator.background import Emulator
    from devinops.emulator.fault_rules import parse_faults, read_faults
    from devinops.emulator.quirks import Quirks, parse_quirks
    from devinops.emulator.records import ApiError, InvalidObject
    from devinops.emulator.seed import Seed, parse_seed, read_seed
    from devinops.emulator.server import serve
    from devinops.emulator.store import Store

__all__ = [
    "ApiError",
    "Emulator",
    "InvalidObject",
    "Quirks",
    "Seed",
    "Store",
    "create_app",
    "parse_faults",
    "parse_quirks",
    "parse_seed",
    "read_faults",
    "read_seed",
    "serve",
]

_MODULES = {
    "Emulator": "background",
    "InvalidObject": "records",
    "Quirks": "quirks",
    "ApiError": "records",
    "Seed": "seed",
    "Store": "store",
    "create_app": "app",
    "parse_faults": "fault_rules",
    "parse_quirks": "quirks",
    "parse_seed": "seed",
    "read_faults": "fault_rules",
    "read_seed": "seed",
    "serve": "server",
}


def __getattr__(name: str) -> Any:
    """Load a public name's module when the name is first used."""
    from importlib import import_module

    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    except ModuleNotFoundError as missing:
        if (missing.name or "").startswith(__package__ or ""):
            raise
        raise ConfigError(
            f"the emulator needs {missing.name}, which is not installed: install devinops with its "
            "extra emulator, from where you installed it"
        ) from None
