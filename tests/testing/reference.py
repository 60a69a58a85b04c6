"""The parts of the documentation that are written from the program: `make reference`; a test compares.

Each part of a page is between a pair of comments.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import fields, replace
from functools import cache, partial, reduce
from pathlib import Path

from devinops import run_facts
from devinops.emulator.quirks import Quirks
from devinops.model.shard import Shard
from devinops.render import Style, render
from devinops.schema.all_schemas import schemas
from tests.testing import command_manual, field_manual, many_targets
from tests.testing.places import ROOT
from tests.testing.workflows import read_workflow


def exit_codes() -> str:
    """Return a table of the exit codes, with the first sentence of each section about one."""
    rows = ["| code | what to do | meaning | commands |", "| --- | --- | --- | --- |"]
    for codes, title, text in sorted(command_manual.exit_code_sections()):
        names = [f"`{name}`" for name, more in command_manual.MORE.items() if codes[0] in more]
        sentence = re.split(r"[.:]\s", text)[0].replace("\n", " ")
        link = f"[{title}](troubleshooting.md#{command_manual.anchor(codes, title)})"
        rows.append(
            f"| {', '.join(map(str, codes))} | {link} | {sentence} | {', '.join(names) or 'all'} |"
        )
    return "\n".join(rows)


def metrics() -> str:
    """Return a table of the metrics, from a run of a shard."""
    run_facts.begin("plan")
    run_facts.count_request(200)
    answer = many_targets.answer(replace(many_targets.mixed(), shard=Shard(1, 2), selected=40))
    text = "".join(render("metrics", answer, Style()))
    run_facts.begin("")
    rows = ["| metric | labels besides `command` | value |", "| --- | --- | --- |"]
    for name, meaning in re.findall(r"^# HELP (\S+) (.*)$", text, re.MULTILINE):
        (labels,) = {
            tuple(re.findall(r'(\w+)="', sample))
            for sample in re.findall(rf"^{name}{{.*}}", text, re.MULTILINE)
        }
        shown = ", ".join(f"`{label}`" for label in labels if label != "command")
        rows.append(f"| `{name}` | {shown} | {meaning} |")
    return "\n".join(rows)


def inputs() -> str:
    """Return a table of the inputs of the action for GitHub."""
    rows = ["| input | meaning | default |", "| --- | --- | --- |"]
    for name, about in read_workflow(ROOT / "action.yml")["inputs"].items():
        default = f"`{about['default']}`" if about["default"] else ""
        meaning = about["description"].replace("<", "&lt;")
        rows.append(f"| `{name}` | {meaning} | {default} |")
    return "\n".join(rows)


def outputs() -> str:
    """Return a table of the outputs of the action for GitHub."""
    rows = ["| output | meaning |", "| --- | --- |"]
    for name, about in read_workflow(ROOT / "action.yml")["outputs"].items():
        rows.append(f"| `{name}` | {about['description']} |")
    return "\n".join(rows)


def quirks() -> str:
    """Return a table of the open questions to which the emulator has several answers."""
    rows = ["| quirk | values | what is open |", "| --- | --- | --- |"]
    for switch in fields(Quirks):
        values = switch.metadata["values"]
        shown = [value if re.fullmatch(r"\w+", value) else f'"{value}"' for value in values]
        rows.append(f"| {switch.name} | {', '.join(shown)} | {switch.metadata['question']} |")
    return "\n".join(rows)


def _between(name: str, table: Callable[[], str]) -> Callable[[str], str]:
    """Return what writes a table between the comments with its name."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"

    def written(page: str) -> str:
        before, rest = page.split(begin)
        return f"{before}{begin}\n\n{table()}\n\n{end}{rest.split(end)[1]}"

    return written


def _all(*parts: Callable[[str], str]) -> Callable[[str], str]:
    """Return what writes each of these parts of a page."""
    return lambda page: reduce(lambda text, written: written(text), parts, page)


def _fields(*names: str) -> Callable[[str], str]:
    """Return what writes tables of fields, each between the comments with its name."""
    return _all(
        *(
            _between(f"fields of {name}", partial(field_tables().__getitem__, name))
            for name in names
        )
    )


field_tables = cache(field_manual.tables)
IN_FILES = ["every entry", *schemas()["declarations"]["properties"], "settings"]
PARTS: dict[Path, Callable[[str], str]] = {
    ROOT / "docs" / "files.md": _fields(*IN_FILES),
    ROOT / "docs" / "how-to" / "many-organizations.md": _fields("settings of many"),
    ROOT / "docs" / "commands.md": _all(
        _between("commands", command_manual.manual), _between("exit codes", exit_codes)
    ),
    ROOT / "docs" / "how-to" / "ci-github.md": _all(
        _between("inputs", inputs), _between("outputs", outputs)
    ),
    ROOT / "docs" / "emulator.md": _between("quirks", quirks),
    ROOT / "docs" / "how-to" / "metrics.md": _between("metrics", metrics),
}
"""Page → what returns the page with its generated part."""


if __name__ == "__main__":
    for path, written in PARTS.items():
        path.write_text(
            written(path.read_text(encoding="utf-8") if path.exists() else ""), encoding="utf-8"
        )
