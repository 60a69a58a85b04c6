"""The part of docs/commands.md about each command: its usage, options, variables and exit codes."""

from __future__ import annotations

import inspect
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import click

from devinops.cli.declarations.groups import Variable, option_group
from devinops.cli.main import COMMAND_GROUPS, COMMANDS, cli
from devinops.model.policy import ALLOWED
from tests.testing.places import ROOT

MEANINGS = ROOT / "docs" / "troubleshooting.md"
IN_MANY = 4
"""An option that so many commands share is explained once, at the end of the page."""

ALWAYS = frozenset({0, 1, 64, 70, 130, 143})
"""The exit codes of every command."""
MORE = {
    "fmt": {2},
    "plan": {2, 4},
    "apply": {3, 4, 5},
    "pull": {2, 3, 4, 5},
    "show": {2, 3, 4, 5},
    "comment": {5},
    "drift": {2, 5},
    "rollback": {3, 4, 5},
    "import": {4},
    "export": {2, 4},
    "targets discover": {2, 4},
    "doctor": {3, 4},
    "inventory link": {5},
    "inventory forget": {4, 5},
    "inventory migrate": {5},
    "inventory unlock": {5},
    "inventory repair": {4, 5},
}
"""Command → the exit codes that only some commands have."""

DETAILS = {
    "init": "[Use devinops in a monorepo](how-to/monorepo.md), [in an editor](how-to/edit-in-an-editor.md)",
    "lint": "[Lint](lint.md)",
    "fmt": "[Formatting](fmt.md)",
    "plan": "[Review a plan](how-to/review-a-plan.md), [many organizations](how-to/many-organizations.md)",
    "apply": "[Waves](how-to/roll-out-in-waves.md), [automations](files.md#automations)",
    "pull": "[What pull writes](how-to/from-an-existing-organization.md#what-pull-writes)",
    "comment": "[Comment on pull requests](how-to/ci-other.md#comment-on-pull-requests)",
    "rollback": "[Undo and recover](how-to/recover.md)",
    "import": "[From other tools](how-to/from-cursor-copilot-claude-rules.md), [from Terraform](how-to/from-terraform.md)",
    "export": "[Towards plugins and skills](how-to/towards-plugins-and-skills.md)",
    "targets": "[Many organizations](how-to/many-organizations.md), [waves](how-to/roll-out-in-waves.md)",
    "inventory": "[The inventory](inventory.md)",
    "insight": "[Which of our notes work?](how-to/which-notes-work.md)",
    "explain": "[Layers](how-to/many-organizations.md#layers)",
    "doctor": "[Before you trust it](before-you-trust-it.md)",
    "emulator": "[The emulator](emulator.md)",
}
"""Command → links to pages that explain more."""

Options = dict[tuple[str, str], click.Option]
"""Long name and help → option."""


def manual() -> str:
    """Return an overview and a section for each command."""
    found, codes = dict(commands()), _exit_codes()
    shared = _shared(found.values())
    parts = [
        _overview(),
        f"Every command can exit with {_listed([codes[code] for code in sorted(ALWAYS)])}.",
    ]
    for title, names in COMMAND_GROUPS.items():
        parts.append(f"## {title}")
        for name, command in found.items():
            if name.split()[0] in names:
                parts += _section(name, command, shared)
                if name in MORE:
                    parts.append(
                        f"Also exits with {_listed([codes[c] for c in sorted(MORE[name])])}."
                    )
    return "\n\n".join(
        [*parts, "## Common options", *_common(shared), *_variables(found["plan"]), *_allowed()]
    )


def _overview() -> str:
    """Return a table of the commands, as `devinops --help` lists them."""
    rows = ["| command | purpose |", "| --- | --- |"]
    for title, names in COMMAND_GROUPS.items():
        rows.append(f"| **{title}** | |")
        rows += [f"| [`{name}`](#{name}) | {purpose} |" for name, purpose in names.items()]
    return "\n".join(rows)


