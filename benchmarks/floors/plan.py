"""`plan.py DIRECTORY URL`: read all files while the notes are listed, and compare."""

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import yaml


def read(directory: str) -> dict[str, tuple[str, str]]:
    """Return name → trigger and body."""
    entries = {}
    for path in sorted(Path(directory).rglob("*.*")):
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".md":
            _, front_matter, body = text.split("---\n", 2)
            notes = [{**yaml.load(front_matter, yaml.CSafeLoader), "body": body}]
        else:
            notes = yaml.load(text, yaml.CSafeLoader)["knowledge"]
        entries.update({note["name"]: (note["trigger"], note["body"].strip()) for note in notes})
    return entries


def notes(url: str) -> dict[str, tuple[str, str]]:
    """Return the same from the API, page by page."""
    live = {}
    with httpx.Client(headers={"Authorization": "Bearer cog_emulator"}, verify=False) as client:
        query: dict[str, str] | None = {"first": "200"}
        while query:
            page = client.get(f"{url}/notes", params=query).raise_for_status().json()
            live.update({note["name"]: (note["trigger"], note["body"]) for note in page["items"]})
            more = page["has_next_page"]
            query = {"first": "200", "after": page["end_cursor"]} if more else None
    return live


with ThreadPoolExecutor() as pool:
    live = pool.submit(notes, sys.argv[2])
    desired = read(sys.argv[1])
    if desired != live.result():
        sys.exit("there is something to do")
