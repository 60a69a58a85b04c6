"""The site of the documentation, from the Markdown of the repository: `make site`.

Each page is staged at the path that it has in the repository, so a link from page to page leads to the same place on the
code host and on the site. Links to what is no page lead to the repository. Beside its pages, the site has their Markdown,
`llms.txt` and the JSON Schemas.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import yaml

import devinops
from devinops.home import REPOSITORY, SITE
from tests.testing.links import DOCS, HIDDEN
from tests.testing.places import ROOT

INDEX = DOCS / "README.md"
CONFIGURATION = ROOT / "mkdocs.yml"
SCHEMAS = "schemas/v1"
_LINK = re.compile(
    rf"(?P<hidden>{HIDDEN.pattern})|(?<!!)\[(?P<text>(?:`[^`]*`|[^\[\]`])*)\]\((?P<target>[^)\s]+)\)",
    re.DOTALL | re.MULTILINE,
)


def has_home() -> bool:
    """Tell whether the project has an address that somebody owns."""
    return not str(urlsplit(SITE).hostname).endswith(".example")


def pages() -> list[Path]:
    """Return the Markdown files that are pages of the site."""
    return [
        *sorted(ROOT.glob("*.md")),
        *sorted(DOCS.rglob("*.md")),
        ROOT / "examples" / "README.md",
    ]


def build(root: Path = ROOT) -> Path:
    """Build the site in a directory, and return the directory of its files. Raises CalledProcessError."""
    staged, site = root / "build" / "pages", root / "build" / "site"
    for directory in (staged, site):
        shutil.rmtree(directory, ignore_errors=True)
    if root != ROOT:
        shutil.copy(CONFIGURATION, root)
    stage(staged)
    zensical = Path(sys.executable).with_name("zensical")
    subprocess.run([zensical, "build", "--strict", "--clean"], cwd=root, check=True)
    for page in pages():
        path = page.relative_to(ROOT)
        shutil.copy(staged / path, site / path)
    (site / "llms.txt").write_text(llms_txt(), encoding="utf-8")
    return site


def stage(directory: Path) -> None:
    """Write the pages, their pictures, style and script, and the schemas into a directory."""
    for page in pages():
        path = directory / page.relative_to(ROOT)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(staged(page, page.read_text(encoding="utf-8")), encoding="utf-8")
    for file in (path for path in DOCS.rglob("*") if path.suffix in (".svg", ".css", ".js")):
        shutil.copy(file, directory / file.relative_to(ROOT))
    shutil.copytree(ROOT / "schemas", directory / SCHEMAS)


def staged(page: Path, text: str) -> str:
    """Return the text of a page with the links as they must be on the site."""

    def link(match: re.Match[str]) -> str:
        target = match["target"] or ""
        path, hash, anchor = target.partition("#")
        if match["hidden"] or not path or urlsplit(path).scheme:
            return match[0]
        file = Path(os.path.normpath(page.parent / unquote(path)))
        if file in known:
            return match[0]
        if file.parent == ROOT / "schemas":
            address = os.path.relpath(ROOT / SCHEMAS / file.name, page.parent)
        elif has_home():
            address = (
                f"{REPOSITORY}/blob/{_revision()}/{file.relative_to(ROOT).as_posix()}{hash}{anchor}"
            )
        else:
            return match["text"]
        return f"[{match['text']}]({address})"

    known = set(pages())
    return _LINK.sub(link, text)


def _revision() -> str:
    """Return the tag of a release, or else the default branch."""
    version = devinops.__version__
    return f"v{version}" if re.fullmatch(r"[\d.]+", version) else "HEAD"


def llms_txt() -> str:
    """Return the list of pages for language models, in the form of llmstxt.org."""
    home = f"{SITE}/" if has_home() else ""
    lines = [
        "# devinops",
        "",
        f"> {yaml.safe_load(_plain_configuration())['site_description']}",
        "",
        f"- [What devinops is]({home}README.md): with a first example, and the promises",
    ]
    for section, entries in index():
        lines += ["", f"## {'Optional' if section == 'Project' else section}", ""]
        lines += [f"- [{title}]({home}{path}): {purpose}" for title, path, purpose in entries]
    return "\n".join([*lines, ""])


def index() -> Iterator[tuple[str, list[tuple[str, str, str]]]]:
    """Yield each section of docs/README.md with its pages: title, path and purpose."""
    for section in re.split(r"^## ", INDEX.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        entries = re.findall(
            r"^- \[([^\]]*)\]\((\S+?\.md)\): (.*?)(?=\n- |\n\n|\Z)",
            section,
            re.MULTILINE | re.DOTALL,
        )
        if entries:
            yield (
                section.partition("\n")[0],
                [
                    (
                        title,
                        os.path.normpath(f"docs/{path}"),
                        " ".join(re.sub(r"\[(.*?)\]\(.*?\)", r"\1", purpose).split()),
                    )
                    for title, path, purpose in entries
                ],
            )


def navigation() -> list[str]:
    """Return the pages of the navigation in their order."""

    def paths(entry: object) -> Iterator[str]:
        match entry:
            case dict():
                for below in entry.values():
                    yield from paths(below)
            case list():
                for below in entry:
                    yield from paths(below)
            case str():
                yield entry

    return list(paths(yaml.safe_load(_plain_configuration())["nav"]))


def _plain_configuration() -> str:
    """Return mkdocs.yml without the tags, which only MkDocs reads."""
    return re.sub(r"!!python/\S+", "", CONFIGURATION.read_text(encoding="utf-8"))


if __name__ == "__main__":
    print(
        f"the site is in {build().relative_to(ROOT)}: open index.html, or serve it with python -m http.server"
    )