def commands(group: click.Group = cli, above: str = "") -> Iterator[tuple[str, click.Command]]:
    """Yield name and command of each command and of those below it, in the order of help."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield f"{above}{name}", command
        if isinstance(command, click.Group):
            yield from commands(command, f"{above}{name} ")


def exit_code_sections() -> Iterator[tuple[list[int], str, str]]:
    """Yield the codes, the title and the text of each section about exit codes."""
    page = MEANINGS.read_text(encoding="utf-8")
    for title, text in re.findall(
        r"^### ([\d and]+: .*)\n\n((?:(?!^##).*\n)*)", page, re.MULTILINE
    ):
        codes, _, what_to_do = title.partition(": ")
        yield [int(code) for code in codes.split(" and ")], what_to_do, text


def anchor(codes: list[int], title: str) -> str:
    """Return the anchor of a section about exit codes."""
    return f"{'-and-'.join(map(str, codes))}-{title.replace(' ', '-')}"


def exit_codes(argv: Sequence[str]) -> frozenset[int]:
    """Return the exit codes that a command line can have."""
    words = [word for word in argv if word in COMMANDS][:1]
    if words in (["inventory"], ["targets"]):
        words += [word for word in argv if f"{words[0]} {word}" in MORE][:1]
    return ALWAYS.union(MORE.get(" ".join(words), ()))


def _exit_codes() -> dict[int, str]:
    """Return code → code, with a link to what it means."""
    return {
        code: f"[{code}](troubleshooting.md#{anchor(codes, title)})"
        for codes, title, _ in exit_code_sections()
        for code in codes
    }


def _listed(items: list[str]) -> str:
    return f"{', '.join(items[:-1])} or {items[-1]}" if len(items) > 1 else items[0]


def _section(name: str, command: click.Command, shared: Options) -> Iterator[str]:
    yield f"### {name}"
    usage = command.get_usage(click.Context(command, info_name=f"devinops {name}"))
    yield f"```text\n{' '.join(usage.split()[1:])}\n```"
    yield from _prose(inspect.cleandoc(command.help or ""))
    if name in DETAILS:
        yield f"More: {DETAILS[name]}."
    options = _options(command)
    if own := [option for key, option in options.items() if key not in shared]:
        yield _table(own)
    if common := [f"`{name}`" for name, help in options if (name, help) in shared]:
        yield f"[Common options](#common-options): {', '.join(common)}."


def _options(command: click.Command) -> Options:
    return {
        (param.opts[-1], param.help or ""): param
        for param in command.params
        if isinstance(param, click.Option) and not isinstance(param, Variable)
    }


def _shared(found: Iterable[click.Command]) -> Options:
    options = [_options(command) for command in found]
    counts = Counter(key for each in options for key in each)
    return {
        key: option for each in options for key, option in each.items() if counts[key] >= IN_MANY
    }


def _common(shared: Options) -> Iterator[str]:
    groups: dict[str, list[click.Option]] = {}
    for option in shared.values():
        groups.setdefault(option_group(option), []).append(option)
    for title, options in groups.items():
        yield f"### {title}"
        yield _table(options)


def _variables(command: click.Command) -> Iterator[str]:
    yield "### Variables without an option"
    found = [param for param in command.params if isinstance(param, Variable)]
    rows = [f"| `{each.envvar}` | {_cell(each.help or '')} |" for each in found]
    yield "\n".join(["| variable | meaning |", "| --- | --- |", *rows])


def _allowed() -> Iterator[str]:
    yield "### What you can allow"
    yield "`--allow` takes these values. A number must be exactly that of the plan."
    rows = [f"| `{value}` | {_escaped(meaning)} |" for value, meaning in ALLOWED.items()]
    yield "\n".join(["| value | allows |", "| --- | --- |", *rows])


def _table(options: list[click.Option]) -> str:
    """Return a table; it has a column for variables if one of the options has one."""
    rows = [["option", "meaning", "variable"], ["---"] * 3]
    for option in options:
        record = option.get_help_record(click.Context(click.Command("")))
        assert record is not None
        names, meaning = record
        variable = f"`{option.envvar}`" if option.envvar else "–"
        # A code host and MkDocs read a bar in code in a table differently.
        rows.append([f"`{names.replace('|', '/')}`", _cell(meaning), variable])
    columns = 3 if any(option.envvar for option in options) else 2
    return "\n".join(f"| {' | '.join(row[:columns])} |" for row in rows)


def _prose(help: str) -> Iterator[str]:
    """Yield the paragraphs of a help text as Markdown; those that help does not wrap are code."""
    for paragraph in help.split("\n\n"):
        if paragraph.startswith("\b\n"):
            lines = [line.removeprefix("  ") for line in paragraph.splitlines()[1:]]
            yield "\n".join(["```text", *lines, "```"])
        else:
            yield _escaped(paragraph)


def _cell(text: str) -> str:
    return _escaped(" ".join(text.split())).replace("|", r"\|")


def _escaped(text: str) -> str:
    return text.replace("*", r"\*").replace("<", "&lt;")
