"""What helps editors and agents: schemas, settings and a line in each new file, and a skill."""

from __future__ import annotations

import json
import os
import re
import textwrap
from collections.abc import Collection, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

from devinops import home
from devinops.cli.setup.ci_files import filled, loose
from devinops.cli.setup.placed_files import NewFile, existing_text, is_unedited, marked
from devinops.config.project import Project
from devinops.kinds import KINDS
from devinops.load.file_names import CONFIG

SCHEMAS: Final = ".schemas/"
SETTINGS: Final = ".vscode/settings.json"
EXTENSIONS: Final = ".vscode/extensions.json"
SKILL: Final = ".agents/skills/devinops/SKILL.md"
"""Where Devin and most other agents look for skills."""

_EXTENSION: Final = "redhat.vscode-yaml"
_MEMBER: Final = "yaml.schemas"
_STRING: Final = re.compile(r'"(?:[^"\\]|\\.)*"')


def schema_line(root: Path, path: str, name: str, *, local: bool = False) -> str:
    """Return the comment that names the schema of a file for editors; empty if none is known.

    It is the schema below the root if there is one, or if it is about to be written (`local`). No
    line is better than an address that no editor can reach.
    """
    file = _path(name)
    if local or (root / file).exists():
        address = os.path.relpath(file, Path(path).parent).replace(os.sep, "/")
    elif not home.SITE.endswith(".example"):
        address = f"{home.SITE}/schemas/v1/{name}.schema.json"
    else:
        return ""
    return f"# yaml-language-server: $schema={address}\n"


def with_schema_line(root: Path, path: str, text: str) -> str:
    """Return the text of a new YAML file with the comment that names its schema."""
    names = {"version": "config", "targets": "targets"}
    name = names.get(text.partition(":")[0], "declarations")
    return schema_line(root, path, name) + text


def editor_files(
    editors: Collection[str], root: Path, top: Path, below: str, project: Project
) -> Iterator[NewFile]:
    """Yield the files for editors, `vscode` or `agents`, and those to update."""
    documents = (kind.noun for kind in KINDS.values() if kind.document)
    paths = {name: _path(name) for name in ("config", "declarations", "targets", *documents)}
    old = {name: existing_text(root / path) for name, path in paths.items()}
    mine = [name for name, text in old.items() if "vscode" in editors or is_unedited(text, "")]
    if mine:
        from devinops.schema.published import published_files

        known = published_files()
        for name in mine:
            yield NewFile(paths[name], marked(_dumped(known[name]), comment=""))
    if "vscode" in editors:
        settings = _settings(_associations(below, project), existing_text(top / SETTINGS))
        extensions = _dumped({"recommendations": [_EXTENSION]})
        for name, text in ((SETTINGS, settings), (EXTENSIONS, extensions)):
            yield NewFile(name, marked(text, "//"), partial(_addition, text))
    if "agents" in editors or is_unedited(existing_text(top / SKILL), ""):
        yield NewFile(SKILL, marked(filled("skill.md")))


def is_for_ci(name: str) -> bool:
    """Return whether a file of init is for CI or pre-commit."""
    return name.startswith(".") and not name.startswith((SCHEMAS, ".vscode/", SKILL))


def _addition(text: str, existing: str) -> tuple[str, str] | None:
    """Return where in settings that a person edited to add which part of the text; None if nowhere.

    A second member of the same name would replace the one that is there.
    """
    inner = text.removeprefix("{\n").removesuffix("}\n")
    if all(string in existing for string in _STRING.findall(inner)):
        return None
    name = inner.partition(":")[0].strip()
    if name not in existing:
        return "{}, between its outer braces", inner
    return f"{{}}, in its {name}", textwrap.dedent("".join(inner.splitlines(keepends=True)[1:-1]))


def _path(name: str) -> str:
    return f"{SCHEMAS}{name}.schema.json"


def _associations(below: str, project: Project) -> dict[str, list[str]]:
    """Return schema → patterns of the files that it is for, all from the top as editors want it."""
    prefix, directory = (f"{loose(below)}/", f"./{below}/") if below else ("", "./")
    sections = ",".join(kind.section for kind in KINDS.sections.values())
    directories = (*sorted(KINDS.directories), *project.layer_directories)
    entries = [f"{{{sections}}}.yaml", *(f"{name}/**" for name in directories)]
    entries += [pattern.strip("/") for pattern in project.paths]
    entries += [f"{pattern.strip('/')}/**" for pattern in project.paths]
    targets = project.targets_file.path if project.targets_file else "targets.yaml"
    files = {"config": [CONFIG], "declarations": entries, "targets": [targets]}
    return {
        f"{directory}{_path(name)}": [f"{prefix}{pattern}" for pattern in patterns]
        for name, patterns in files.items()
    }


def _settings(schemas: Mapping[str, list[str]], existing: str) -> str:
    """Return the text of settings; those for other roots in the repository stay."""
    others: dict[str, Any] = {}
    if is_unedited(existing, ""):
        others = json.loads(existing.partition("\n")[2])[_MEMBER]
    return _dumped({_MEMBER: {**others, **schemas}})


def _dumped(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"
