"""Runs release.yml as GitHub would, with programs of the test in place of all that needs a network.

The programs and actions refuse what the real ones would: a job without the permission, a second file of the
same name, an image with another digest. `fail` names the calls that fail, such as `cosign sign`.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.testing.inventories import commit, git
from tests.testing.places import ROOT
from tests.testing.workflows import Runner, filled, read_workflow

WORKFLOW = ROOT / ".github" / "workflows" / "release.yml"
IMAGE = "registry.example.com/acme/devinops"
BASE_IMAGE = f"registry.example.com/debian@sha256:{'0a' * 32}"
TAG, VERSION = "v1.2.3", "1.2.3"
FILES = (
    f"devinops-{VERSION}-py3-none-any.whl",
    f"devinops-{VERSION}.tar.gz",
    "devinops.cdx.json",
    "requirements.txt",
)
CHANGELOG = """\
# Changelog

## 1.2.3 – 2026-03-12

### Files

- Notes have owners.

## 1.2.2 – 2026-03-01

- An older change.
"""

# Each gets what it needs to know from the environment that `_environment` makes.
PROGRAMS = {
    "make": """
        [ "$*" = dist ] && mkdir dist && cd dist
        version=$(git describe --tags --exact-match); version=${version#v}
        for file in devinops-$version-py3-none-any.whl devinops-$version.tar.gz devinops.cdx.json requirements.txt; do
          echo "the file $file" > $file
        done
        sha256sum -- * > SHA256SUMS
    """,
    "buildah": """
        case "$1" in
          build)
            [[ "$*" == *" --timestamp "[1-9]*" --build-arg BASE=$BASE_IMAGE --build-arg VERSION=$VERSION "*" --file Containerfile "*" dist" ]]
            cat Containerfile "dist/devinops-$VERSION-py3-none-any.whl" > built;;
          push)
            [ "$2 $3" = "localhost/devinops oci-archive:image.tar" ]
            # Another build has newer packages of the base system.
            { cat built; echo "attempt $ATTEMPT"; } > image.tar;;
        esac
    """,
    "podman": '[[ "$*" == "run --rm --network none --read-only --tmpfs /tmp localhost/devinops "* ]]',
    "skopeo": """
        source=${*: -2:1} target=${*: -1}
        case "$*" in
          "inspect --format {{.Digest}} oci-archive:"*)
            echo "sha256:$(sha256sum < "${target#*:}" | cut -c1-64)";;
          "inspect --format {{.Digest}} docker://$IMAGE:"*)
            if [ -f "$WORLD/down" ]; then echo "connection refused" >&2; exit 1; fi
            cat "$WORLD/tags/${target##*:}" 2> /dev/null || { echo "manifest unknown" >&2; exit 2; };;
          "copy --preserve-digests oci-archive:image.tar docker://$IMAGE@sha256:"*)
            may packages && [ -f "$HOME/login" ]
            [ "sha256:$(sha256sum < image.tar | cut -c1-64)" = "${target#*@}" ]
            cp image.tar "$WORLD/images/${target#*@}";;
          "copy --preserve-digests docker://$IMAGE@sha256:"*)
            may packages && [ -f "$WORLD/images/${source#*@}" ] && [ -f "$WORLD/signed/${source#*@}" ]
            echo "${source#*@}" > "$WORLD/tags/${target##*:}";;
          *) exit 64;;
        esac
    """,
    "cosign": """
        identity="$GITHUB_SERVER_URL/$GITHUB_WORKFLOW_REF"
        digest=${*: -1}; digest=${digest#*@}
        case "$1" in
          login)
            [ "$2 $3 $4 $5" = "registry.example.com --username somebody --password-stdin" ] && [ "$(cat)" = the-token ]
            touch "$HOME/login";;
          sign)
            may id-token && [ -f "$HOME/login" ] && [ -f "$WORLD/images/$digest" ] && [ "$2" = --yes ]
            echo "$identity of $GITHUB_SHA" > "$WORLD/signed/$digest";;
          verify)
            [[ "$*" == *" --certificate-identity $identity "* ]]
            sha="*"
            if [[ "$*" == *" --certificate-github-workflow-sha $GITHUB_SHA "* ]]; then sha=$GITHUB_SHA; fi
            [[ "$(cat "$WORLD/signed/$digest")" == "$identity of "$sha ]];;
          *) exit 64;;
        esac
    """,
    "pip": """
        [[ "$*" == "install "*" --only-binary :all: --require-hashes --requirement "* ]]
        if [ -f "$WORLD/late" ]; then rm "$WORLD/late"; exit 1; fi
        wheel="$WORLD/index/devinops-$VERSION-py3-none-any.whl"
        grep -q "^devinops==$VERSION --hash=sha256:$(sha256sum < "$wheel" | cut -c1-64)$" "${*: -1}"
    """,
    "sleep": "",
    "devinops": 'if [ "$1" = --version ]; then echo "devinops $VERSION"; fi',
    "gh": """
        may contents && [ "$GH_TOKEN $GH_REPO" = "the-token acme/devinops" ]
        release="$WORLD/release"
        case "$1 $2 $3" in
          "release view $TAG")
            if [ ! -d "$release" ]; then echo "release not found" >&2; exit 1; fi
            if [ -f "$release/draft" ]; then echo true; else echo false; fi;;
          "release create $TAG")
            [[ "$*" == *" --draft --verify-tag "*" --notes-file notes.md"* ]]
            mkdir "$release" "$release/files"; touch "$release/draft"; cp notes.md "$release"
            if [[ "$*" == *--prerelease ]]; then touch "$release/prerelease"; fi;;
          "release upload $TAG") [ "$4" = --clobber ]; cp "${@:5}" "$release/files";;
          "release edit $TAG") [ "$4" = --draft=false ]; rm "$release/draft";;
          "release download $TAG") [ "$5 $6" = "SHA256SUMS --output" ]; cp "$release/files/SHA256SUMS" "$7";;
          *) exit 64;;
        esac
    """,
}
_START = """set -euo pipefail
echo "$(basename "$0") $*" >> "$WORLD/calls"
may() { [[ " $PERMISSIONS " == *" $1:write "* ]]; }
if [ -f "$WORLD/fail" ] && [[ "$(basename "$0") $*" == "$(cat "$WORLD/fail")"* ]]; then exit 1; fi
"""


@dataclass
class World:
    """The repository and everything that a release reaches, below `directory`."""

    directory: Path
    variables: Mapping[str, str] = field(
        default_factory=lambda: {"IMAGE": IMAGE, "BASE_IMAGE": BASE_IMAGE}
    )
    programs: dict[str, str] = field(default_factory=lambda: dict(PROGRAMS))
    before: dict[str, Callable[[Path], None]] = field(default_factory=dict)
    """Job → what somebody does to the artifacts before it starts."""
    attempts: int = 0
    results: dict[str, dict[str, str] | None] = field(default_factory=dict)
    """Job → its outputs; None if it failed."""
    logs: str = ""
    attested: list[str] = field(default_factory=list)
    """What the attestations of the last attempt are about."""

    def __post_init__(self) -> None:
        self.workflow = read_workflow(WORKFLOW)
        self.origin, self.tree = self.directory / "origin.git", self.directory / "tree"
        for name in ("tags", "images", "signed", "index", "artifacts"):
            (self.directory / name).mkdir()
        git(self.directory, "init", "-q", "--bare", "-b", "main", str(self.origin))
        git(self.directory, "clone", "-q", str(self.origin), str(self.tree))
        git(self.tree, "checkout", "-q", "-b", "main")
        self.write("setup.cfg", "[metadata]\nurl = https://devinops.test\n")
        self.write("CHANGELOG.md", CHANGELOG)
        self.write("devinops/version.py", f'RELEASE: Final = "{VERSION}"\n')
        self.write("Containerfile", "ARG BASE\n")

    def write(self, name: str, text: str) -> None:
        (self.tree / name).parent.mkdir(parents=True, exist_ok=True)
        (self.tree / name).write_text(text, "utf-8")
        git(self.tree, "add", name)

    def push(self, tag: str = TAG, *, branch: str = "main") -> None:
        """Commit what was written, and push it with a tag."""
        commit(self.tree, "--allow-empty", "-m", "Release")
        git(self.tree, "tag", tag)
        git(self.tree, "push", "-q", "origin", f"HEAD:refs/heads/{branch}", tag)

    @property
    def calls(self) -> list[str]:
        return (self.directory / "calls").read_text().splitlines()

    @property
    def published(self) -> dict[str, str]:
        """Return where → which bytes can be downloaded, of everything in the index, the registry and the release."""
        draft = (self.directory / "release" / "draft").exists()
        places = [self.directory / name for name in ("index", "tags", "images")]
        places += [] if draft else [self.directory / "release" / "files"]
        files = (file for place in places if place.exists() for file in place.iterdir())
        return {str(file.relative_to(self.directory)): file.read_text() for file in files}

    def attempt(self, tag: str = TAG, *, fail: str = "", again: str = "failed") -> bool:
        """Run the workflow, or again its failed jobs or `all`; return whether the whole run succeeds."""
        self.attempts += 1
        self.logs, self.attested = "", []
        (self.directory / "fail").unlink(missing_ok=True)
        if fail:
            (self.directory / "fail").write_text(fail)
        if again == "all":
            self.results = {}
        for name, job in self.workflow["jobs"].items():
            if self.results.get(name) is None:
                self.results[name] = self._job(name, job, tag, fail)
        return None not in self.results.values()

    def _job(self, name: str, job: dict[str, Any], tag: str, fail: str) -> dict[str, str] | None:
        needs = job.get("needs", [])
        needed = {
            other: self.results[other] for other in ([needs] if needs == str(needs) else needs)
        }
        if None in needed.values():
            return None
        if "uses" in job:
            return None if fail == name else {}
        self.before.get(name, lambda artifacts: None)(self.directory / "artifacts")
        directory = self.directory / f"{name}-{self.attempts}"
        directory.mkdir()
        checkout = directory / "workspace"
        checkout.mkdir()
        context = self._context(tag, needed)
        runner = Runner(directory / "runner", checkout, self._environment(job, context))
        runner.actions = self._actions(job, checkout, tag)
        for program, script in self.programs.items():
            runner.program(program, _START + script)
        steps = runner.job(self.workflow, name, context)
        assert steps is not None
        self.logs += "".join(step.log for step in steps.values())
        if runner.ended["failed"]:
            return None
        return {key: filled(value, runner.ended) for key, value in job.get("outputs", {}).items()}

    def _context(self, tag: str, needed: Mapping[str, Any]) -> dict[str, Any]:
        github = {
            "ref_name": tag,
            "token": "the-token",
            "repository": "acme/devinops",
            "event": {"repository": {"default_branch": "main"}},
        }
        needs = {name: {"outputs": outputs} for name, outputs in needed.items()}
        return {"github": github, "vars": dict(self.variables), "needs": needs}

    def _environment(self, job: dict[str, Any], context: dict[str, Any]) -> dict[str, str]:
        tag = context["github"]["ref_name"]
        return {
            "WORLD": str(self.directory),
            "ATTEMPT": str(self.attempts),
            "PERMISSIONS": " ".join(
                f"{name}:{value}" for name, value in job["permissions"].items()
            ),
            "GITHUB_SERVER_URL": "https://github.test",
            "GITHUB_REPOSITORY": "acme/devinops",
            "GITHUB_ACTOR": "somebody",
            "GITHUB_SHA": git(self.tree, "rev-parse", "HEAD"),
            "GITHUB_WORKFLOW_REF": f"acme/devinops/.github/workflows/release.yml@refs/tags/{tag}",
        }

    def _actions(self, job: dict[str, Any], workspace: Path, tag: str) -> dict[str, Any]:
        artifacts, index = self.directory / "artifacts", self.directory / "index"
        permissions = job["permissions"]

        def checkout(inputs: Mapping[str, str]) -> bool:
            assert permissions["contents"] == "read"
            assert inputs["persist-credentials"] == "false"
            git(workspace, "clone", "-q", str(self.origin), ".")
            git(workspace, "checkout", "-q", tag)
            return True

        def upload(inputs: Mapping[str, str]) -> bool:
            source, target = workspace / inputs["path"], artifacts / inputs["name"]
            if target.exists() and inputs.get("overwrite") != "true":
                return False
            shutil.rmtree(target, ignore_errors=True)
            if source.is_dir():
                shutil.copytree(source, target)
            else:
                target.mkdir()
                shutil.copy(source, target)
            return True

        def download(inputs: Mapping[str, str]) -> bool:
            target = workspace / inputs.get("path", ".")
            shutil.copytree(artifacts / inputs["name"], target, dirs_exist_ok=True)
            return True

        def attest(inputs: Mapping[str, str]) -> bool:
            assert (permissions["id-token"], permissions["attestations"]) == ("write", "write")
            about = inputs.get("subject-checksums") or inputs.get("subject-path")
            if about:
                assert (workspace / about).is_file()
            else:
                about = f"{inputs['subject-name']}@{inputs['subject-digest']}"
            if "sbom-path" in inputs:
                assert (workspace / inputs["sbom-path"]).is_file()
                about += " with its SBOM"
            self.attested.append(about)
            return not self.fails("attest")

        def publish(inputs: Mapping[str, str]) -> bool:
            assert permissions == {"id-token": "write"}
            assert job["environment"] == "release"
            for file in sorted((workspace / inputs["packages-dir"]).iterdir()):
                if self.fails(f"publish {file.suffix}"):
                    return False
                if not (index / file.name).exists():
                    shutil.copy(file, index)
                elif inputs["skip-existing"] != "true":
                    return False
            return True

        return {
            "actions/checkout": checkout,
            "actions/upload-artifact": upload,
            "actions/download-artifact": download,
            "actions/attest": attest,
            "pypa/gh-action-pypi-publish": publish,
        }

    def fails(self, call: str) -> bool:
        file = self.directory / "fail"
        return file.exists() and file.read_text() == call
