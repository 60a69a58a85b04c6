"""`create.py DIRECTORY URL`: read all Markdown files and create each as a note, ten at once."""

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import yaml

directory, url = sys.argv[1:]
with (
    httpx.Client(headers={"Authorization": "Bearer cog_emulator"}, verify=False) as client,
    ThreadPoolExecutor(10) as pool,
):

    def create(path: Path) -> None:
        _, front_matter, body = path.read_text(encoding="utf-8").split("---\n", 2)
        note = {**yaml.load(front_matter, yaml.CSafeLoader), "body": body.strip()}
        client.post(f"{url}/notes", json=note).raise_for_status()

    for _ in pool.map(create, sorted(Path(directory).rglob("*.md"))):
        pass
