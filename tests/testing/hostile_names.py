"""Names of objects that file systems, YAML or Markdown could take for something else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from unicodedata import normalize

NAMES = (
    "plain", "Plain", "PLAIN", "README", "readme", "Con", "aux", "NUL", "com1", "LPT9.txt", "AGENTS", "CLAUDE",
    ".hidden", "..", "...", ".git", "-rf", "--help", "~", "$HOME", "`id`", "a/b", "a\\b", "a:b", 'a"b', "a'b", "a|b",
    "a?b", "a*b", "<a>", "%", "%2F", "100%", "100%25", "%20", "#", "# heading", "- item", "key: value", "yes", "no",
    "null", "~null", "true", "1", "1.5", "0x1F", "2027-03-01", "12:30", "!macro", "&anchor", "*alias", "{a}", "[a]",
    "---", "...x", "|", ">", "@", "`", "é", "ÉÉ", "éé", "ß", "ss", "SS", "İ", "i", "ı", "日本語", "日本語 テスト", "हिन्दी",
    "العربية", "🎉", "🎈", "👩‍💻", "❤️", "a\u00a0b", "a\u3000b", "\ufb01", "fi", "Ω", "\u03a9x", "x" * 300, "x" * 299 + "y",
    "字" * 120, "knowledge", "playbooks", "devinops.yaml", "secrets.yaml", "a.md", "a.yaml", "a", "A.MD", "a b", "a-b",
    "a_b", "a  b", "trailing.", "C:\\x", "\\\\host\\x", "a;b", "a&b", "a=b", "a,b", "(a)", "^", "name", "e\u0301x",
)  # fmt: skip
HUNDREDS = tuple(
    {
        normalize("NFC", name + end): name + end
        for end in ("", ".md", "/x", " é", "%2F")
        for name in NAMES
    }.values()
)[:500]
BODIES = (
    "b",
    "# Title\n\ntext\n",
    "---\nname: x\n---\n",
    "a\r\nb\n\n\n",
    "  indented",
    "\ttab",
    "\n\nx  ",
    "<<<<<<< a",
    "",
)
FOLDERS = (
    *(name for name in NAMES[:45] if "\\" not in name),
    "日本語",
    "é",
    "Backend/APIs",
    "a/b/c",
)


def organization(names: Sequence[str] = NAMES) -> dict[str, Any]:
    """Return the sections of a seed with every name, in folders with hostile names."""
    folders = {name: f"folder-{n}" for n, name in enumerate(FOLDERS)}
    paths = [
        name for name in folders if "/" not in name.strip("/") or name in ("Backend/APIs", "a/b/c")
    ]
    notes = [
        {
            "id": f"note-{n}",
            "name": name,
            "trigger": f"When: {name}\nor so" if n % 3 else "t",
            "body": BODIES[n % len(BODIES)],
            **({"folder": paths[n % len(paths)]} if n % 2 else {}),
            **({"pinned_repo": "acme/api"} if n % 5 == 0 else {}),
        }
        for n, name in enumerate(names)
    ]
    return {
        "folders": [{"path": path} for path in paths],
        "knowledge": notes,
        "playbooks": [
            {"id": f"playbook-{n}", "title": name, "body": "b"} for n, name in enumerate(NAMES[:30])
        ],
        "secrets": [{"id": "secret-1", "key": "TOKEN", "type": "cookie", "note": "n: o"}],
    }
