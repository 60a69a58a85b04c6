"""The pipeline that init writes for GitLab, run against the emulator, a remote and a server like GitLab."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from devinops.emulator import Emulator
from tests.testing import warm
from tests.testing.command_line import run_quietly
from tests.testing.gitlab_api import TOKEN, GitLabApi
from tests.testing.inventories import commit, copy_of, forge_backup, git
from tests.testing.linters import schema_errors
from tests.testing.places import ROOT
from tests.testing.workflows import Runner, gitlab_jobs, run_gitlab_job

SEED = """
organizations:
  org-emulator:
    knowledge: [{name: Style, trigger: t, body: Be brief.}]
keys:
  cog_plan: {org: org-emulator, permissions: [UseDevinSessions, ManageKnowledge]}
"""
NOTE = "---\nname: {0}\ntrigger: t\n---\n{0}\n"
MERGE_REQUEST, PUSH, BY_HAND, SCHEDULE = "merge_request_event", "push", "web", "schedule"


def push(checkout: Path) -> None:
    git(checkout, "add", "--all", "--", "knowledge", "*.y*ml")
    commit(checkout, "-m", "change")
    git(checkout, "push", "-q", "origin", "HEAD:main")


def make_repository(directory: Path) -> None:
    """Write a repository with the pipeline of init, and its clone."""
    checkout = directory / "checkout"
    git(directory, "init", "-q", "--bare", "-b", "main", "origin.git")
    git(directory / "origin.git", "config", "receive.advertisePushOptions", "true")
    git(directory, "clone", "-q", str(directory / "origin.git"), "checkout")
    assert run_quietly(["init", "-C", str(checkout), "--ci", "gitlab"], {})[0] == 0
    (checkout / "knowledge" / "where-knowledge-is-written.md").unlink()
    (checkout / "knowledge" / "A.md").write_text(NOTE.format("A"))
    push(checkout)


class World:
    """A project with the pipeline of init, cloned by a runner; the organization; and GitLab."""

    def __init__(self, directory: Path, emulator: Emulator, gitlab: GitLabApi) -> None:
        self.emulator, self.gitlab, self.directory = emulator, gitlab, directory
        self.origin, self.checkout = directory / "origin.git", directory / "checkout"
        copy_of(make_repository, directory)
        ambient = {"DEVIN_API_URL": emulator.url, "DEVIN_API_KEY_PLAN": "cog_plan"}
        self.runner = Runner(directory / "runner", self.checkout, ambient)
        self.pipeline = yaml.safe_load((self.checkout / ".gitlab-ci.yml").read_text())

    def write(self, *names: str) -> None:
        for name in names:
            (self.checkout / "knowledge").mkdir(exist_ok=True)
            (self.checkout / "knowledge" / f"{name}.md").write_text(NOTE.format(name))
        self.push()

    def push(self) -> None:
        push(self.checkout)

    def run(
        self,
        job: str,
        source: str,
        number: int | None = None,
        *,
        sha: str = "",
        token: str = TOKEN,
        fork: bool = False,
        artifacts: tuple[str, ...] = (),
        **variables: str,
    ) -> tuple[int, str]:
        """Run a job; `artifacts` are what earlier jobs have left for it."""
        kept = [word for name in artifacts for word in ("-e", name)]
        git(self.checkout, "clean", "-ffdxq", *kept)  # as the runner does first
        about = self.gitlab.environment(self.directory, number, commit=sha, token=token, fork=fork)
        about |= {"CI_PIPELINE_SOURCE": source, "CI_DEFAULT_BRANCH": "main"}
        about |= {"CI_PROJECT_URL": f"file://{self.directory}/origin"}
        if number is None:
            about["CI_COMMIT_BRANCH"] = "main"
        if "apply" in job:
            # The protected variable, in the scope of the environment.
            about["DEVIN_API_KEY"] = "cog_emulator"
        return run_gitlab_job(self.runner, self.pipeline, job, {**about, **variables})

    @property
    def names(self) -> list[str]:
        return sorted(note["name"] for note in self.emulator.knowledge())

    def edit(self, name: str, body: str) -> None:
        (note,) = (note for note in self.emulator.knowledge() if note["name"] == name)
        self.emulator.edit("knowledge", note["note_id"], body=body)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with Emulator(yaml.safe_load(SEED)) as emulator, GitLabApi().serving() as gitlab:
        yield World(tmp_path, emulator, gitlab)


def digest_in(log: str) -> str:
    (line,) = (line for line in log.splitlines() if line.startswith("digest "))
    return line.removeprefix("digest ")


@pytest.mark.matrix
def test_what_was_reviewed_is_applied_after_the_merge(world: World) -> None:
    world.gitlab.open(1)
    code, log = world.run("devinops-plan", MERGE_REQUEST, 1)
    assert code == 0, log
    (text,) = world.gitlab.texts(1)
    assert digest_in(log) in text
    assert f"digest={digest_in(log)}\n" in (world.checkout / "devinops.env").read_text()
    assert world.names == ["Style"]
    code, log = world.run("devinops-apply", PUSH, sha=world.gitlab.merge(1))
    assert code == 0, log
    assert world.names == ["A", "Style"]
    assert "A.md" in git(world.origin, "show", "devinops:production.jsonl")


def test_a_problem_in_a_file_replaces_the_plan_in_the_comment(world: World) -> None:
    world.gitlab.open(1)
    assert world.run("devinops-plan", MERGE_REQUEST, 1)[0] == 0
    assert "1 to create" in world.gitlab.texts(1)[0]
    (world.checkout / "knowledge" / "bad.md").write_text("no front matter\n")
    world.push()
    world.gitlab.push(1)
    assert world.run("devinops-plan", MERGE_REQUEST, 1)[0] == 1
    (text,) = world.gitlab.texts(1)
    assert f"/-/blob/{world.gitlab.requests[1].head}/knowledge/bad.md#L1" in text
    assert "to create" not in text
    assert "bad.md" in (world.checkout / "gl-code-quality-report.json").read_text()


ARTIFACTS = ("devinops-plan.md", "devinops-plan.html", "devinops.env")


def forge(world: World, text: str) -> Path:
    """Commit links at the paths of the artifacts; return the file that they lead to."""
    git(world.checkout, "clean", "-ffdxq")
    (world.checkout / "forged.txt").write_text(text)
    for name in ARTIFACTS:
        (world.checkout / name).symlink_to("forged.txt")
    (world.checkout / "gl-code-quality-report.json").mkdir()
    (world.checkout / "gl-code-quality-report.json" / "a").touch()
    git(world.checkout, "add", "--all")
    commit(world.checkout, "-m", "change")
    return world.checkout / "forged.txt"


@pytest.mark.matrix
@pytest.mark.parametrize("dies", [pytest.param(False, marks=pytest.mark.nightly), True])
def test_what_a_branch_has_at_the_paths_of_the_artifacts_is_never_posted(
    world: World, dies: bool
) -> None:
    world.gitlab.open(1)
    assert world.run("devinops-plan", MERGE_REQUEST, 1)[0] == 0
    (text,) = world.gitlab.texts(1)
    forgery = text.replace("1 to create", "nothing to do")
    file = forge(world, forgery)
    if dies:
        world.runner.program(
            "devinops",
            f'[ "$1" = plan ] && exit 137\nexec "{warm.program()}" "$@"',
        )
    code, log = world.run("devinops-plan", MERGE_REQUEST, 1)
    assert code == (137 if dies else 0), log
    assert world.gitlab.texts(1) == [text]
    assert file.read_text() == forgery
    assert (world.checkout / "gl-code-quality-report.json").is_file()
    for path in (world.checkout / name for name in ARTIFACTS):
        assert not path.is_symlink()
        assert path.exists() is not dies


@pytest.mark.matrix
def test_a_fork_gets_no_key_and_a_message(world: World) -> None:
    world.gitlab.open(1)
    none = {"token": "", "DEVIN_API_KEY_PLAN": ""}
    code, log = world.run("devinops-plan", MERGE_REQUEST, 1, fork=True, **none)
    assert code == 0, log
    assert "There is no key in DEVIN_API_KEY_PLAN here" in log
    assert world.gitlab.texts(1) == []


@pytest.mark.matrix
def test_a_missing_key_does_not_look_like_a_plan(world: World) -> None:
    world.gitlab.open(1)
    for job, source in (("devinops-plan", MERGE_REQUEST), ("devinops-plan", BY_HAND)):
        number = 1 if source == MERGE_REQUEST else None
        code, log = world.run(job, source, number, DEVIN_API_KEY_PLAN="")
        assert code == 1
        assert log.endswith("There is no key in DEVIN_API_KEY_PLAN, so nothing was planned.\n")


@pytest.mark.matrix
def test_without_the_token_there_is_a_plan_and_no_note(world: World) -> None:
    world.gitlab.open(1)
    code, log = world.run("devinops-plan", MERGE_REQUEST, 1, token="")
    assert code == 0, log
    assert "the variable DEVINOPS_GITLAB_TOKEN is missing" in log
    assert digest_in(log)


@pytest.mark.matrix
def test_a_merge_train_leaves_the_reviewed_plan_in_the_comment(world: World) -> None:
    world.gitlab.open(1)
    assert world.run("devinops-plan", MERGE_REQUEST, 1)[0] == 0
    (reviewed,) = world.gitlab.texts(1)
    world.write("B")
    train = {"CI_MERGE_REQUEST_EVENT_TYPE": "merge_train"}
    code, log = world.run("devinops-plan", MERGE_REQUEST, 1, **train)
    assert (code, "2 to create" in log) == (0, True), log
    assert world.gitlab.texts(1) == [reviewed]


@pytest.mark.matrix
def test_a_job_can_run_in_an_image_that_contains_devinops(world: World) -> None:
    """As the comment says: one image instead of the other, and no line with pip."""
    text = (world.checkout / ".gitlab-ci.yml").read_text()
    text = text.replace("  image: python:3.12\n", "").replace("  # image: {", "  image: {")
    lines = [line for line in text.splitlines() if not line.startswith("    - pip install ")]
    world.pipeline = yaml.safe_load("\n".join(lines))
    assert schema_errors("gitlab-ci", world.pipeline) == []
    assert world.pipeline[".devinops"]["image"]["entrypoint"] == [""]
    world.runner.program("pip", "exit 1")
    world.gitlab.open(1)
    code, log = world.run("devinops-plan", MERGE_REQUEST, 1)
    assert code == 0, log


@pytest.mark.matrix
def test_a_job_that_cannot_push_applies_nothing_and_says_what_to_do(world: World) -> None:
    world.gitlab.open(1)
    world.run("devinops-plan", MERGE_REQUEST, 1)
    away = f"file://{world.directory}/nowhere"
    sha = world.gitlab.merge(1)
    code, log = world.run("devinops-apply", PUSH, sha=sha, CI_PROJECT_URL=away)
    assert code == 1
    assert "Allow Git push requests to the repository" in log
    assert world.names == ["Style"]


@pytest.mark.matrix
def test_the_token_for_pushes_is_stored_nowhere(world: World) -> None:
    code, log = world.run(
        "devinops-apply-by-hand", BY_HAND, DIGEST="0a", INVENTORY_PUSH_TOKEN="canary"
    )
    assert code == 5, log
    assert "canary" not in log + (world.checkout / ".git" / "config").read_text()


@pytest.mark.nightly
@pytest.mark.matrix
def test_a_person_decides_in_two_pipelines_by_hand(world: World) -> None:
    world.write(*"BCDEF")
    code, log = world.run("devinops-plan", BY_HAND)
    assert code == 0, log
    assert world.run("devinops-apply-by-hand", BY_HAND, DIGEST=digest_in(log))[0] == 0
    for name in "BCDEF":
        (world.checkout / "knowledge" / f"{name}.md").unlink()
    world.push()
    assert world.run("devinops-plan", BY_HAND)[0] == 4
    code, log = world.run("devinops-plan", BY_HAND, APPROVALS="delete=5")
    assert code == 0, log
    digest = digest_in(log)
    code, log = world.run("devinops-apply-by-hand", BY_HAND, APPROVALS="delete=5", DIGEST=digest)
    assert code == 0, log
    assert world.names == ["A", "Style"]


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("approvals", "options"),
    [
        ("", ""),
        ("adopt delete=12 spend", "<--adopt><--allow=delete=12><--allow=spend>"),
        ("--adopt --allow delete=12", "<--adopt><--allow=delete=12>"),
        ("--allow=spend --on-drift=keep", "<--allow=spend><--on-drift=keep>"),
        (
            "'git=knowledge:A b' live=knowledge:C overwrite",
            "<--on-conflict=git=knowledge:A b><--on-conflict=live=knowledge:C><--on-drift=overwrite>",
        ),
        ("--root /tmp $(id) `id`", "<--allow=--root><--allow=/tmp><--allow=$(id)><--allow=`id`>"),
    ],
)
def test_approvals_reach_the_command(world: World, approvals: str, options: str) -> None:
    world.runner.program("devinops", 'printf "<%s>" "$@"')
    _, log = world.run("devinops-plan", BY_HAND, APPROVALS=approvals)
    assert f"<plan>{options}<--report>" in log
    _, log = world.run("devinops-apply-by-hand", BY_HAND, APPROVALS=approvals, DIGEST="0a")
    assert f"<apply>{options}<--yes><--expect><0a>" in log


@pytest.mark.matrix
def test_a_job_is_undone_in_two_pipelines_by_hand(world: World) -> None:
    world.runner.program(
        "curl",
        'while [ "$1" != --output ]; do shift; done\n'
        f'[ "$3" = {world.gitlab.url}/projects/7/jobs/12/artifacts ] || exit 22\n'
        f'cp "{world.directory}/artifacts.zip" "$2"',
    )
    for body in ("first", "edited"):
        (world.checkout / "knowledge" / "A.md").write_text(
            f"---\nname: A\ntrigger: t\n---\n{body}\n"
        )
        forge_backup(world.checkout)
        world.push()
        _, log = world.run("devinops-plan", BY_HAND)
        assert world.run("devinops-apply-by-hand", BY_HAND, DIGEST=digest_in(log))[0] == 0
    # The branch can bring along a module with the name of one that a command imports.
    (world.checkout / "zipfile.py").write_text("raise SystemExit('imported from the checkout')\n")
    git(world.checkout, "add", "zipfile.py")
    with zipfile.ZipFile(world.directory / "artifacts.zip", "w") as archive:
        for path in (world.checkout / ".devinops" / "backups").glob("*.jsonl"):
            archive.write(path, path.relative_to(world.checkout))
    about: dict[str, Any] = {"CI_PROJECT_ID": "7", "ROLLBACK_JOB": "12"}
    code, log = world.run("devinops-plan", BY_HAND, **about)
    assert code == 0, log
    assert "edited" in [note["body"] for note in world.emulator.knowledge()]
    assert "revert the commit" in " ".join(
        (world.checkout / "devinops-plan.md").read_text().split()
    )
    digest = digest_in(log)
    code, log = world.run("devinops-apply-by-hand", BY_HAND, **about, DIGEST=digest)
    assert code == 0, log
    assert "first" in [note["body"] for note in world.emulator.knowledge()]
    code, log = world.run("devinops-plan", BY_HAND, **{**about, "ROLLBACK_JOB": "13"})
    assert code == 22, log


def test_what_a_branch_brings_along_is_neither_installed_nor_kept(world: World) -> None:
    built = world.checkout / ".cache" / "pip" / "wheels"
    built.mkdir(parents=True)
    (built / "forged.whl").touch()
    git(world.checkout, "add", "--force", str(built))
    forge_backup(world.checkout)
    world.push()
    world.gitlab.open(1)
    code, log = world.run("devinops-apply", PUSH, sha=world.gitlab.merge(1))
    assert (code, "has no plan for production" in log) == (5, True)
    assert not built.exists()
    assert not (world.checkout / ".devinops" / "backups").exists()


@pytest.mark.nightly
@pytest.mark.matrix
def test_lint_fails_only_for_what_a_merge_request_changes(world: World) -> None:
    base: dict[str, Any] = {
        "CI_MERGE_REQUEST_DIFF_BASE_SHA": git(world.checkout, "rev-parse", "HEAD")
    }
    (world.checkout / "knowledge" / "B.md").write_text(NOTE.format("B\u200b"))
    world.push()
    world.gitlab.open(1)
    code, log = world.run("devinops-plan", MERGE_REQUEST, 1, **base)
    assert code == 1, log
    assert "DV302" in world.gitlab.texts(1)[0]
    code, log = world.run("devinops-plan", MERGE_REQUEST, 1, **base, LINT="off")
    assert code == 0, log
    assert "DV302" not in world.gitlab.texts(1)[0]
    base["CI_MERGE_REQUEST_DIFF_BASE_SHA"] = git(world.checkout, "rev-parse", "HEAD")
    code, log = world.run("devinops-plan", MERGE_REQUEST, 1, **base)
    assert code == 0, log


def documented_script() -> list[str]:
    """Return the script of the page about GitLab that opens a merge request."""
    page = (ROOT / "docs" / "how-to" / "ci-gitlab.md").read_text("utf-8")
    (text,) = re.findall(r"^```yaml\n(script:\n.*?)^```$", page, re.DOTALL | re.MULTILINE)
    script: list[str] = yaml.safe_load(text)["script"]
    return script


@pytest.mark.matrix
def test_drift_fails_the_job_or_opens_a_merge_request(world: World) -> None:
    _, log = world.run("devinops-plan", BY_HAND)
    assert world.run("devinops-apply-by-hand", BY_HAND, DIGEST=digest_in(log))[0] == 0
    assert world.run("devinops-drift", SCHEDULE)[0] == 0
    world.edit("A", "edited")
    assert world.run("devinops-drift", SCHEDULE)[0] == 2
    world.pipeline["devinops-drift"]["script"] = documented_script()
    code, log = world.run("devinops-drift", SCHEDULE)
    assert code == 0, log
    assert git(world.origin, "show", "devinops-drift:knowledge/A.md").endswith("edited")
    assert git(world.origin, "diff", "--name-only", "main", "devinops-drift") == "knowledge/A.md"
    world.edit("A", "A")
    git(world.checkout, "reset", "--quiet", "--hard", "HEAD~1")
    for _ in range(2):
        code, log = world.run("devinops-drift", SCHEDULE)
        assert code == 0, log
        assert git(world.origin, "branch", "--list", "devinops-drift") == ""


@pytest.mark.parametrize(
    ("variables", "jobs"),
    [
        ({"CI_PIPELINE_SOURCE": MERGE_REQUEST}, ["devinops-plan"]),
        ({"CI_PIPELINE_SOURCE": PUSH, "CI_COMMIT_BRANCH": "main"}, ["devinops-apply"]),
        ({"CI_PIPELINE_SOURCE": PUSH, "CI_COMMIT_BRANCH": "other"}, []),
        ({"CI_PIPELINE_SOURCE": BY_HAND, "CI_COMMIT_BRANCH": "main"}, ["devinops-plan"]),
        (
            {"CI_PIPELINE_SOURCE": BY_HAND, "CI_COMMIT_BRANCH": "main", "DIGEST": "0a"},
            ["devinops-apply-by-hand"],
        ),
        ({"CI_PIPELINE_SOURCE": BY_HAND, "CI_COMMIT_BRANCH": "other", "DIGEST": "0a"}, []),
        ({"CI_PIPELINE_SOURCE": SCHEDULE, "CI_COMMIT_BRANCH": "main"}, ["devinops-drift"]),
    ],
)
def test_each_pipeline_has_its_jobs(
    tmp_path: Path, variables: dict[str, str], jobs: list[str]
) -> None:
    assert run_quietly(["init", "-C", str(tmp_path), "--ci", "gitlab"], {})[0] == 0
    pipeline = yaml.safe_load((tmp_path / ".gitlab-ci.yml").read_text())
    assert list(gitlab_jobs(pipeline, {"CI_DEFAULT_BRANCH": "main", **variables})) == jobs


MANY = """\
version: 1
targets:
  staging: {org_id: org-staging, api_key_env: DEVIN_API_KEY_STAGING, inventory: {store: branch}}
  production: {org_id: org-production, api_key_env: DEVIN_API_KEY_PRODUCTION, inventory: {store: branch}}
