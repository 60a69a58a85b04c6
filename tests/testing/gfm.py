"""What readers get of a Markdown document: parsed by GitHub's own parser, cmark-gfm."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

import cmarkgfm  # type: ignore[import-untyped]
from cmarkgfm.cmark import Options  # type: ignore[import-untyped]

ALERTS = ("[!CAUTION]", "[!WARNING]", "[!NOTE]")
IN_CODE = ("code", "pre")
REFERENCES = (
    r"@[A-Za-z0-9]",  # a mention
    r"#[0-9]|\bGH-[0-9]",  # an issue
    r"[!%~&$^][A-Za-z0-9]",  # the references of GitLab
    r"\b[0-9a-fA-F]{7,}\b",  # a commit
    r"\b[A-Z][A-Z0-9]+-[0-9]",  # a ticket
    r"://|\bwww\.[a-z]",  # an address
    r"^/[a-z]",  # a quick action of GitLab
    r":[a-z_]+:",  # an emoji
)
_REFERENCE = re.compile("|".join(REFERENCES), re.MULTILINE)


def to_html(markdown: str) -> str:
    """Return a document as HTML, with the HTML that it contains."""
    html: str = cmarkgfm.github_flavored_markdown_to_html(
        markdown, options=Options.CMARK_OPT_UNSAFE
    )
    return html


@dataclass
class Page(HTMLParser):
    """The elements of a document, and its text: in code, and outside of it."""

    tags: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    code: list[str] = field(default_factory=list)
    open: list[str] = field(default_factory=list)
    attributes: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    @classmethod
    def of(cls, markdown: str) -> Page:
        page = cls()
        page.feed(to_html(markdown))
        page.close()
        assert not page.open, f"elements that nothing closes: {page.open}"
        return page

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links += [value or "" for name, value in attrs if name == "href"]
        if tag not in ("br", "hr", "img", "input"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if data.strip() in ALERTS and self.open[-2:] == ["blockquote", "p"]:
            return
        (self.code if set(IN_CODE) & set(self.open) else self.text).append(data)

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)

    def references(self) -> Iterator[str]:
        """Yield the text outside of code that GitHub or GitLab would turn into a link."""
        for text in self.text:
            yield from (match[0] for match in _REFERENCE.finditer(text))
