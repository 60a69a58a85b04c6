"""What to use instead of a command that devinops does not have."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import click

from devinops.model.suggest import nearest, only_longer

_NO_DESTROY = (
    "It does not exist, so that nobody runs it by accident: remove the entries, and apply with "
    "prune: owned in devinops.yaml."
)
INSTEAD: Final = {
    "diff": "Use devinops plan.",
    "sync": "Use devinops apply.",
    "dump": "Use devinops pull: it writes live objects to files.",
    "destroy": _NO_DESTROY,
    "state": "Use devinops inventory: it shows what this repository owns.",
    "refresh": "It is not needed: devinops plan and devinops drift read the live objects.",
    "workspace": "Choose a target, as in devinops plan --target NAME; devinops targets lists them.",
    "login": "A key in DEVIN_API_KEY is all that is needed; devinops whoami checks it.",
    "version": "Use devinops --version.",
    "help": "Use devinops --help.",
}
"""What users of similar tools type → what to do here."""


_APPROVALS: Final = ("--adopt", "--allow", "--on-conflict", "--on-drift", "--yes")
"""The start of options that no message should suggest for a misspelling: approvals."""

_FROM_ELSEWHERE: Final = (
    ("allow-delete", "--allow", "Use --allow delete=N."),
    ("allow-missing", "--allow", "Use --allow missing=N."),
    ("allow-targets", "--allow", "Use --allow targets=N."),
    ("allow-spend", "--allow", "Use --allow spend."),
    ("out-of-wave", "--allow", "Use --allow out-of-wave."),
    ("folders missing-folders", "--allow", "Set missing_folders in devinops.yaml."),
    ("repo", "--repository", "Use --repository OWNER/NAME."),
    ("changed-since", "--since", "Use --since REF."),
    ("waves", "--names", "Use devinops targets waves."),
    ("timeout", "", "Set the variable DEVINOPS_TIMEOUT."),
    ("ca-bundle", "", "Set the variable DEVINOPS_CA_BUNDLE."),
    ("list-rules", "--explain", "Use --explain all."),
    ("no-pause", "", "devinops demo < /dev/null never pauses."),
    ("latency rate-limit", "--faults", "Write it into the file of --faults."),
    ("auto-approve approve assume-yes no-input non-interactive", "--yes", "Use --yes."),
    ("dry-run noop no-op simulate what-if", "--check", "Use --check."),
    ("dry-run check noop no-op simulate what-if", "--expect", "devinops plan writes nothing."),
    ("input", "--yes", "Without a terminal, apply asks nothing: use --yes or --expect DIGEST."),
    ("plan plan-file", "--expect", "Give the file without an option: devinops apply PLAN."),
    ("f force", "--expect", "Nothing is forced: a plan names the option for each approval."),
    ("to", "--as", "devinops export DIR writes a plugin, and devinops pull the live objects."),
    ("live out", "--as", "devinops pull writes the live objects to files."),
    ("status", "--as", "devinops export DIR --check compares a plugin with the entries."),
    ("destroy", "", _NO_DESTROY),
    ("refresh refresh-only", "", "devinops drift shows what changed outside devinops."),
    ("replace", "", "Objects are updated in place; devinops plan shows what would be replaced."),
    ("var var-file values set", "", "There are no variables: an entry can name its targets."),
    ("o output output-file", "--out", "Use --out for a file, and --format for the format."),
    ("o output output-file", "--report", "Use --format FORMAT, or --report FORMAT=FILE."),
    ("json json-output", "--format", "Use --format json."),
    ("select-tag tag tags select resource include filter", "--only", "Use --only KIND[:PATTERN]."),
    ("workspace env environment profile organization", "--target", "Use --target NAME."),
    ("chdir cwd dir directory workdir config c", "--root", "Use --root DIRECTORY."),
    ("s state state-file", "--root", "Entries are read from a directory: use --root DIRECTORY."),
    ("lock", "--lock-timeout", "Runs always lock; --lock-timeout SECONDS waits for another run."),
    ("prune", "", "Set prune in devinops.yaml."),
    ("parallel jobs j concurrency threads workers", "--parallelism", "Use --parallelism N."),
    ("debug trace log-level", "--verbose", "Use --verbose."),
    ("color colour", "--no-color", "Set FORCE_COLOR=1 for color without a terminal."),
    ("token api-key key headers password", "", "Set the key in DEVIN_API_KEY, never in a command."),
    ("url api-url server endpoint", "", "Set DEVIN_API_URL, or api_url in devinops.yaml."),
)
"""What users of Terraform, decK and similar tools type, without dashes; the option that a command
must have for the advice to be true; the advice. The first row that fits counts."""

_WORDS: Final = frozenset(word for words, _, _ in _FROM_ELSEWHERE for word in words.split())
_SIMILARITY: Final = 0.75
"""How similar an option must be to be suggested: `--list` and `--quiet` are not similar."""


def unknown_option(name: str, command: click.Command | None, path: str) -> str:
    """Return the message about an option that a command or a group does not have.

    `path` is the command as it is typed, such as `devinops inventory`.
    """
    known, elsewhere = _options(command), set[str]()
    if isinstance(command, click.Group):
        context = click.Context(command)
        for subcommand in command.list_commands(context):
            elsewhere |= _options(command.get_command(context, subcommand))
    if name in elsewhere:
        return misplaced(name, path)
    return f"There is no option {name}.{_advice(name.lstrip('-'), known | elsewhere)}"


def misplaced(name: str, path: str) -> str:
    """Return the message about an option before the name of a command."""
    return (
        f"The option {name} cannot come before the command: write it after the name of the "
        f"command, as in {path} COMMAND {name}."
    )


def one_dash(word: str, command: click.Command) -> str:
    """Return the message about a long option with one dash, as Terraform has them; or empty."""
    name = word.partition("=")[0]
    if f"-{name}" in _options(command):
        return f"There is no option {name}. Long options have two dashes: use -{name}."
    return unknown_option(name, command, "devinops") if name[1:] in _WORDS else ""


def _options(command: click.Command | None) -> set[str]:
    params = command.params if command else ()
    accepted = (param for param in params if not getattr(param, "hidden", False))
    return {"--help", *(name for param in accepted for name in param.opts)}


def instead_of_variable(name: str, command: click.Command) -> str:
    """Return what to use instead of an unknown `DEVINOPS_*` variable, after a space; or empty."""
    word = name.partition("_")[2].lower().replace("_", "-")
    return _from_elsewhere(word, _options(command))


def _from_elsewhere(word: str, known: Collection[str]) -> str:
    rows = (row for row in _FROM_ELSEWHERE if word in row[0].split())
    return next((f" {advice}" for _, needed, advice in rows if not needed or needed in known), "")


def _advice(word: str, known: Collection[str]) -> str:
    if advice := _from_elsewhere(word, known):
        return advice
    harmless = (option for option in sorted(known) if not option.startswith(_APPROVALS))
    names = [name[2:] for name in harmless if name.startswith("--")]
    near = nearest(word, names, _SIMILARITY) or only_longer(word, names)
    return f" Did you mean --{near}?" if near else ""


def unknown_command(group: str, name: str, known: Collection[str]) -> str:
    """Return the message about a command that a group does not have."""
    advice = INSTEAD.get(name.lower()) if group == "devinops" else None
    if advice is None:
        near = nearest(name, known, _SIMILARITY)
        advice = f"Did you mean {near!r}?" if near else f"There are: {', '.join(known)}."
    return f"There is no command {name!r}. {advice}"