"""


@pytest.mark.matrix
def test_one_job_serves_all_targets_each_with_its_own_key(tmp_path: Path) -> None:
    seed = {
        "organizations": {"org-staging": {}, "org-production": {}},
        "keys": {"cog_s": {"org": "org-staging"}, "cog_p": {"org": "org-production"}},
    }
    planning: dict[str, Any] = {
        "DEVIN_API_KEY_STAGING_PLAN": "cog_s",
        "DEVIN_API_KEY_PRODUCTION_PLAN": "cog_p",
    }
    applying: dict[str, Any] = {
        "DEVIN_API_KEY_STAGING": "cog_s",
        "DEVIN_API_KEY_PRODUCTION": "cog_p",
    }
    with Emulator(seed) as emulator, GitLabApi().serving() as gitlab:

        def notes() -> list[list[str]]:
            organizations = ("org-staging", "org-production")
            return [
                sorted(note["name"] for note in emulator.knowledge(org)) for org in organizations
            ]

        world = World(tmp_path, emulator, gitlab)
        (world.checkout / "devinops.yaml").write_text(MANY)
        assert "updated .gitlab-ci.yml" in world.runner.bash("devinops init --ci gitlab", {})[1]
        world.pipeline = yaml.safe_load((world.checkout / ".gitlab-ci.yml").read_text())
        world.push()

        code, log = world.run("devinops-plan", BY_HAND, TARGET="staging", **planning)
        assert code == 0, log
        digest = digest_in(log)
        by_hand = {"TARGET": "staging", "DIGEST": digest, **applying}
        code, log = world.run("devinops-apply-by-hand", BY_HAND, **by_hand)
        assert (code, notes()) == (0, [["A"], []]), log

        base = git(world.checkout, "rev-parse", "HEAD")
        text = NOTE.format("B").replace("trigger: t", "trigger: t\ntargets: [production]")
        (world.checkout / "knowledge" / "B.md").write_text(text)
        world.push()
        world.gitlab.open(1)
        about = {"CI_MERGE_REQUEST_DIFF_BASE_SHA": base, **planning}
        code, log = world.run("devinops-plan", MERGE_REQUEST, 1, **about)
        assert code == 0, log
        assert "## 1 organization: 2 creates" in world.gitlab.texts(1)[0]
        sha = world.gitlab.merge(1)
        about = {"CI_COMMIT_BEFORE_SHA": base, **applying}
        code, log = world.run("devinops-apply", PUSH, sha=sha, **about)
        assert (code, notes()) == (0, [["A"], ["A", "B"]]), log
        about["CI_COMMIT_BEFORE_SHA"] = git(world.checkout, "rev-parse", "HEAD")
        code, log = world.run("devinops-apply", PUSH, sha=sha, **about)
        assert (code, "affects none of the targets" in log) == (0, True), log
        assert world.run("devinops-drift", SCHEDULE, **planning)[0] == 0
        (note,) = (n for n in emulator.knowledge("org-production") if n["name"] == "B")
        emulator.edit("knowledge", note["note_id"], body="edited")
        assert world.run("devinops-drift", SCHEDULE, **planning)[0] == 2


ROLLOUT = """\
version: 1
defaults: {inventory: {store: branch}}
targets:
  a: {org_id: org-a, labels: {ring: canary}, api_key_env: DEVIN_CANARY_KEY}
  b: {org_id: org-b}
  c: {org_id: org-c}
