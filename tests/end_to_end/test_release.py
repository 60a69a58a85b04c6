"""release.yml publishes exactly what it has built and checked, once, also when a job of it fails."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.testing.inventories import commit, git
from tests.testing.places import ROOT
from tests.testing.releases import (
    BASE_IMAGE,
    CHANGELOG,
    FILES,
    IMAGE,
    TAG,
    VERSION,
    WORKFLOW,
    World,
)
from tests.testing.workflows import read_workflow

WHEEL, SDIST, SBOM, LOCK = FILES
VARIABLES = {"IMAGE": IMAGE, "BASE_IMAGE": BASE_IMAGE}

pytestmark = pytest.mark.matrix  # each test runs a workflow of many shell steps


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_a_tag_publishes_what_was_built(world: World) -> None:
    world.write("CHANGELOG.md", CHANGELOG.replace("Notes", "[Notes](docs/files.md)"))
    world.push()
    (world.directory / "late").touch()  # the index shows the new version later
    assert world.attempt(), world.logs
    published = world.published
    digest = published[f"tags/{VERSION}"].strip()
    assert set(published) == {
        *(f"index/{name}" for name in (WHEEL, SDIST)),
        f"tags/{VERSION}",
        f"images/{digest}",
        *(f"release/files/{name}" for name in (*FILES, "SHA256SUMS")),
    }
    assert published[f"index/{WHEEL}"] == published[f"release/files/{WHEEL}"]
    assert (world.directory / "release" / "notes.md").read_text() == (
        "\n### Files\n\n- [Notes](https://github.test/acme/devinops/blob/v1.2.3/docs/files.md) have owners.\n\n"
        f"The image: `{IMAGE}@{digest}`\n"
    )
    assert not (world.directory / "release" / "prerelease").exists()
    assert world.attested == [
        "dist/SHA256SUMS",
        f"dist/{WHEEL} with its SBOM",
        f"{IMAGE}@{digest}",
        f"{IMAGE}@{digest} with its SBOM",
    ]


def test_the_image_gets_its_name_after_its_signature(world: World) -> None:
    world.push()
    assert world.attempt()
    words = [" ".join(call.split()[:3]) for call in world.calls if "demo" not in call]
    order = ["cosign sign --yes", "skopeo copy --preserve-digests", "gh release view"]
    assert [word for word in words if word in order] == [order[1], *order]


@dataclass(frozen=True)
class Refusal:
    """What is wrong with a tag, and what the job says about it."""

    says: str
    files: dict[str, str] = field(default_factory=dict)
    tag: str = TAG
    branch: str = "main"
    variables: dict[str, str] = field(default_factory=dict)


REFUSALS = {
    "no version": Refusal("The tag v1.2 is not a version such as v1.2.3", tag="v1.2"),
    "another branch": Refusal(f"The commit of {TAG} is not on main.", branch="fix"),
    "no home": Refusal(
        "setup.cfg names a home that does not exist.",
        {"setup.cfg": "[metadata]\nurl = https://devinops.example\n"},
    ),
    "page of before": Refusal(
        "A page says that devinops has no address or is on no index.",
        {"README.md": "# devinops\n\nNo package index has devinops. Take the wheel.\n"},
    ),
    "another page of before": Refusal(
        "A page says that devinops has no address or is on no index.",
        {"SECURITY.md": "Report it. devinops has no address of its own yet.\n"},
    ),
    "another version": Refusal(
        "RELEASE in devinops/version.py is not 1.2.3.",
        {"devinops/version.py": 'RELEASE: Final = "1.2.30"\n'},
    ),
    "no notes": Refusal(
        "CHANGELOG.md has no section 1.2.3.", {"CHANGELOG.md": "## 1.2.30 – x\n\na\n"}
    ),
    "empty notes": Refusal(
        "CHANGELOG.md has no section 1.2.3.", {"CHANGELOG.md": "## 1.2.3\n\n## 1\n"}
    ),
    "no date": Refusal(
        "The heading of section 1.2.3 in CHANGELOG.md does not end with the date",
        {"CHANGELOG.md": "## 1.2.3 – unreleased\n\n- A change.\n"},
    ),
    "no image": Refusal("The variable IMAGE", variables={"BASE_IMAGE": BASE_IMAGE}),
    "image with a tag": Refusal(
        "The variable IMAGE", variables=VARIABLES | {"IMAGE": f"{IMAGE}:latest"}
    ),
    "image in capitals": Refusal("The variable IMAGE", variables=VARIABLES | {"IMAGE": "h/Acme/d"}),
    "no base image": Refusal("The variable BASE_IMAGE", variables={"IMAGE": IMAGE}),
    "base image by tag": Refusal(
        "The variable BASE_IMAGE", variables=VARIABLES | {"BASE_IMAGE": "debian:13"}
    ),
}


@pytest.mark.sampled(3, ci=3)
@pytest.mark.parametrize("name", REFUSALS)
def test_a_tag_that_is_not_ready_is_refused(world: World, name: str) -> None:
    refusal = REFUSALS[name]
    if refusal.branch != "main":
        commit(world.tree, "--allow-empty", "-m", "Start")
        git(world.tree, "push", "-q", "origin", "main")
    for file, text in refusal.files.items():
        world.write(file, text)
    world.push(refusal.tag, branch=refusal.branch)
    world.variables = refusal.variables or VARIABLES
    assert not world.attempt(refusal.tag)
    assert f"::error title=release::{refusal.says}" in world.logs
    assert not (world.directory / "calls").exists()


def test_the_pages_of_this_commit_can_be_published(world: World) -> None:
    for page in ("README.md", "SECURITY.md", "docs/how-to/install.md"):
        world.write(page, (ROOT / page).read_text("utf-8"))
    world.push()
    assert world.attempt(), world.logs


def test_a_version_to_try_needs_no_date_and_is_a_prerelease(world: World) -> None:
    world.write("CHANGELOG.md", "## 1.2.3 – unreleased\n\n- A change.\n")
    world.push("v1.2.3rc1")
    assert world.attempt("v1.2.3rc1"), world.logs
    assert "tags/1.2.3rc1" in world.published
    assert (world.directory / "release" / "prerelease").exists()


def test_a_commit_that_was_tried_can_be_released(world: World) -> None:
    """Its older tag is annotated, and the checkout of a release makes a simple one of the tag itself."""
    world.push()
    trial = "v1.2.3rc1"
    git(world.tree, "-c", "user.name=P", "-c", "user.email=p@localhost", "tag", "-m", "1", trial)
    git(world.tree, "push", "-q", "origin", trial)
    assert world.attempt(), world.logs
    assert f"index/{WHEEL}" in world.published


def test_a_tag_does_not_take_the_place_of_another_one_that_waits() -> None:
    concurrency = read_workflow(WORKFLOW)["concurrency"]
    assert concurrency == {"group": "release-${{ github.ref }}", "cancel-in-progress": False}


def test_the_changelog_has_notes_for_the_next_version(world: World) -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text("utf-8")
    world.write("CHANGELOG.md", changelog)
    world.write("devinops/version.py", (ROOT / "devinops" / "version.py").read_text("utf-8"))
    next_version = re.findall(r"^## (\d+\.\d+\.\d+)", changelog, re.MULTILINE)[0]
    world.push(f"v{next_version}rc1")
    assert world.attempt(f"v{next_version}rc1"), world.logs
    assert "### " in (world.directory / "release" / "notes.md").read_text("utf-8")


def test_the_jobs_with_the_source_or_with_packages_of_others_cannot_publish() -> None:
    page = (ROOT / "docs" / "releasing.md").read_text("utf-8")
    assert "`check`, `ci` and `build` have the source; `ci`, `build` and `verify` run" in page
    jobs = read_workflow(WORKFLOW)["jobs"]
    with_source = {
        name for name, job in jobs.items() if "uses" in job or "actions/checkout@" in str(job)
    }
    assert with_source == {"check", "ci", "build"}
    for name in (*with_source, "verify"):
        assert set(jobs[name]["permissions"].values()) <= {"read"}
        assert "environment" not in jobs[name]


def test_nothing_is_published_if_the_tests_fail(world: World) -> None:
    world.push()
    assert not world.attempt(fail="ci")
    assert world.published == {}


def test_files_of_another_version_are_not_published(world: World) -> None:
    world.programs["make"] = "mkdir dist; touch dist/devinops-1.2.3.dev1.tar.gz"
    world.push()
    assert not world.attempt()
    assert f"make dist did not write dist/{WHEEL}, but: devinops-1.2.3.dev1.tar.gz" in world.logs
    assert world.published == {}


def append(name: str, line: str = "more\n") -> Callable[[Path], None]:
    def change(artifacts: Path) -> None:
        with (artifacts / name).open("a", encoding="utf-8") as file:
            file.write(line)

    return change


@pytest.mark.sampled(2, ci=2)
@pytest.mark.parametrize(
    "change", [append(f"dist/{WHEEL}"), append("dist/SHA256SUMS"), append("image/image.tar")]
)
def test_what_changes_after_the_build_is_not_published(
    world: World, change: Callable[[Path], None]
) -> None:
    world.push()
    world.before["image"] = change
    assert not world.attempt()
    assert not [name for name in world.published if name.startswith(("images", "tags", "release"))]


@pytest.mark.sampled(2, ci=2)
@pytest.mark.parametrize("job", ["attest", "index", "image", "release"])
def test_each_job_that_publishes_compares_the_files_with_the_build(world: World, job: str) -> None:
    world.push()
    world.before[job] = append(f"dist/{WHEEL}")
    assert not world.attempt()
    assert world.results[job] is None
    assert f"{WHEEL}: FAILED" in world.logs


def test_a_file_that_the_checksums_do_not_name_is_not_published(world: World) -> None:
    world.push()
    world.before["attest"] = append("dist/evil.whl")
    assert world.attempt()
    assert not [name for name in world.published if "evil" in name]


SEAMS = (
    "attest",
    "publish .gz",
    "publish .whl",
    "pip install",
    "cosign login",
    "skopeo copy --preserve-digests oci-archive",
    "cosign sign",
    "skopeo copy --preserve-digests docker",
    "gh release create",
    "gh release upload",
    "gh release edit",
)


@pytest.mark.sampled(7, ci=7)
@pytest.mark.parametrize("again", ["failed", "all"])
@pytest.mark.parametrize("seam", SEAMS)
def test_another_attempt_does_what_is_left_and_changes_nothing(
    world: World, seam: str, again: str
) -> None:
    world.push()
    assert not world.attempt(fail=seam)
    before = world.published
    assert world.attempt(again=again), world.logs
    after = world.published
    assert {name: after[name] for name in before} == before
    assert {
        f"index/{WHEEL}",
        f"index/{SDIST}",
        f"tags/{VERSION}",
        "release/files/SHA256SUMS",
    } <= set(after)
    # Users see the image that the signature and the notes are about.
    digest = after[f"tags/{VERSION}"].strip()
    assert (world.directory / "signed" / digest).exists()
    assert f"{IMAGE}@{digest}`" in (world.directory / "release" / "notes.md").read_text()


def test_a_release_that_is_complete_stays_as_it_is(world: World) -> None:
    world.push()
    assert world.attempt()
    before = world.published
    assert world.attempt(again="all"), world.logs
    assert world.published == before


def test_an_image_that_somebody_else_pushed_is_not_used(world: World) -> None:
    world.push()
    digest = f"sha256:{'0b' * 32}"
    (world.directory / "tags" / VERSION).write_text(digest)
    (world.directory / "signed" / digest).write_text("https://github.test/else/where\n")
    assert not world.attempt()
    assert world.results["image"] is None
    assert world.published[f"tags/{VERSION}"] == digest


def test_an_image_of_another_commit_is_not_used_for_a_tag_that_was_moved(world: World) -> None:
    world.push()
    assert not world.attempt(fail="publish .gz")
    digest = world.published[f"tags/{VERSION}"]
    git(world.tree, "push", "-q", "origin", f":{TAG}")
    git(world.tree, "tag", "--delete", TAG)
    world.push()
    assert not world.attempt(again="all")
    assert world.results["image"] is None
    assert world.published[f"tags/{VERSION}"] == digest


def test_a_registry_that_does_not_answer_is_no_reason_to_push(world: World) -> None:
    world.push()
    (world.directory / "down").touch()
    assert not world.attempt()
    assert "connection refused" in world.logs
    assert not [call for call in world.calls if call.startswith("skopeo copy")]


def test_a_release_with_other_files_stays_as_it_is(world: World) -> None:
    world.push()
    files = world.directory / "release" / "files"
    files.mkdir(parents=True)
    (files / "SHA256SUMS").write_text("other\n")
    assert not world.attempt()
    assert f"The release {TAG} is published already, with other files." in world.logs
    assert [file.read_text() for file in files.iterdir()] == ["other\n"]


PERMISSIONS = {
    "check": {"contents": "read"},
    "ci": {"contents": "read"},
    "build": {"contents": "read"},
    "attest": {"id-token": "write", "attestations": "write"},
    "index": {"id-token": "write"},
    "verify": {},
    "image": {"packages": "write", "id-token": "write", "attestations": "write"},
    "release": {"contents": "write"},
}


def test_a_job_that_runs_code_of_others_can_change_nothing() -> None:
    workflow = read_workflow(WORKFLOW)
    jobs = workflow["jobs"]
    assert workflow["permissions"] == {}
    assert {name: job["permissions"] for name, job in jobs.items()} == PERMISSIONS
    for job in jobs.values():
        if "write" in job["permissions"].values():
            steps = str(job["steps"])
            assert not re.search(r"actions/checkout|setup-python|\bpip\b|\bmake\b", steps)
    assert "secrets." not in WORKFLOW.read_text("utf-8")


def test_everything_that_is_published_waits_for_an_approval() -> None:
    jobs = read_workflow(WORKFLOW)["jobs"]
    approved = {name for name, job in jobs.items() if job.get("environment") == "release"}
    assert approved == {"attest", "index", "image"}
    # It starts after these, so that one approval is enough.
    assert approved - {"index"} | {"verify"} <= set(jobs["release"]["needs"])
    assert "index" in jobs["verify"]["needs"]


def test_users_verify_what_the_workflow_signs() -> None:
    page = (ROOT / "docs" / "how-to" / "install.md").read_text("utf-8")
    path = WORKFLOW.relative_to(ROOT).as_posix()
    (version,) = set(re.findall(r"devinops-([\d.]+)-py3", page))
    assert f"--signer-workflow OWNER/devinops/{path} --source-ref refs/tags/v{version}" in page
    assert f"https://github.com/OWNER/devinops/{path}@refs/tags/v{version}" in page
    (issuer,) = set(re.findall(r"oidc-issuer (\S+)", WORKFLOW.read_text("utf-8")))
    assert f"--certificate-oidc-issuer {issuer}" in page
