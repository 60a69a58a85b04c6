"""What users install: the wheel, the hook through pre-commit itself, the completion scripts."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import venv
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pip
import pytest
import yaml

from devinops.version import RELEASE
from tests.testing.leaks import secrets
from tests.testing.places import ROOT

WHEELHOUSE = Path(sys.prefix) / "wheelhouse"


def run(
    *command: str | Path, cwd: Path, env: Mapping[str, str] | None = None, code: int = 0
) -> str:
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**os.environ, **(env or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stdout
    return done.stdout


@pytest.fixture(scope="session")
def offline() -> dict[str, str]:
    """Let pip take packages from the wheelhouse that `make test-all` fills, and from nowhere else."""
    if not (WHEELHOUSE / ".done").exists():
        pytest.skip("the wheelhouse is not filled: run the tests with `make test-all`")
    return {
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(WHEELHOUSE),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_NO_COMPILE": "1",  # compiled is only what runs
    }


Once = Callable[[str, Callable[[Path], object]], Path]


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Once:
    """Fill a directory with this name in only one of the processes of this run; the others wait for it."""
    import fcntl  # Windows has none

    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def made(name: str, make: Callable[[Path], object]) -> Path:
        directory, unfinished = shared / name, shared / f"unfinished-{name}"
        with (shared / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not directory.exists():
                unfinished.mkdir()
                make(unfinished)
                unfinished.rename(directory)
        return directory

    return made


@pytest.fixture(scope="session")
def hook_env(offline: dict[str, str], once: Once) -> dict[str, str]:
    """Let pre-commit install the hooks of one commit once, not again for each test."""
    home = once("pre-commit", lambda _: None)
    return offline | {"PRE_COMMIT_HOME": str(home / "cache"), "HOME": str(home)}


@pytest.fixture(scope="session")
def source(once: Once) -> Path:
    """A copy of what Git knows of this tree, committed, so that builds and hooks see no more than users do."""
    return once("source", copy_committed)


def copy_committed(copy: Path) -> None:
    listed = run("git", "ls-files", "--cached", "--others", "--exclude-standard", cwd=ROOT)
    for name in listed.splitlines():
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, copy / name)
    commit(copy)


def commit(root: Path) -> None:
    who = ["-c", "user.name=devinops", "-c", "user.email=devinops@localhost"]
    run("git", "init", "--quiet", cwd=root)
    run("git", "add", "--all", cwd=root)
    run("git", *who, "commit", "--quiet", "--message", "all", cwd=root)


@pytest.fixture(scope="session")
def wheel(source: Path, offline: dict[str, str], once: Once) -> Path:
    uv = Path(sys.executable).with_name("uv")
    build = (uv, "build", "--quiet", "--wheel", "--offline", "--no-index", "--find-links")
    dist = once(
        "dist",
        lambda made: run(*build, WHEELHOUSE, "--out-dir", made, source, cwd=made, env=offline),
    )
    (wheel,) = dist.glob("*.whl")
    return wheel


def make_environment(directory: Path) -> None:
    """Make a virtual environment with the pip of this one: to install pip into it takes ten times as long."""
    venv.create(directory)
    (packages,) = directory.glob("lib/python*/site-packages")
    own = Path(pip.__file__).parent
    for path in (own, *own.parent.glob("pip-*.dist-info")):
        (packages / path.name).symlink_to(path)
    program = directory / "bin" / "pip"
    program.write_text(f'#!/bin/sh\nexec "{directory}/bin/python" -m pip "$@"\n')
    program.chmod(0o755)


@pytest.mark.matrix
def test_the_wheel_installs_and_works_without_extras(
    wheel: Path, offline: dict[str, str], tmp_path: Path
) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert "devinops/py.typed" in names
    for path in (ROOT / "devinops" / "emulator" / "pages").rglob("*.*"):
        assert path.suffix == ".pyc" or str(path.relative_to(ROOT)) in names
    assert all(name.startswith(("devinops/", "devinops-")) for name in names)
    make_environment(tmp_path / "venv")
    bin = tmp_path / "venv" / "bin"
    run(bin / "pip", "install", "--quiet", wheel, cwd=tmp_path, env=offline)
    (tmp_path / "knowledge").mkdir()
    (tmp_path / "knowledge" / "a.md").write_text("---\nname: A\ntrigger: t\n---\nb\n")
    assert run(bin / "devinops", "validate", cwd=tmp_path) == "1 entry in 1 file, no problems\n"
    assert run(bin / "python", "-m", "devinops", "--version", cwd=tmp_path).startswith("devinops ")
    advice = run(bin / "devinops", "demo", cwd=tmp_path, code=1)
    assert f": {bin / 'python'}" in advice
    assert re.search(r" -m pip install 'fastapi>=\S+ .*'uvicorn>=\S+'\n", advice)
    assert "httpx" not in run(bin / "devinops", "plan", cwd=tmp_path, code=1)
    copied = run(bin / "devinops", "init", "--copy-action", cwd=tmp_path)
    for path in (ROOT / "action").iterdir():
        assert f"wrote .github/actions/devinops/action/{path.name}\n" in copied


# --- each way to install -----------------------------------------------------------------------------------


class Machine:
    """A shell of somebody who has pip in a virtual environment, pipx and uv, but no network."""

    def __init__(self, directory: Path, offline: Mapping[str, str], cache: Path) -> None:
        self.directory, tools = directory, directory / "tools"
        tools.mkdir(parents=True)
        for name in ("pipx", "uv"):
            (tools / name).symlink_to(Path(sys.executable).with_name(name))
        bins = [directory / "bin", directory / "venv" / "bin", tools, "/usr/bin", "/bin"]
        nowhere = "http://127.0.0.1:9"
        self.env = {
            **offline,
            **dict.fromkeys(("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"), nowhere),
            "NO_PROXY": "127.0.0.1,localhost",
            "PATH": ":".join(map(str, bins)),
            "HOME": str(directory / "home"),
            "PIPX_HOME": str(directory / "pipx"),
            "PIPX_BIN_DIR": str(directory / "bin"),
            "UV_TOOL_DIR": str(directory / "uv"),
            "UV_TOOL_BIN_DIR": str(directory / "bin"),
            "UV_CACHE_DIR": str(cache),
            "UV_OFFLINE": "1",
            "UV_FIND_LINKS": str(WHEELHOUSE),
            "UV_PYTHON": sys.executable,
            "UV_PYTHON_DOWNLOADS": "never",
        }

    def type(self, line: str, code: int = 0) -> str:
        """Run a line; return what it prints. The first one that needs pip gets a virtual environment."""
        if line.startswith("pip ") and not (self.directory / "venv").exists():
            make_environment(self.directory / "venv")
        return run("bash", "-c", line, cwd=self.directory, env=self.env, code=code)

    def shows_what_devinops_does(self) -> None:
        assert re.fullmatch(r"devinops \d\S+\n", self.type("devinops --version"))
        assert "That is how devinops works." in self.type("devinops demo < /dev/null")


@pytest.fixture
def machine(
    wheel: Path, offline: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Machine:
    """It has the wheel in the directory of the shell."""
    machine = Machine(
        tmp_path_factory.mktemp("machine"), offline, tmp_path_factory.getbasetemp() / "uv-cache"
    )
    shutil.copy2(wheel, machine.directory)
    return machine


README = (ROOT / "README.md").read_text("utf-8")
LINES = re.findall(r"^    (.* install '\./devinops-.*)$", README, re.MULTILINE)
TYPED = re.findall(r"^    (.*?)(?: +#.*)?$", README.partition("\n## ")[0], re.MULTILINE)
"""The commands of the first screen, without comments."""
HOOKS = ".pre-commit-hooks.yaml"
FROM_GIT = "git+https://HOST/PATH@COMMIT"


def git_source(source: Path) -> str:
    """Return the words that stand for FROM_GIT in a test: the commit of a repository on this machine."""
    return f"git+file://localhost{source}@{run('git', 'rev-parse', 'HEAD', cwd=source).strip()}"


def test_the_readme_installs_the_newest_release_and_a_commit_with_each_tool() -> None:
    assert [line.partition(" install ")[0] for line in LINES] == ["pip", "pipx", "uv tool"]
    assert f"'devinops[emulator] @ {FROM_GIT}'" in README
    (repository,) = re.findall(r"^- pre-commit: `(.*)`$", README, re.MULTILINE)
    hooks = {hook["id"] for hook in yaml.safe_load(repository)["hooks"]}
    assert hooks <= {hook["id"] for hook in yaml.safe_load((ROOT / HOOKS).read_text("utf-8"))}
    texts = README + (ROOT / "docs" / "how-to" / "install.md").read_text("utf-8")
    # Until the changelog has a date for the next release, the newest one that users can have.
    changelog = (ROOT / "CHANGELOG.md").read_text("utf-8")
    released = re.findall(r"^## (\d\S+) .*\d{4}-\d\d-\d\d$", changelog, re.MULTILINE)
    assert {*re.findall(r"devinops-([\w.+]+)-py3", texts)} == {(released or [RELEASE])[0]}


def test_the_readme_begins_with_what_it_is_a_picture_and_commands() -> None:
    screen = README.partition("\n## ")[0]
    assert screen.count("\n") <= 16
    assert screen.index("GitOps for") < screen.index("](docs/plan.svg)") < screen.index(TYPED[0])
    assert [line.split() for line in TYPED] == [["make", "demo"], ["pip", "install", "."]]
    assert README.index("`pip install '.[emulator]'`") < README.index("devinops emulator --seed")


@pytest.mark.nightly
@pytest.mark.matrix
def test_the_first_commands_of_the_readme_work_in_a_clone(
    source: Path, offline: dict[str, str], tmp_path: Path
) -> None:
    run("git", "clone", "--quiet", source, tmp_path / "clone", cwd=tmp_path)
    bin = tmp_path / "venv" / "bin"
    make_environment(bin.parent)
    env = {**offline, "PATH": f"{bin}:{os.environ['PATH']}"}
    demo, install = (run("sh", "-c", line, cwd=tmp_path / "clone", env=env) for line in TYPED)
    assert "That is how devinops works." in demo
    assert "Successfully installed" in install
    assert run(bin / "devinops", "--version", cwd=tmp_path).startswith("devinops 0.")


@pytest.mark.matrix
def test_make_demo_works_where_devinops_is_installed() -> None:
    demo = run("make", "--no-print-directory", "demo", f"VENV={sys.prefix}", cwd=ROOT)
    assert demo.count("That is how devinops works.") == 1


@pytest.mark.matrix
@pytest.mark.sampled(3, ci=3)  # uv takes the shortest time
@pytest.mark.parametrize("line", LINES[::-1], ids=lambda line: line.partition(" install ")[0])
def test_each_line_of_the_readme_installs_devinops(
    line: str, machine: Machine, wheel: Path
) -> None:
    machine.type(re.sub(r"'[^']*'", f"'./{wheel.name}[emulator]'", line))
    machine.shows_what_devinops_does()


@pytest.mark.matrix
def test_the_action_installs_the_devinops_of_its_own_files(machine: Machine, source: Path) -> None:
    action = yaml.safe_load((source / "action.yml").read_text("utf-8"))
    (script,) = (step["run"] for step in action["runs"]["steps"] if step.get("id") == "install")
    machine.env |= {
        "GITHUB_ACTION_PATH": str(source),
        "GITHUB_OUTPUT": os.devnull,
        "GITHUB_SERVER_URL": "https://github.com",
        "ROOT": ".",
    }
    machine.type("pip --version")
    machine.type(script)
    assert re.fullmatch(r"devinops \d\S+\n", machine.type("devinops --version"))
    assert "no problems" in machine.type(f"devinops validate --root '{source}/examples/basic'")


WITHOUT_EXTRA = {
    "pip, repository": "pip install 'devinops @ GIT'",
    "pipx, wheel": "pipx install ./WHEEL",
    "pipx, wheel that is gone": "pipx install ./WHEEL && rm ./WHEEL",
    "uv tool, repository": "uv tool install 'devinops @ GIT'",
    "uv tool, editable": "uv tool install --editable SOURCE",
}


@pytest.mark.nightly
@pytest.mark.matrix
@pytest.mark.parametrize("way", WITHOUT_EXTRA)
def test_the_command_that_devinops_prints_adds_the_extra(
    way: str, machine: Machine, wheel: Path, source: Path, tmp_path: Path
) -> None:
    clone = tmp_path / "my clone"
    shutil.copytree(source, clone)
    line = WITHOUT_EXTRA[way].replace("WHEEL", wheel.name).replace("SOURCE", f"'{clone}'")
    machine.type(line.replace("GIT", git_source(source)))
    printed = machine.type("devinops emulator", code=1)
    (command,) = re.findall(
        r"^devinops: the emulator needs extra packages: (.*)$", printed, re.MULTILINE
    )
    machine.type(command)
    machine.shows_what_devinops_does()


@pytest.mark.nightly
@pytest.mark.matrix
def test_pre_commit_runs_the_hook_offline_and_without_a_key(
    source: Path, hook_env: dict[str, str], tmp_path: Path
) -> None:
    scratch = tmp_path / "scratch"
    (scratch / "knowledge").mkdir(parents=True)
    (scratch / "knowledge" / "a.md").write_text("---\nname: A\ntriger: t\n---\nb\n")
    (scratch / "README.md").write_text("Not an entry.\n")
    revision = run("git", "rev-parse", "HEAD", cwd=source).strip()
    (scratch / ".pre-commit-config.yaml").write_text(
        f"repos:\n  - repo: {source}\n    rev: {revision}\n    hooks: [{{id: devinops-validate}}]\n"
    )
    commit(scratch)
    pre_commit = (sys.executable, "-m", "pre_commit", "run", "--all-files", "--color", "never")
    failed = run(*pre_commit, cwd=scratch, env=hook_env, code=1)
    assert 'knowledge/a.md:3:1: error: unknown key "triger"; did you mean "trigger"?' in failed
    (scratch / "knowledge" / "a.md").write_text("---\nname: A\ntrigger: t\n---\nb\n")
    assert "Passed" in run(*pre_commit, cwd=scratch, env=hook_env)
    (scratch / "knowledge" / "b.yaml").write_text(
        "knowledge: [{name: B, trigger: t, body_file: ../texts/b.md}]\n"
    )
    (scratch / "texts").mkdir()
    (scratch / "texts" / "b.md").write_text("b\n")
    commit(scratch)
    run("git", "rm", "--quiet", "texts/b.md", cwd=scratch)
    deleted = run(*pre_commit[:-3], "--color", "never", cwd=scratch, env=hook_env, code=1)
    assert "[missing-file]" in deleted


@pytest.mark.nightly
@pytest.mark.matrix
def test_pre_commit_lints_the_changed_files_with_the_detector(
    source: Path, hook_env: dict[str, str], tmp_path: Path
) -> None:
    scratch = tmp_path / "scratch"
    (scratch / "knowledge").mkdir(parents=True)
    old = scratch / "knowledge" / "old.md"
    old.write_text("---\nname: Old\ntrigger: Errors\n---\nRead the log first.\n")
    revision = run("git", "rev-parse", "HEAD", cwd=source).strip()
    (scratch / ".pre-commit-config.yaml").write_text(
        f"repos:\n  - repo: {source}\n    rev: {revision}\n    hooks: [{{id: devinops-lint}}]\n"
    )
    commit(scratch)
    pre_commit = (sys.executable, "-m", "pre_commit", "run", "--color", "never")
    assert "Skipped" in run(*pre_commit, cwd=scratch, env=hook_env)
    whole = run(*pre_commit, "--all-files", cwd=scratch, env=hook_env, code=1)
    assert "knowledge/old.md:3:10: warning" in whole
    text, secret = secrets()["password in code"]
    new = scratch / "knowledge" / "new.md"
    new.write_text(f"---\nname: New\ntrigger: When reading the logs\n---\n{text}\n")
    run("git", "add", "knowledge/new.md", cwd=scratch)
    changed = run(*pre_commit, cwd=scratch, env=hook_env, code=1)
    assert "knowledge/new.md:5:16: error: this looks like a " in changed
    assert ("old.md" in changed, secret in changed, "pip install" in changed) == (False,) * 3
    new.write_text("---\nname: New\ntrigger: When reading the logs\n---\nUse grep.\n")
    run("git", "add", "knowledge/new.md", cwd=scratch)
    assert "Passed" in run(*pre_commit, cwd=scratch, env=hook_env)


@pytest.mark.matrix
def test_pre_commit_finds_the_texts_and_files_that_only_the_entries_and_settings_name(
    source: Path, hook_env: dict[str, str], tmp_path: Path
) -> None:
    scratch, (text, _) = tmp_path / "scratch", secrets()["password in code"]
    entry = "{name: %s, trigger: When reading %s, body_file: %s}"
    files = {
        "ops/devinops.yaml": "version: 1\npaths: [teams/*/devin]\n",
        "ops/knowledge/a.yaml": f"knowledge: [{entry % ('A', 'the logs', '../texts/a.md')}]\n",
        "ops/teams/a/devin/b.yaml": f"knowledge: [{entry % ('B', 'an invoice', 'b.txt')}]\n",
        "ops/texts/a.md": "Use grep.\n",
        "ops/teams/a/devin/b.txt": "Read the log of the service first.\n",
        "other/knowledge/z.yaml": "not: [ours\n",
    }
    for name, content in files.items():
        (scratch / name).parent.mkdir(parents=True, exist_ok=True)
        (scratch / name).write_text(content)
    revision = run("git", "rev-parse", "HEAD", cwd=source).strip()
    hooks = [f"{{id: devinops-{name}, args: [-C, ops]}}" for name in ("validate", "lint", "fmt")]
    (scratch / ".pre-commit-config.yaml").write_text(
        f"repos:\n  - repo: {source}\n    rev: {revision}\n    hooks: [{', '.join(hooks)}]\n"
    )
    commit(scratch)
    pre_commit = (sys.executable, "-m", "pre_commit", "run", "--color", "never")
    changed = {
        "other/knowledge/z.yaml": ("more: [\n", 0, "Passed"),
        "ops/texts/a.md": (text, 1, "texts/a.md:1:16: error: this looks like a "),
        "ops/teams/a/devin/b.txt": (text, 1, "b.txt:1:16: error: this looks like a "),
        "ops/teams/a/devin/b.yaml": (
            f"knowledge:\n- {entry % ('B', 'an invoice', 'b.txt')}\n",
            1,
            "changed teams/a/devin/b.yaml",
        ),
    }
    draft = scratch / "ops/knowledge/draft.md"
    draft.write_text("---\ntrigger: Draft\nnam: D\n---\nd\n")
    for name, (content, code, expected) in changed.items():
        (scratch / name).write_text(content)
        run("git", "add", name, cwd=scratch)
        shown = run(*pre_commit, cwd=scratch, env=hook_env, code=code)
        assert (expected in shown, "draft" in shown) == (True, False), shown
        run("git", "reset", "--quiet", "--hard", cwd=scratch)
    assert draft.read_text().startswith("---\ntrigger:")


@pytest.mark.matrix
def test_pre_commit_formats_files_and_fails_if_one_changed(
    source: Path, hook_env: dict[str, str], tmp_path: Path
) -> None:
    scratch = tmp_path / "scratch"
    (scratch / "knowledge").mkdir(parents=True)
    note = scratch / "knowledge" / "a.md"
    note.write_text("---\ntrigger: t\nname:  A\n---\nb\n")
    (scratch / "README.md").write_text("Not an entry.\n")
    (scratch / "main.py").write_text("")
    revision = run("git", "rev-parse", "HEAD", cwd=source).strip()
    (scratch / ".pre-commit-config.yaml").write_text(
        f"repos:\n  - repo: {source}\n    rev: {revision}\n    hooks: [{{id: devinops-fmt}}]\n"
    )
    commit(scratch)
    pre_commit = (sys.executable, "-m", "pre_commit", "run", "--all-files", "--color", "never")
    failed = run(*pre_commit, cwd=scratch, env=hook_env, code=1)
    assert "files were modified by this hook" in failed
    assert "changed knowledge/a.md" in failed
    assert note.read_text() == "---\nname: A\ntrigger: t\n---\n\nb\n"
    assert "Passed" in run(*pre_commit, cwd=scratch, env=hook_env)
    for name, expected in (("README.md", "Passed"), ("main.py", "Skipped")):
        assert expected in run(*pre_commit[:-3], "--files", name, cwd=scratch, env=hook_env)


@pytest.mark.parametrize(
    ("shell", "check"),
    [("bash", ["bash", "-n"]), ("zsh", ["zsh", "-n"]), ("fish", ["fish", "--no-execute"])],
)
def test_completion_scripts_are_understood_by_their_shells(
    shell: str, check: list[str], tmp_path: Path
) -> None:
    if shutil.which(check[0]) is None:
        pytest.skip(f"{shell} is not installed")
    script = tmp_path / "script"
    script.write_text(run(sys.executable, "-m", "devinops", "completion", shell, cwd=tmp_path))
    run(*check, script, cwd=tmp_path)


def test_completion_completes_commands_and_options(tmp_path: Path) -> None:
    devinops = Path(sys.executable).parent / "devinops"
    env = {"_DEVINOPS_COMPLETE": "bash_complete", "COMP_WORDS": "devinops pl", "COMP_CWORD": "1"}
    assert run(devinops, cwd=tmp_path, env=env).split() == ["plain,plan"]
    env = {
        "_DEVINOPS_COMPLETE": "bash_complete",
        "COMP_WORDS": "devinops plan --det",
        "COMP_CWORD": "2",
    }
    assert run(devinops, cwd=tmp_path, env=env).split() == ["plain,--detailed-exitcode"]
