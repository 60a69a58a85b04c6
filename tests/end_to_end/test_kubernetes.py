"""The example for Kubernetes is valid, and what its containers run works with a process for each pod."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from devinops.emulator import Emulator
from devinops.environment import is_credential
from devinops.inventory.job import job_of
from devinops.inventory.merge import Job
from devinops.model.exit_codes import ExitCode
from tests.testing import warm
from tests.testing.inventories import commit, git
from tests.testing.places import ROOT

HOME = "/home/devinops"
NAMES = [f"team-{number:02}" for number in range(11)]
SEED = {"organizations": {f"org-{name}": {"name": name} for name in NAMES}}
NOTE = "---\nname: Deploys\ntrigger: When deploying\n---\nRun make deploy.\n"


def manifest(name: str) -> dict[str, Any]:
    text = (ROOT / "examples" / "kubernetes" / name).read_text(encoding="utf-8")
    found: dict[str, Any] = yaml.safe_load(text)
    return found


def job(name: str) -> dict[str, Any]:
    """Return what a manifest says about its Job."""
    spec: dict[str, Any] = manifest(name)["spec"]
    jobs: dict[str, Any] = spec.get("jobTemplate", {}).get("spec", spec)
    return jobs


def pod(name: str) -> dict[str, Any]:
    spec: dict[str, Any] = job(name)["template"]["spec"]
    return spec


def containers(name: str) -> list[dict[str, Any]]:
    return [*pod(name)["initContainers"], *pod(name)["containers"]]


BOTH = pytest.mark.parametrize("name", ["apply.yaml", "drift.yaml"])


@BOTH
def test_the_manifest_is_valid_for_kubernetes(name: str) -> None:
    kubernetes_validate.validate(manifest(name), "1.33", strict=True)
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(
            manifest(name) | {"spec": {"competions": 8}}, "1.33", strict=True
        )


@BOTH
def test_the_pod_is_restricted(name: str) -> None:
    assert pod(name)["securityContext"]["runAsNonRoot"]
    assert pod(name)["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert not pod(name)["automountServiceAccountToken"]
    for container in containers(name):
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        for variable in container["env"]:
            is_secret = re.search("KEY$|TOKEN$", variable["name"])
            assert not is_secret or "secretKeyRef" in variable["valueFrom"]
            # A pull request must not be able to hand it to every session.
            assert not is_secret or is_credential(variable["name"])


@BOTH
def test_each_exit_code_is_tried_again_or_not(name: str) -> None:
    rules = {
        rule["action"]: rule["onExitCodes"]["values"]
        for rule in job(name)["podFailurePolicy"]["rules"]
    }
    again = {ExitCode.RUN_AGAIN, ExitCode.PLAN_AGAIN}
    assert {*rules.pop("Count")} == again
    # What a signal ended is tried again, too, by default.
    others = (
        {*ExitCode}
        - again
        - {ExitCode.OK, ExitCode.LOOK, ExitCode.INTERRUPTED, ExitCode.TERMINATED}
    )
    assert [{*values} for values in rules.values()] == [others]
    assert job(name)["podReplacementPolicy"] == "Failed"
    assert pod(name)["restartPolicy"] == "Never"


def test_the_number_of_shards_is_the_same_everywhere() -> None:
    (main,) = pod("apply.yaml")["containers"]
    (shard,) = [argument for argument in main["args"] if "--shard" in argument]
    number = job("apply.yaml")["completions"]
    assert (shard, job("apply.yaml")["parallelism"]) == (
        f"--shard=$(JOB_COMPLETION_INDEX)/{number}",
        number,
    )


# --- what the containers run ----------------------------------------------------------------------


class Cluster:
    """Runs containers as processes, each pod in a home directory of its own."""

    def __init__(self, path: Path, url: str) -> None:
        self.path, self.url = path, url
        self.kept = {name: os.environ[name] for name in os.environ if name.startswith("GIT_")}

    def environment(self, container: Mapping[str, Any], index: int, attempt: int) -> dict[str, str]:
        fields = {
            "metadata.labels['batch.kubernetes.io/controller-uid']": "8f1c",
            "metadata.annotations['batch.kubernetes.io/job-index-failure-count']": str(attempt),
        }
        secrets = {"DEVIN_API_KEY": "cog_enterprise", "GIT_TOKEN": "token"}
        found = {
            "JOB_COMPLETION_INDEX": str(index),
            "PATH": f"{warm.program().parent}:{os.environ['PATH']}",
        }
        for variable in container["env"]:
            source = variable.get("valueFrom", {})
            field, secret = source.get("fieldRef"), source.get("secretKeyRef")
            value = (
                fields[field["fieldPath"]]
                if field
                else secrets[secret["key"]]
                if secret
                else variable["value"]
            )
            found[variable["name"]] = value
        remote = {"REPOSITORY": str(self.path / "remote.git")} if "REPOSITORY" in found else {}
        return self.kept | found | remote | {"DEVIN_API_URL": self.url}

    def start(
        self, container: Mapping[str, Any], index: int = 0, attempt: int = 0
    ) -> subprocess.Popen[bytes]:
        home = self.path / f"pod-{index}-{attempt}"
        home.mkdir(exist_ok=True)
        env = {
            name: value.replace(HOME, str(home))
            for name, value in self.environment(container, index, attempt).items()
        }
        words = [
            word.replace(HOME, str(home)) for word in (*container["command"], *container["args"])
        ]
        argv = [re.sub(r"\$\((\w+)\)", lambda match: env[match[1]], word) for word in words]
        with (home / "log").open("ab") as log:
            return subprocess.Popen(argv, env=env, cwd=home, stdout=log, stderr=log)

    def run(self, name: str, index: int = 0, attempt: int = 0) -> int:
        """Return the exit code of the last container of a pod."""
        code = 0
        for container in containers(name):
            code = self.start(container, index, attempt).wait(300)
        return code

    def log(self, index: int = 0, attempt: int = 0) -> str:
        return (self.path / f"pod-{index}-{attempt}" / "log").read_text()


@pytest.fixture
def cluster(tmp_path: Path) -> Any:
    git(tmp_path, "init", "-q", "--bare", "-b", "main", "remote.git")
    git(tmp_path, "clone", "-q", "remote.git", "work")
    work = tmp_path / "work"
    config = {
        "version": 1,
        "defaults": {"inventory": {"store": "branch"}, "prune": "owned"},
        "targets": {name: {"org_id": f"org-{name}"} for name in NAMES},
    }
    (work / "devinops.yaml").write_text(yaml.safe_dump(config))
    (work / "knowledge").mkdir()
    (work / "knowledge" / "deploys.md").write_text(NOTE)
    git(work, "add", "-A")
    commit(work, "-m", "first")
    git(work, "push", "-q", "origin", "HEAD:main")
    with Emulator(SEED) as emulator:
        yield Cluster(tmp_path, emulator.url), emulator


@pytest.mark.matrix
@pytest.mark.usefixtures("really_waits")
def test_the_pods_write_each_organization_once_and_drift_is_no_failure(
    cluster: tuple[Cluster, Emulator],
) -> None:
    here, emulator = cluster
    clone, main = containers("apply.yaml")
    indexes = range(job("apply.yaml")["completions"])
    for container in (clone, main):
        pods = [here.start(container, index) for index in indexes]
        assert [process.wait(300) for process in pods] == [0] * len(pods), here.log(0)
    for name in NAMES:
        assert [note["name"] for note in emulator.knowledge(f"org-{name}")] == ["Deploys"]
    assert "Applied to 2 of 2 organizations in shard 1 of 8: 2 changes done." in here.log(1)
    environment = here.environment(main, 3, attempt=2)
    assert job_of(environment, "3/8") == Job("8f1c, shard 3/8", 2)

    assert here.run("drift.yaml", attempt=1) == 0
    assert here.log(attempt=1).endswith("Drift in 11 organizations: none.\n")
    emulator.edit("knowledge", emulator.knowledge("org-team-04")[0]["note_id"], body="Edited.")
    assert here.run("drift.yaml", attempt=2) == 0
    assert here.log(attempt=2).endswith(
        "Drift in 1 of 11 organizations: 1 object changed outside devinops.\n"
    )
    here.url = "http://127.0.0.1:9"
    assert here.run("drift.yaml", attempt=3) == 1
