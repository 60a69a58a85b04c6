"""Writes the version into what is built; everything else about the package is in setup.cfg."""

import gzip
import os
import tarfile
import time
from pathlib import Path
from typing import Any

from setuptools import setup
from setuptools.command.build_py import build_py
from setuptools.command.sdist import sdist


class BuildPy(build_py):
    """Builds the package with `version.txt` and the action, which a checkout has for itself."""

    def run(self) -> None:
        super().run()
        if not self.editable_mode:
            write_version(self.build_lib, self.distribution.get_version())
            templates = Path(self.build_lib, "devinops", "templates")
            self.copy_file("action.yml", str(templates))
            self.copy_tree("action", str(templates / "action"))


class Sdist(sdist):
    """Copies the files of the commit, with `version.txt` for what is built from the copy."""

    def make_release_tree(self, base_dir: str, files: Any) -> None:
        super().make_release_tree(base_dir, files)
        write_version(base_dir, self.distribution.get_version())

    def make_archive(
        self, base_name: str, format: str, root_dir: Any = None, base_dir: Any = None, **_: Any
    ) -> str:
        """Return the path of an archive whose bytes depend only on its files and on one time."""
        path = f"{base_name}.tar.gz"
        now = int(os.environ.get("SOURCE_DATE_EPOCH") or time.time())

        def steady(member: tarfile.TarInfo) -> tarfile.TarInfo:
            member.uid = member.gid = 0
            member.uname = member.gname = ""
            member.mtime = now
            member.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
            return member

        with (
            open(path, "wb") as file,
            gzip.GzipFile("", "wb", fileobj=file, mtime=now) as zipped,
            tarfile.open(mode="w", fileobj=zipped, format=tarfile.PAX_FORMAT) as archive,
        ):
            archive.add(base_dir, filter=steady)
        return path


def write_version(top: str, version: str) -> None:
    record = Path(top, "devinops", "version.txt")
    record.unlink(missing_ok=True)  # It may be a hard link to the file of the checkout.
    record.write_text(f"{version} built\n", "utf-8")


setup(cmdclass={"build_py": BuildPy, "sdist": Sdist})
