"""The workflow that init writes, with the steps of the action, run against the emulator, a remote and a server like GitHub.

A pull request is planned with a key that can only read, its comment has the digest, and the job after the merge
applies exactly that, with the inventory on a branch of the remote.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from devinops.emulator import Emulator
from tests.testing.actions import commands
from tests.testing.github_api import TOKEN, GitHubApi
from tests.testing.inventories import commit, copy_of, forge_backup, git
from tests.testing.places import ROOT
from tests.testing.workflows import (
    Runner,
    Step,
    documented_job,
    evaluate,
    filled,
    read_workflow,
)

SEED = """
organizations:
  org-emulator:
    knowledge: [{name: Style, trigger: t, body: Be brief.}]
keys:
  cog_plan: {org: org-emulator, permissions: [UseDevinSessions, ManageKnowledge]}
"""
PLAN_KEY, APPLY_KEY = "cog_plan", "cog_emulator"
NOTE = "---\nname: {0}\ntrigger: t\n---\n{0}\n"
MAIN = "refs/heads/main"
WORKFLOW = ".github/workflows/devinops.yml"

pytestmark = pytest.mark.matrix  # each test runs a workflow of many shell steps


def push(checkout: Path) -> None:
    git(checkout, "add", "--all")
    commit(checkout, "-m", "change")
    git(checkout, "push", "-q", "origin", "HEAD:main")


def make_repository(directory: Path, *configurations: str) -> None:
    """Write a repository with the workflow of init and its clone, in which init has seen these configurations in turn."""
    checkout = directory / "checkout"
    if configurations:
        copy_of(make_repository, directory, *configurations[:-1])
        (checkout / "devinops.yaml").write_text(configurations[-1])
    else:
        git(directory, "init", "-q", "--bare", "-b", "main", "origin.git")
        git(directory, "clone", "-q", str(directory / "origin.git"), "checkout")
    runner = Runner(directory / "init", checkout, {"CI": "true"})
    code, out = runner.bash(f"devinops init {'' if configurations else '--ci github'}", {})
    assert code == 0, out
    assert (f"updated {WORKFLOW}" in out) == bool(configurations)
    shutil.rmtree(runner.directory)
    if not configurations:
        (checkout / "knowledge" / "where-knowledge-is-written.md").unlink()
        push(checkout)
        (checkout / "knowledge" / "A.md").write_text(NOTE.format("A"))
    push(checkout)


class World:
    """A repository with the workflow of init, cloned by a runner; the organization; and GitHub."""

    def __init__(
        self, directory: Path, emulator: Emulator, github: GitHubApi, *configurations: str
    ) -> None:
        self.emulator, self.github, self.directory = emulator, github, directory
        self.origin, self.checkout = directory / "origin.git", directory / "checkout"
        copy_of(make_repository, directory, *configurations)
        ambient = {"DEVIN_API_URL": emulator.url, "CI": "true"}
        self.runner = Runner(directory / "runner", self.checkout, ambient)
        # Like gh, it looks for the server and its token in the environment, and has jq inside.
        self.runner.program(
            "gh",
            '[ -n "$GH_TOKEN" ] || exit 4\n'
            # The documented job is for github.com.
            'case "$1 $GH_HOST $GH_ENTERPRISE_TOKEN" in\n'
            '"pr  "|"auth  "|*" github.test $GH_TOKEN") ;; *) exit 4;; esac\n'
            f'printf "gh %s\\n" "$*" >> "{self.runner.calls}"\n'
            'case "$1 $2" in "issue list"|"pr list")\n'
            '  while [ "$1" != --jq ]; do shift; done\n'
            f'  jq --raw-output "$2" "{directory}/listed";;\n'
            f'"api --paginate") jq --raw-output "$5" "{directory}/artifacts";;\n'
            f'"api repos/acme/api/actions/runs/"*) jq --raw-output ".[\\"${{2##*/}}\\"].event" "{directory}/runs";;\n'
            f'"api repos/acme/api/commits"*) git -C "{self.origin}" rev-parse main;;\n'
            '"api repos/acme/api/compare/elsewhere"*) echo diverged;;\n'
            f'"api repos/acme/api/compare/"*"...$(git -C "{self.origin}" rev-parse main)") echo ahead;;\n'
            # of a commit that is older than the one with the backup
            '"api repos/acme/api/compare/"*) echo behind;;\n'
            f'"run download") if [ $4 = --pattern ]; then mkdir "$7"; fi; cp -r "{directory}/kept/$3/"$5 "$7";;\n'
            "esac",
        )
        self.runner.composites = {
            "OWNER/devinops": ROOT,
            "./.github/actions/devinops": self.checkout / ".github/actions/devinops",
        }
        self.runner.actions = {"actions/upload-artifact": self.upload}
        self.number, self.uploaded = 0, list[str]()
        self.lists()
        self.workflow = read_workflow(self.checkout / WORKFLOW)

    def lists(self, *requests: dict[str, Any]) -> None:
        """Let gh list these issues or pull requests."""
        (self.directory / "listed").write_text(json.dumps(requests))

    def init(self, options: str) -> str:
        """Run init, and read the workflow that it wrote; return what it printed."""
        code, out = self.shell(f"devinops init {options}")
        assert code == 0, out
        self.workflow = read_workflow(self.checkout / WORKFLOW)
        return out

    def upload(self, inputs: Mapping[str, str]) -> bool:
        """Keep what a job of the run leaves; fails as the action does if the name is taken."""
        path, name = Path(inputs["path"]), inputs["name"]
        kept = self.directory / "kept" / str(self.number) / name
        if not path.exists():
            return inputs.get("if-no-files-found") == "ignore"
        if kept.exists() and inputs.get("overwrite") != "true":
            return False
        shutil.rmtree(kept, ignore_errors=True)
        kept.mkdir(parents=True)
        self.uploaded.append(name)
        for file in path.iterdir() if path.is_dir() else [path]:
            shutil.copy(file, kept)
        return True

    def new_run(self, number: int) -> None:
        """Start a run, which has no artifacts yet."""
        self.number = number
        self.runner.environment = {**self.runner.environment, "GITHUB_RUN_ID": str(number)}

    def write(self, name: str, body: str = "") -> None:
        (self.checkout / "knowledge").mkdir(exist_ok=True)
        text = NOTE.format(name)
        (self.checkout / "knowledge" / f"{name}.md").write_text(f"{text}{body}\n" if body else text)
        self.push()

    def push(self) -> None:
        push(self.checkout)

    def shell(self, script: str) -> tuple[int, str]:
        return self.runner.bash(script, {})

    def run(
        self,
        job: str,
        event: str,
        number: int | None = None,
        *,
        inputs: dict[str, Any] | None = None,
        sha: str = "",
        secrets: dict[str, str] | None = None,
        fork: bool = False,
        actor: str = "ann",
        ref: str = MAIN,
        before: str = "",
        schedule: str = "",
        needs: dict[str, str] | None = None,
        shard: str = "",
        queued_after: str = "",
        base: str = "",
    ) -> dict[str, Step]:
        keys = {"DEVIN_API_KEY_PLAN": PLAN_KEY, "DEVIN_API_KEY": APPLY_KEY}
        source = "someone/api" if fork else "acme/api"
        context = {
            "github": {
                "event_name": event,
                "ref": ref,
                "server_url": "https://github.test",
                "token": TOKEN,
                "repository": "acme/api",
                "ref_name": ref.removeprefix("refs/heads/"),
                "actor": actor,
                "job": job,
                "run_attempt": "1",
                "event": {
                    "before": before,
                    "schedule": schedule,
                    "repository": {"private": True, "default_branch": "main"},
                    "pull_request": {
                        "head": {"repo": {"full_name": source}},
                        "base": {"sha": base},
                    },
                    "merge_group": {"base_sha": queued_after},
                },
            },
            "inputs": inputs or {},
            "secrets": keys if secrets is None else secrets,
            "needs": {"prepare": {"outputs": needs or {}}},
            "matrix": {"shard": shard},
            "strategy": {"job-index": shard.partition("/")[0] or "0"},
            "runner": {"temp": str(self.runner.directory)},
        }
        environment = self.github.environment(self.directory, number, fork=fork, commit=sha)
        # A step gets the token only from its own `env`.
        environment.pop("GITHUB_TOKEN")
        environment["GITHUB_EVENT_NAME"] = event
        if event == "pull_request" and not sha:
            environment["GITHUB_SHA"] = git(self.checkout, "rev-parse", "HEAD")
        for left in self.runner.directory.glob("*devinops-*"):
            shutil.rmtree(left) if left.is_dir() else left.unlink()
        steps = self.runner.job(self.workflow, job, context, **environment)
        assert steps is not None, "the job does not run for this event"
        return steps

    def plan(self, number: int, job: str = "plan", **more: Any) -> dict[str, Step]:
        return self.run(job, "pull_request", number, ref="refs/pull/1/merge", **more)

    @property
    def names(self) -> list[str]:
        return sorted(note["name"] for note in self.emulator.knowledge())

    @property
    def calls(self) -> list[str]:
        """What gh was called for since the last look."""
        lines = self.runner.calls.read_text().splitlines()
        self.runner.calls.write_text("")
        calls = [" ".join(line.split()[:4]) for line in lines if line.startswith("gh")]
        return [call for call in calls if "list" not in call and "auth" not in call]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with Emulator(yaml.safe_load(SEED)) as emulator, GitHubApi().serving() as github:
        yield World(tmp_path, emulator, github)


def passed(steps: dict[str, Step]) -> None:
    assert [step for step in steps.values() if step.code not in (0, None)] == []


def test_what_was_reviewed_is_applied_after_the_merge(world: World) -> None:
    world.github.open(1)
    steps = world.plan(1)
    passed(steps)
    assert steps["Run devinops"].outputs["has_changes"] == "true"
    assert [call.method for call in world.github.server.asked].count("POST") == 1
    (text,) = world.github.texts(1)
    assert steps["Run devinops"].outputs["digest"] in text
    assert "<!doctype html>" in (world.runner.directory / "devinops-plan.html").read_text()[:100]
    assert world.names == ["Style"]

    steps = world.run("apply", "push", sha=world.github.merge(1))
    passed(steps)
    assert world.names == ["A", "Style"]
    assert "A.md" in git(world.origin, "show", "devinops:production.jsonl")
    assert (world.checkout / ".devinops" / "backups").exists() or steps["Run devinops"].outputs[
        "changes"
    ] == "1"
    assert "to create" in (world.runner.directory / "summary.md").read_text()


def test_what_was_not_reviewed_is_not_applied(world: World) -> None:
    world.github.open(1)
    passed(world.plan(1))
    world.write("B")
    steps = world.run("apply", "push", sha=world.github.merge(1))
    assert (steps["Run devinops"].code, steps["Run devinops"].outputs["exit_code"]) == (5, "5")
    assert world.names == ["Style"]


def test_a_commit_without_a_pull_request_is_not_applied(world: World) -> None:
    steps = world.run("apply", "push")
    assert steps["Find the reviewed plan"].code == 5
    assert steps["Run devinops"].code is None
    assert world.names == ["Style"]


@pytest.mark.parametrize("source", [{"fork": True}, {"actor": "dependabot[bot]"}], ids=str)
def test_a_job_without_a_key_gets_a_message(world: World, source: dict[str, Any]) -> None:
    world.github.open(1)
    steps = world.plan(1, secrets={}, **source)
    passed(steps)
    (notice,) = commands(steps["Run devinops"].log)
    assert notice.data.startswith("A pull request from a fork or from Dependabot gets no key")
    assert steps["Comment"].code is None
    assert world.github.texts(1) == []


@pytest.mark.parametrize("event", ["pull_request", "workflow_dispatch"])
def test_a_missing_secret_does_not_look_like_a_plan(world: World, event: str) -> None:
    world.github.open(1)
    steps = world.run("plan", event, 1, secrets={})
    assert steps["Run devinops"].code == 1
    (error,) = commands(steps["Run devinops"].log)
    assert error.data.startswith("There is no key, so devinops did nothing: set the input api-key")
    assert steps["Comment"].code is None


def test_a_problem_in_a_file_is_an_annotation_and_replaces_the_plan_in_the_comment(
    world: World,
) -> None:
    world.github.open(1)
    passed(world.plan(1))
    assert "1 to create" in world.github.texts(1)[0]
    (world.checkout / "knowledge" / "bad.md").write_text("no front matter\n")
    world.github.push(1)
    steps = world.plan(1)
    validate = steps["Check the files"]
    assert validate.code == 1
    assert [command.properties["file"] for command in commands(validate.log)] == [
        "knowledge/bad.md"
    ]
    assert steps["Run devinops"].code == 1
    assert steps["Comment"].code == 0
    (text,) = world.github.texts(1)
    head = world.github.requests[1].head
    assert f"/acme/api/blob/{head}/knowledge/bad.md#L1" in text
    assert "to create" not in text


@pytest.mark.parametrize("broken", [pytest.param("pip", marks=pytest.mark.nightly), "devinops"])
def test_nothing_is_posted_if_there_is_no_report(world: World, broken: str) -> None:
    world.github.open(1)
    passed(world.plan(1))
    (text,) = world.github.texts(1)
    (world.checkout / "plan.md").write_text(text.replace("1 to create", "nothing to do"))
    world.push()
    world.github.push(1)
    world.runner.program(broken, "exit 137")
    steps = world.plan(1)
    assert 137 in [step.code for step in steps.values()]
    assert steps["Comment"].code is None
    assert world.github.texts(1) == [text]


def test_a_merge_queue_is_planned_without_a_comment(world: World) -> None:
    steps = world.run("plan", "merge_group", ref="refs/heads/gh-readonly-queue/main/pr-1-0a")
    passed(steps)
    assert steps["Run devinops"].outputs["has_changes"] == "true"
    assert steps["Comment"].code is None
    assert "merge_group" in world.workflow["on"]


def queue(world: World, after: str, **more: Any) -> dict[str, Step]:
    """Run the plan for what a merge queue adds to the commit `after`."""
    ref = "refs/heads/gh-readonly-queue/main/pr-1-0a"
    return world.run("plan", "merge_group", ref=ref, queued_after=after, **more)


def test_what_was_reviewed_is_applied_after_a_merge_queue(world: World) -> None:
    after = git(world.checkout, "rev-parse", "HEAD^")
    world.github.open(1)
    reviewed = world.plan(1)["Run devinops"].outputs["digest"]
    steps = queue(world, after)
    passed(steps)
    assert (steps["Check the files"].code, steps["Run devinops"].outputs["digest"]) == (0, reviewed)
    assert len(world.github.texts(1)) == 1
    # The queue squashes, and the job starts before GitHub knows of the merge.
    world.github.knows_commits = False
    passed(world.run("apply", "push", sha=world.github.merge(1, "squash")))
    assert world.names == ["A", "Style"]


def test_of_two_requests_that_a_queue_merges_in_one_push_nothing_is_applied(world: World) -> None:
    world.github.open(1)
    passed(world.plan(1))
    (world.checkout / "knowledge" / "A.md").rename(world.directory / "A.md")
    world.write("B")
    world.github.open(2)
    passed(world.plan(2))
    (world.directory / "A.md").rename(world.checkout / "knowledge" / "A.md")
    world.push()
    world.github.merge(1)
    steps = world.run("apply", "push", sha=world.github.merge(2))
    assert (steps["Run devinops"].code, world.names) == (5, ["Style"])
    assert "knowledge:A" in steps["Run devinops"].log


def test_a_merge_queue_plans_and_lints_only_what_its_request_changes(world: World) -> None:
    after = git(world.checkout, "rev-parse", "HEAD")
    (world.checkout / "README.md").write_text("Nothing for Devin.\n")
    world.push()
    steps = queue(world, after)
    passed(steps)
    assert "changes no entry" in commands(steps["Run devinops"].log)[0].data
    assert "exit_code" not in steps["Run devinops"].outputs
    world.write("B", "an invisible \u200b character")
    world.write("C")
    steps = queue(world, after)
    assert (steps["Check the files"].code, steps["Run devinops"].outputs["changes"]) == (1, "3")
    passed(queue(world, git(world.checkout, "rev-parse", "HEAD^")))


def test_a_person_decides_in_two_manual_runs(world: World) -> None:
    for name in "BCDEF":
        world.write(name)
    plan = world.run("plan", "workflow_dispatch")
    passed(
        world.run(
            "apply", "workflow_dispatch", inputs={"digest": plan["Run devinops"].outputs["digest"]}
        )
    )
    for name in "BCDEF":
        (world.checkout / "knowledge" / f"{name}.md").unlink()
    world.push()
    world.github.open(1)
    refused = world.plan(1)
    assert (refused["Run devinops"].code, refused["Run devinops"].outputs["digest"]) == (4, "")
    assert "--allow delete=5" in world.github.texts(1)[0]

    inputs = {"approvals": "delete=5", "digest": ""}
    plan = world.run("plan", "workflow_dispatch", inputs=inputs)
    passed(plan)
    assert world.names == ["A", "B", "C", "D", "E", "F", "Style"]
    inputs["digest"] = plan["Run devinops"].outputs["digest"]
    passed(world.run("apply", "workflow_dispatch", inputs=inputs))
    assert world.names == ["A", "Style"]


@pytest.mark.parametrize("name", ["approvals", "digest", "rollback"])
def test_an_input_is_a_value_and_never_code(world: World, name: str) -> None:
    (world.directory / "artifacts").write_text('{"artifacts": []}')
    hostile = f"1; touch {world.directory}/pwned $(touch {world.directory}/pwned) `id` --root /"
    job, digest = ("plan", "") if name == "approvals" else ("apply", "0a")
    steps = world.run(job, "workflow_dispatch", inputs={"digest": digest, name: hostile})
    assert [step.code for step in steps.values() if step.code] == [1 if name == "rollback" else 64]
    assert not (world.directory / "pwned").exists()


@pytest.mark.sampled(3, ci=3)
@pytest.mark.parametrize(
    ("approvals", "options"),
    [
        ("", ""),
        ("adopt delete=12 spend", "<--adopt><--allow=delete=12><--allow=spend>"),
        ("--adopt --allow delete=12", "<--adopt><--allow=delete=12>"),
        ("--allow=spend --on-drift=keep", "<--allow=spend><--on-drift=keep>"),
        ("git overwrite", "<--on-conflict=git><--on-drift=overwrite>"),
        (
            "--on-conflict 'git=knowledge:A b' live=knowledge:C --on-drift keep",
            "<--on-conflict=git=knowledge:A b><--on-conflict=live=knowledge:C><--on-drift=keep>",
        ),
        # Nothing but an approval: this names no other root, and no digest.
        ("--root /tmp --yes", "<--allow=--root><--allow=/tmp><--allow=--yes>"),
    ],
)
def test_approvals_reach_the_command(world: World, approvals: str, options: str) -> None:
    world.runner.program("devinops", 'printf "<%s>" "$@"')
    inputs = {"approvals": approvals}
    plan = world.run("plan", "workflow_dispatch", inputs=inputs)["Run devinops"].log
    apply = world.run("apply", "workflow_dispatch", inputs={**inputs, "digest": "0a"})
    assert f"<plan>{options}<--report>" in plan
    assert f"<apply>{options}<--yes><--expect><0a>" in apply["Run devinops"].log


def test_approvals_with_an_open_quote_stop_the_job(world: World) -> None:
    steps = world.run("plan", "workflow_dispatch", inputs={"approvals": "'git=knowledge:A"})
    assert steps["Run devinops"].code
    assert "quote" in steps["Run devinops"].log


def test_only_the_main_branch_is_applied(world: World) -> None:
    with pytest.raises(AssertionError, match="does not run"):
        world.run("apply", "workflow_dispatch", inputs={"digest": "0a"}, ref="refs/heads/other")
    with pytest.raises(AssertionError, match="does not run"):
        world.run("apply", "workflow_dispatch", inputs={"digest": "0a"}, ref="refs/tags/main")


needs_jq = pytest.mark.skipif(shutil.which("jq") is None, reason="jq is not installed")


def applied(world: World) -> None:
    plan = world.run("plan", "workflow_dispatch")
    digest = plan["Run devinops"].outputs["digest"]
    # People paste it, often with a space.
    passed(world.run("apply", "workflow_dispatch", inputs={"digest": f" {digest} "}))


def test_the_comment_says_how_sessions_used_a_changed_note_and_quotes_nobody(world: World) -> None:
    applied(world)
    key = world.emulator.store.keys[PLAN_KEY]
    (note,) = (note for note in world.emulator.knowledge() if note["name"] == "A")
    used = [{"note_id": note["note_id"], "reason": "canary", "message": "canary"}]
    for _ in range(2):
        world.emulator.add("session", analysis={"note_usage": {"bad_usages": used}})
    world.write("A", "Be brief.")
    world.github.open(1)
    world.emulator.store.keys[PLAN_KEY] = replace(
        key, permissions=key.permissions | {"ViewOrgSessions"}
    )
    steps = world.plan(1)
    assert "used well in 0, misleading in 2 of 2 analysed sessions" in world.github.texts(1)[0]
    files = [path.read_text() for path in world.runner.directory.iterdir() if path.is_file()]
    quoting = [
        text for text in (*files, *(step.log for step in steps.values())) if "canary" in text
    ]
    assert [json.loads(text)["base"]["sessions"] for text in quoting] == [2]
    kept = (world.directory / "kept").rglob("*")
    assert not any("canary" in path.read_text() for path in kept if path.is_file())
    assert world.uploaded
    # A key that may not read sessions plans without it.
    world.emulator.store.keys[PLAN_KEY] = replace(
        key, permissions=key.permissions - {"ViewOrgSessions"}
    )
    world.github.push(1)
    world.plan(1)
    assert "analysed sessions" not in world.github.texts(1)[0]


@needs_jq
def test_drift_opens_an_issue_updates_it_and_closes_it(world: World) -> None:
    applied(world)
    passed(world.run("drift", "schedule", schedule="17 3 * * *"))
    assert world.calls == []
    (note,) = (note for note in world.emulator.knowledge() if note["name"] == "A")
    world.emulator.edit("knowledge", note["note_id"], body="edited")
    passed(world.run("drift", "schedule", schedule="17 3 * * *"))
    assert world.calls == ["gh issue create --title"]
    world.lists({"number": 6, "title": "Other"}, {"number": 7, "title": "Changed outside devinops"})
    passed(world.run("drift", "schedule", schedule="17 3 * * *"))
    assert world.calls == ["gh issue edit 7"]
    assert "A" in (world.runner.directory / "devinops.md").read_text()
    world.emulator.edit("knowledge", note["note_id"], body="A")
    passed(world.run("drift", "schedule", schedule="17 3 * * *"))
    assert world.calls == ["gh issue close 7"]
    steps = world.run("drift", "schedule", schedule="17 3 * * *", secrets={})
    assert (steps["Run devinops"].code, world.calls) == (1, [])


@needs_jq
def test_the_documented_job_opens_a_pull_request_about_drift(world: World) -> None:
    applied(world)
    world.workflow["jobs"] |= documented_job("drift")
    passed(world.run("drift", "schedule", schedule="17 3 * * *"))
    assert world.calls == []
    (note,) = (note for note in world.emulator.knowledge() if note["name"] == "A")
    world.emulator.edit("knowledge", note["note_id"], body="edited")
    passed(world.run("drift", "schedule", schedule="17 3 * * *"))
    assert world.calls == ["gh pr create --head"]
    assert git(world.origin, "show", "devinops-drift:knowledge/A.md").endswith("edited")
    assert git(world.origin, "diff", "--name-only", "main", "devinops-drift") == "knowledge/A.md"
    # A stranger's branch of the same name, in a fork, is not the one that devinops pushed.
    strangers, own = (
        {"number": 9, "isCrossRepository": True},
        {"number": 8, "isCrossRepository": False},
    )
    for listed, call in (([strangers], "gh pr create"), ([strangers, own], "gh pr edit 8")):
        world.lists(*listed)
        git(world.checkout, "reset", "--quiet", "--hard", "HEAD~1")
        passed(world.run("drift", "schedule", schedule="17 3 * * *"))
        assert [called.startswith(call) for called in world.calls] == [True]
    world.emulator.edit("knowledge", note["note_id"], body="A")
    git(world.checkout, "reset", "--quiet", "--hard", "HEAD~1")
    passed(world.run("drift", "schedule", schedule="17 3 * * *"))
    assert world.calls == ["gh pr close 8"]


BACKUPS = "devinops-backups-1-0-apply"
"""The artifact of the first attempt of a job that applies."""


def artifact(run: int, *, name: str = BACKUPS, **about: Any) -> dict[str, Any]:
    made_by = {
        "id": run,
        "head_sha": "0a",
        "head_branch": "main",
        "head_repository_id": 1,
        "repository_id": 1,
    }
    return {"name": name, "expired": False, "workflow_run": {**made_by, **about}}


@needs_jq
def test_a_run_is_rolled_back_in_two_manual_runs(world: World) -> None:
    applied(world)
    names = []
    for number, body in enumerate(("first", "second")):
        world.new_run(number)
        world.write("A", body)
        forge_backup(world.checkout)
        applied(world)
        (file,) = (world.directory / "kept" / str(number) / BACKUPS).glob("*.jsonl")
        names.append(file.stem)
    others = (
        artifact(9, head_repository_id=2),
        artifact(9, head_branch="a-pull-request"),
        artifact(9, name="devinops-backups-staging-1-0-apply"),
        artifact(8),
        artifact(9, head_sha="elsewhere"),
        artifact(9) | {"expired": True},
    )
    (world.directory / "artifacts").write_text(
        json.dumps({"artifacts": [*others, artifact(1), artifact(0)]})
    )
    events = {0: "push", 1: "workflow_dispatch", 8: "pull_request", 9: "push"}
    runs = {str(run): {"event": event} for run, event in events.items()}
    (world.directory / "runs").write_text(json.dumps(runs))
    world.new_run(2)
    for name, text in (("latest", "A\nfirst"), (names[0], "A")):
        plan = world.run("plan", "workflow_dispatch", inputs={"rollback": name})
        passed(plan)
        assert text not in [note["body"] for note in world.emulator.knowledge()]
        summary = (world.runner.directory / "summary.md").read_text()
        assert "revert the commit as well" in " ".join(summary.split())
        inputs = {"rollback": name, "digest": plan["Run devinops"].outputs["digest"]}
        passed(world.run("apply", "workflow_dispatch", inputs=inputs))
        assert text in [note["body"] for note in world.emulator.knowledge()]
        shutil.rmtree(world.directory / "kept" / "2", ignore_errors=True)
    steps = world.run("plan", "workflow_dispatch", inputs={"rollback": "20200101T000000Z-0a0a0a"})
    assert (steps["Fetch what other jobs kept"].code, steps["Run devinops"].code) == (1, None)
    assert (
        "No run on main has this backup, or the commit" in steps["Fetch what other jobs kept"].log
    )


def test_lint_fails_only_for_what_a_pull_request_changes(world: World) -> None:
    world.github.open(1)
    world.write("B", "Be\u200b brief.")
    steps = world.plan(1)
    assert (steps["Check the files"].code, steps["Run devinops"].code) == (1, 0)
    (text,) = world.github.texts(1)
    assert "DV302" in text
    plan = world.workflow["jobs"]["plan"]["steps"][-1]
    plan["with"]["lint"] = "false"
    passed(world.plan(1))
    assert "DV302" not in world.github.texts(1)[0]
    del plan["with"]["lint"]
    world.write("C")
    steps = world.plan(1)
    passed(steps)
    assert "knowledge/B.md" in steps["Check the files"].log


@pytest.mark.nightly
def test_a_copy_of_the_action_does_the_same(world: World) -> None:
    assert "wrote .github/actions/devinops/action.yml" in world.init("--copy-action")
    (use,) = {job["steps"][-1]["uses"] for job in world.workflow["jobs"].values()}
    assert use == "./.github/actions/devinops"
    world.push()
    world.write("B")
    world.github.open(1)
    passed(world.plan(1))
    passed(world.run("apply", "push", sha=world.github.merge(1)))
    assert world.names == ["A", "B", "Style"]
    source = "devinops @ git+https://git.example/devinops@0a"
    action = world.checkout / ".github/actions/devinops/action.yml"
    action.write_text(action.read_text().replace("devinops @ git+URL@COMMIT", source))
    world.runner.calls.write_text("")
    passed(world.run("drift", "schedule", schedule="17 3 * * *"))
    pip = [line for line in world.runner.calls.read_text().splitlines() if "pip " in line]
    assert pip[-1].endswith(f"--no-build-isolation {source}")


def test_a_key_reaches_only_the_step_that_runs_devinops(world: World) -> None:
    """Neither pip nor gh has it, nor devinops where it needs none; and no step has the whole input."""
    key, value = "cog_sentinel", "sentinel-of-a-secret"
    seen = world.directory / "seen"
    script = f'if env | grep -q sentinel; then echo "{{}} $1 $NPM_TOKEN" >> "{seen}"; env | grep sentinel >> "{seen}.env"; fi'
    for name in ("pip", "gh", "devinops"):
        world.runner.program(name, script.format(name))
    apply = world.workflow["jobs"]["apply"]["steps"][-1]
    apply["with"]["secrets"] = f"PEM<<END\n{value}\nEND\nNPM_TOKEN={value}\n\nOTHER=a=b\n"
    world.run("plan", "workflow_dispatch", secrets={"DEVIN_API_KEY_PLAN": key})
    secrets = {"DEVIN_API_KEY": key}
    world.run("apply", "workflow_dispatch", inputs={"digest": "0a"}, secrets=secrets)
    world.run("drift", "schedule", schedule="17 3 * * *", secrets={"DEVIN_API_KEY_PLAN": key})
    assert (
        seen.read_text()
        == f"devinops insight \ndevinops plan \ndevinops apply {value}\ndevinops drift \n"
    )
    names = {line.partition("=")[0] for line in Path(f"{seen}.env").read_text().splitlines()}
    assert names == {"DEVIN_API_KEY", "NPM_TOKEN", "PEM"}


@pytest.mark.sampled(5, ci=5)
@pytest.mark.parametrize(
    "value", ["", "\n", "\n\n", "a", "\na=b\n", "-----BEGIN\nA<<B\n\n-----END"]
)
def test_a_value_of_several_lines_reaches_devinops_as_it_is(world: World, value: str) -> None:
    seen = world.directory / "seen"
    world.runner.program("devinops", f'printf %s "$PEM|$B" > "{seen}"')
    apply = world.workflow["jobs"]["apply"]["steps"][-1]
    apply["with"]["secrets"] = f"PEM<<EOF\n{value}\nEOF\nB=a<<b\n"
    secrets = {"DEVIN_API_KEY": "cog_sentinel"}
    world.run("apply", "workflow_dispatch", inputs={"digest": "0a"}, secrets=secrets)
    assert seen.read_text() == f"{value}|a<<b"


@pytest.mark.parametrize(
    "line", ["-----END KEY-----", "NPM-TOKEN=a", "=a", "a b=c", "PEM<<END\nB=c"]
)
def test_a_line_that_is_no_variable_stops_the_job_and_is_not_shown(world: World, line: str) -> None:
    apply = world.workflow["jobs"]["apply"]["steps"][-1]
    apply["with"]["secrets"] = f"A=canary\n{line}\n"
    (step,) = (
        step
        for step in world.run("apply", "workflow_dispatch", inputs={"digest": "0a"}).values()
        if step.code
    )
    assert (step.name, step.code) == ("Run devinops", 64)
    assert "Line 2 of the input secrets is not NAME=VALUE" in step.log
    assert line not in step.log


@pytest.mark.sampled(4, ci=4)
@pytest.mark.parametrize(
    "name", ["PATH", "UID", "API_KEY", "GITHUB_TOKEN", "TARGET", "number", "end", "code", "A"]
)
def test_a_name_that_is_taken_stops_the_job_and_no_value_is_shown(world: World, name: str) -> None:
    apply = world.workflow["jobs"]["apply"]["steps"][-1]
    apply["with"]["secrets"] = f"A=1\n{name}=canary\n"
    steps = world.run("apply", "workflow_dispatch", inputs={"digest": "0a"}).values()
    (step,) = (step for step in steps if step.code)
    assert (step.name, step.code) == ("Run devinops", 64)
    assert "Line 2 of the input secrets sets a variable that is set already" in step.log
    assert "canary" not in step.log


def test_a_head_that_is_checked_out_is_compared_with_the_base(world: World) -> None:
    base = git(world.checkout, "rev-parse", "HEAD^")
    world.write("B", "Be\u200b brief.")
    world.write("C")
    world.github.open(1)
    steps = world.plan(1, sha="0a" * 20, base=base)
    assert steps["Check the files"].code == 1
    assert base.startswith(steps["Check the files"].outputs["since"])


MANY = """\
version: 1
targets:
  staging: {org_id: org-staging, api_key_env: DEVIN_API_KEY_STAGING, inventory: {store: branch}}
  production: {org_id: org-production, api_key_env: DEVIN_API_KEY_PRODUCTION, inventory: {store: branch}}
