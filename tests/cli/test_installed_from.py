"""CI and pre-commit install the devinops that init ran with, or are told what to fill in; never a package of an index that only has its name."""

from __future__ import annotations

import json
import re
import shlex
import sys
from collections.abc import Callable
from importlib.metadata import Distribution, PackageNotFoundError
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement

from devinops.cli.setup import installed_from as origins
from devinops.cli.setup.ci_files import ACTION
from devinops.cli.setup.installed_from import Checkout, Origin, installed_origin, origin_of
from tests.testing.command_line import Devinops
from tests.testing.inventories import commit, git
from tests.testing.places import ROOT

C = "0123456789abcdef0123456789abcdef01234567"
HTTPS = "https://github.com/acme/devinops.git"


def vcs(url: str, **more: Any) -> dict[str, Any]:
    return {"url": url, "vcs_info": {"vcs": "git", "commit_id": C}, **more}


KNOWN: list[tuple[str, dict[str, Any] | None, Checkout | None, str, str | None]] = [
    ("https", vcs(HTTPS), None, f"devinops @ git+{HTTPS}@{C}", HTTPS),
    (
        "a branch was requested",
        {"url": HTTPS, "vcs_info": {"vcs": "git", "commit_id": C, "requested_revision": "main"}},
        None,
        f"devinops @ git+{HTTPS}@{C}",
        HTTPS,
    ),
    (
        "ssh",
        vcs("ssh://git@github.com/acme/devinops.git"),
        None,
        f"devinops @ git+ssh://git@github.com/acme/devinops.git@{C}",
        "ssh://git@github.com/acme/devinops.git",
    ),
    (
        "a token",
        vcs("https://bob:hunter2@github.com/acme/devinops.git"),
        None,
        f"devinops @ git+{HTTPS}@{C}",
        HTTPS,
    ),
    (
        "a subdirectory",
        vcs(HTTPS, subdirectory="tools/devinops"),
        None,
        f"devinops @ git+{HTTPS}@{C}#subdirectory=tools/devinops",
        None,
    ),
    (
        "an archive",
        {"url": "https://h/devinops.whl", "archive_info": {"hashes": {"sha256": "ab12"}}},
        None,
        "devinops @ https://h/devinops.whl#sha256=ab12",
        None,
    ),
    (
        "an archive with several hashes",
        {
            "url": "https://h/devinops.whl",
            "archive_info": {"hashes": {"md5": "cd34", "sha512": "ab12"}},
        },
        None,
        "devinops @ https://h/devinops.whl#sha512=ab12",
        None,
    ),
    (
        "an archive of an older pip",
        {"url": "https://h/devinops.whl", "archive_info": {"hash": "sha256=ab12"}},
        None,
        "devinops @ https://h/devinops.whl#sha256=ab12",
        None,
    ),
    (
        "an editable directory",
        {"url": "file:///srv/devinops", "dir_info": {"editable": True}},
        Checkout(HTTPS, C, published=True),
        f"devinops @ git+{HTTPS}@{C}",
        HTTPS,
    ),
    (
        "a directory with a short address",
        {"url": "file:///srv/devinops", "dir_info": {}},
        Checkout("git@github.com:acme/devinops.git", C, published=True),
        f"devinops @ git+ssh://git@github.com/acme/devinops.git@{C}",
        "ssh://git@github.com/acme/devinops.git",
    ),
    (
        "a directory below the top",
        {"url": "file:///srv/all/devinops", "dir_info": {}},
        Checkout(HTTPS, C, published=True, below="devinops"),
        f"devinops @ git+{HTTPS}@{C}#subdirectory=devinops",
        None,
    ),
]


@pytest.mark.parametrize(("direct_url", "checkout", "requirement", "repository"), [row[1:] for row in KNOWN], ids=[row[0] for row in KNOWN])  # fmt: skip
def test_the_same_devinops_is_installed(
    direct_url: dict[str, Any] | None,
    checkout: Checkout | None,
    requirement: str,
    repository: str | None,
) -> None:
    origin = origin_of(direct_url, checkout)
    revision = C if repository else None
    assert origin == Origin(requirement, repository, revision)
    assert Requirement(origin.requirement).name == "devinops"


