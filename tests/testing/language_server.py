"""A client for yaml-language-server, as an editor is one: messages over stdin and stdout."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from threading import Timer
from typing import Any

import pytest

from tests.testing.npm import installed

LIMIT_S = 180
"""When a server that answers nothing is killed."""


class LanguageServer:
    """A server for the files of one workspace folder; `settings` are those of the editor.

    Nothing may be loaded from the network, so its catalog of schemas is off.
    """

    def __init__(self, folder: Path, settings: Mapping[str, Any]) -> None:
        node = shutil.which("node") or pytest.skip("node is not installed")
        program = installed("yaml-language-server/bin/yaml-language-server")
        proxy = {"http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"}
        self._process = subprocess.Popen(
            [node, str(program), "--stdio"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | proxy,
        )
        self._timer = Timer(LIMIT_S, self._process.kill)
        self._timer.start()
        self._number = 0
        offline = {
            "completion": True,
            "hover": True,
            "validate": True,
            "schemaStore": {"enable": False},
        }
        own = {
            name.removeprefix("yaml."): value
            for name, value in settings.items()
            if name.startswith("yaml.")
        }
        self._settings = {"yaml": offline | own}
        self._diagnostics: dict[str, list[dict[str, Any]]] = {}
        folders = [{"uri": folder.as_uri(), "name": folder.name}]
        dynamic = {"didChangeConfiguration": {"dynamicRegistration": True}}
        capabilities = {"workspace": {"configuration": True, "workspaceFolders": True, **dynamic}}
        self.request(
            "initialize",
            processId=os.getpid(),
            rootUri=folder.as_uri(),
            workspaceFolders=folders,
            capabilities=capabilities,
        )
        self._notify("initialized")
        self._has_settings = False
        while not self._has_settings:
            self._receive()
        # Whoever asks earlier gets the response of a server without settings.
        self.diagnostics(self.open(folder / "first.yaml", ""))

    def __enter__(self) -> LanguageServer:
        return self

    def __exit__(self, *exception: object) -> None:
        self._timer.cancel()
        self._process.kill()
        self._process.communicate()

    def open(self, path: Path, text: str) -> str:
        """Open a file with a text that need not be saved; return its URI."""
        self._number += 1  # the server keeps what it knows about a version of a file
        facts = {"uri": path.as_uri(), "languageId": "yaml", "version": self._number}
        document = {**facts, "text": text}
        self._notify("textDocument/didOpen", textDocument=document)
        return path.as_uri()

    def diagnostics(self, uri: str) -> list[str]:
        """Return the messages about an opened file."""
        while uri not in self._diagnostics:
            self._receive()
        return [diagnostic["message"] for diagnostic in self._diagnostics.pop(uri)]

    def hover(self, uri: str, line: int, character: int) -> str:
        """Return the text that is shown for a place, counted from 0."""
        result = self._at("textDocument/hover", uri, line, character)
        return result["contents"]["value"] if result else ""

    def completion(self, uri: str, line: int, character: int) -> list[str]:
        """Return what can be written at a place, counted from 0."""
        result = self._at("textDocument/completion", uri, line, character)
        return [item["label"] for item in result["items"]]

    def _at(self, method: str, uri: str, line: int, character: int) -> Any:
        position = {"line": line, "character": character}
        return self.request(method, textDocument={"uri": uri}, position=position)

    def request(self, method: str, **params: Any) -> Any:
        """Return the result of a request."""
        self._number += 1
        number = self._number
        self._send({"id": number, "method": method, "params": params})
        while (message := self._receive()).get("id") != number or "method" in message:
            pass
        assert "error" not in message, message
        return message["result"]

    def _notify(self, method: str, **params: Any) -> None:
        self._send({"method": method, "params": params})

    def _send(self, message: Mapping[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self._process.stdin
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self._process.stdin.flush()

    def _receive(self) -> dict[str, Any]:
        """Return the next message; requests of the server are answered before."""
        assert self._process.stdout
        length = 0
        while line := self._process.stdout.readline().strip():
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        assert length, "the server has ended"
        message: dict[str, Any] = json.loads(self._process.stdout.read(length))
        params = message.get("params") or {}
        if message.get("method") == "textDocument/publishDiagnostics":
            self._diagnostics[params["uri"]] = params["diagnostics"]
        elif "id" in message and "method" in message:
            items = params.get("items", ())
            wanted = [self._settings.get(item["section"]) for item in items]
            self._send({"id": message["id"], "result": wanted or None})
            self._has_settings |= message["method"] == "workspace/configuration"
        return message