"""


def test_each_target_is_planned_and_applied_with_its_own_key(tmp_path: Path) -> None:
    seed = {
        "organizations": {"org-staging": {}, "org-production": {}},
        "keys": {"cog_s": {"org": "org-staging"}, "cog_p": {"org": "org-production"}},
    }
    with Emulator(seed) as emulator, GitHubApi().serving() as github:
        world = World(tmp_path, emulator, github)
        (world.checkout / "devinops.yaml").write_text(MANY)
        world.init("--ci github")
        before = git(world.checkout, "rev-parse", "HEAD")
        world.push()
        world.github.open(1)
        secrets = {"DEVIN_API_KEY_STAGING_PLAN": "cog_s", "DEVIN_API_KEY_PRODUCTION_PLAN": "cog_p"}
        passed(world.plan(1, secrets=secrets))
        (text,) = world.github.texts(1)
        assert "## 2 organizations: 2 creates" in text
        sha = world.github.merge(1)
        # What one target cannot do does not stop the other.
        secrets = {"DEVIN_API_KEY_STAGING": "cog_s"}
        steps = world.run("apply", "push", sha=sha, before=before, secrets=secrets)
        assert steps["Run devinops"].code == 3
        assert [note["name"] for note in emulator.knowledge("org-staging")] == ["A"]
        assert emulator.knowledge("org-production") == []


TARGETS = """\
version: 1
defaults: {inventory: {store: branch}, prune: owned}
targets:
  a: {org_id: org-a, labels: {ring: canary}}
  b: {org_id: org-b}
  c: {org_id: org-c}
