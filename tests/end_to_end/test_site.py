"""The site of the documentation says what the repository says, and each of its links leads somewhere."""

from __future__ import annotations

import difflib
import functools
import http.server
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import pytest
from filelock import FileLock

from devinops import home
from tests.testing import external_links, site
from tests.testing.browser import DESKTOP, PHONE
from tests.testing.gfm import to_html
from tests.testing.places import ROOT


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of the site, which is built once for all processes of a run."""
    shared = tmp_path_factory.getbasetemp()
    root = (shared.parent if "PYTEST_XDIST_WORKER" in os.environ else shared) / "site"
    with FileLock(f"{root}.lock"):
        if not root.exists():
            root.mkdir()
            site.build(root)
    return root / "build" / "site"


# --- its list of pages ---------------------------------------------------------------------------


def test_the_navigation_has_the_pages_of_the_index_in_the_same_order() -> None:
    pages = site.navigation()
    assert pages[:3] == ["README.md", "docs/README.md", "docs/how-to/install.md"]
    assert pages[2:] == [path for _, entries in site.index() for _, path, _ in entries]
    assert sorted(pages) == sorted(page.relative_to(ROOT).as_posix() for page in site.pages())


def test_language_models_get_a_list_of_the_pages_as_markdown() -> None:
    lines = site.llms_txt().splitlines()
    assert lines[0] == "# devinops"
    assert lines[2].startswith("> GitOps for Devin")
    links = [
        re.fullmatch(r"- \[[^\]]+\]\((\S+\.md)\): \S.*", line) for line in lines if line[:1] == "-"
    ]
    paths = [link and link[1].removeprefix(f"{home.SITE}/") for link in links]
    assert paths == ["README.md", *site.navigation()[2:]]
    assert [line for line in lines if line.startswith("## ")][-1] == "## Optional"


# --- links to what is no page ---------------------------------------------------------------------

PAGE = ROOT / "docs" / "how-to" / "metrics.md"
STAGED = {
    "[a](../commands.md#pull) and ![b](../plan.svg)": ("same", "same"),
    "[a](https://example.com)": ("same", "same"),
    "`[a](../../setup.cfg)`": ("same", "same"),
    "```text\n[a](../../setup.cfg)\n```\n": ("same", "same"),
    "[the `[test]`](../../setup.cfg#L1)": (
        "the `[test]`",
        "[the `[test]`](https://host.test/x/blob/HEAD/setup.cfg#L1)",
    ),
    "[`a`](../../setup.cfg)": ("`a`", "[`a`](https://host.test/x/blob/HEAD/setup.cfg)"),
    "[a](../../tests/crash)": ("a", "[a](https://host.test/x/blob/HEAD/tests/crash)"),
    "[a](../../schemas/plan.schema.json)": ("[a](../../schemas/v1/plan.schema.json)",) * 2,
}
"""Text of a page → the text that is staged without a home, and with one."""


@pytest.mark.parametrize("text", STAGED)
def test_a_link_to_a_source_file_leads_to_the_repository_if_that_has_an_address(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    without, with_home = (text if staged == "same" else staged for staged in STAGED[text])
    monkeypatch.setattr(site, "SITE", "https://devinops.example")
    assert site.staged(PAGE, text) == without
    monkeypatch.setattr(site, "SITE", "https://docs.test")
    monkeypatch.setattr(site, "REPOSITORY", "https://host.test/x")
    monkeypatch.setattr(site.devinops, "__version__", "1.0.1+g1a2b3c")
    assert site.staged(PAGE, text) == with_home
    monkeypatch.setattr(site.devinops, "__version__", "1.0.1")
    assert site.staged(PAGE, text) == with_home.replace("/HEAD/", "/v1.0.1/")


def test_the_site_is_at_the_address_of_the_project() -> None:
    assert f"\nsite_url: {home.SITE}/\n" in site.CONFIGURATION.read_text(encoding="utf-8")


def test_links_to_other_sites_are_listed_and_fetched_only_on_request() -> None:
    links = external_links.external_links()
    assert "https://devin.ai" in links
    assert external_links.report(links, None) == ("\n".join(links), True)
    gone = {"https://a.test": "", "https://b.test": "status 404"}
    listed = "https://a.test\nhttps://b.test: status 404"
    assert external_links.report(gone, gone.__getitem__) == (listed, False)


# --- what is built --------------------------------------------------------------------------------


class Html(HTMLParser):
    """The links of a page, its anchors, and its text with the elements that matter to a reader."""

    SHOWN = frozenset(
        (
            "h1",
            "h2",
            "h3",
            "h4",
            "h5",
            "ul",
            "ol",
            "li",
            "pre",
            "code",
            "table",
            "tr",
            "th",
            "td",
            "blockquote",
            "img",
            "em",
            "strong",
        )
    )
    HIDDEN = frozenset(("nav", "script", "style", "button"))

    def __init__(self, text: str, *, article: bool = False) -> None:
        super().__init__(convert_charrefs=True)
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.anchors: set[str] = set()
        self.parts = [""]
        self._inside = not article
        self._hidden = 0
        self._links: list[bool] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.anchors.add(values.get("id", ""))
        if tag == "a":
            self.links.append(values.get("href", ""))
            self._links.append("headerlink" in values.get("class", ""))
            self._hidden += self._links[-1]
        elif tag == "link" and values.get("rel") not in ("canonical", "prev", "next"):
            self.loaded.append(values["href"])
        elif "src" in values:
            self.loaded.append(values["src"])
        self._inside |= tag == "article"
        self._hidden += tag in self.HIDDEN
        if tag in self.SHOWN:
            self._add(f"\n<{tag}>\n")

    def handle_endtag(self, tag: str) -> None:
        self._inside &= tag != "article"
        self._hidden -= tag in self.HIDDEN or (tag == "a" and self._links.pop())

    def handle_data(self, data: str) -> None:
        self._add(data)

    def _add(self, text: str) -> None:
        if self._inside and not self._hidden:
            self.parts.append(text)

    def words(self) -> list[str]:
        return "".join(self.parts).split()


def html_of(built: Path, page: Path) -> Path:
    path = built / page.relative_to(ROOT)
    return (
        path.parent / "index.html"
        if page.name == "README.md"
        else path.with_suffix("") / "index.html"
    )


@pytest.mark.matrix
@pytest.mark.nightly
def test_every_page_shows_what_the_code_host_shows(built: Path) -> None:
    """Nested lists, tables and code are where Python-Markdown reads otherwise than the code host."""
    different = {}
    for page in site.pages():
        markdown = (built / page.relative_to(ROOT)).read_text(encoding="utf-8")
        expected = Html(to_html(markdown)).words()
        shown = Html(html_of(built, page).read_text(encoding="utf-8"), article=True).words()
        if shown != expected:
            different[page.name] = list(difflib.unified_diff(expected, shown, lineterm="", n=3))[
                :30
            ]
    assert different == {}


@pytest.mark.matrix
@pytest.mark.nightly
def test_every_link_of_the_site_leads_to_a_file_and_an_anchor_that_exist(built: Path) -> None:
    pages = {path: Html(path.read_text(encoding="utf-8")) for path in built.rglob("*.html")}
    base = f"{home.SITE}/"
    broken = []
    for path, html in pages.items():
        address = urljoin(base, path.relative_to(built).as_posix().removesuffix("index.html"))
        for link in {*html.links, *html.loaded}:
            url = urljoin(address, link)
            if not url.startswith(base):
                continue
            file = built / unquote(url.removeprefix(base).partition("#")[0])
            file = file / "index.html" if file.is_dir() else file
            anchor = unquote(urlsplit(url).fragment)
            if not file.is_file() or (anchor and anchor not in pages[file].anchors):
                broken.append((path.relative_to(built).as_posix(), link))
    assert broken == []
    assert len(pages) > len(site.pages())


@pytest.mark.matrix
@pytest.mark.nightly
def test_no_page_loads_anything_from_elsewhere(built: Path) -> None:
    loaded = {
        source for path in built.rglob("*.html") for source in Html(path.read_text("utf-8")).loaded
    }
    assert any(source.endswith(".js") for source in loaded)
    elsewhere = [source for source in loaded if urlsplit(source).netloc]
    styles = [
        path.name
        for path in built.rglob("*.css")
        if re.search(r"url\(['\"]?(https?:)?//", path.read_text("utf-8"))
    ]
    assert (elsewhere, styles) == ([], [])


@pytest.mark.matrix
@pytest.mark.nightly
def test_the_site_serves_its_pages_as_markdown_and_the_schemas(built: Path) -> None:
    for link in re.findall(r"\]\((\S+)\): ", (built / "llms.txt").read_text(encoding="utf-8")):
        assert (
            (built / link.removeprefix(f"{home.SITE}/"))
            .read_text(encoding="utf-8")
            .startswith("# ")
        )
    served = {path.name: path.read_bytes() for path in (built / "schemas" / "v1").iterdir()}
    assert served == {path.name: path.read_bytes() for path in (ROOT / "schemas").iterdir()}


@pytest.mark.matrix
@pytest.mark.nightly
def test_plain_mkdocs_builds_the_site_too(built: Path, tmp_path: Path) -> None:
    mkdocs = Path(sys.executable).with_name("mkdocs")
    argv = [mkdocs, "build", "--strict", "--theme", "mkdocs", "--site-dir", tmp_path]
    ran = subprocess.run(argv, cwd=built.parent.parent, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert (tmp_path / "docs" / "how-to" / "rotate-a-secret" / "index.html").exists()


# --- in a browser ---------------------------------------------------------------------------------


class Files(http.server.SimpleHTTPRequestHandler):
    """Serves a directory, and prints nothing."""

    def log_message(self, *_: object) -> None: ...


@pytest.fixture(scope="module")
def address(built: Path) -> Iterator[str]:
    """The address at which the site is served; it ends with a slash."""
    handler = functools.partial(Files, directory=str(built))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


QUESTIONS = {
    "rotate": "docs/how-to/rotate-a-secret/",
    "exit code 4": "docs/commands/",
    "what may a key do": "docs/who-may-do-what/",
    "undo": "docs/how-to/recover/",
    "exclude an organization": "docs/how-do-i/",
    "offboard": "docs/how-do-i/",
    "who changed a note": "docs/how-do-i/",
    "test without production": "docs/how-do-i/",
    "move a note": "docs/how-to/move-folders/",
    "what would be sent": "docs/how-do-i/",
}
"""What a reader types → a page among the first three results; the page of questions is the first."""


@pytest.mark.matrix
@pytest.mark.nightly
def test_the_search_finds_what_readers_ask_for(page, address: str) -> None:
    page.goto(address)
    page.wait_for_function("document.activeElement.shadowRoot || !document.querySelector('.no-js')")
    for typed, expected in QUESTIONS.items():
        page.get_by_role("button", name="Search").first.click()
        field = page.get_by_role("combobox", name="Search")
        field.fill(typed)
        results = page.locator(f"a[href*='?h={typed.replace(' ', '+')}']")
        results.first.wait_for()
        found = [result.get_attribute("href") for result in results.all()[:3]]
        # The page of questions is for those who ask in these words, so nothing comes before it.
        first = found[:1] if expected == "docs/how-do-i/" else found
        assert any(expected in link for link in first), (typed, found)
        results.first.click()
        page.wait_for_url("**?h=*")
        page.get_by_role("heading", level=1).wait_for()


READ = {
    "": DESKTOP,
    "docs/how-to/rotate-a-secret/": DESKTOP,
    "docs/troubleshooting/": DESKTOP,
    "docs/how-to/metrics/": PHONE,  # has a table that is wider
    "404.html": DESKTOP,
}
"""Page → size of the window."""


@pytest.mark.matrix
@pytest.mark.nightly
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everyone_can_read_the_pages(page, address: str, scheme: str) -> None:
    """No rule of axe-core is violated seriously, contrast included; on a phone, only tables and code scroll sideways."""
    from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]

    page.emulate_media(color_scheme=scheme)
    for path, (width, height) in READ.items():
        page.set_viewport_size({"width": width, "height": height})
        page.goto(f"{address}{path}")
        violations = Axe().run(page).response["violations"]
        assert [v["id"] for v in violations if v["impact"] in ("serious", "critical")] == [], path
        page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0], path
