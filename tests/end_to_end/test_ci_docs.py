"""The pages about CI are true: their snippets run or are valid, and their table of permissions is that of the kinds."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml

from devinops.emulator import Emulator
from devinops.kinds import KINDS
from tests.testing.linters import actionlint, schema_errors, shellcheck, zizmor
from tests.testing.places import ROOT
from tests.testing.workflows import Runner, parse_workflow

HOW_TO = ROOT / "docs" / "how-to"
PERMISSIONS = ROOT / "docs" / "who-may-do-what.md"
_TABLE = re.compile(
    r"(?<=<!-- permissions: begin -->\n)(.*)(?=<!-- permissions: end -->)", re.DOTALL
)


def blocks(page: str, language: str) -> list[str]:
    text = (HOW_TO / page).read_text("utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def permissions() -> str:
    """Return the table of what a key must be allowed to do, from the kinds."""
    rows = ["| kind | to plan, drift or pull | to apply |", "| --- | --- | --- |"]
    for kind in KINDS.values():
        calls = kind.apis["v3"]
        read, write = (
            " or ".join(f"`{name}`" for name in names.split(" or ")) if names else "nothing more"
            for names in (calls.read_permission, calls.write_permission)
        )
        rows.append(f"| {kind.noun} | {read} | {write} |")
    return "\n" + "\n".join(rows) + "\n\n"


def test_the_table_of_permissions_is_that_of_the_kinds(request: pytest.FixtureRequest) -> None:
    page = PERMISSIONS.read_text("utf-8")
    written = _TABLE.sub(lambda _: permissions(), page)
    if request.config.getoption("--rewrite-golden"):
        PERMISSIONS.write_text(written, "utf-8")
    else:
        assert written == page


def test_the_picture_of_the_boundaries_has_text_for_those_who_cannot_see_it() -> None:
    picture = ElementTree.parse(ROOT / "docs" / "security.svg").getroot()
    texts = {element.tag.rpartition("}")[2]: element.text for element in picture if element.text}
    assert {"title", "desc"} <= texts.keys()
    assert re.search(r"!\[[^]]{50,}\]\(security.svg\)", PERMISSIONS.read_text("utf-8"))


def documented_workflow() -> str:
    """Return a workflow with the job of the page about GitHub."""
    commit = "0a" * 20
    (job,) = (block for block in blocks("ci-github.md", "yaml") if block.startswith("drift:\n"))
    schedule = "name: devinops\non: {schedule: [{cron: 17 3 * * *}]}\npermissions: {}\n"
    text = f"{schedule}jobs:\n{textwrap.indent(job, '  ')}"
    return text.replace("OWNER/devinops@COMMIT", f"acme/devinops@{commit}")


def test_the_documented_job_about_drift_is_valid() -> None:
    workflow = parse_workflow(documented_workflow())
    assert schema_errors("github-workflows", workflow) == []
    assert [
        error
        for step in workflow["jobs"]["drift"]["steps"]
        if (error := shellcheck(step.get("run", "")))
    ] == []


@pytest.mark.matrix
def test_other_programs_accept_the_documented_job(tmp_path: Path) -> None:
    assert actionlint(documented_workflow()) == []
    file = tmp_path / ".github" / "workflows" / "devinops.yml"
    file.parent.mkdir(parents=True)
    file.write_text(documented_workflow())
    assert zizmor(file) == []


def test_the_steps_for_code_scanning_are_valid() -> None:
    *_, steps = blocks("ci-github.md", "yaml")
    job = {"runs-on": "ubuntu-latest", "steps": yaml.safe_load(steps)}
    assert schema_errors("github-workflows", {"on": "push", "jobs": {"a": job}}) == []


def test_the_documented_inputs_are_those_of_the_action() -> None:
    (text,) = (block for block in blocks("ci-github.md", "yaml") if block.startswith("with:\n"))
    action = parse_workflow((ROOT / "action.yml").read_text("utf-8"))
    assert yaml.safe_load(text)["with"].keys() <= action["inputs"].keys()


def test_the_lines_for_any_other_ci_run(tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    (checkout / "knowledge").mkdir(parents=True)
    (checkout / "knowledge" / "a.md").write_text("---\nname: A\ntrigger: t\n---\nb\n")
    (checkout / "devinops.yaml").write_text(
        "version: 1\ntargets:\n  production: {inventory: {store: file}}\n"
    )
    review, apply, nightly = blocks("ci-other.md", "bash")
    with Emulator() as emulator:
        key = {"DEVIN_API_URL": emulator.url, "DEVIN_API_KEY": "cog_emulator"}
        runner = Runner(tmp_path / "runner", checkout, {**key, "BUILD_ID": "7"})
        for script in (review, apply):
            code, log = runner.bash(script, {})
            assert code == 0, log
        assert [note["name"] for note in emulator.knowledge()] == ["A"]
        assert runner.bash(nightly, {})[0] == 0
        emulator.edit("knowledge", emulator.knowledge()[0]["note_id"], body="edited")
        assert runner.bash(nightly, {})[0] == 2
        code, log = runner.bash(apply, {})
        assert code == 5, log


def test_the_page_names_the_variables_that_the_pipeline_uses() -> None:
    text = (HOW_TO / "ci-gitlab.md").read_text("utf-8")
    used = (ROOT / "devinops" / "templates" / "gitlab.yml").read_text("utf-8")
    names = set(re.findall(r"DEVINOPS_GITLAB_TOKEN|INVENTORY_PUSH_TOKEN|\bLINT\b", used))
    assert len(names) == 3
    assert [name for name in names if f"`{name}`" not in text] == []
