"""The manifest of a plugin: `.devin-plugin/plugin.json`. Its skills and rules have their own forms.

Source: docs.devin.ai, "plugins": the parts of a plugin are at fixed places beside the manifest.
"""

from __future__ import annotations

import re
from typing import Final

from devinops.ingest.import_form import Contents, Form, ImportChoices, ImportSource, Omission
from devinops.model.keys import listed

_MANIFEST = re.compile(r"/(?:\.devin-plugin|\.claude-plugin)/plugin\.json$", re.IGNORECASE)
_PARTS: Final = {
    r"hooks(?:/.*)?\.json$": "hooks",
    r"\.?mcp(?:_config)?\.json$": "MCP servers",
    r"agents/.+\.md$": "subagents",
    r"commands/.+\.md$": "commands",
}
"""Pattern of a path → what a plugin has there that has no place in notes and playbooks."""


def _read(source: ImportSource, choices: ImportChoices) -> Contents:
    omissions = []
    for pattern, what in _PARTS.items():
        paths = [path for path in source.beside if re.match(pattern, path)]
        if paths:
            omissions.append(Omission(what, f"only a plugin can have them: {listed(paths)}"))
    return Contents(omissions=tuple(omissions))


FORM = Form("plugin", lambda path: bool(_MANIFEST.search(path)), _read, looks_beside=True)
