"""A local stand-in for the Devin API, v1 and v3.

Shares no code with the client, so that one mistake cannot pass on both sides. Needs the extra
`emulator`; importing this package alone loads nothing of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from devinops.model.errors import ConfigError

if TYPE_CHECKING:
    from devinops.emulator.server import Emulator

__all__ = ["Emulator"]


def __getattr__(name: str) -> Any:
    """Load `Emulator`, and the web framework with it, when it is first used."""
    if name != "Emulator":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        from devinops.emulator.server import Emulator
    except ModuleNotFoundError as missing:
        if (missing.name or "").startswith(__package__ or ""):
            raise
        raise ConfigError(
            f"the emulator needs {missing.name}, which is not installed: install devinops with its "
            "extra emulator, from where you installed it"
        ) from None
    return Emulator
