"""What init writes for editors: schemas and settings that stay up to date, and nothing of a person's is lost."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from devinops import home
from devinops.cli import write_files
from devinops.cli.setup.editor_files import schema_line
from devinops.cli.setup.placed_files import marked
from devinops.emulator import Emulator
from devinops.schema.files import file_schemas
from devinops.writers import FileChange
from tests.testing.command_line import Devinops
from tests.testing.inventories import git
from tests.testing.site import SCHEMAS

SETTINGS = ".vscode/settings.json"
EXTENSIONS = ".vscode/extensions.json"
CONFIG = ".schemas/config.schema.json"
LINE = "# yaml-language-server: $schema="


@pytest.fixture
def top(tmp_path: Path) -> Path:
    git(tmp_path, "init")
    return tmp_path


@pytest.fixture
def init(top: Path, devinops: Devinops) -> Callable[..., str]:
    """Return a function that runs init without files of CI, and returns what it prints."""

    def run(*options: str, root: str = "") -> str:
        ran = devinops("init", "-C", top / root, "--ci", "none", *options)
        assert ran.code == 0, ran
        return ran.out

    return run


def settings(top: Path) -> Any:
    return json.loads((top / SETTINGS).read_text().partition("\n")[2])["yaml.schemas"]


def test_schemas_and_settings_of_vscode(top: Path, init: Callable[..., str]) -> None:
    out = init("--editor", "vscode")
    for name in file_schemas():
        assert f"wrote .schemas/{name}.schema.json\n" in out
        schema = json.loads((top / f".schemas/{name}.schema.json").read_text())
        assert schema["$id"] == f"urn:devinops:schema:{name}"
        assert schema["properties"]
    assert f"wrote {SETTINGS}\nwrote {EXTENSIONS}\n" in out
    assert settings(top)["./.schemas/config.schema.json"] == ["devinops.yaml"]
    assert "redhat.vscode-yaml" in (top / EXTENSIONS).read_text()
    assert (top / "devinops.yaml").read_text().startswith(f"{LINE}.schemas/config.schema.json\n")
    again = init("--editor", "vscode")
    assert "wrote" not in again
    assert "updated" not in again


def test_without_an_editor_there_is_nothing_for_one(
    top: Path, init: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(home, "SITE", "https://nobody.example")
    init()
    assert not (top / ".schemas").exists()
    assert not (top / ".vscode").exists()
    # Nobody serves this domain, and an editor would show an error.
    assert LINE not in (top / "devinops.yaml").read_text()


def test_patterns_follow_the_settings_and_begin_at_the_top(
    top: Path, init: Callable[..., str]
) -> None:
    root = top / "teams/[a]"
    root.mkdir(parents=True)
    (root / "fleet.yaml").write_text("targets: {pay: {org_id: org-1}}\n")
    (root / "devinops.yaml").write_text(
        'version: 1\ntargets: fleet.yaml\npaths: [more/]\nlayers: [{path: "orgs/{name}"}]\n'
    )
    init("--editor", "vscode", root="teams/[a]")
    assert (root / CONFIG).exists()
    assert not (top / ".schemas").exists()
    schemas = settings(top)
    assert schemas["./teams/[a]/.schemas/targets.schema.json"] == ["teams/*/fleet.yaml"]
    entries = schemas["./teams/[a]/.schemas/declarations.schema.json"]
    assert {f"teams/*/{name}/**" for name in ("knowledge", "playbooks", "orgs", "more")} < {
        *entries
    }
    assert re.search(r"^teams/\*/\{.*\bsecrets\b.*\}\.yaml$", entries[0])


def test_the_settings_are_for_all_roots_of_a_repository(
    top: Path, init: Callable[..., str]
) -> None:
    for root in ("a", "b"):
        (top / root).mkdir()
        init("--editor", "vscode", root=root)
    assert {name.split("/")[1] for name in settings(top)} == {"a", "b"}
    assert f"unchanged ../{SETTINGS}\n" in init("--editor", "vscode", root="a")


@pytest.mark.parametrize("options", [(), ("--editor", "vscode")], ids=["plain", "editor"])
def test_a_schema_of_another_version_is_updated_and_an_edited_one_is_kept(
    top: Path, init: Callable[..., str], options: tuple[str, ...]
) -> None:
    init("--editor", "vscode")
    new = (top / CONFIG).read_text()
    (top / CONFIG).write_text(marked('{\n  "older": true\n}\n', comment=""))
    assert f"updated {CONFIG}\n" in init(*options)
    assert (top / CONFIG).read_text() == new
    (top / CONFIG).write_text(new.replace("Settings of devinops", "Ours"))
    out = init(*options)
    assert f"updated {CONFIG}\n" not in out
    assert "Ours" in (top / CONFIG).read_text()
    if options:
        assert f"kept  {CONFIG}, which differs from what devinops init would write\n" in out


def test_a_schema_that_devinops_schema_wrote_is_updated_from_then_on(
    top: Path, init: Callable[..., str], devinops: Devinops
) -> None:
    devinops("schema", "config", "--directory", top / ".schemas")
    assert f"updated {CONFIG}\n" in init("--editor", "vscode")
    assert f"unchanged {CONFIG}\n" in init()


def test_settings_that_exist_are_kept_and_what_to_add_is_printed(
    top: Path, init: Callable[..., str]
) -> None:
    (top / ".vscode").mkdir()
    mine = '{ // rulers\n  "editor.rulers": [100],\n}\n'
    (top / SETTINGS).write_text(mine)
    (top / EXTENSIONS).write_text('{"recommendations": ["redhat.vscode-yaml"]}')
    out = init("--editor", "vscode")
    assert (top / SETTINGS).read_text() == mine
    assert f"kept  {SETTINGS}, which already exists\n" in out
    assert f"kept  {EXTENSIONS}, which already has what devinops init would add\n" in out
    _, _, added = out.partition(f"Add by hand to {SETTINGS}, between its outer braces:\n\n")
    (top / SETTINGS).write_text(mine.replace("}", added.partition("\n\nNext:")[0] + "\n}"))
    assert f"kept  {SETTINGS}, which already has what" in init("--editor", "vscode")


def test_what_to_add_does_not_replace_the_schemas_and_extensions_of_others(
    top: Path, init: Callable[..., str]
) -> None:
    (top / "größe").mkdir()
    (top / ".vscode").mkdir()
    (top / SETTINGS).write_text('{"yaml.schemas": {\n"./own.json": "own.yaml"}}')
    (top / EXTENSIONS).write_text('{"recommendations": [\n"own.extension"]}')
    out = init("--editor", "vscode", root="größe")
    _, _, rest = out.partition(f'Add by hand to ../{SETTINGS}, in its "yaml.schemas":\n\n')
    schemas, _, rest = rest.partition(
        f'\nAdd by hand to ../{EXTENSIONS}, in its "recommendations":'
    )
    assert next(iter(json.loads(f"{{{schemas}}}"))) == "./größe/.schemas/config.schema.json"
    assert rest.startswith('\n\n"redhat.vscode-yaml"\n\nNext:')
    (top / SETTINGS).write_text(f'{{"yaml.schemas": {{"./own.json": "own.yaml",\n{schemas}}}}}')
    complete = f"kept  ../{SETTINGS}, which already has what devinops init would add\n"
    assert complete in init("--editor", "vscode", root="größe")
    config = top / "größe/devinops.yaml"
    config.write_text(config.read_text() + "paths: [more/]\n")
    out = init("--editor", "vscode", root="größe")
    assert (complete in out, '"größe/more/**"' in out) == (False, True)


def test_a_new_file_of_pull_names_its_schema(
    top: Path, init: Callable[..., str], devinops: Devinops, use: Callable[..., None]
) -> None:
    init("--editor", "vscode")
    secrets = {"secrets": [{"id": "secret-1", "key": "NPM_TOKEN", "type": "key-value"}]}
    with Emulator({"organizations": {"org-emulator": secrets}}) as emulator:
        use(emulator.url)
        ran = devinops("pull", "-C", top)
    assert ran.code == 0, ran
    text = (top / "secrets.yaml").read_text()
    assert text.startswith(f"{LINE}.schemas/declarations.schema.json\nsecrets:\n")
    assert devinops("fmt", "--check", "-C", top).code == 0


def test_the_new_files_of_discovered_targets_name_their_schemas(
    top: Path, init: Callable[..., str], devinops: Devinops, use: Callable[..., None]
) -> None:
    init("--editor", "vscode")
    (top / "devinops.yaml").unlink()
    with Emulator({"organizations": {"org-1": {}}}) as emulator:
        use(emulator.url, "cog_enterprise")
        assert devinops("targets", "discover", "-C", top).code == 0
    for path, schema in (("devinops.yaml", "config"), ("targets.yaml", "targets")):
        assert (top / path).read_text().startswith(f"{LINE}.schemas/{schema}.schema.json\n")


@pytest.mark.parametrize(
    ("path", "text", "address"),
    [
        ("layers/eu/secrets.yaml", "secrets: []\n", "../../.schemas/declarations.schema.json"),
        ("targets.yaml", "targets: {}\n", ".schemas/targets.schema.json"),
        ("devinops.yaml", "version: 1\n", ".schemas/config.schema.json"),
    ],
)
def test_the_line_fits_the_file_and_its_directory(
    top: Path, init: Callable[..., str], path: str, text: str, address: str
) -> None:
    init("--editor", "vscode")
    (top / "devinops.yaml").unlink()
    assert write_files.write(top, [FileChange(path, text, (), is_new=True)], {}) == []
    written = (top / path).read_text()
    assert written == f"{LINE}{address}\n{text}"
    assert (top / path).parent.joinpath(address).exists()


def test_a_file_that_exists_gets_no_line(top: Path, init: Callable[..., str]) -> None:
    init("--editor", "vscode")
    (top / "secrets.yaml").write_text("secrets: []\n")
    raws = {"secrets.yaml": "secrets: []\n"}
    write_files.write(top, [FileChange("secrets.yaml", "secrets: [{key: A}]\n", ())], raws)
    assert (top / "secrets.yaml").read_text() == "secrets: [{key: A}]\n"


def test_the_address_of_the_site_is_named_if_the_project_has_one(
    top: Path, init: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(home, "SITE", "https://docs.test")
    address = f"https://docs.test/{SCHEMAS}/config.schema.json"
    assert schema_line(top, "a.yaml", "config") == f"{LINE}{address}\n"
    init()
    assert (top / "devinops.yaml").read_text().startswith(f"{LINE}{address}\n")
