"""What `devinops import` makes of the files of other tools."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from devinops.emulator import Emulator
from devinops.ingest import import_sources
from devinops.ingest.forms import FORMS, forms_of
from devinops.ingest.forms._front_matter import EVERY_FILE
from devinops.load import load
from devinops.model.objects import Declaration
from devinops.model.values import UNSET
from tests.testing.command_line import Devinops
from tests.testing.places import read_cases

CASES = read_cases("import.yaml")


def plant(top: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        path = top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())


def values(declaration: Declaration) -> dict[str, Any]:
    """Return what an entry says beyond its key."""
    kind = declaration.kind
    return {
        name: value
        for name, value in declaration.resource.items()
        if name not in kind.key_fields and value is not UNSET
    }


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a repository; the current directory is another one, with the sources."""
    (tmp_path / "sources").mkdir()
    monkeypatch.chdir(tmp_path / "sources")
    return tmp_path / "root"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["why"])
def test_each_form_becomes_entries_and_a_report(
    case: dict[str, Any], root: Path, devinops: Devinops, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(Path(), case["files"])
    for name, value in case.get("environment", {}).items():
        monkeypatch.setenv(name, value)
    sources = case.get("import", ["."])
    root.mkdir()
    ran = devinops("import", "-C", root, *case.get("options", []), *sources)
    assert (ran.code, ran.err) == (case.get("code", 0), "")
    loaded = load(root)
    assert {problem.code for problem in loaded.problems} <= {"placeholder"}
    entries = {str(declaration.key): values(declaration) for declaration in loaded.declarations}
    wanted = case["entries"]
    assert {
        key: "…" if wanted.get(key) == "…" else found for key, found in entries.items()
    } == wanted
    lines = ran.out.replace(" -C ../root", "").splitlines()
    parts = case.get("remarks", []) + case.get("not_imported", []) + case.get("duplicates", [])
    assert [part for part in parts if not any(part in line for line in lines)] == []
    assert len([line for line in lines if line.startswith("! ")]) == len(
        case.get("not_imported", [])
    )
    written = ran.out + "".join(path.read_text() for path in root.rglob("*") if path.is_file())
    assert "s3cr3t" not in written.lower()


def test_every_form_has_a_case() -> None:
    read = {
        form.title
        for case in CASES
        for path, text in case["files"].items()
        for form in forms_of(f"/x/{path}")
        if form.accepts(path, text)
    }
    assert read == {form.title for form in FORMS}


def test_at_most_one_form_reads_a_file() -> None:
    for case in CASES:
        for path, text in case["files"].items():
            forms = [form for form in forms_of(f"/x/{path}") if form.accepts(path, text)]
            assert len(forms) <= 1, path


RULE = "---\ndescription: When testing\n---\n# One\n\ntext\n"
CHANGED = RULE.replace("text", "other text")


def test_a_dry_run_writes_nothing_and_says_the_same(root: Path, devinops: Devinops) -> None:
    plant(Path(), {"one.mdc": RULE})
    root.mkdir()
    dry = devinops("import", "-C", root, "--dry-run", "one.mdc")
    assert list(root.iterdir()) == []
    done = devinops("import", "-C", root, "one.mdc")
    assert (
        dry.out.replace("Would import", "Imported") + done.out.splitlines()[-1] + "\n" == done.out
    )
    assert (dry.code, done.code) == (0, 0)


def test_what_is_there_already_is_a_duplicate(root: Path, devinops: Devinops) -> None:
    plant(Path(), {"one.mdc": RULE, "two.mdc": RULE.replace("# One", "# Two")})
    root.mkdir()
    devinops("import", "-C", root, "one.mdc")
    again = devinops("import", "-C", root, "one.mdc")
    assert again.code == 0
    assert "= one.mdc: the same as knowledge:One (knowledge/one.md)" in again.out
    assert again.out.splitlines()[-1] == "Imported 0 entries into 0 files; 1 duplicate"
    own = devinops("import", "-C", root, root / "knowledge" / "one.md")
    assert own.code == 4
    assert "it already has entries of this repository" in own.out


@pytest.mark.parametrize("glob", sorted(EVERY_FILE))
def test_a_rule_for_every_file_needs_no_remark(glob: str, root: Path, devinops: Devinops) -> None:
    """Editors write such patterns without quotation marks, which is not YAML."""
    written = (f"globs: {glob}", f"globs: [{glob}]", f"globs:\n  - {glob}", f'globs: "{glob}"')
    rules = {
        f"{number}.mdc": f"---\ndescription: When testing\n{globs}\n---\n{number}\n"
        for number, globs in enumerate(written)
    }
    plant(Path(), rules)
    root.mkdir()
    ran = devinops("import", "-C", root, "--dry-run", ".")
    entries = (
        f"+ knowledge/{n}.md\n    knowledge:{n}, from {n}.mdc (Cursor rule)\n" for n in range(4)
    )
    assert ran.out == "".join((*entries, "Would import 4 entries into 4 files\n"))


LINKED = "---\nname: triage\ndescription: When testing\n---\n[a](a.md) [b](../../docs/b.md)\n"


@pytest.mark.parametrize(
    ("checkout", "source", "body"),
    [
        ("", ".", "[a](URL/skills/triage/a.md) [b](URL/docs/b.md)"),
        ("", "skills", "[a](URL/triage/a.md) [b](../../docs/b.md)"),
        (".git", "skills", "[a](URL/skills/triage/a.md) [b](URL/docs/b.md)"),
        (".git", "skills/triage/SKILL.md", "[a](URL/skills/triage/a.md) [b](URL/docs/b.md)"),
        ("skills/.git", ".", "[a](URL/skills/triage/a.md) [b](URL/docs/b.md)"),
    ],
)
def test_an_address_is_that_of_the_checkout_or_of_the_source(
    checkout: str, source: str, body: str, root: Path, devinops: Devinops
) -> None:
    plant(
        Path(), {"skills/triage/SKILL.md": LINKED, **({f"{checkout}/HEAD": ""} if checkout else {})}
    )
    root.mkdir()
    url = "https://git.example/acme/skills/blob/c0ffee"
    ran = devinops("import", "-C", root, "--link-base", f"{url}/", source)
    (declaration,) = load(root).declarations
    assert values(declaration)["body"] == body.replace("URL", url)
    left = "1 relative link leads out of the tree at --link-base"
    assert (left in ran.out) == ("](.." in body)
    again = devinops("import", "-C", root, "--link-base", url, source)
    assert again.out.splitlines()[-1] == "Imported 0 entries into 0 files; 1 duplicate"


def test_links_that_break_are_counted_once(root: Path, devinops: Devinops) -> None:
    rule = RULE.replace("text", "[a](a.md) <img src='b.png'>")
    plant(Path(), {"skills/triage/SKILL.md": LINKED, "one.mdc": rule, "same.mdc": rule})
    root.mkdir()
    document = devinops("import", "-C", root, "--dry-run", "--format", "json", ".").out
    assert json.loads(document)["broken_links"] == 4
    ran = devinops("import", "-C", root, ".")
    broken = (
        "4 relative links lead nowhere from the new files: --link-base URL writes addresses for "
        "them"
    )
    assert [line for line in ran.out.splitlines() if "link" in line] == [broken]
    assert "[a](a.md) [b](../../docs/b.md)" in (root / "knowledge/triage.md").read_text()


def test_texts_that_share_a_name_are_imported_once(root: Path, devinops: Devinops) -> None:
    """The second import finds each under the longer name that the first one gave it."""
    skill = "---\nname: triage\ndescription: When testing\n---\n"
    plant(Path(), {f"{team}/triage/SKILL.md": f"{skill}{team}\n" for team in ("web", "shop")})
    root.mkdir()
    first = devinops("import", "-C", root, ".")
    assert "knowledge:triage (Web), from web/triage/SKILL.md (skill)" in first.out
    again = devinops("import", "-C", root, ".")
    assert again.out.splitlines() == [
        "= shop/triage/SKILL.md: the same as knowledge:triage (knowledge/triage.md)",
        "= web/triage/SKILL.md: the same as knowledge:triage (Web) (knowledge/triage-web.md)",
        "Imported 0 entries into 0 files; 2 duplicates",
    ]


def test_an_entry_is_overwritten_only_with_force(root: Path, devinops: Devinops) -> None:
    plant(Path(), {"one.mdc": CHANGED})
    plant(root, {"knowledge/mine.md": "---\nname: One\ntrigger: t\n---\nmine\n"})
    refused = devinops("import", "-C", root, "one.mdc")
    assert refused.code == 4
    assert "knowledge/mine.md has an entry with this key; --force overwrites it" in refused.out
    assert "mine" in (root / "knowledge" / "mine.md").read_text()
    forced = devinops("import", "-C", root, "--force", "one.mdc")
    assert forced.code == 0
    assert "~ knowledge/mine.md" in forced.out
    assert [path.name for path in (root / "knowledge").iterdir()] == ["mine.md"]
    (declaration,) = load(root).declarations
    assert values(declaration) == {"trigger": "When testing", "body": "# One\n\nother text"}


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("knowledge.yaml", "knowledge: [{name: One, trigger: t, body: mine}]\n"),
        ("knowledge/F/one.md", "---\nname: One\nfolder: ''\ntrigger: t\n---\nmine\n"),
    ],
)
def test_force_never_destroys_other_entries_or_moves_one(
    path: str, text: str, root: Path, devinops: Devinops
) -> None:
    plant(Path(), {"one.mdc": RULE})
    plant(root, {path: text})
    ran = devinops("import", "-C", root, "--force", "one.mdc")
    assert (ran.code, (root / path).read_text()) == (4, text)
    assert f"{path} has other entries, another folder or other targets: edit it by hand" in ran.out