LOCAL = {"url": "file:///srv/devinops", "dir_info": {}}
UNKNOWN: list[tuple[str, dict[str, Any] | None, Checkout | None, str]] = [
    ("no repository", LOCAL, None, "no Git remote"),
    ("a local remote", LOCAL, Checkout("/srv/git/d.git", C, published=True), "is local too"),
    ("a file remote", LOCAL, Checkout("file:///srv/d", C, published=True), "is local too"),
    ("not pushed", LOCAL, Checkout(HTTPS, C, published=False), "not pushed"),
    ("vcs of a local directory", vcs("file:///srv/d"), None, "no Git remote"),
    ("a local wheel", {"url": "file:///srv/d.whl", "archive_info": {}}, None, "a file on this"),
    ("no hash", {"url": "https://h/d.whl", "archive_info": {}}, None, "without a recorded SHA-2"),
    ("an index", None, None, "does not record where"),
    ("md5", {"url": "https://h/d.whl", "archive_info": {"hash": "md5=ab"}}, None, "SHA-2 hash"),
    (
        "a signed URL",
        {"url": "https://h/d.whl?Signature=s3cret", "archive_info": {"hash": "sha256=ab"}},
        None,
        "a secret may follow",
    ),
    ("a token in a query", vcs("https://h/d.git?token=s3cret"), None, "a secret may follow"),
    (
        "a query of a remote",
        LOCAL,
        Checkout(f"{HTTPS}?token=s3cret", C, published=True),
        "a secret may follow",
    ),
    ("a fragment", vcs("https://h/d.git#s3cret"), None, "a secret may follow"),
    ("a quote", vcs("https://h/d'.git"), None, "unusual characters"),
    ("a space", vcs("https://h/d .git"), None, "unusual characters"),
    ("a variable", vcs("https://h/${X}.git"), None, "unusual characters"),
    ("an expression", vcs("https://h/${{x}}.git"), None, "unusual characters"),
    ("no URL", vcs(""), None, "does not say"),
    ("a broken URL", vcs("https://[h/d.git"), None, "does not say"),
    ("nothing", {}, None, "does not say"),
    (
        "an odd hash",
        {"url": "https://h/d.whl", "archive_info": {"hash": "sha256=a b"}},
        None,
        "unusual characters",
    ),
]


@pytest.mark.parametrize(("direct_url", "checkout", "why"), [row[1:] for row in UNKNOWN], ids=[row[0] for row in UNKNOWN])  # fmt: skip
def test_what_nobody_else_can_install_is_left_to_fill_in(
    direct_url: dict[str, Any] | None, checkout: Checkout | None, why: str
) -> None:
    origin = origin_of(direct_url, checkout)
    assert why in origin.unknown
    assert origin == Origin("devinops @ git+URL@COMMIT", unknown=origin.unknown)


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Callable[[object], None]:
    """Let devinops seem installed with this `direct_url.json`."""

    def say(direct_url: object) -> None:
        class Fake:
            def read_text(self, name: str) -> str | None:
                assert name == "direct_url.json"
                if isinstance(direct_url, str | None):
                    return direct_url
                return json.dumps(direct_url)

        monkeypatch.setattr(origins, "distribution", lambda _: Fake())

    return say


@pytest.mark.parametrize("text", ["{", "[]", "null", '"x"', "{}"])
def test_a_damaged_record_is_unknown(installed: Callable[[object], None], text: str) -> None:
    installed(text)
    assert "does not say" in installed_origin().unknown