waves: [{name: canary, where: {ring: canary}}, {name: rest}]
shards: 2
"""


@pytest.mark.matrix
def test_each_pipeline_writes_to_one_wave_in_shards_and_reports_once(tmp_path: Path) -> None:
    seed = {"organizations": {"org-a": {}, "org-b": {}, "org-c": {}}}
    planning: dict[str, Any] = {
        "DEVIN_API_KEY_PLAN": "cog_enterprise",
        "DEVIN_CANARY_KEY_PLAN": "cog_enterprise",
    }
    with Emulator(seed) as emulator, GitLabApi().serving() as gitlab:
        world = World(tmp_path, emulator, gitlab)
        (world.checkout / "devinops.yaml").write_text(ROLLOUT)
        assert "updated .gitlab-ci.yml" in world.runner.bash("devinops init --ci gitlab", {})[1]
        world.pipeline = yaml.safe_load((world.checkout / ".gitlab-ci.yml").read_text())
        base = git(world.checkout, "rev-parse", "HEAD")
        world.write("B")
        world.gitlab.open(1)
        about = {"CI_MERGE_REQUEST_DIFF_BASE_SHA": base, **planning}
        assert world.run("devinops-plan", MERGE_REQUEST, 1, **about)[0] == 0
        world.gitlab.merge(1)
        sha = git(world.checkout, "rev-parse", "HEAD")
        world.gitlab.requests[1].merge_commit = sha

        apply = world.pipeline["devinops-apply"]
        (matrix,) = apply["parallel"]["matrix"]
        assert apply["environment"]["name"] == "devin-$WAVE"
        jobs = [(wave, shard) for wave in matrix["WAVE"] for shard in matrix["SHARD"]]
        for due, source, written in (
            ("canary", PUSH, "a"),
            ("rest", SCHEDULE, "abc"),
            ("", SCHEDULE, "abc"),
        ):
            run: dict[str, Any] = {"sha": sha, "ROLLOUT": "yes"}
            code, log = world.run("devinops-prepare", source, **run, **planning)
            assert code == 0, log
            for number, (wave, shard) in enumerate(jobs, 1):
                # The environment of a wave has the keys of its targets, and no others.
                key = {"DEVIN_API_KEY": "", "DEVIN_CANARY_KEY": "cog_enterprise"}
                if wave == "rest":
                    key = {"DEVIN_API_KEY": "cog_enterprise"}
                node: dict[str, Any] = {"WAVE": wave, "SHARD": shard, "CI_NODE_INDEX": str(number)}
                left = ("devinops-prepared", "kept")
                code, log = world.run(
                    "devinops-apply", source, artifacts=left, **run, **node, **key
                )
                assert (code, f"The wave {wave} is not due." in log) == (0, wave != due), log
                for report in world.checkout.glob("devinops-report-*.json"):
                    (world.checkout / "kept").mkdir(exist_ok=True)
                    report.rename(world.checkout / "kept" / report.name)
            assert "".join(name for name in "abc" if emulator.knowledge(f"org-{name}")) == written
            for report in world.checkout.glob("kept/*"):
                report.rename(world.checkout / report.name)
            reports = ("devinops-report-*.json",)
            code, log = world.run("devinops-report", source, artifacts=reports, **run)
            assert (code, "No job has applied anything" in log) == (0, not due), log
            if due:
                assert (world.checkout / "devinops-report.md").exists()