def test_duplicates_are_counted_and_named_as_they_are(root: Path, devinops: Devinops) -> None:
    """Two texts have one name, one of them twice, and a third name has the text of the first."""
    same = CHANGED.replace("description", "name: One\ndescription")
    first = RULE.replace("description", "name: One\ndescription")
    third = RULE.replace("description", "name: Three\ndescription")
    plant(Path(), {"a/one.mdc": first, "b/two.mdc": same, "c/copy.mdc": same, "d/x.mdc": third})
    root.mkdir()
    ran = devinops("import", "-C", root, ".")
    assert "= c/copy.mdc: the same as knowledge:One (Two) (b/two.mdc)" in ran.out
    assert "= d/x.mdc: the same text as knowledge:One" in ran.out
    assert (
        "Imported 3 entries into 3 files; 1 duplicate; 1 with the text of another entry" in ran.out
    )


@pytest.mark.parametrize(
    ("front", "lost"),
    [
        ("trigger: t\npinned_repo: acme/api\n", "pinned_repo"),
        ("trigger: t\nensure: absent\ntargets: [a]\n", "ensure, targets"),
        ("trigger: t\nprotect: true\npreviously: [{name: Uno}]\n", "protect, previously"),
        ("trigger: t\nmeta: {a: 1}\n", "meta"),
        ("# why\ntrigger: t\n", "comments"),
        ("trigger: t # why\n", "comments"),
        ("trigger: |- # why\n  t\n", "comments"),
        ("trigger: t\n# why\n", "comments"),
    ],
)
def test_force_drops_nothing_that_the_source_does_not_say(
    front: str, lost: str, root: Path, devinops: Devinops
) -> None:
    plant(Path(), {"one.mdc": CHANGED})
    mine = f"---\nname: One\n{front}---\nmine\n"
    config = "version: 1\ntargets: {a: {}}\n"
    plant(root, {"devinops.yaml": config, "knowledge/mine.md": mine})
    ran = devinops("import", "-C", root, "--force", "one.mdc")
    assert (ran.code, (root / "knowledge/mine.md").read_text(), ran.err) == (4, mine, "")
    assert f"--force would drop it ({lost}): edit it by hand" in ran.out