def test_a_directory_is_asked_for_its_remote_and_commit(
    tmp_path: Path, installed: Callable[[object], None]
) -> None:
    bare, work = tmp_path / "bare.git", tmp_path / "my work"
    git(tmp_path, "init", "-q", "--bare", "-b", "main", str(bare))
    git(tmp_path, "clone", "-q", str(bare), str(work))
    installed({"url": work.as_uri(), "dir_info": {"editable": True}})
    assert "no Git remote" in installed_origin().unknown  # there is no commit yet
    (work / "file").write_text("1")
    git(work, "add", ".")
    commit(work, "-m", "1")
    git(work, "push", "-q", "origin", "HEAD:main")
    pushed = git(work, "rev-parse", "HEAD")
    assert "is local too" in installed_origin().unknown
    git(work, "remote", "set-url", "origin", HTTPS)
    assert installed_origin() == Origin(f"devinops @ git+{HTTPS}@{pushed}", HTTPS, pushed)
    installed({"url": work.as_uri().replace("///", "//localhost/"), "dir_info": {}})
    assert installed_origin().revision == pushed
    (work / "file").write_text("2")
    commit(work, "-am", "2")
    assert "not pushed" in installed_origin().unknown
    installed({"url": work.as_uri(), "vcs_info": {"vcs": "git", "commit_id": pushed}})
    assert installed_origin().revision == pushed


@pytest.mark.sampled(4)
@pytest.mark.parametrize(
    "direct_url",
    [None, vcs(HTTPS), vcs(HTTPS, subdirectory="a"), LOCAL],
    ids=["index", "git", "subdirectory", "unknown"],
)
@pytest.mark.parametrize("below", ["", "my devin"], ids=["top", "below"])
@pytest.mark.parametrize("host", ["github.com", "gitlab.com"])
def test_what_init_writes_installs_it(
    tmp_path: Path,
    devinops: Devinops,
    installed: Callable[[object], None],
    direct_url: dict[str, Any] | None,
    below: str,
    host: str,
) -> None:
    installed(direct_url)
    origin = installed_origin()
    git(tmp_path, "init", "-q")
    git(tmp_path, "remote", "add", "origin", f"https://{host}/acme/api.git")
    options = ["--copy-action"] if host == "github.com" else []
    ran = devinops("init", "-C", tmp_path / below, *options)
    assert "check which devinops is named in" in " ".join(ran.out.split())
    if host == "gitlab.com":
        text = (tmp_path / ".gitlab-ci.yml").read_text()
        assert yaml.safe_load(text)[".devinops"]["before_script"][2].endswith(
            f" --no-deps --no-build-isolation {shlex.quote(origin.requirement)}"
        )
    else:
        text = (tmp_path / ACTION / "action.yml").read_text()
        assert yaml.safe_load(text)["inputs"]["source"]["default"] == origin.requirement
    hooks = (tmp_path / ".pre-commit-config.yaml").read_text()
    (repo,) = yaml.safe_load(hooks)["repos"]
    hook, fmt, lint = repo["hooks"]
    assert [one["id"] for one in repo["hooks"]] == [
        "devinops-validate",
        "devinops-fmt",
        "devinops-lint",
    ]
    root = ["--root", below] if below else []
    if origin.repository:
        assert (repo["repo"], repo["rev"]) == (origin.repository, origin.revision)
        assert hook.get("args", []) == fmt.get("args", []) == root
    else:
        assert (repo["repo"], hook["additional_dependencies"]) == ("local", [origin.requirement])
        assert shlex.split(hook["entry"]) == ["devinops", "validate", *root, "--skip-untracked"]
        assert shlex.split(fmt["entry"]) == ["devinops", "fmt", *root, "--skip-outside"]
        with_extra = origin.requirement.replace("devinops", "devinops[secrets]", 1)
        assert lint["additional_dependencies"] == [with_extra]
    for written in (text, hooks):
        assert ("FILL IN the URL" in written) is bool(origin.unknown)


_BARE = re.compile(
    r"""(?:\b(?:pip3?|pipx|uv|poetry|pdm|conda|mamba|brew|npm|apt(?:-get)?)[ ](?:[\w./=:-]+[ ])*?
        (?:install|add|run|download|wheel)|\buvx|\bpipx[ ]run|--from)
        (?:[ \\\n]+-[\w=-]+)*[ \\\n]+['"]?devinops(?!(?:\[[\w,-]+\])?[ ]*@|[\w/-]|\.\w)
      |\bdevinops(?:\[[\w,-]+\])?[ ]?(?:[=~!]=|>=?|<=?)[ ]?\d""",
    re.VERBOSE,
)
"""What asks an index for the name of devinops: a command, or a requirement with a version."""


