"""The programs that devinops is compared with, each in a virtual environment of its own.

They are below `peers/` of the environment that runs the benchmarks, never in it: what a peer needs
must not change what devinops imports. devinops itself has one as well, with its dependencies only,
as an installation without extras has them; it runs the source of a checkout.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path

from benchmarks.measure import say
from devinops import __version__

CHECKOUT = Path(__file__).parents[1]
_DIRECTORY = Path(sys.prefix) / "peers"


PEERS: dict[str, tuple[str, ...]] = {
    "check-jsonschema": ("check-jsonschema==0.39.0", "ruamel.yaml==0.19.1"),
    "check-jsonschema with ruamel.yaml.clib": (
        "check-jsonschema==0.39.0",
        "ruamel.yaml==0.19.1",
        "ruamel.yaml.clib==0.2.15",
    ),
    "yamale": ("yamale==6.1.0", "PyYAML==6.0.4"),
    "yamllint": ("yamllint==1.38.0", "PyYAML==6.0.4"),
    "octoDNS": ("octodns==1.22.0", "octodns-digitalocean==1.0.1", "PyYAML==6.0.4"),
    "dbt-jobs-as-code": ("dbt-jobs-as-code==1.22.0",),
}
"""Name → what is installed for it."""


def program(peer: str, name: str) -> str:
    """Return the path of a peer's program; install the peer if needed."""
    return str(_environment(peer, PEERS[peer]) / "bin" / name)


def python() -> str:
    """Return a Python that has the dependencies of devinops and of its extra `secrets`."""
    settings = ConfigParser()
    settings.read(CHECKOUT / "setup.cfg", encoding="utf-8")
    lines = "\n".join(
        (settings["options"]["install_requires"], settings["options.extras_require"]["secrets"])
    ).splitlines()
    packages = tuple(line for line in lines if line and not line.startswith("#"))
    return str(_environment("devinops", packages) / "bin" / "python")


def deck() -> str | None:
    """Return the path of decK, a Debian package; None if it is not installed."""
    path = shutil.which("deck")
    if path is None:
        say("decK is not installed, and is left out; Debian: apt-get install deck")
    return path


def versions() -> dict[str, str]:
    """Return peer → the packages that are compared, with their versions."""
    pinned = {name: ", ".join(packages).replace("==", " ") for name, packages in PEERS.items()}
    return {"devinops and the floors": _own_versions(), **pinned, "decK": _deck_version()}


def _own_versions() -> str:
    """Return the versions of devinops and of the libraries that its floors use."""
    names = ("PyYAML", "jsonschema", "httpx")
    code = "import importlib.metadata as m; print(', '.join(f'{n} {m.version(n)}' for n in NAMES))"
    answer = subprocess.run(
        [python(), "-c", f"NAMES = {names}; {code}"], capture_output=True, text=True, check=True
    )
    return f"devinops {__version__}, {answer.stdout.strip()}"


def _deck_version() -> str:
    path = shutil.which("deck")
    if path is None:
        return "not installed; Debian: apt-get install deck"
    answer = subprocess.run([path, "version"], capture_output=True, text=True, check=True)
    return answer.stdout.split(" (")[0].strip()


def _environment(name: str, packages: tuple[str, ...]) -> Path:
    """Return the directory of a virtual environment; create it if it is not as asked for."""
    directory = _DIRECTORY / name.replace(" ", "-")
    stamp = directory / "installed.txt"
    if stamp.exists() and stamp.read_text() == repr(packages):
        return directory
    say(f"installing {name} in {directory.relative_to(sys.prefix)} …")
    shutil.rmtree(directory, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", directory], check=True)
    pip = [str(directory / "bin" / "python"), "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "install", *packages], check=True)
    stamp.write_text(repr(packages))
    return directory
