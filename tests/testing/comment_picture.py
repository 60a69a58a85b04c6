"""Draws `docs/comment.svg`: the report of a plan as a comment in a pull request, from its real output.

`python -m tests.testing.comment_picture` writes the picture again. The Markdown becomes HTML as on
GitHub, with colors like theirs; one change is unfolded.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from tests.testing.command_line import run_quietly
from tests.testing.gfm import to_html
from tests.testing.picture import repository, steady
from tests.testing.places import ROOT

PICTURE = ROOT / "docs" / "comment.svg"
WIDTH, HEIGHT = 860, 1050
COMMIT = "4f2c1d0b9a8e7f6d5c4b3a29181706f5e4d3c2b1"
STYLE = """\
.comment { box-sizing: border-box; border: 1px solid #d1d9e0; border-radius: 6px; background: #fff; color: #1f2328;
 font: 14px/1.5 -apple-system, 'Segoe UI', 'Noto Sans', Helvetica, Arial, 'DejaVu Sans', sans-serif; overflow: hidden }
.author { background: #f6f8fa; border-bottom: 1px solid #d1d9e0; padding: 8px 16px; color: #59636e }
.text { padding: 16px }
h2 { font-size: 21px; border-bottom: 1px solid #d1d9e0; padding-bottom: 6px; margin: 0 0 16px; line-height: 1.25 }
h3 { font-size: 17px; margin: 20px 0 12px; line-height: 1.25 }
p, ul, table, pre, details, .alert { margin: 0 0 14px } ul { padding-left: 28px }
code { font: 12px ui-monospace, 'SFMono-Regular', Menlo, 'DejaVu Sans Mono', monospace; background: #eff1f3;
 padding: 2px 5px; border-radius: 6px } a { color: #0969da; text-decoration: none }
pre { background: #f6f8fa; border-radius: 6px; padding: 12px 16px; line-height: 1.45 } pre code { background: none; padding: 0 }
table { border-collapse: collapse } th, td { border: 1px solid #d1d9e0; padding: 4px 12px }
.alert { border-left: 4px solid; padding: 4px 16px } .alert p, .alert ul { margin: 0 0 6px } .kind { font-weight: 600 }
.CAUTION { border-color: #cf222e } .CAUTION .kind { color: #d1242f }
.WARNING { border-color: #9a6700 } .WARNING .kind { color: #9a6700 }
.add { color: #116329; background: #dafbe1 } .del { color: #82071e; background: #ffebe9 } .at { color: #8250df }"""
_ALERT = re.compile(r"<blockquote>\n<p>\[!(\w+)\]\n(.*?)</p>(.*?)</blockquote>", re.DOTALL)
_DIFF = re.compile(r'<pre lang="diff"><code>(.*?)</code></pre>', re.DOTALL)
_CLASSES = {"+": "add", "-": "del", "@": "at"}


def draw() -> str:
    """Return the picture as SVG."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" '
        'role="img" aria-label="The plan of devinops as a comment in a pull request">\n'
        f"<style>{STYLE}</style>\n"
        f'<foreignObject width="{WIDTH}" height="{HEIGHT}">'
        f'<div xmlns="http://www.w3.org/1999/xhtml" class="comment" style="height: {HEIGHT}px">'
        '<div class="author"><b>github-actions</b> bot commented</div>\n'
        f'<div class="text">\n{_html(comment())}</div></div></foreignObject>\n</svg>\n'
    )


def comment() -> str:
    """Return the report that `devinops plan` writes in a pull request."""
    with repository() as (directory, environ):
        event = Path(directory) / "event.json"
        event.write_text(json.dumps({"pull_request": {"number": 7, "head": {"sha": COMMIT}}}))
        environ |= {
            "GITHUB_ACTIONS": "true",
            "GITHUB_REPOSITORY": "acme/devin",
            "GITHUB_EVENT_PATH": str(event),
            "GITHUB_WORKSPACE": directory,
        }
        out = run_quietly(["plan", "-C", directory, "--format", "markdown"], environ)[1]
    return steady(out)


def _html(markdown: str) -> str:
    html = to_html(markdown.partition("\n")[2])
    html = _ALERT.sub(_alert, html)
    html = _DIFF.sub(_diff, html)
    return html.replace("<details><summary><b>update", '<details open=""><summary><b>update', 1)


def _alert(match: re.Match[str]) -> str:
    kind, title, rest = match.groups()
    shown = f'<p class="kind">{kind.capitalize()}</p>\n<p>{title}</p>{rest}'
    return f'<div class="alert {kind}">{shown}</div>'


def _diff(match: re.Match[str]) -> str:
    rows = (
        f'<span class="{_CLASSES[row[0]]}">{row}</span>' if row[:1] in _CLASSES else row
        for row in match[1].split("\n")
    )
    return f"<pre><code>{chr(10).join(rows)}</code></pre>"


if __name__ == "__main__":
    PICTURE.write_text(draw(), encoding="utf-8")
