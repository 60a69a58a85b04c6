"""The JSON documents: each begins alike, and what the commands really write fits the schema that is published."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from devinops import __version__
from devinops.emulator import Emulator
from devinops.inventory import InventorySettings, open_store
from devinops.model.changes import Action
from devinops.model.inventory import Intent
from devinops.model.keys import Key
from devinops.model.target import Target
from devinops.schema.all_schemas import document_schemas, document_texts, documented
from devinops.schema.base_document import convert
from devinops.schema.run import FailureDocument
from tests.conftest import Devinops
from tests.testing.documents import fits

Write = Callable[[Mapping[str, str]], Path]

CONFIG = "version: 1\ntargets:\n  production:\n    inventory: {store: file}\n    prune: owned\n"
NOTE = "---\nname: {}\ntrigger: t\n---\n{}\n"
NOTES = [{"id": f"note-{name}", "name": name, "trigger": "t", "body": "old"} for name in "ABC"]


@pytest.fixture
def emulator(use: Callable[..., None]) -> Iterator[Emulator]:
    with Emulator({"organizations": {"org-emulator": {"knowledge": NOTES}}}) as running:
        use(running.url)
        yield running


@pytest.fixture
def applied(emulator: Emulator, repository: Write, devinops: Devinops) -> Path:
    """A root from which A was overwritten and B adopted; then somebody edited B in the web app."""
    files = {"devinops.yaml": CONFIG, "knowledge/a.md": NOTE.format("A", "new")}
    root = repository(files | {"knowledge/b.md": NOTE.format("B", "old")})
    assert devinops("apply", "-C", root, "--yes", "--adopt").code == 0
    emulator.edit("knowledge", "note-B", body="edited in the web app")
    return root


COMMANDS: dict[str, tuple[list[str], str]] = {
    "validate": (["validate"], "problems"),
    "plan": (["plan", "--only", "knowledge", "--adopt", "--allow", "delete=1"], "run"),
    "apply": (["apply", "--yes"], "run"),
    "drift": (["drift"], "run"),
    "list of backups": (["rollback"], "backups"),
    "rollback": (["rollback", "latest", "--yes"], "run"),
    "inventory list": (["inventory", "list"], "inventory-documents"),
    "inventory show": (["inventory", "show", "knowledge:B"], "inventory-documents"),
    "inventory link": (["inventory", "link", "knowledge:A", "note-A"], "inventory-documents"),
    "inventory forget": (["inventory", "forget", "knowledge:A"], "inventory-documents"),
    "inventory unlock": (["inventory", "unlock", "20260131T120000Z-1a2b3c"], "inventory-documents"),
    "inventory repair": (["inventory", "repair", "--yes"], "inventory-documents"),
}


@pytest.mark.parametrize("command", COMMANDS)
def test_what_a_command_writes_fits_its_schema_and_begins_as_all_do(
    applied: Path, emulator: Emulator, devinops: Devinops, command: str
) -> None:
    argv, name = COMMANDS[command]
    if command == "inventory unlock":
        target = Target("production", emulator.url, "v3", "org-emulator")
        store = open_store(InventorySettings("file"), applied, target)
        store.begin(
            argv[-1], [Intent(argv[-1], Action.CREATE, Key.parse("knowledge:D"))], store.read()
        )
    if command == "inventory repair":
        emulator.remove("knowledge", "note-B")
        emulator.add("knowledge", name="B", trigger="t", body="old")
    ran = devinops(*argv, "-C", applied, "--format", "json")
    assert ran.code in (0, 2, 4), ran
    document = fits(name, ran.out)
    assert list(document)[:2] == ["format_version", "tool_version"]
    assert (document["format_version"], document["tool_version"]) == ("1.0", __version__)


@pytest.mark.parametrize("command", ["plan", "drift", "inventory list"])
def test_what_a_failing_command_writes_fits_its_schema(
    repository: Write, devinops: Devinops, command: str
) -> None:
    argv, name = COMMANDS[command]
    ran = devinops(*argv, "-C", repository({"devinops.yaml": CONFIG}), "--format", "json")
    assert ran.code == 1
    assert convert(fits(name, ran.out), FailureDocument).complete is False


CHANGING = (
    ["fmt", "--diff"],
    ["whoami"],
    ["export", "plugin", "--check"],
    ["explain", "knowledge:A"],
    ["import", "more.mdc"],
)
"""Commands whose documents have no schema, because they can change in any release."""


@pytest.mark.parametrize("argv", CHANGING, ids=lambda argv: argv[0])
def test_a_document_without_a_schema_has_no_version_and_nothing_of_this_machine(
    applied: Path, devinops: Devinops, monkeypatch: pytest.MonkeyPatch, argv: list[str]
) -> None:
    (applied / "more.mdc").write_text("---\ndescription: When testing\n---\nTest it.\n")
    monkeypatch.chdir(applied)
    ran = devinops(*argv, "--format", "json")
    assert ran.code in (0, 2), ran
    document = json.loads(ran.out)
    assert "format_version" not in document
    assert str(applied) not in ran.out
    assert os.environ["DEVIN_API_KEY"] not in ran.out


def test_the_text_of_each_field_is_used() -> None:
    classes = {
        name: part.get("properties", {}).keys()
        for schema in document_schemas().values()
        for name, part in schema["$defs"].items()
    }
    texts = dict(document_texts())
    for field in texts.pop("all"):
        assert sum(field in fields for fields in classes.values()) > 1, field
    for name, fields in texts.items():
        assert fields.keys() <= classes[name], name


def test_the_text_of_a_class_wins_over_that_of_all_and_what_the_class_says_over_both() -> None:
    part = {"type": "string"}
    schema = {
        "$defs": {
            "Sides": {"properties": {"at": part, "by": {**part, "description": "Own."}}},
            "Row": {"properties": {"at": part, "other": part}},
            "Choice": {"enum": ["a"]},
        }
    }
    texts = {
        "all": {"at": {"text": "Time.", "example": "noon"}, "by": {"text": "Who."}},
        "Row": {"at": {"text": "Time of the row."}},
    }
    definitions = documented(schema, texts)["$defs"]
    assert definitions["Sides"]["properties"] == {
        "at": {"description": "Time.", "example": "noon", "type": "string"},
        "by": {"description": "Own.", "type": "string"},
    }
    assert definitions["Row"]["properties"] == {
        "at": {"description": "Time of the row.", "example": "noon", "type": "string"},
        "other": {"description": "", "type": "string"},
    }
    assert definitions["Choice"] == {"enum": ["a"]}


def test_every_line_that_is_kept_fits_its_schema(applied: Path) -> None:
    (backup,) = (applied / ".devinops/backups").glob("*.jsonl")
    for name, path in (("backup", backup), ("inventory", applied / ".devinops/production.jsonl")):
        lines = path.read_text(encoding="utf-8").splitlines()
        assert len(lines) > 1
        for line in lines:
            fits(name, line)