def test_nothing_names_a_package_of_an_index_that_the_project_does_not_own() -> None:
    """Whoever publishes a package of this name there would be installed instead."""
    listed = git(ROOT, "ls-files", "--cached", "--others", "--exclude-standard").splitlines()
    names = [name for name in listed if not re.match(r"tests/(?!golden/)|.*\.svg$", name)]
    assert {"README.md", "action.yml", "devinops/cli/declarations/commands.py"} <= {*names}
    texts = {name: (ROOT / name).read_text("utf-8") for name in names if (ROOT / name).is_file()}
    assert {name: found for name, text in texts.items() if (found := _BARE.findall(text))} == {}


@pytest.mark.parametrize(
    "text",
    [
        "pip install devinops",
        "python -m pip install --upgrade 'devinops[emulator]'",
        "pipx install devinops==1.0.0",
        "pipx run devinops plan",
        "uvx devinops demo",
        "uvx --from devinops devinops",
        "uv tool install \\\n  --force devinops",
        "uv add devinops",
        'additional_dependencies: ["devinops>=1"]',
        "pip install --require-hashes --no-deps devinops.",
    ],
)
def test_a_hint_to_an_index_is_recognized(text: str) -> None:
    assert _BARE.search(text)


@pytest.mark.parametrize(
    "text",
    [
        "pipx install 'devinops[emulator] @ git+https://HOST/PATH@COMMIT'",
        "pip install ./devinops-1.0.0-py3-none-any.whl",
        "pip install --editable devinops/",
        "pipx uninstall devinops",
        "pipx inject devinops fastapi",
        "devinops 1.0.0",
    ],
)
def test_a_source_of_its_own_is_no_hint_to_an_index(text: str) -> None:
    assert not _BARE.search(text)


# --- an extra ---------------------------------------------------------------------------------------------

PYTHON = shlex.quote(sys.executable)
EXTRAS = {
    "pip": ("", "pip", f"{PYTHON} -m pip install 'detector<3,>=2' other"),
    "uv": ("", "uv", f"uv pip install --python {PYTHON} 'detector<3,>=2' other"),
    "pipx": ("pipx_metadata.json", "pip", "pipx inject devinops 'detector<3,>=2' other"),
    "pipx with uv": ("pipx_metadata.json", "uv", "pipx inject devinops 'detector<3,>=2' other"),
    "nobody knows": ("", None, f"{PYTHON} -m pip install 'detector<3,>=2' other"),
}
"""Way to install → a file that it leaves, the installer that it records, and the command."""


@pytest.mark.parametrize("how", EXTRAS)
def test_the_command_for_an_extra_fits_how_devinops_was_installed(
    how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    metadata, installer, expected = EXTRAS[how]

    class Installed(Distribution):
        requires = [
            "click>=8",
            'detector<3,>=2; python_version < "4" and extra == "secrets"',
            'other; extra == "secrets"',
            'fastapi; extra == "emulator"',
        ]

        def read_text(self, filename: str) -> str | None:
            return {"INSTALLER": installer and f"{installer}\n"}[filename]

        def locate_file(self, path: Any) -> Any:
            raise NotImplementedError

    monkeypatch.setattr(origins, "distribution", lambda _: Installed())
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    if metadata:
        (tmp_path / metadata).touch()
    assert origins.install_command("devinops[secrets]") == expected


def test_a_source_tree_that_is_not_installed_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> Distribution:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(origins, "distribution", missing)
    asked: list[Path] = []
    monkeypatch.setattr(origins, "_checkout", lambda directory, _: asked.append(directory))
    assert "no Git remote" in installed_origin().unknown
    assert asked == [ROOT]
    tree = shlex.quote(f"{ROOT}[secrets]")
    assert origins.install_command("devinops[secrets]") == f"{PYTHON} -m pip install {tree}"
