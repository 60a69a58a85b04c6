"""What init writes is valid, fits the repository, and overwrites nothing that somebody edited."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest
import yaml

from devinops.cli.handlers.init import SAMPLE
from devinops.cli.setup.ci_files import ACTION, HOOK_FILES
from devinops.cli.setup.installed_from import Origin
from devinops.cli.setup.placed_files import marked
from devinops.cli.setup.repository import Repository
from devinops.config.reading import read_project
from devinops.emulator import Emulator
from devinops.render import line_diff
from tests.testing.command_line import Devinops
from tests.testing.inventories import commit
from tests.testing.places import ROOT
from tests.testing.tree import note, plant
from tests.testing.workflows import read_workflow

GITHUB = "https://github.com/acme/devinops"


def git(root: Path, *arguments: str) -> None:
    subprocess.run(["git", "-C", str(root), *arguments], check=True, capture_output=True)


@pytest.fixture(autouse=True)
def _from_an_index(monkeypatch: pytest.MonkeyPatch) -> None:
    """How the tests themselves got devinops changes nothing here; `test_installed_from.py` has the rest."""
    monkeypatch.setattr(
        "devinops.cli.handlers.init.installed_origin", lambda: Origin("devinops==1.0.0")
    )


def test_what_init_writes_can_be_validated_planned_and_applied(
    tmp_path: Path, devinops: Devinops, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert devinops("init", "-C", tmp_path).code == 0
    assert devinops("validate", "-C", tmp_path).out == "1 entry in 1 file, no problems\n"
    with Emulator() as emulator:
        monkeypatch.setenv("DEVIN_API_URL", emulator.url)
        monkeypatch.setenv("DEVIN_API_KEY", "cog_emulator")
        assert devinops("apply", "-C", tmp_path, "--yes").code == 0
        assert [note["name"] for note in emulator.knowledge()] == ["Where knowledge is written"]


def test_init_of_a_commit_requires_at_least_its_release(
    tmp_path: Path, devinops: Devinops, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("devinops.cli.handlers.init.__version__", "1.0.1+g1a2b3c4")
    devinops("init", "-C", tmp_path)
    assert 'required_version: ">=1.0.1"\n' in (tmp_path / "devinops.yaml").read_text()


def test_init_uses_what_the_repository_tells(
    tmp_path: Path, devinops: Devinops, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(tmp_path, "init", "--initial-branch", "trunk")
    git(tmp_path, "remote", "add", "origin", "git@github.com:acme/devin-knowledge.git")
    monkeypatch.setenv("DEVIN_ORG_ID", "org-123")
    devinops("init", "-C", tmp_path)
    assert (
        "pinned_repo: acme/devin-knowledge" in next((tmp_path / "knowledge").iterdir()).read_text()
    )
    config = yaml.safe_load((tmp_path / "devinops.yaml").read_text())["targets"]["production"]
    assert config["org_id"] == "org-123"
    assert (config["inventory"], config["prune"]) == ({"store": "branch"}, "owned")
    workflow = read_workflow(tmp_path / ".github/workflows/devinops.yml")
    assert workflow["on"]["push"]["branches"] == ["trunk"]
    assert devinops("validate", "-C", tmp_path).code == 0


def test_without_a_remote_the_inventory_is_in_a_file(tmp_path: Path, devinops: Devinops) -> None:
    devinops("init", "-C", tmp_path)
    settings = yaml.safe_load((tmp_path / "devinops.yaml").read_text())["targets"]["production"]
    assert settings == {
        "api_key_env": "DEVIN_API_KEY",
        "inventory": {"store": "file"},
        "prune": "owned",
    }


def test_init_writes_down_the_default_also_for_a_remote_of_another_name(
    tmp_path: Path, devinops: Devinops
) -> None:
    git(tmp_path, "init")
    git(tmp_path, "remote", "add", "upstream", "../upstream.git")
    assert read_project(tmp_path).default_store == "branch"
    devinops("init", "-C", tmp_path)
    assert read_project(tmp_path).inventory_of("production") == {"store": "branch"}


def test_with_a_remote_the_inventory_works_as_init_writes_it(
    tmp_path: Path, devinops: Devinops, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(tmp_path, "init", "--bare", "--initial-branch", "main", str(tmp_path / "origin.git"))
    root = tmp_path / "clone"
    git(tmp_path, "clone", str(tmp_path / "origin.git"), str(root))
    devinops("init", "-C", root)
    git(root, "add", "--all")
    git(root, "-c", "user.name=a", "-c", "user.email=a@localhost", "commit", "-m", "init")
    git(root, "push", "origin", "HEAD:main")
    with Emulator() as emulator:
        monkeypatch.setenv("DEVIN_API_URL", emulator.url)
        monkeypatch.setenv("DEVIN_API_KEY", "cog_emulator")
        assert devinops("apply", "-C", root, "--yes").code == 0
        assert devinops("inventory", "list", "-C", root).out.splitlines()[-1] == "1 owned (branch)"
        note = root / "knowledge" / "where-knowledge-is-written.md"
        note.rename(root / "knowledge" / "moved.md")
        assert devinops("plan", "-C", root, "--detailed-exitcode").code == 0


def test_a_repository_that_git_refuses_to_use_is_not_taken_for_none(
    tmp_path: Path, devinops: Devinops, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(tmp_path, "init")
    git(tmp_path, "remote", "add", "origin", "git@github.com:acme/api.git")
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    ran = devinops("init", "-C", tmp_path)
    assert ran.code == 1
    assert f"git config --global --add safe.directory {tmp_path}" in ran.err
    assert [path.name for path in tmp_path.iterdir()] == [".git"]


def test_a_hook_of_another_repository_does_not_lead_astray(
    tmp_path: Path, devinops: Devinops, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(tmp_path, "init", "other")
    git(tmp_path / "other", "remote", "add", "origin", "git@github.com:acme/other.git")
    root = tmp_path / "root"
    root.mkdir()
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "other" / ".git"))
    devinops("init", "-C", root)
    assert "acme/other" not in next((root / "knowledge").iterdir()).read_text()


def test_init_needs_no_git(
    tmp_path: Path, devinops: Devinops, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    assert devinops("init", "-C", tmp_path).code == 0


def test_a_path_that_is_no_unicode_is_the_top_all_the_same(
    tmp_path: Path, devinops: Devinops
) -> None:
    top = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff"))
    top.mkdir()
    git(top, "init")
    (top / "below").mkdir()
    assert devinops("init", "-C", top / "below").code == 0
    assert (top / ".pre-commit-config.yaml").is_file()


@pytest.mark.parametrize("branch", ["main", "master"])
def test_a_clone_of_an_empty_repository_finds_the_main_branch(
    branch: str, tmp_path: Path, devinops: Devinops
) -> None:
    origin, clone = tmp_path / "origin.git", tmp_path / "clone"
    git(tmp_path, "init", "--bare", "--initial-branch", branch, str(origin))
    git(tmp_path, "clone", str(origin), str(clone))
    commit(clone, "--allow-empty", "--message", "First commit")
    git(clone, "push", "origin", branch)
    git(clone, "switch", "--create", "set-up")
    assert devinops("init", "-C", clone).code == 0
    workflow = read_workflow(clone / ".github" / "workflows" / "devinops.yml")
    assert workflow["on"]["push"]["branches"] == [branch]


def test_in_a_sub_directory_ci_and_pre_commit_go_to_the_top(
    tmp_path: Path, devinops: Devinops
) -> None:
    git(tmp_path, "init")
    root = tmp_path / "teams" / "my devin"
    root.mkdir(parents=True)
    ran = devinops("init", "-C", root)
    assert "wrote ../../.github/workflows/devinops.yml" in ran.out
    assert not (root / ".github").exists()
    workflow = yaml.safe_load((tmp_path / ".github/workflows/devinops.yml").read_text())
    roots = {job["steps"][-1]["with"]["root"] for job in workflow["jobs"].values()}
    assert roots == {"teams/my devin"}
    text = (tmp_path / ".pre-commit-config.yaml").read_text()
    validate, fmt, lint = yaml.safe_load(text)["repos"][0]["hooks"]
    assert validate["fail_fast"], "lint would repeat the problems"
    assert validate["entry"] == "devinops validate --root 'teams/my devin' --skip-untracked"
    assert validate["always_run"], "pre-commit passes no deleted files"
    assert fmt["entry"] == "devinops fmt --root 'teams/my devin' --skip-outside"
    assert lint["entry"] == "devinops lint --root 'teams/my devin' --skip-outside --skip-untracked"
    assert fmt["files"] == lint["files"]
    assert "devinops[secrets]" in lint["additional_dependencies"][0]
    passed = [
        p
        for p in ("teams/my devin/texts/a.md", "teams/my devin/secrets.yaml", "knowledge/a.md")
        if re.search(lint["files"], p)
    ]
    assert passed == ["teams/my devin/texts/a.md", "teams/my devin/secrets.yaml"]


def test_a_file_where_a_directory_belongs_is_reported(tmp_path: Path, devinops: Devinops) -> None:
    (tmp_path / "knowledge").write_text("")
    ran = devinops("init", "-C", tmp_path)
    assert (ran.code, "there is a file where a directory belongs" in ran.err) == (1, True)


def test_on_gitlab_it_writes_gitlabs_file(tmp_path: Path, devinops: Devinops) -> None:
    git(tmp_path, "init")
    git(tmp_path, "remote", "add", "origin", "https://gitlab.example.com/group/sub/project.git")
    devinops("init", "-C", tmp_path)
    job = yaml.safe_load((tmp_path / ".gitlab-ci.yml").read_text())[".devinops-apply"]
    assert job["resource_group"] == "devinops"
    assert ".devinops/backups/" in job["artifacts"]["paths"]
    assert job["artifacts"]["when"] == "always"
    assert not (tmp_path / ".github").exists()


def test_a_branch_for_a_change_is_not_taken_for_the_one_to_apply(
    tmp_path: Path, devinops: Devinops
) -> None:
    git(tmp_path, "init", "--bare", "--initial-branch", "main", "origin.git")
    git(tmp_path, "init", "--initial-branch", "main", "work")
    root = tmp_path / "work"
    git(root, "-c", "user.name=a", "-c", "user.email=a@localhost", "commit", "--allow-empty", "-m", "1")  # fmt: skip
    git(root, "checkout", "-b", "add-devinops")
    assert Repository.of(root).branch == "main"
    git(root, "branch", "-m", "main", "master")
    assert Repository.of(root).branch == "master"
    git(root, "remote", "add", "origin", "../origin.git")
    git(root, "push", "origin", "master:main", "master:trunk")
    git(root, "remote", "set-head", "origin", "--delete")
    assert Repository.of(root).branch == "main"
    assert "Allow only main there, the branch whose pushes are applied" in " ".join(
        devinops("init", "-C", root).out.split()
    )
    git(root, "remote", "set-head", "origin", "trunk")
    assert Repository.of(root).branch == "trunk"


def test_init_says_which_branch_it_found_to_apply(tmp_path: Path, devinops: Devinops) -> None:
    git(tmp_path, "init", "--initial-branch", "add-devinops")
    git(tmp_path, "remote", "add", "origin", "https://github.com/acme/api.git")
    out = " ".join(devinops("init", "-C", tmp_path).out.split())
    assert "Allow only add-devinops there, the branch whose pushes are applied" in out


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("branch", "pattern"),
    [
        ("2.x", "2.x"),
        ("null", "null"),
        ("true", "true"),
        ("it's", "it's"),
        ("!x", r"\!x"),
        ("feat+x!", r"feat\+x!"),
        ("a#b'$(c)", "a#b'$(c)"),
    ],
)
def test_a_branch_of_any_name_is_applied(
    tmp_path: Path, devinops: Devinops, branch: str, pattern: str
) -> None:
    git(tmp_path, "init", "--initial-branch", branch)
    devinops("init", "-C", tmp_path, "--ci", "github")
    workflow = read_workflow(tmp_path / ".github/workflows/devinops.yml")
    assert workflow["on"]["push"]["branches"] == [pattern]
    assert f"refs/heads/{branch}" not in str(workflow["jobs"])


@pytest.mark.sampled(4)
@pytest.mark.parametrize(
    "below",
    ["team #1", " a ", "a: b", "it's", "- a", "$(b)", '"', "a\\b", "é 😀", "a&b", "{c}", "%d"],
)
def test_a_directory_of_any_name_reaches_the_shell(
    tmp_path: Path, devinops: Devinops, below: str
) -> None:
    git(tmp_path, "init")
    (tmp_path / below).mkdir()
    for system in ("github", "gitlab"):
        assert devinops("init", "-C", tmp_path / below, "--ci", system).code == 0
    workflow = read_workflow(tmp_path / ".github/workflows/devinops.yml")
    pipeline = yaml.safe_load((tmp_path / ".gitlab-ci.yml").read_text())
    plan = pipeline["devinops-plan"]["script"][0]
    assert workflow["jobs"]["plan"]["steps"][-1]["with"]["root"] == below
    hooks = yaml.safe_load((tmp_path / ".pre-commit-config.yaml").read_text())
    for command in (
        next(line for line in plan.splitlines() if line.startswith("devinops validate")),
        hooks["repos"][0]["hooks"][0]["entry"],
    ):
        assert shlex.split(command)[:4] == ["devinops", "validate", "--root", below]


def test_a_directory_of_any_name_reaches_the_hook(
    tmp_path: Path, devinops: Devinops, monkeypatch: pytest.MonkeyPatch
) -> None:
    origin = Origin("devinops @ git+https://h/d@0a", "https://h/d", "0a")
    monkeypatch.setattr("devinops.cli.handlers.init.installed_origin", lambda: origin)
    git(tmp_path, "init")
    devinops("init", "-C", tmp_path / "😀: #")
    hooks = yaml.safe_load((tmp_path / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]
    assert [hook["args"] for hook in hooks] == [["--root", "😀: #"]] * 3
    assert ["files" in hook for hook in hooks] == [False, True, True]
    assert all(re.search(hook["files"], "😀: #/texts/a.md") for hook in hooks[1:])


@pytest.mark.parametrize(
    ("below", "branch", "reason"),
    [
        ("a\nb", "main", "cannot be printed"),
        ("a\u2028b", "main", "cannot be printed"),
        ("${{ github.token }}", "main", "GitHub replaces"),
        ("a", "a${{b}}", "GitHub replaces"),
        ("", "a\x85b", "cannot be printed"),
    ],
)
def test_a_name_that_no_file_of_ci_can_hold_is_refused(
    tmp_path: Path, devinops: Devinops, below: str, branch: str, reason: str
) -> None:
    git(tmp_path, "init", "--initial-branch", branch)
    (tmp_path / below).mkdir(exist_ok=True)
    ran = devinops("init", "-C", tmp_path / below)
    assert (ran.code, ran.out, ran.err.count("\n")) == (1, "", 1)
    assert reason in ran.err
    assert {path.name for path in tmp_path.iterdir()} <= {".git", below}


@pytest.mark.parametrize(
    ("url", "host", "repo"),
    [
        ("git@github.com:acme/api.git", "github.com", "acme/api"),
        ("https://github.com/acme/api", "github.com", "acme/api"),
        ("https://token@github.com/acme/api.git", "github.com", "acme/api"),
        ("ssh://git@git.acme.example:2222/acme/api.git", "git.acme.example", "acme/api"),
        ("https://gitlab.com/group/sub/project.git", "gitlab.com", "group/sub/project"),
        ("ssh://git@GitLab.acme.example/acme/api.git", "GitLab.acme.example", "acme/api"),
        ("/srv/git/api.git", None, None),
    ],
)
def test_remotes_are_understood(
    tmp_path: Path, url: str, host: str | None, repo: str | None
) -> None:
    git(tmp_path, "init")
    git(tmp_path, "remote", "add", "origin", url)
    found = Repository.of(tmp_path)
    assert (found.host, found.repo) == (host, repo)


def test_gitlab_is_recognized_in_capitals(tmp_path: Path, devinops: Devinops) -> None:
    git(tmp_path, "init")
    git(tmp_path, "remote", "add", "origin", "ssh://git@GitLab.acme.example/acme/api.git")
    assert "wrote .gitlab-ci.yml" in devinops("init", "-C", tmp_path).out


def test_a_repository_of_any_name_makes_a_note_without_problems(
    tmp_path: Path, devinops: Devinops
) -> None:
    git(tmp_path, "init")
    git(tmp_path, "remote", "add", "origin", "https://github.com/acme/a: b #c")
    devinops("init", "-C", tmp_path)
    note = next((tmp_path / "knowledge").iterdir()).read_text().split("---")[1]
    assert yaml.safe_load(note)["pinned_repo"] == "acme/a: b #c"


@pytest.mark.parametrize(
    "targets",
    ["{a: {}, b: {api_key_env: 'DEVIN KEY;id'}}", '{"a\'b": {}, c: {}}', "{'x${{y}}': {}, c: {}}"],
)
def test_names_with_problems_do_not_reach_the_files_of_ci(
    tmp_path: Path, devinops: Devinops, targets: str
) -> None:
    (tmp_path / "devinops.yaml").write_text(f"version: 1\ntargets: {targets}\n")
    ran = devinops("init", "-C", tmp_path, "--ci", "gitlab")
    assert (ran.code, ran.out) == (1, "")
    assert "devinops.yaml:2:" in ran.err
    assert [path.name for path in tmp_path.iterdir()] == ["devinops.yaml"]


def test_a_pipeline_that_exists_includes_the_one_of_init(
    tmp_path: Path, devinops: Devinops
) -> None:
    existing = tmp_path / ".gitlab-ci.yml"
    existing.write_text("variables: {A: b}\n")
    ran = devinops("init", "-C", tmp_path, "--ci", "gitlab")
    _, _, rest = ran.out.partition("\nAdd by hand to .gitlab-ci.yml")
    assert ".pre-commit-config.yaml and .gitlab/devinops.yml" in " ".join(ran.out.split())
    written = yaml.safe_load((tmp_path / ".gitlab/devinops.yml").read_text())
    changes = written["devinops-apply"]["rules"][0]["changes"]
    assert ".gitlab/devinops.yml" in changes
    assert ".gitlab-ci.yml" not in changes
    added = rest.partition(":\n\n")[2].partition("\nNext:")[0]
    existing.write_text(f"{existing.read_text()}{added}")
    assert yaml.safe_load(existing.read_text())["include"] == {"local": ".gitlab/devinops.yml"}
    again = devinops("init", "-C", tmp_path, "--ci", "gitlab")
    assert "unchanged .gitlab/devinops.yml" in again.out
    assert "Add by hand" not in again.out


@pytest.mark.parametrize(
    "item",
    [
        "\n  - repo: meta\n    hooks: [{id: identity}]\n",
        "\n- repo: meta\n  hooks:\n  - id: identity\n",
        "  # ours\n\n    # first\n    - repo: meta\n      hooks:\n        - id: identity\n",
    ],
)
def test_the_hooks_to_add_keep_those_that_are_there(
    tmp_path: Path, devinops: Devinops, item: str
) -> None:
    config = tmp_path / ".pre-commit-config.yaml"
    config.write_text(f"repos:{item}")
    ran = devinops("init", "-C", tmp_path)
    start = "\nAdd by hand to the end of the list repos: in .pre-commit-config.yaml:\n\n"
    added = ran.out.partition(start)[2].partition("\nNext:")[0]
    repos = yaml.safe_load(f"{config.read_text()}{added}")["repos"]
    hooks = [hook["id"] for repo in repos for hook in repo["hooks"]]
    assert hooks == ["identity", "devinops-validate", "devinops-fmt", "devinops-lint"]


def test_init_overwrites_nothing_of_others_and_shows_what_to_add(
    tmp_path: Path, devinops: Devinops
) -> None:
    (tmp_path / ".pre-commit-config.yaml").write_text("repos: []\n")
    first = devinops("init", "-C", tmp_path)
    assert "kept  .pre-commit-config.yaml" in first.out
    assert "id: devinops-validate" in first.out
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    again = devinops("init", "-C", tmp_path)
    assert again.code == 0
    assert not [line for line in again.out.splitlines() if line.startswith("wrote")]
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
    assert before[tmp_path / ".pre-commit-config.yaml"] == b"repos: []\n"


def test_a_second_init_says_only_that_nothing_changed(tmp_path: Path, devinops: Devinops) -> None:
    first = devinops("init", "-C", tmp_path)
    again = devinops("init", "-C", tmp_path)
    assert (again.code, again.out) == (0, first.out.partition("\n\n")[0].replace("wrote", "unchanged") + "\n")  # fmt: skip


@pytest.mark.parametrize(
    ("files", "is_written"),
    [
        ({"knowledge/mine.md": note("Mine")}, False),
        ({"secrets.yaml": "secrets: []\n"}, False),
        (
            {"devinops.yaml": "version: 1\npaths: [texts]\n", "texts/mine.yaml": "secrets: []\n"},
            False,
        ),
        (
            {
                "devinops.yaml": "version: 1\nlayers: [{path: all}]\n",
                "all/knowledge/mine.md": note("Mine"),
            },
            False,
        ),
        ({"devinops.yaml": "version: 1\nignore: [mine.md]\n", "knowledge/mine.md": "x"}, True),
        ({"knowledge/README.md": "How we write notes.\n", "docs/mine.md": note("Mine")}, True),
    ],
    ids=["note", "no note", "paths", "layer", "ignored", "no entry"],
)
def test_a_first_note_is_written_only_if_there_are_no_entries(
    tmp_path: Path, devinops: Devinops, files: dict[str, str], is_written: bool
) -> None:
    ran = devinops("init", "-C", plant(tmp_path, files))
    assert ran.code == 0
    assert (tmp_path / SAMPLE).exists() == is_written
    assert (SAMPLE in ran.out) == is_written


@pytest.mark.parametrize("below", ["", "teams/a"], ids=["top", "below"])
def test_what_a_user_edited_is_kept_and_needs_no_advice(
    tmp_path: Path, devinops: Devinops, below: str
) -> None:
    git(tmp_path, "init")
    root = tmp_path / below
    devinops("init", "-C", root)
    for path in (root / "devinops.yaml", tmp_path / ".github/workflows/devinops.yml"):
        path.write_text(f"# edited\n{path.read_text()}")
    ran = devinops("init", "-C", root)
    up = "../../" if below else ""
    workflow = f"{up}.github/workflows/devinops.yml"
    assert ran.out.splitlines()[:9] == [
        "kept  devinops.yaml, which already exists",
        "unchanged knowledge/where-knowledge-is-written.md",
        f"unchanged {up}.pre-commit-config.yaml",
        f"kept  {workflow}, which differs from what devinops init would write",
        "",
        f"devinops init would write {workflow} like this, but leaves the file as it is:",
        "",
        f"--- a/{workflow}",
        f"+++ b/{workflow}",
    ]
    assert ran.out.splitlines()[10:11] == ["-# edited"]
    assert ran.code == 0
    assert "Next:" not in ran.out


TARGETS = """\
version: 1
targets:
  staging: {api_key_env: DEVIN_API_KEY_STAGING}
  production: {api_key_env: DEVIN_API_KEY_PRODUCTION}