def test_force_keeps_a_trigger_that_the_source_lacks(root: Path, devinops: Devinops) -> None:
    plant(Path(), {"one.mdc": "# One\n\ntext # 1\n"})
    mine = "---\nname: One\ntrigger: 'C#'\n---\nmine\n"
    plant(root, {"knowledge/mine.md": mine})
    ran = devinops("import", "-C", root, "--force", "one.mdc")
    assert (ran.code, (root / "knowledge/mine.md").read_text()) == (4, mine)
    assert "--force would drop it (trigger)" in ran.out


def test_a_file_in_the_way_is_never_overwritten(root: Path, devinops: Devinops) -> None:
    plant(Path(), {"one.mdc": RULE})
    plant(root, {"knowledge/one.md": "---\nname: Other\ntrigger: t\n---\nmine\n"})
    devinops("import", "-C", root, "--force", "one.mdc")
    assert sorted(path.name for path in (root / "knowledge").iterdir()) == ["one-2.md", "one.md"]


@pytest.mark.parametrize(
    ("argv", "code", "message"),
    [
        ([], 64, "Missing argument 'SOURCE"),
        (["nothing.mdc"], 64, "nothing.mdc"),
        (["--repository", "api", "one.mdc"], 64, "--repository must be OWNER/NAME or all"),
        (["--link-base", "skills", "one.mdc"], 64, "--link-base must be an address"),
        (["--link-base", "https://u:p@a.example/x", "one.mdc"], 64, "--link-base must be"),
        (["empty"], 1, "there is nothing to import in empty"),
    ],
)
def test_a_wrong_command_line_writes_nothing(
    argv: list[str], code: int, message: str, root: Path, devinops: Devinops
) -> None:
    plant(Path(), {"one.mdc": RULE, "empty/x.py": ""})
    root.mkdir()
    ran = devinops("import", "-C", root, *argv)
    assert (ran.code, ran.out) == (code, "")
    assert message in " ".join(ran.err.split())
    assert list(root.iterdir()) == []


