"""`python -m tests.testing.gh …` is as much of GitHub's command `gh` as people and workflows use here.

It calls the API at GITHUB_API_URL with GH_TOKEN, as `gh` does.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import Request, urlopen

REPOSITORY = os.environ.get("GH_REPO") or os.environ["GITHUB_REPOSITORY"]


def call(method: str, path: str, document: Any = None, **query: str) -> Any:
    url = f"{os.environ['GITHUB_API_URL']}/repos/{REPOSITORY}{path}?{urlencode(query)}"
    headers = {"Authorization": f"Bearer {os.environ['GH_TOKEN']}"}
    data = None if document is None else json.dumps(document).encode()
    with urlopen(Request(url, data, headers, method=method), timeout=60) as response:
        return json.loads(response.read() or "null")


def git(*arguments: str) -> str:
    return subprocess.run(
        ["git", *arguments], capture_output=True, text=True, check=True
    ).stdout.strip()


def create(given: argparse.Namespace) -> None:
    branch = given.head or git("branch", "--show-current")
    body = Path(given.body_file).read_text("utf-8") if given.body_file else ""
    title = given.title or git("log", "-1", "--format=%s")
    call("POST", "/pulls", {"title": title, "body": body, "head": branch, "base": given.base})


def list_(given: argparse.Namespace) -> None:
    # The server has no branches of forks.
    assert given.jq == "[.[] | select(.isCrossRepository | not) | .number][0] // empty"
    owner = REPOSITORY.partition("/")[0]
    for pull in call("GET", "/pulls", head=f"{owner}:{given.head}", state="open")[:1]:
        print(pull["number"])


def edit(given: argparse.Namespace) -> None:
    call("PATCH", f"/pulls/{given.number}", {"body": Path(given.body_file).read_text("utf-8")})


def merge(given: argparse.Namespace) -> None:
    assert given.squash
    call("PUT", f"/pulls/{given.number}/merge", {"merge_method": "squash"})


def close(given: argparse.Namespace) -> None:
    call("PATCH", f"/pulls/{given.number}", {"state": "closed"})


def reopen(given: argparse.Namespace) -> None:
    call("PATCH", f"/pulls/{given.number}", {"state": "open"})


def run(given: argparse.Namespace) -> None:
    inputs = dict(field.split("=", 1) for field in given.field)
    path = f"/actions/workflows/{given.number}/dispatches"
    call("POST", path, {"ref": "main", "inputs": inputs})


def set_up_git(_: argparse.Namespace) -> None:
    """Do nothing: the remote is a directory, for which Git needs no token."""


COMMANDS = {
    ("auth", "setup-git"): set_up_git,
    ("pr", "create"): create,
    ("pr", "list"): list_,
    ("pr", "edit"): edit,
    ("pr", "merge"): merge,
    ("pr", "close"): close,
    ("pr", "reopen"): reopen,
    ("workflow", "run"): run,
}


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("number", nargs="?")
    for option in ("--head", "--title", "--body-file", "--json", "--jq", "--limit", "--comment"):
        parser.add_argument(option)
    parser.add_argument("--base", default="main")
    parser.add_argument("--field", "-f", action="append", default=[])
    for flag in ("--fill", "--squash"):
        parser.add_argument(flag, action="store_true")
    COMMANDS[arguments[0], arguments[1]](parser.parse_args(arguments[2:]))


if __name__ == "__main__":
    main(sys.argv[1:])
