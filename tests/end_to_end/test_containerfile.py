"""The Containerfile keeps what its users rely on. `make image-test` builds the image and runs it."""

from __future__ import annotations

import json
import re
from typing import Any

import yaml

from tests.testing.places import ROOT


def instructions() -> list[tuple[str, str]]:
    """Return the instructions with their arguments, each on one line."""
    text = re.sub(r"^#.*\n", "", (ROOT / "Containerfile").read_text("utf-8"), flags=re.MULTILINE)
    lines = re.sub(r"\\\n\s*", "", text).splitlines()
    pairs = (line.partition(" ") for line in lines if line)
    return [(name, argument) for name, _, argument in pairs]


def arguments(name: str) -> list[str]:
    return [argument for instruction, argument in instructions() if instruction == name]


def test_only_the_builder_chooses_the_base() -> None:
    assert arguments("ARG")[0] == "BASE"
    assert arguments("FROM") == ["${BASE} AS system", "system AS packages", "system"]


def test_the_release_gives_each_argument() -> None:
    workflow = (ROOT / ".github" / "workflows" / "release.yml").read_text("utf-8")
    assert re.findall(r'--build-arg "(\w+)=', workflow) == arguments("ARG")


def test_every_package_is_installed_by_its_hash_or_is_the_wheel() -> None:
    commands = [part for run in arguments("RUN") for part in run.split("&&") if " install " in part]
    installs = [command for command in commands if "pip" in command.split()[0]]
    lock, wheel = installs
    assert {"--no-cache-dir", "--only-binary", "--require-hashes"} <= set(lock.split())
    assert {"--no-cache-dir", "--no-index", "--no-deps"} <= set(wheel.split())


def test_the_image_has_what_jobs_in_it_need() -> None:
    packages = re.findall(
        r"[\w-]+", arguments("RUN")[0].partition("recommends ")[2].partition("&&")[0]
    )
    assert {"ca-certificates", "git", "python3"} <= set(packages)
    pipeline = (ROOT / "devinops" / "templates" / "gitlab.yml").read_text("utf-8")
    assert {name for name in ("curl", "jq", "wget") if f"{name} -" in pipeline} <= set(packages)


def test_the_image_runs_devinops_without_root() -> None:
    (user,) = arguments("USER")
    (entrypoint,) = arguments("ENTRYPOINT")
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", user)
    assert json.loads(entrypoint) == ["devinops"]
    # After the last instruction that needs root.
    names = [name for name, _ in instructions()]
    assert names.index("USER") > max(n for n, name in enumerate(names) if name in ("RUN", "COPY"))


def test_git_accepts_the_repository_that_is_mounted() -> None:
    (directory,) = arguments("WORKDIR")
    assert any(f"safe.directory {directory}" in run for run in arguments("RUN"))
    page = (ROOT / "docs" / "how-to" / "install.md").read_text("utf-8")
    assert f':{directory}"' in page


def test_the_example_for_kubernetes_fits_the_image() -> None:
    (user,) = arguments("USER")
    for name in ("apply.yaml", "drift.yaml"):
        text = (ROOT / "examples" / "kubernetes" / name).read_text("utf-8")
        found = list(contexts(yaml.safe_load(text)))
        assert [f"{context['runAsUser']}:{context['runAsGroup']}" for context in found] == [user]
    assert any("--create-home devinops" in run for run in arguments("RUN"))


def contexts(value: Any) -> Any:
    """Yield each security context that names a user, anywhere in a document."""
    if isinstance(value, dict):
        if "runAsUser" in value:
            yield value
        for inner in value.values():
            yield from contexts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from contexts(inner)
