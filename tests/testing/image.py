"""Builds the image from the files of `make dist` in a Debian of its own, and tries it as a cluster would run it.

    python -m tests.testing.image .venv/image dist

The first directory keeps the system and the layers for the next time. Needs root, and from Debian: debootstrap,
buildah and netavark.
"""

from __future__ import annotations

import json
import os
import resource
import ssl
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.testing.places import ROOT

BASE = "localhost/debian"
IMAGE = "localhost/devinops"

# Everything but /tmp is read-only, there is no network but loopback, and no way to become root again.
_RUN = """
set -euo pipefail
root=$1 user=$2; shift 2
mount --bind "$root" "$root"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
mount -t tmpfs tmpfs "$root/dev"
for device in null urandom; do touch "$root/dev/$device"; mount --bind "/dev/$device" "$root/dev/$device"; done
mount -t proc proc "$root/proc"
mount -o remount,ro,bind "$root"
ip link set lo up 2> /dev/null || true
exec setpriv --no-new-privs /usr/sbin/chroot --userspec="$user" --groups= "$root" /usr/bin/env -i "$@"
"""


class Image:
    """The image, with its layers and the system that it is based on below `directory`."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory.absolute()
        self.directory.mkdir(parents=True, exist_ok=True)
        self.environment = {**os.environ, "BUILDAH_ISOLATION": "chroot"}

    def buildah(self, *arguments: str | Path) -> str:
        storage = ("--root", self.directory / "storage", "--runroot", self.directory / "run")
        ran = subprocess.run(
            ["buildah", *storage, *arguments],
            env=self.environment,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        return ran.stdout.strip()

    def make_base(self) -> None:
        """Make a Debian like the slim image of Debian, unless it is there from the last time."""
        if BASE in self.buildah("images", "--format", "{{.Name}}"):
            return
        with tempfile.TemporaryDirectory() as directory:
            system = Path(directory, "system")
            subprocess.run(["debootstrap", "--variant=minbase", "trixie", system], check=True)
            container = self.buildah("from", "scratch")
            self.buildah("add", container, system, "/")
            self.buildah("commit", "--rm", container, BASE)

    def build(self, dist: Path) -> None:
        """Build the image. pip trusts the same certificates as this machine, which may be behind a proxy."""
        certificates = ssl.get_default_verify_paths().cafile
        settings = self.directory / "pip.conf"
        settings.write_text("[global]\ncert = /run/certificates.crt\n")
        # Otherwise, buildah asks for more than this process may have.
        limits = (
            f"--ulimit={name}={resource.getrlimit(number)[1]}"
            for name, number in (
                ("nofile", resource.RLIMIT_NOFILE),
                ("nproc", resource.RLIMIT_NPROC),
            )
        )
        self.buildah(
            "build",
            "--layers",
            *limits,
            f"--volume={settings}:/etc/pip.conf:ro",
            f"--volume={certificates}:/run/certificates.crt:ro",
            *(
                f"--build-arg={name}"
                for name in (f"BASE={BASE}", "VERSION=0", "REVISION=0", "SOURCE=0")
            ),
            f"--file={ROOT / 'Containerfile'}",
            f"--tag={IMAGE}",
            dist,
        )

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command in the image, with its user and environment."""
        container = self.buildah("from", "--pull-never", IMAGE)
        try:
            top = self.buildah("mount", container)
            config = json.loads(self.buildah("inspect", container))["OCIv1"]["config"]
            environment = (*config["Env"], "HOME=/home/devinops")
            inside = ("unshare", "--mount", "--net", "--pid", "--fork", "bash", "-c", _RUN, "bash")
            return subprocess.run(
                [*inside, top, config["User"], *environment, *command],
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
        finally:
            self.buildah("rm", container)


def main(directory: str, dist: str) -> int:
    (wheel,) = Path(dist).glob("devinops-*.whl")
    version = wheel.name.split("-")[1]
    image = Image(Path(directory))
    image.make_base()
    image.build(Path(dist))
    repository = "cd $(mktemp -d) && git init --quiet && devinops init && devinops validate"
    cases = (
        (("devinops", "--version"), 0, f"devinops {version}\n"),
        (("devinops", "demo"), 0, ""),
        (("sh", "-c", repository), 0, "no problems"),
        (("sh", "-c", "git --version && curl --version"), 0, ""),
        (("id", "-u"), 0, "65532\n"),
        (("touch", "/x"), 1, "Read-only file system"),
        (("sh", "-c", "command -v pip gcc"), 127, ""),
    )
    failures = 0
    for command, code, text in cases:
        ran = image.run(*command)
        good = ran.returncode == code and text in ran.stdout
        failures += not good
        print(f"{'passed' if good else 'FAILED'}: {' '.join(command)}")
        if not good:
            print(f"exit code {ran.returncode}, expected {code} and {text!r}:\n{ran.stdout}")
    return min(failures, 1)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