def test_links_and_other_bytes_are_reported(root: Path, devinops: Devinops) -> None:
    plant(Path(), {"rules/one.mdc": RULE, "secret.mdc": "outside"})
    Path("rules/link.mdc").symlink_to("one.mdc")
    Path("rules/out.mdc").symlink_to("../secret.mdc")
    Path("rules/latin.mdc").write_bytes(b"caf\xe9\n")
    Path("rules/gone.mdc").symlink_to("nowhere")
    root.mkdir()
    ran = devinops("import", "-C", root, "rules")
    assert ran.code == 4
    assert "! rules/out.mdc: not imported: it is a link that leads out of the directory" in ran.out
    assert "rules/link.mdc: it is the same file as rules/one.mdc" in ran.out
    assert "! rules/latin.mdc: not imported: the byte 0xE9 is not UTF-8" in ran.out
    assert "! rules/gone.mdc: not imported: cannot read this file" in ran.out
    assert len(load(root).declarations) == 1


@pytest.mark.parametrize("sources", [["."], ["large.md", "large.json", "small.md"]])
def test_a_file_that_is_too_large_is_not_read(
    root: Path, devinops: Devinops, sources: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    root.mkdir()
    plant(Path(), {"small.md": "# Small\n\nText.\n"})
    for name in ("large.md", "large.json"):
        Path(name).touch()
        os.truncate(name, 20_000_001)
    read_text = import_sources.read_text

    def read_small(real: str, path: str) -> Any:
        assert path == "small.md"
        return read_text(real, path)

    monkeypatch.setattr(import_sources, "read_text", read_small)
    ran = devinops("import", "-C", root, *sources)
    assert ran.code == 4
    for name in ("large.md", "large.json"):
        why = "not imported: it is larger than 20 MB: split it into several files"
        assert f"! {name}: {why}" in ran.out.splitlines()
    assert "Imported 1 entry into 1 file; 2 not imported" in ran.out


def test_a_file_of_the_largest_size_is_read(
    root: Path, devinops: Devinops, monkeypatch: pytest.MonkeyPatch
) -> None:
    root.mkdir()
    plant(Path(), {"a.md": "# A\n\nText.\n"})
    monkeypatch.setattr(import_sources, "LARGEST_FILE", Path("a.md").stat().st_size)
    assert "Imported 1 entry" in devinops("import", "-C", root, "a.md").out


def test_a_directory_that_cannot_be_read_is_reported(
    root: Path, devinops: Devinops, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(Path(), {"rules/one.mdc": RULE, "rules/closed/two.mdc": RULE})
    root.mkdir()
    scan = os.scandir

    def refuse(path: str) -> Any:
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", path)
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)
    ran = devinops("import", "-C", root, "rules")
    why = "! rules/closed: not imported: cannot read this directory: Permission denied"
    assert (ran.code, why in ran.out) == (4, True), ran


def test_files_of_tools_are_not_read(root: Path, devinops: Devinops) -> None:
    hidden = {f"{name}/one.mdc": RULE for name in ("node_modules/x", ".git", ".terraform")}
    plant(Path(), {**hidden, ".cursor/rules/two.mdc": CHANGED})
    root.mkdir()
    ran = devinops("import", "-C", root, ".")
    assert "Imported 1 entry into 1 file" in ran.out


def test_programs_get_what_people_get(root: Path, devinops: Devinops) -> None:
    case = next(case for case in CASES if "never the value of a secret" in case["why"])
    plant(Path(), {**case["files"], "p/x.md": "text", "p/one.mdc": RULE, "q/one.mdc": RULE})
    root.mkdir()
    ran = devinops("import", "-C", root, "--format", "json", "terraform.tfstate", "p", "q")
    document = json.loads(ran.out)
    assert document["exit_code"] == ran.code == 4
    assert "terraform state rm devin_secret.token" in document["commands"]
    assert document["not_read"] == {"other Markdown file": 1}
    assert [item["place"] for item in document["duplicates"]] == ["p/one.mdc"]
    assert "s3cr3t-canary" not in ran.out


def test_objects_of_a_terraform_state_are_adopted_by_id(
    root: Path, devinops: Devinops, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two notes have the same name, so only their ids tell which of them Terraform owns."""
    state = {
        "version": 4,
        "terraform_version": "1.9.0",
        "resources": [
            {
                "mode": "managed",
                "type": "devin_knowledge_note",
                "name": "n",
                "instances": [
                    {
                        "attributes": {
                            "org_id": "org-emulator",
                            "note_id": "note-2",
                            "name": "A",
                            "trigger": "t",
                            "body": "a",
                        }
                    }
                ],
            }
        ],
    }
    note = {"name": "A", "trigger": "t", "body": "a"}
    seed = {"knowledge": [{"id": "note-1", **note}, {"id": "note-2", **note}]}
    plant(Path(), {"terraform.tfstate": json.dumps(state)})
    config = "version: 1\ntargets: {production: {inventory: {store: file}}}\n"
    plant(root, {"devinops.yaml": config})
    ran = devinops("import", "-C", root, "--dry-run", "terraform.tfstate")
    assert "inventory link" not in ran.out
    assert "1 object equals its entry, so apply adopts them" in ran.out
    ran = devinops("import", "-C", root, "-v", "terraform.tfstate")
    (link,) = (line.split() for line in ran.out.splitlines() if "inventory link" in line)
    with Emulator({"organizations": {"org-emulator": seed}}) as emulator:
        monkeypatch.setenv("DEVIN_API_URL", emulator.url)
        monkeypatch.setenv("DEVIN_API_KEY", "cog_emulator")
        assert devinops(*link[1:]).code == 0
        assert devinops("apply", "-C", root, "--yes").code == 0
        assert devinops("plan", "-C", root, "--detailed-exitcode").code == 0
        assert {request["method"] for request in emulator.requests} == {"GET"}
    again = devinops("import", "-C", root, "terraform.tfstate")
    assert "terraform state rm devin_knowledge_note.n" in again.out


@pytest.mark.parametrize(
    ("files", "code", "message"),
    [
        ({"knowledge/b.md": "---\nname: B\n"}, 1, "the front matter is not closed"),
        ({"devinops.yaml": "version: 1\nignore: [knowledge/one.md]\n"}, 4, "`ignore` in devinops"),
        ({"knowledge/x.md/y": "", "knowledge/one.md/z": ""}, 0, "knowledge/one-2.md"),
    ],
)
def test_what_is_in_the_repository_is_respected(
    files: dict[str, str], code: int, message: str, root: Path, devinops: Devinops
) -> None:
    plant(Path(), {"one.mdc": RULE})
    plant(root, files)
    ran = devinops("import", "-C", root, "one.mdc")
    assert ran.code == code
    assert message in ran.out + ran.err


def test_a_link_in_the_repository_leads_no_file_out_of_it(root: Path, devinops: Devinops) -> None:
    plant(Path(), {"one.mdc": RULE, "elsewhere/x": ""})
    root.mkdir()
    (root / "knowledge").symlink_to(Path("elsewhere").absolute())
    ran = devinops("import", "-C", root, "one.mdc")
    assert (ran.code, [path.name for path in Path("elsewhere").iterdir()]) == (1, ["x"])
    assert "this path leads outside the root" in " ".join(ran.err.split())
