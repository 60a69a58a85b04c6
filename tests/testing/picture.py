"""`make picture`: draws a plan as a terminal shows it, for the README.

The plan is a real one, of a small repository on the emulator, so that the picture cannot show what devinops does not print.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from pathlib import Path

from devinops.emulator import Emulator
from tests.testing.command_line import run_quietly
from tests.testing.places import ROOT

PICTURE = ROOT / "docs" / "plan.svg"
COLUMNS = 80
_LINE_HEIGHT, _COLUMN_WIDTH, _MARGIN = 19, 8.43, 16
_BACKGROUND, _TEXT = "#101418", "#d6dade"
_STYLED = re.compile(r"\x1b\[([0-9;]+)m(.*?)\x1b\[0m|([^\x1b]+)")


def note(name: str, trigger: str, body: str) -> str:
    return f"---\nname: {name}\ntrigger: {trigger}\n---\n{body}\n"


ERRORS = """\
Every error is an object with `code`, `message` and `request_id`.
`code` is stable: clients switch on it.
Never put a stack trace into a response."""
BEFORE = {
    "devinops.yaml": "version: 1\ntargets: {production: {inventory: {store: file}, prune: owned}}\n",
    "knowledge/Backend/errors.md": note("Error envelope", "When adding an endpoint", ERRORS),
    "knowledge/Backend/migrations.md": note("Migrations", "When changing a table", "One step."),
    "knowledge/Backend/reviews.md": note("Code review", "When asked for a review", "Be kind."),
    "playbooks/old.md": "---\ntitle: Restart everything\n---\nTurn it off and on again.\n",
}
AFTER = BEFORE | {
    "knowledge/Backend/errors.md": BEFORE["knowledge/Backend/errors.md"].replace(
        "switch on it", "depend on it"
    ),
    "knowledge/Backend/migrations.md": BEFORE["knowledge/Backend/migrations.md"].replace(
        "name: Migrations", "name: Database migrations"
    ),
    "knowledge/Frontend/forms.md": note("Forms", "When changing a form", "Label every field."),
    "playbooks/triage.md": "---\ntitle: Triage an incident\n---\n"
    "1. Read the alert and name the service.\n"
    "2. If a deploy is younger than the alert, propose a rollback.\n",
}
SEED = {"organizations": {"org-emulator": {"folders": [{"path": "Backend"}]}}}


def draw() -> str:
    """Return the picture as SVG."""
    rows = ["$ devinops plan", *plan().splitlines()]
    height = len(rows) * _LINE_HEIGHT + 2 * _MARGIN
    width = round(COLUMNS * _COLUMN_WIDTH + 2 * _MARGIN)
    lines = "\n".join(_row(number, row) for number, row in enumerate(rows))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" role="img" aria-label="A plan of devinops in a terminal">\n'
        "<style>text { font: 14px ui-monospace, 'DejaVu Sans Mono', Menlo, monospace }</style>\n"
        f'<rect width="{width}" height="{height}" rx="8" fill="{_BACKGROUND}"/>\n'
        f"{lines}\n</svg>\n"
    )


def plan() -> str:
    """Return what `devinops plan` prints in color on a terminal of 80 columns."""
    with repository() as (directory, environ):
        out = run_quietly(
            ["plan"],
            environ | {"DEVINOPS_ROOT": directory, "COLUMNS": str(COLUMNS), "FORCE_COLOR": "1"},
        )[1]
    return steady(out)


@contextmanager
def repository() -> Iterator[tuple[str, dict[str, str]]]:
    """Yield a directory with pending changes, and the environment to plan in it."""
    with Emulator(SEED) as emulator, tempfile.TemporaryDirectory() as directory:
        root = Path(directory)
        environ = {
            "DEVIN_API_URL": emulator.url,
            "DEVIN_API_KEY": "cog_emulator",
            "DEVINOPS_PARALLELISM": "1",
        }
        _write(root, BEFORE)
        code, out, err = run_quietly(["apply", "--yes", "-C", directory], environ)
        assert code == 0, out + err
        (review,) = (n for n in emulator.knowledge() if n["name"] == "Code review")
        emulator.edit("knowledge", review["note_id"], body="Be kind, and be quick.")
        (root / "playbooks" / "old.md").unlink()
        _write(root, {name: text for name, text in AFTER.items() if "old" not in name})
        yield directory, environ


def steady(text: str) -> str:
    """Return the output of a run with a port and a time that do not change."""
    text = re.sub(r"http://127.0.0.1:\d+", "http://127.0.0.1:8484", text)
    # A line can end before UTC.
    return re.sub(r"\b\d{4}-\d\d-\d\d \d\d:\d\d\b", "2026-03-12 09:41", text)


def _write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")


def _row(number: int, row: str) -> str:
    y = _MARGIN + number * _LINE_HEIGHT
    spans = "".join(_spans(row, y))
    return f"<g>{spans}</g>"


def _spans(row: str, y: int) -> Iterator[str]:
    column = 0
    for codes, styled, plain in _STYLED.findall(row):
        text = styled or plain
        start = column + len(text) - len(text.lstrip())
        column += len(text)
        if text.strip():
            yield from _span(text.strip(), codes.split(";"), start, y)


def _span(text: str, codes: list[str], column: int, y: int) -> Iterator[str]:
    x, length = round(_MARGIN + column * _COLUMN_WIDTH, 2), round(len(text) * _COLUMN_WIDTH, 2)
    color = _color(int(codes[codes.index("5") + 1])) if "38" in codes else _TEXT
    weight = ";font-weight:bold" if codes[0] == "1" else ""
    if codes[-1] == "7":
        yield f'<rect x="{x}" y="{y}" width="{length}" height="{_LINE_HEIGHT}" fill="{color}"/>'
        color = _BACKGROUND
    yield (
        f'<text x="{x}" y="{y + 14}" textLength="{length}" xml:space="preserve" '
        f'style="fill:{color}{weight}">{escape(text, quote=False)}</text>'
    )


def _color(number: int) -> str:
    """Return one of the 256 colors of terminals as `#rrggbb`."""
    if number >= 232:
        channels = [8 + 10 * (number - 232)] * 3
    else:
        levels = (0, 95, 135, 175, 215, 255)
        channels = [levels[(number - 16) // 6**power % 6] for power in (2, 1, 0)]
    return "#" + "".join(f"{value:02x}" for value in channels)


if __name__ == "__main__":
    PICTURE.write_text(draw(), encoding="utf-8")