"""
SHARED_KEY = {"DEVIN_API_KEY_PLAN": "cog_enterprise", "DEVIN_API_KEY": "cog_enterprise"}


ORGANIZATIONS = {"organizations": {f"org-{name}": {} for name in "abc"}}


@pytest.fixture
def organizations(tmp_path: Path) -> Iterator[World]:
    """A repository whose only target became three, so that init updated the workflow."""
    with Emulator(ORGANIZATIONS) as emulator, GitHubApi().serving() as github:
        yield World(tmp_path, emulator, github, TARGETS)


def notes(world: World) -> list[list[str]]:
    """Return the names of the notes in each organization."""
    return [
        sorted(note["name"] for note in world.emulator.knowledge(f"org-{name}")) for name in "abc"
    ]


def test_a_request_is_planned_and_applied_in_the_targets_that_it_affects(
    organizations: World,
) -> None:
    before = git(organizations.checkout, "rev-parse", "HEAD")
    (organizations.checkout / "knowledge" / "B.md").write_text(
        "---\nname: B\ntrigger: t\ntargets: [b]\n---\nB\n"
    )
    organizations.push()
    organizations.github.open(1)
    passed(organizations.plan(1, secrets=SHARED_KEY))
    (text,) = organizations.github.texts(1)
    assert "## 1 organization: 2 creates" in text
    assert f"--target all --affected {before[:7]}" in text
    merged = organizations.github.merge(1)
    steps = organizations.run("apply", "push", sha=merged, before=before, secrets=SHARED_KEY)
    passed(steps)
    assert steps["Run devinops"].code == 0
    assert notes(organizations) == [[], ["A", "B"], []]


def test_a_merge_queue_plans_the_targets_that_its_request_affects(organizations: World) -> None:
    after = git(organizations.checkout, "rev-parse", "HEAD")
    note = "---\nname: b\ntrigger: t\ntargets: [b]\n---\nb\n"
    (organizations.checkout / "knowledge" / "b.md").write_text(note)
    organizations.push()
    steps = queue((organizations), after, secrets=SHARED_KEY)
    passed(steps)
    assert (steps["Run devinops"].outputs["targets"], steps["Comment"].code) == ("1", None)


def test_a_push_that_affects_no_target_applies_nothing(organizations: World) -> None:
    before = git(organizations.checkout, "rev-parse", "HEAD")
    (organizations.checkout / "README.md").write_text("Notes for Devin.\n")
    organizations.push()
    organizations.github.open(1)
    passed(organizations.plan(1, secrets=SHARED_KEY))
    assert "## 0 organizations: nothing to change" in organizations.github.texts(1)[0]
    merged = organizations.github.merge(1)
    steps = organizations.run("apply", "push", sha=merged, before=before, secrets=SHARED_KEY)
    passed(steps)
    assert steps["Run devinops"].code is None
    assert "affects none of the targets" in commands(steps["Find the reviewed plan"].log)[0].data
    assert notes(organizations) == [[], [], []]
    steps = organizations.run("apply", "push", before="0" * 40, secrets=SHARED_KEY)
    assert (steps["Find the reviewed plan"].code, steps["Run devinops"].code) == (5, None)


def test_a_target_that_the_push_changes_but_nobody_reviewed_fails_the_job(
    organizations: World,
) -> None:
    before = git(organizations.checkout, "rev-parse", "HEAD")
    for number, name in enumerate("bc", 1):
        (organizations.checkout / "knowledge" / f"{name}.md").write_text(
            f"---\nname: {name}\ntrigger: t\ntargets: [{name}]\n---\n{name}\n"
        )
        organizations.push()
        organizations.github.open(number)
        passed(organizations.plan(number, secrets=SHARED_KEY))
    # A merge queue pushes both requests together, so only the last one has the pushed commit.
    organizations.github.merge(1)
    merged = organizations.github.merge(2)
    steps = organizations.run("apply", "push", sha=merged, before=before, secrets=SHARED_KEY)
    assert steps["Run devinops"].code == 3
    assert "b stale" in steps["Run devinops"].outputs["summary"]
    assert notes(organizations) == [[], [], ["A", "c"]]
    # After a forced push the clone lacks the earlier commit.
    steps = organizations.run("apply", "push", sha=merged, before="f" * 40, secrets=SHARED_KEY)
    passed(steps)
    assert steps["Run devinops"].code == 0


def test_one_decision_is_one_manual_run_for_the_targets_of_a_selector(organizations: World) -> None:
    for selector, expected in (("ring=canary", [["A"], [], []]), ("", [["A"], ["A"], ["A"]])):
        inputs = {"target": selector}
        plan = organizations.run("plan", "workflow_dispatch", inputs=inputs, secrets=SHARED_KEY)
        passed(plan)
        inputs["digest"] = plan["Run devinops"].outputs["digest"]
        passed(organizations.run("apply", "workflow_dispatch", inputs=inputs, secrets=SHARED_KEY))
        assert notes(organizations) == expected


ROLLOUT = (
    TARGETS.replace("org-a, ", "org-a, api_key_env: DEVIN_CANARY_KEY, ")
    + """\
