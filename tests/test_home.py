"""The project has one home: where the program says it, in its metadata, and on its site."""

from __future__ import annotations

import shutil
from configparser import ConfigParser
from pathlib import Path

import pytest

from devinops.home import REPOSITORY, SITE
from tests.testing.home import move
from tests.testing.inventories import git
from tests.testing.places import ROOT


def addresses(root: Path) -> tuple[str, dict[str, str]]:
    """Return the address of the site and the others that the metadata of the package name."""
    metadata = ConfigParser()
    metadata.read(root / "setup.cfg")
    lines = metadata["metadata"]["project_urls"].strip().splitlines()
    return metadata["metadata"]["url"], dict(line.split(" = ") for line in lines)


def test_the_metadata_names_the_home_that_the_program_names() -> None:
    site, others = addresses(ROOT)
    assert site == others["Documentation"] == SITE
    assert others["Source"] == REPOSITORY
    assert others["Changelog"].startswith(f"{REPOSITORY}/")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for name in ("devinops/home.py", "setup.cfg", "mkdocs.yml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "page.bin").write_bytes(b"\xff %s/x %s-2" % (SITE.encode(), SITE.encode()))
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    return tmp_path


def test_the_home_moves_everywhere_at_once(copy: Path) -> None:
    changed = move(copy, "https://acme.github.io/devinops", "https://github.com/acme/devinops")
    assert changed == ["devinops/home.py", "mkdocs.yml", "page.bin", "setup.cfg"]
    site, others = addresses(copy)
    assert site == others["Documentation"] == "https://acme.github.io/devinops"
    assert others["Source"] == "https://github.com/acme/devinops"
    assert others["Changelog"] == "https://github.com/acme/devinops/blob/main/CHANGELOG.md"
    assert "noreply@acme.github.io" in (copy / "setup.cfg").read_text()
    left = (copy / "page.bin").read_bytes()
    assert left == b"\xff https://acme.github.io/devinops/x %s-2" % SITE.encode()
    for name in ("devinops/home.py", "setup.cfg", "mkdocs.yml"):
        assert SITE not in (copy / name).read_text()


@pytest.mark.parametrize(
    "address", ["", "http://acme.dev", "https://acme.dev/", "https://acme.dev/a b", "acme.dev"]
)
def test_a_home_has_an_https_address(copy: Path, address: str) -> None:
    with pytest.raises(SystemExit, match="expected an https address"):
        move(copy, address, "https://github.com/acme/devinops")
    with pytest.raises(SystemExit, match="expected an https address"):
        move(copy, "https://acme.dev", address)
    assert SITE in (copy / "setup.cfg").read_text()
