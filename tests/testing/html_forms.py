"""Reads pages as a browser without JavaScript does: links, headings, and what a form would send."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Self


class Html(HTMLParser):
    """The parts of a page that tests look at.

    `forms` has the fields of each form as they would be sent, without buttons; `alerts` the texts with a role.
    """

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.sources: list[str] = []
        self.forms: list[dict[str, str]] = []
        self.title = ""
        self.heading = ""
        self.alerts: list[str] = []
        self._open: list[tuple[str, str]] = []
        self._select = ""
        self._textarea = ""

    @classmethod
    def of(cls, text: str) -> Self:
        page = cls()
        page.feed(text)
        page.close()
        return page

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "a":
            self.links.append(given["href"])
        elif tag in ("script", "img"):
            self.sources.append(given.get("src", "(inline)"))
        elif tag == "form":
            self.forms.append({})
        elif tag in ("input", "select", "textarea", "option"):
            self._field(tag, given)
        if tag not in ("input", "img", "meta", "link", "br"):
            self._open.append((tag, given.get("role", "")))

    def _field(self, tag: str, given: dict[str, str]) -> None:
        name = given.get("name", "")
        if tag == "option":
            if "selected" in given or self._select not in self.forms[-1]:
                self.forms[-1][self._select] = given["value"]
        elif tag == "select":
            self._select = name
        elif tag == "textarea":
            self._textarea = name
            self.forms[-1][name] = ""
        elif given.get("type") != "checkbox" or "checked" in given:
            self.forms[-1][name] = given.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass
        if tag == "textarea":
            # The parser of a browser drops a line end right after the tag, and a form sends CRLF.
            text = self.forms[-1][self._textarea].removeprefix("\n")
            self.forms[-1][self._textarea] = text.replace("\n", "\r\n")
            self._textarea = ""

    def handle_data(self, data: str) -> None:
        tags = [tag for tag, _ in self._open]
        if self._textarea:
            self.forms[-1][self._textarea] += data
        elif "title" in tags:
            self.title += data
        elif "h1" in tags:
            self.heading += data
        if {"alert", "status"} & {role for _, role in self._open} and data.strip():
            self.alerts.append(data.strip())