waves: [{name: canary, where: {ring: canary}}, {name: rest}]
shards: 8
"""
)


def prepared(world: World, event: str, **more: Any) -> dict[str, str]:
    """Run the job before those that apply, with the keys for planning; return its outputs."""
    keys = {"DEVIN_API_KEY_PLAN": "cog_enterprise", "DEVIN_CANARY_KEY_PLAN": "cog_enterprise"}
    passed(world.run("prepare", event, secrets=keys, **more))
    outputs = world.workflow["jobs"]["prepare"]["outputs"]
    return {name: filled(text, world.runner.ended) for name, text in outputs.items()}


def shards(world: World, needs: dict[str, str]) -> list[str]:
    """Return the parts of the jobs that apply, as the matrix has them."""
    matrix = world.workflow["jobs"]["apply"]["strategy"]["matrix"]["shard"]
    expression = matrix.removeprefix("${{").removesuffix("}}").strip()
    parts: list[str] = evaluate(expression, {"needs": {"prepare": {"outputs": needs}}})
    return parts


@pytest.fixture
def rollout(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """Organizations in two waves, each with its keys; at most eight jobs share the targets of one."""
    configuration = getattr(request, "param", ROLLOUT)
    with Emulator(ORGANIZATIONS) as emulator, GitHubApi().serving() as github:
        world = World(tmp_path, emulator, github, TARGETS, configuration)
        world.new_run(1)
        world.write("B")
        yield world


def test_each_run_writes_to_one_wave_in_shards_and_reports_once(rollout: World) -> None:
    rollout.github.open(1)
    keys = {"DEVIN_API_KEY_PLAN": "cog_enterprise", "DEVIN_CANARY_KEY_PLAN": "cog_enterprise"}
    passed(rollout.plan(1, secrets=keys))
    rollout.github.merge(1)
    sha = git(rollout.checkout, "rev-parse", "HEAD")
    rollout.github.requests[1].merge_commit = sha
    apply = rollout.workflow["jobs"]["apply"]

    needs = prepared(rollout, "push", sha=sha)
    assert needs == {"wave": "canary", "shards": '[""]'}
    context = {"needs": {"prepare": {"outputs": needs}}}
    assert filled(apply["environment"], context) == "devin-canary"
    assert shards(rollout, needs) == [""]
    # The environment of a wave has the keys of its targets, and no others.
    secrets = {"DEVIN_CANARY_KEY": "cog_enterprise"}
    passed(rollout.run("apply", "push", sha=sha, needs=needs, secrets=secrets))
    assert notes(rollout) == [["A", "B"], [], []]

    rollout.new_run(2)
    night: dict[str, Any] = {"sha": sha, "schedule": "47 * * * *"}
    needs = prepared(rollout, "schedule", **night)
    assert needs == {"wave": "rest", "shards": '["1/2","2/2"]'}
    for shard in shards(rollout, needs):
        about = {"needs": needs, "shard": shard, "secrets": {"DEVIN_API_KEY": "cog_enterprise"}}
        passed(rollout.run("apply", "schedule", **night, **about))
        assert notes(rollout) == [["A", "B"], ["A", "B"], ["A", "B"] if shard == "2/2" else []]
    (rollout.runner.directory / "summary.md").write_text("")
    passed(rollout.run("report", "schedule", needs=needs, **night))
    summary = (rollout.runner.directory / "summary.md").read_text()
    assert "2 organizations" in summary

    rollout.new_run(3)
    assert prepared(rollout, "schedule", **night) == {"wave": "", "shards": ""}
    rollout.emulator.add("knowledge", org="org-a", name="C", trigger="t", body="Other")
    rollout.write("C")
    steps = rollout.run("prepare", "push", secrets=keys)
    stop = steps["Prepare"]
    assert stop.code == 4
    assert "Nothing was written: canary has stopped: " in commands(stop.log)[0].data


@pytest.mark.parametrize("rollout", [f"{TARGETS}shards: 2\n"], indirect=True)
def test_shards_need_no_waves(rollout: World) -> None:
    rollout.github.open(1)
    passed(rollout.plan(1, secrets=SHARED_KEY))
    about: dict[str, Any] = {"sha": rollout.github.merge(1), "secrets": SHARED_KEY}
    before = git(rollout.checkout, "rev-parse", "HEAD~1")
    needs = prepared(rollout, "push", before=before, sha=about["sha"])
    assert needs == {"shards": '["1/2","2/2"]'}
    for shard in shards(rollout, needs):
        passed(rollout.run("apply", "push", needs=needs, shard=shard, before=before, **about))
    assert notes(rollout) == [["A", "B"]] * 3
    passed(rollout.run("report", "push", needs=needs, **about))
    shutil.rmtree(rollout.directory / "kept" / "1" / "devinops-report-2")
    assert rollout.run("report", "push", needs=needs, **about)["Merge the reports"].code == 1


def test_a_decision_by_hand_is_for_all_chosen_targets_whatever_their_wave(rollout: World) -> None:
    keys = {
        f"{name}{end}": "cog_enterprise"
        for name in ("DEVIN_API_KEY", "DEVIN_CANARY_KEY")
        for end in ("", "_PLAN")
    }
    inputs = {"target": "all"}
    plan = rollout.run("plan", "workflow_dispatch", inputs=inputs, secrets=keys)
    passed(plan)
    inputs["digest"] = plan["Run devinops"].outputs["digest"]
    needs = prepared(rollout, "workflow_dispatch", inputs=inputs)
    assert needs == {"wave": "", "shards": '[""]'}
    context = {"needs": {"prepare": {"outputs": needs}}}
    assert filled(rollout.workflow["jobs"]["apply"]["environment"], context) == "devin"
    passed(rollout.run("apply", "workflow_dispatch", inputs=inputs, needs=needs, secrets=keys))
    assert notes(rollout) == [["A", "B"]] * 3


def test_a_workflow_of_your_own_can_start_a_wave_by_hand(rollout: World) -> None:
    del rollout.workflow["jobs"]["prepare"]["if"]
    assert prepared(rollout, "workflow_dispatch") == {"wave": "canary", "shards": '[""]'}


@needs_jq
@pytest.mark.nightly
def test_drift_of_all_targets_is_in_one_issue(organizations: World) -> None:
    plan = organizations.run("plan", "workflow_dispatch", secrets=SHARED_KEY)
    inputs = {"digest": plan["Run devinops"].outputs["digest"]}
    passed(organizations.run("apply", "workflow_dispatch", inputs=inputs, secrets=SHARED_KEY))
    passed(organizations.run("drift", "schedule", schedule="17 3 * * *", secrets=SHARED_KEY))
    assert organizations.calls == []
    for name in "ab":
        (note,) = organizations.emulator.knowledge(f"org-{name}")
        organizations.emulator.edit("knowledge", note["note_id"], body=f"Edited in {name}.")
    passed(organizations.run("drift", "schedule", schedule="17 3 * * *", secrets=SHARED_KEY))
    assert organizations.calls == ["gh issue create --title"]
    report = (organizations.runner.directory / "devinops.md").read_text()
    assert "knowledge:A" in report
    assert "2 objects changed outside devinops" in report