"""


@pytest.mark.parametrize("system", ["github", "gitlab"])
def test_the_difference_for_new_targets_is_shown_and_can_be_applied(
    tmp_path: Path, devinops: Devinops, system: str
) -> None:
    git(tmp_path, "init")
    init = ("init", "-C", tmp_path, "--ci", system)
    devinops(*init)
    file = tmp_path / (".github/workflows/devinops.yml" if system == "github" else ".gitlab-ci.yml")
    text = f"{file.read_text()}# staging and production are planned by hand\n"
    file.write_text(text)
    (tmp_path / "devinops.yaml").write_text(TARGETS)
    ran = devinops(*init)
    assert ran.code == 0
    assert file.read_text() == text
    diff = ran.out.partition("leaves the file as it is:\n\n")[2]
    (tmp_path / "diff").write_text(diff.partition("\nEdit the file where")[0] + "\n")
    git(tmp_path, "apply", "diff")
    ran = devinops(*init)
    assert (ran.code, f"unchanged {file.relative_to(tmp_path)}" in ran.out) == (0, True)
    file.write_text(f"{file.read_text()}# edited\n")
    (tmp_path / "devinops.yaml").write_text(f"{TARGETS}  third: {{api_key_env: DEVIN_THIRD}}\n")
    assert re.search(r"\n\+ .*\bDEVIN_THIRD\b", devinops(*init).out)


FILES_OF_CI = [
    (("--ci", "gitlab"), ".gitlab-ci.yml", ".gitlab/devinops-requirements.txt"),
    (("--copy-action",), f"{ACTION}/action.yml", f"{ACTION}/action/run.sh"),
]


@pytest.mark.parametrize(("options", "file", "part"), FILES_OF_CI)
def test_what_nobody_edited_is_updated(
    tmp_path: Path, devinops: Devinops, options: tuple[str, ...], file: str, part: str
) -> None:
    git(tmp_path, "init")
    init = ("init", "-C", tmp_path, *options)
    devinops(*init)
    new = {name: (tmp_path / name).read_text() for name in (file, part)}
    for name, text in new.items():
        (tmp_path / name).write_bytes(marked(f"# older\n{text}").replace("\n", "\r\n").encode())
    ran = devinops(*init)
    rows = [row for row in ran.out.splitlines() if row.startswith("updated ")]
    assert (ran.code, rows) == (0, [f"updated {file}", f"updated {part}"])
    assert "Add by hand" not in ran.out
    # The first version wrote the same without a mark.
    (tmp_path / file).write_text(new[file].partition("\n")[2])
    assert f"updated {file}\n" in devinops(*init).out
    assert {name: (tmp_path / name).read_text() for name in new} == new


@pytest.mark.parametrize(("options", "file", "part"), FILES_OF_CI)
def test_what_somebody_edited_is_kept_with_what_belongs_to_it(
    tmp_path: Path, devinops: Devinops, options: tuple[str, ...], file: str, part: str
) -> None:
    git(tmp_path, "init")
    init = ("init", "-C", tmp_path, *options)
    devinops(*init)
    for name in (file, part):
        (tmp_path / name).write_text(marked(f"# older\n{(tmp_path / name).read_text()}"))
    with (tmp_path / file).open("a") as edited:
        edited.write("# mine\n")
    before = {name: (tmp_path / name).read_text() for name in (file, part)}
    ran = devinops(*init)
    assert ran.out.count(", which differs from what devinops init would write\n") == 2
    assert ("\n-# mine\n" in ran.out) is (file == ".gitlab-ci.yml")
    assert {name: (tmp_path / name).read_text() for name in before} == before


def test_a_copy_of_the_action_is_updated_without_the_option(
    tmp_path: Path, devinops: Devinops
) -> None:
    first = " ".join(devinops("init", "-C", tmp_path, "--copy-action").out.split())
    assert f"is named in .pre-commit-config.yaml and {ACTION}/action.yml; if" in first
    step = tmp_path / ACTION / "action" / "run.sh"
    step.write_text(marked("older\n"))
    ran = devinops("init", "-C", tmp_path)
    assert (ran.code, f"updated {ACTION}/action/run.sh\n" in ran.out) == (0, True)
    assert "unchanged .github/workflows/devinops.yml" in ran.out


def test_only_github_has_an_action(tmp_path: Path, devinops: Devinops) -> None:
    ran = devinops("init", "-C", tmp_path, "--ci", "gitlab", "--copy-action")
    assert ran.code == 64
    assert "--copy-action is for GitHub, not for gitlab" in ran.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("remote", "origin", "uses"),
    [
        ("https://github.com/acme/api", "https://github.com/a/devinops", "a/devinops@"),
        ("git@github.com:acme/api.git", "ssh://git@github.com/a/devinops.git", "a/devinops@"),
        ("https://ghe.acme.example/x/api", "https://ghe.acme.example/t/d", "t/d@"),
        ("https://ghe.acme.example/x/api", "https://github.com/a/devinops", "a/devinops@"),
        ("https://github.com/acme/api", "https://git.acme.example/t/d", ""),
        ("https://github.com/acme/api", "", ""),
    ],
)
def test_the_workflow_uses_the_action_of_the_devinops_that_ran_init(
    tmp_path: Path,
    devinops: Devinops,
    monkeypatch: pytest.MonkeyPatch,
    remote: str,
    origin: str,
    uses: str,
) -> None:
    commit = "0a" * 20
    known = Origin(f"devinops @ git+{origin}@{commit}", origin or None, origin and commit)
    monkeypatch.setattr("devinops.cli.handlers.init.installed_origin", lambda: known)
    git(tmp_path, "init")
    git(tmp_path, "remote", "add", "origin", remote)
    devinops("init", "-C", tmp_path)
    text = (tmp_path / ".github/workflows/devinops.yml").read_text()
    assert text.count(f"uses: {uses}{commit}  # v" if uses else "uses: OWNER/devinops@COMMIT") == 3
    why = f"# FILL IN OWNER and COMMIT, or run devinops init --copy-action: it was installed from {known.requirement}"
    assert (why in text) is not uses


def test_the_place_that_devinops_comes_from_is_not_forgotten(
    tmp_path: Path, devinops: Devinops, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = Origin(f"devinops @ git+{GITHUB}@{'0a' * 20}", GITHUB, "0a" * 20)
    monkeypatch.setattr("devinops.cli.handlers.init.installed_origin", lambda: known)
    devinops("init", "-C", tmp_path)
    workflow = (tmp_path / ".github/workflows/devinops.yml").read_text()
    unknown = Origin("devinops==1.0.0", unknown="a reason")
    monkeypatch.setattr("devinops.cli.handlers.init.installed_origin", lambda: unknown)
    ran = devinops("init", "-C", tmp_path)
    assert "kept  .github/workflows/devinops.yml, which differs" in ran.out
    assert (tmp_path / ".github/workflows/devinops.yml").read_text() == workflow


def test_a_list_of_dependencies_that_a_person_updated_is_kept(
    tmp_path: Path, devinops: Devinops
) -> None:
    devinops("init", "-C", tmp_path, "--ci", "gitlab")
    (tmp_path / ".gitlab/devinops-requirements.txt").write_text("# newer\n")
    ran = devinops("init", "-C", tmp_path, "--ci", "gitlab")
    (row,) = (line for line in ran.out.splitlines() if "requirements" in line)
    assert row.endswith("which differs from what devinops init would write")
    assert (ran.code, "newer" in ran.out) == (0, False)


@pytest.mark.parametrize(
    ("first", "second", "name"),
    [("teams/a", "", "top"), ("", "teams/a", "teams-a"), ("a", "b", "b")],
)
def test_a_second_root_gets_its_own_workflow_and_advice_for_its_hooks(
    tmp_path: Path, devinops: Devinops, first: str, second: str, name: str
) -> None:
    git(tmp_path, "init")
    devinops("init", "-C", tmp_path / first)
    directory = tmp_path / ".github/workflows"
    before = (directory / "devinops.yml").read_text()
    ran = devinops("init", "-C", tmp_path / second)
    assert f".github/workflows/devinops-{name}.yml\n" in ran.out
    workflow = read_workflow(directory / f"devinops-{name}.yml")
    roots = {job["steps"][-1]["with"].get("root", "") for job in workflow["jobs"].values()}
    assert roots == {second}
    assert f".github/workflows/devinops-{name}.yml" in workflow["on"]["push"]["paths"]
    assert (directory / "devinops.yml").read_text() == before
    option = f" --root {second}" if second else ""
    assert f" devinops validate{option} --skip-untracked\n" in ran.out
    again = devinops("init", "-C", tmp_path / second)
    assert again.out.count("unchanged ") == 3
    assert "wrote" not in devinops("init", "-C", tmp_path / first).out
    assert len(list(directory.iterdir())) == 2


@pytest.mark.parametrize("inside", [True, False], ids=["in a repository", "outside"])
def test_a_directory_that_does_not_exist_yet_is_created(
    tmp_path: Path, devinops: Devinops, monkeypatch: pytest.MonkeyPatch, inside: bool
) -> None:
    if inside:
        git(tmp_path, "init")
        git(tmp_path, "remote", "add", "origin", "git@github.com:acme/api.git")
    monkeypatch.chdir(tmp_path)
    ran = devinops("init", "-C", "new/my files")
    assert ran.code == 0
    root = tmp_path / "new" / "my files"
    workflow = (tmp_path if inside else root) / ".github/workflows/devinops.yml"
    assert ('root: "new/my files"' in workflow.read_text()) is inside
    assert ("acme/api" in next((root / "knowledge").iterdir()).read_text()) is inside
    rows = ran.out.splitlines()
    assert rows[rows.index("Next:") + 1 : -3] == [
        *([] if inside else ["  git init 'new/my files'"]),
        "  devinops validate -C 'new/my files'",
        "  read -rs DEVIN_API_KEY && export DEVIN_API_KEY",
        "  devinops plan -C 'new/my files'",
    ]
    assert devinops("validate", "-C", root).code == 0


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("below", "text", "known"),
    [
        ("", "run: devinops validate", True),
        ("", "- uses: acme/devinops@0a\n  with:\n    command: plan", True),
        ("", "- uses: acme/devinops@0a\n  with:\n    root: a", False),
        ("a b", "- uses: ./.github/actions/devinops\n  with:\n    root: 'a b'", True),
        ("", "run: devinops validate --root a", False),
        ("", "run: make test", False),
        ("", "# TODO: devinops plan", False),
        ("", "steps:\n  # what we do\n  - run: devinops plan", True),
        ("a", "run: devinops validate --root a", True),
        ("a", "run: devinops plan -C a -t x", True),
        ("a", "run: devinops plan -C ab", False),
        ("a", "id: devinops-validate\nargs: [--root, a]", True),
        ("a", 'id: devinops-validate\nargs: ["--root", "a"]', True),
        ("a b", "run: devinops apply --root='a b'", True),
        ("a", "run: other --root a", False),
    ],
)
def test_ci_that_runs_devinops_for_this_directory_is_recognized(
    tmp_path: Path, devinops: Devinops, below: str, text: str, known: bool
) -> None:
    git(tmp_path, "init")
    (tmp_path / ".pre-commit-config.yaml").write_text(f"{text}\n")
    ran = devinops("init", "-C", tmp_path / below)
    assert ("which already has what devinops init would add" in ran.out) is known
    assert ("Add by hand to" in ran.out) is not known


def test_a_directory_whose_name_begins_with_a_dot_is_found_by_ci(
    tmp_path: Path, devinops: Devinops
) -> None:
    git(tmp_path, "init")
    devinops("init", "-C", tmp_path / ".devin")
    workflow = (tmp_path / ".github/workflows/devinops.yml").read_text()
    assert 'root: ".devin"\n' in workflow


@pytest.mark.parametrize("ci", ["github", "gitlab"])
def test_two_roots_with_names_alike_do_not_take_turns_in_one_file(
    tmp_path: Path, devinops: Devinops, ci: str
) -> None:
    git(tmp_path, "init")
    for root in ("first", "teams/a"):
        assert devinops("init", "-C", tmp_path / root, "--ci", ci).code == 0
    ran = devinops("init", "-C", tmp_path / "teams-a", "--ci", ci)
    assert ran.code == 1
    assert "it is for another directory, whose name differs from teams-a" in ran.err
    assert not (tmp_path / "teams-a").exists()


def test_line_ends_that_a_person_chose_stay(tmp_path: Path, devinops: Devinops) -> None:
    devinops("init", "-C", tmp_path)
    for name in ("devinops.yaml", SAMPLE, ".pre-commit-config.yaml"):
        path = tmp_path / name
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert "updated" not in devinops("init", "-C", tmp_path).out


def test_a_directory_that_nobody_may_search_is_one_line(
    tmp_path: Path, devinops: Devinops, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied", "x/.github/workflows/devinops.yml")

    monkeypatch.setattr("devinops.cli.handlers.init.ci_files", refuse)
    ran = devinops("init", "-C", tmp_path)
    assert ran.code == 1
    assert "cannot read x/.github/workflows/devinops.yml: Permission denied: " in ran.err


def test_a_place_that_cannot_be_written_is_one_line(tmp_path: Path, devinops: Devinops) -> None:
    (tmp_path / "file").write_text("")
    ran = devinops("init", "-C", tmp_path / "file" / "below")
    assert ran.code == 1
    assert ran.err.startswith("devinops: cannot write ")
    assert ran.err.count("\n") == 1


@pytest.mark.sampled(4)
@pytest.mark.parametrize(
    ("link", "to"),
    [
        ("knowledge", "outside"),
        ("knowledge", "nowhere"),
        ("knowledge", "../repository/knowledge"),
        (".github", "outside"),
        (".github/workflows", "outside"),
        (".github/workflows/devinops.yml", "outside/new.yml"),
        (".github/workflows/devinops.yml", "repository/inside.yml"),
        ("knowledge/where-knowledge-is-written.md", "outside/new.md"),
        ("devinops.yaml", "nowhere"),
        (".pre-commit-config.yaml", "outside/new.yaml"),
    ],
)
@pytest.mark.parametrize("below", ["", "teams/a"], ids=["top", "below"])
def test_nothing_is_written_through_a_link_out_of_the_directory(
    tmp_path: Path, devinops: Devinops, link: str, to: str, below: str
) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "repository" / below).mkdir(parents=True)
    git(tmp_path / "repository", "init")
    place = tmp_path / "repository" / ("" if link.startswith(".") else below) / link
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(tmp_path / to)
    before = sorted(tmp_path.rglob("[!.]*"))
    ran = devinops("init", "-C", tmp_path / "repository" / below)
    assert (ran.code, ran.out, ran.err.count("\n")) == (1, "", 1)
    assert f"{place} is a symbolic link that leads out of" in ran.err
    assert sorted(tmp_path.rglob("[!.]*")) == before
    assert list((tmp_path / "outside").iterdir()) == []


def test_a_link_to_the_root_and_links_inside_it_are_followed(
    tmp_path: Path, devinops: Devinops
) -> None:
    root = tmp_path / "repository" / "teams"
    (root / "texts").mkdir(parents=True)
    (root / "knowledge").symlink_to("texts")
    (root / "mine.yaml").write_text("version: 1\n")
    (root / "devinops.yaml").symlink_to("mine.yaml")
    git(tmp_path / "repository", "init")
    (tmp_path / "link").symlink_to(root)
    ran = devinops("init", "-C", tmp_path / "link")
    assert ran.code == 0
    assert ran.out.splitlines()[:4] == [
        "kept  devinops.yaml, which already exists",
        "wrote knowledge/where-knowledge-is-written.md",
        "wrote ../.pre-commit-config.yaml",
        "wrote ../.github/workflows/devinops.yml",
    ]
    assert (root / "texts" / "where-knowledge-is-written.md").is_file()


@pytest.mark.parametrize("name", ["knowledge", ".github", ".github/workflows"])
def test_a_file_where_a_directory_belongs_leaves_nothing_half_done(
    tmp_path: Path, devinops: Devinops, name: str
) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("")
    before = sorted(tmp_path.rglob("*"))
    ran = devinops("init", "-C", tmp_path)
    assert (ran.code, ran.out, ran.err.count("\n")) == (1, "", 1)
    assert f"a file where a directory belongs, {tmp_path / name}" in ran.err
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    ("path", "takes"),
    [
        ("knowledge/a.md", True),
        ("knowledge/Backend/APIs/errors.yaml", True),
        ("teams/platform/playbooks/triage.yml", True),
        ("secrets.yaml", True),
        ("devinops.yaml", True),
        ("folders.yaml", True),
        ("texts/body-of-an-entry.md", True),
        ("texts/body-of-an-entry.txt", True),
        ("teams/in-paths-of-the-settings/notes.yaml", True),
        ("knowledge/picture.png", False),
        ("main.py", False),
    ],
)
def test_the_hooks_run_on_all_that_can_be_an_entry_or_its_text(path: str, takes: bool) -> None:
    assert bool(re.search(HOOK_FILES, path)) is takes


def test_the_published_hooks_and_those_of_init_agree(tmp_path: Path, devinops: Devinops) -> None:
    devinops("init", "-C", tmp_path)
    (local,) = yaml.safe_load((tmp_path / ".pre-commit-config.yaml").read_text())["repos"]
    published = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    names = ("id", "name", "entry", "files", "always_run", "pass_filenames", "require_serial")
    ours, theirs = (
        sorted([hook.get(name) for name in names] for hook in hooks)
        for hooks in (published, local["hooks"])
    )
    assert ours == theirs
    assert {hook["files"] for hook in published if "files" in hook} == {HOOK_FILES}


def test_a_difference_of_many_equal_lines_is_cut_short(
    tmp_path: Path, devinops: Devinops, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The workflow of many targets repeats each line for each target."""
    devinops("init", "-C", tmp_path)
    workflow = tmp_path / ".github/workflows/devinops.yml"
    workflow.write_text(f"# edited\n{workflow.read_text()}")
    monkeypatch.setattr(line_diff, "MAX_COMPARED", 10)
    ran = devinops("init", "-C", tmp_path)
    assert (ran.code, line_diff.UNCOMPARED in ran.out) == (0, True)
