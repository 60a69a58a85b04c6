"""What to use instead of a command that devinops does not have."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from devinops.model.suggest import nearest

_NO_DESTROY = (
    "It does not exist, so that nobody runs it by accident: remove the entries, and apply with "
    "prune: owned in devinops.yaml."
)
_RENAME = (
    "Rename the entry, and list its old name under previously; devinops plan shows the rename."
)

_INSTEAD: Final = {
    ("diff", "compare", "preview", "status"): "Use devinops plan.",
    ("sync", "deploy", "push", "up", "update"): "Use devinops apply.",
    ("check", "verify", "test"): "Use devinops validate.",
    ("format", "tidy"): "Use devinops fmt.",
    ("dump",): "Use devinops export --to json --live.",
    ("fetch", "download"): "Use devinops pull: it writes live objects to files.",
    ("adopt",): (
        "devinops pull writes entries for live objects, and devinops apply adopts them; devinops "
        "inventory link chooses one of several objects with a name."
    ),
    ("destroy", "delete", "remove", "rm", "prune", "reset"): _NO_DESTROY,
    ("mv", "move", "rename"): _RENAME,
    ("taint", "untaint", "replace"): (
        "Objects are updated in place: for a new one, remove the entry, apply, and add it again."
    ),
    ("undo", "restore", "revert", "backup", "backups"): (
        "Use devinops rollback; without BACKUP it lists the backups."
    ),
    ("refresh",): "It is not needed: devinops plan and devinops drift read the live objects.",
    ("state",): "Use devinops inventory: it shows what this repository owns.",
    ("list", "ls", "output", "outputs"): "Use devinops inventory list: it shows keys and ids.",
    ("unlock", "force-unlock"): "Use devinops inventory unlock.",
    ("ping", "login", "logout", "auth"): (
        "A key in DEVIN_API_KEY is all that is needed; devinops whoami checks it."
    ),
    ("workspace", "target", "targets", "env"): (
        "devinops.yaml declares the targets: choose one with --target, as in devinops plan "
        "--target NAME."
    ),
    ("console",): "There are no expressions: devinops plan shows the values that apply would send.",
    ("post", "annotate"): "Use devinops comment.",
    ("serve", "server", "mock"): "Use devinops emulator.",
    ("new", "setup"): "Use devinops init.",
    ("create", "add", "edit"): "Write or edit the file of the entry, then use devinops plan.",
    ("version",): "Use devinops --version.",
    ("help",): "Use devinops --help.",
}
_INSTEAD_IN_INVENTORY: Final = {
    ("ls", "status"): "Use devinops inventory list.",
    ("get", "cat"): "Use devinops inventory show.",
    ("rm", "remove", "delete"): "Use devinops inventory forget; it does not touch the object.",
    ("add", "import", "adopt"): "Use devinops inventory link.",
    ("mv", "move", "rename"): _RENAME,
    ("force-unlock",): "Use devinops inventory unlock.",
    ("fix", "refresh"): "Use devinops inventory repair.",
}
INSTEAD: Final = {
    "devinops": {name: text for names, text in _INSTEAD.items() for name in names},
    "inventory": {name: text for names, text in _INSTEAD_IN_INVENTORY.items() for name in names},
}
"""Group → what users of similar tools type → what to do here."""


_APPROVALS: Final = ("--adopt", "--allow-", "--on-conflict", "--on-drift", "--yes")
"""The start of options that no message should suggest: approvals."""


def unknown_option(name: str, similar: Collection[str] | None, *, is_command: bool) -> str:
    """Return the message about an option that a command, or the group of all, does not have."""
    if not is_command:
        return (
            f"There is no option {name} before the command: put the options of a command after its "
            f"name, as in devinops COMMAND {name}."
        )
    harmless = [option for option in similar or () if not option.startswith(_APPROVALS)]
    hint = f" Did you mean {' or '.join(harmless)}?" if harmless else ""
    return f"There is no option {name}.{hint}"


def unknown_command(group: str, name: str, known: Collection[str]) -> str:
    """Return the message about a command that a group does not have."""
    advice = INSTEAD.get(group, {}).get(name.lower())
    if advice is None:
        near = nearest(name, known)
        advice = f"Did you mean {near!r}?" if near else f"There are: {', '.join(known)}."
    return f"There is no command {name!r}. {advice}"
