"""What Hypothesis draws from: YAML with entries, written in all ways, with comments everywhere."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

WORDS = ["a", "b c", "yes", "2027-03-01", "it's", 'say "x"', "x: y", "é 😀", "null", "12", "- d", "#no", "a #b",
         "a, b", "", " lead", "a\u00a0b", "x\u2028y", "{q}", "@at", "90d", "~", "a#b", "0x1F", "1e3"]  # fmt: skip
PLAIN = [
    "a",
    "b c",
    "yes",
    "2027-03-01",
    "it's",
    "é 😀",
    "null",
    "12",
    "90d",
    "~",
    "a#b",
    "0x1F",
    "True",
    "",
    "1.50",
]
LINES = ["one", "  indented", "two # no comment", "", "three: x", "end  ", "- i"]
KINDS = ["plain", "quoted", "flow", "block", "list", "map", "wrapped", "lines", "flows"]
KEYS = ["name", "trigger", "body", "pinned_repo", "meta", "targets", "zz", "folder", "aa", "ensure"]

quoted = st.builds(
    lambda text, double: json.dumps(text, ensure_ascii=False) if double else "'" + text.replace("'", "''") + "'",
    st.sampled_from(WORDS),
    st.booleans(),
)  # fmt: skip
in_flow = st.one_of(st.sampled_from(["a", "b c", "12", "yes", "2027-03-01", "null"]), quoted)


@dataclass
class Writer:
    """Writes a file line by line, and puts comments with numbers between and after the lines.

    `above` maps a key, as path, to the comments directly above it.
    """

    draw: Any
    rows: list[str] = field(default_factory=list)
    comments: int = 0
    above: dict[str, list[str]] = field(default_factory=dict)

    def comment(self) -> str:
        self.comments += 1
        return f"# c{self.comments};"

    def chance(self, of: int = 3) -> bool:
        return bool(self.draw(st.integers(0, of)) == 0)

    def before(self, pad: str, key: str) -> None:
        """Write blank lines and comments above a key."""
        if self.chance(4):
            self.rows.append(self.draw(st.sampled_from(["", "  "])))
        if self.chance(4):
            self.rows += [
                self.draw(st.sampled_from(["", " ", pad, pad + "  "])) + self.comment(),
                "",
            ]
        if self.chance():
            comments = [self.comment() for _ in range(self.draw(st.integers(1, 2)))]
            self.rows += [pad + comment for comment in comments]
            self.above[key] = comments

    def line(self, text: str) -> None:
        self.rows.append(text + (f"  {self.comment()}" if self.chance(4) else ""))

    def value(self, start: str, pad: str, depth: int) -> None:
        """Write a value after `start`, which ends with `:` or `-`."""
        kind = self.draw(st.sampled_from(KINDS))
        anchor = " &x" if self.chance(12) else ""
        deeper = pad + " " * self.draw(st.integers(1, 4))
        if kind == "plain":
            self.line(f"{start}{anchor} {self.draw(st.sampled_from(PLAIN))}")
        elif kind == "quoted":
            self.line(f"{start}{anchor} {self.draw(quoted)}")
        elif kind == "flow":
            items = self.draw(st.lists(in_flow, max_size=3))
            names = [f"{name}: {item}" for name, item in zip("pqr", items, strict=False)]
            text = self.draw(st.sampled_from([f"[{','.join(items)}]", f"{{ {', '.join(names)} }}"]))
            self.line(f"{start}{anchor} {text}")
        elif kind == "flows":
            items = self.draw(st.lists(in_flow, min_size=1, max_size=3))
            self.line(f"{start}{anchor} [")
            for item in items:
                self.line(f"{deeper}{item},")
            self.line(f"{deeper}]")
        elif kind == "wrapped":
            self.rows += [f'{start}{anchor} "some', f"{deeper}text"]
            self.line(f'{deeper}ends"')
        elif kind == "lines":
            self.rows.append(f'{start}{anchor} "First line')
            self.line(f'{deeper}\\nsecond line\\n"')
        elif kind == "block":
            header = self.draw(st.sampled_from(["|", ">", "|-", ">-", "|+", ">+"]))
            self.line(f"{start}{anchor} {header}")
            lines = self.draw(st.lists(st.sampled_from(LINES), min_size=1, max_size=5))
            self.rows += [deeper + line if line else line for line in ["first", *lines]]
        elif kind == "list" or depth > 2:
            self.line(f"{start}{anchor}")
            for _ in range(self.draw(st.integers(1, 2))):
                self.before(deeper, f"{len(self.rows)}")
                self.value(f"{deeper}-", deeper, depth + 1)
        else:
            self.line(f"{start}{anchor}")
            self.mapping(deeper, ["p", "q"], depth + 1, f"{len(self.rows)}.")

    def mapping(self, pad: str, keys: list[str], depth: int, path: str, first: str = "") -> None:
        """Write a mapping; its first key stands after `first` if given."""
        for number, key in enumerate(keys):
            name = self.draw(st.sampled_from([key, key, f'"{key}"', f"'{key}'"]))
            if number or not first:
                self.before(pad, path + key)
            self.value((first if number == 0 and first else pad) + name + ":", pad, depth)


@st.composite
def yaml_files(draw: Any) -> Writer:
    """Draw a YAML file with entries in known and unknown keys; it is not always valid."""
    writer = Writer(draw)
    if writer.chance(6):
        writer.line("---")
    pad = " " * draw(st.integers(0, 3))
    for section in draw(st.sampled_from([["knowledge"], ["knowledge", "other"]])):
        writer.before("", section)
        writer.line(f"{section}:")
        for number in range(draw(st.integers(1, 3))):
            writer.before(pad, f"{section}-{number}")
            keys = draw(st.lists(st.sampled_from(KEYS), min_size=1, max_size=5, unique=True))
            writer.mapping(f"{pad}  ", keys, 0, f"{section}-{number}.", first=f"{pad}- ")
    if writer.chance():
        writer.rows += ["", writer.comment()]
    return writer


@st.composite
def front_matters(draw: Any) -> Writer:
    """Draw the front matter of a Markdown file, without its fences."""
    writer = Writer(draw)
    keys = draw(st.lists(st.sampled_from(KEYS), min_size=1, max_size=6, unique=True))
    writer.mapping("", keys, 0, "")
    return writer
