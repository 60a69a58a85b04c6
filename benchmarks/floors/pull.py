"""`pull.py DIRECTORY URL COUNT`: list the notes, and again while a file for each is written.

COUNT requests list the notes. Each file is complete on the disk before it gets its name.
"""

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx

directory, url, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
prepared = directory / "prepared"


def notes(client: httpx.Client) -> dict[str, dict[str, Any]]:
    """Return id → note: page by page, with half of the requests."""
    found = {}
    query = {"first": "200"}
    for _ in range(count // 2):
        page = client.get(f"{url}/notes", params=query).raise_for_status().json()
        found.update({note["note_id"]: note for note in page["items"]})
        query = {"first": "200", "after": page["end_cursor"] or ""}
    return found


def write(note: dict[str, Any]) -> None:
    text = f"---\nname: {note['name']}\ntrigger: {note['trigger']}\n---\n\n{note['body']}\n"
    with open(prepared / note["note_id"], "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


with (
    httpx.Client(headers={"Authorization": "Bearer cog_emulator"}, verify=False) as client,
    ThreadPoolExecutor(4) as pool,
):
    folders = client.get(f"{url}/folders").raise_for_status().json()["folders"]
    places = {folder["folder_id"]: directory / folder["path"] for folder in folders}
    first = notes(client)
    for path in (prepared, *places.values()):
        path.mkdir(parents=True)
    written = pool.map(write, first.values())
    if notes(client) != first:
        sys.exit("a note changed")
    for _ in written:
        pass
    for id, note in first.items():
        name = note["name"].lower().replace(" ", "-")
        (prepared / id).rename(places[note["folder_id"]] / f"{name}.md")
    for path in places.values():
        descriptor = os.open(path, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)
