"""`lists.py URL COUNT`: read the list of notes, page by page and again, with COUNT requests."""

import sys

import httpx

url, count = sys.argv[1], int(sys.argv[2])
with httpx.Client(headers={"Authorization": "Bearer cog_emulator"}, verify=False) as client:
    query = {"first": "200"}
    for _ in range(count):
        page = client.get(url, params=query).raise_for_status().json()
        query = {"first": "200"}
        if page["has_next_page"]:
            query["after"] = page["end_cursor"]
