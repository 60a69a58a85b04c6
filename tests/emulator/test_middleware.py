"""The seam through which answers can be spoilt, and requests that come in pieces."""

from __future__ import annotations

import socket
from dataclasses import replace

from devinops.emulator.middleware import Reply
from tests.testing.emulator_api import NOTE, ORG
from tests.testing.waiting import until

NOTES = f"{ORG}/knowledge/notes"


def test_a_layer_can_answer_instead_and_nothing_happens(start):
    async def busy(call, ask):
        if call.method == "GET":
            return await ask(call)
        return Reply(503, [(b"content-type", b"text/plain")], call.method.encode())

    api = start(layers=[busy])
    refused = api.v3.post(NOTES, json=NOTE)
    assert (refused.status_code, refused.text) == (503, "POST")
    assert api.v3.get(NOTES).json()["items"] == []
    assert [entry["status"] for entry in api.emulator.requests] == [503, 200]


def test_a_layer_can_spoil_the_answer_after_the_work_was_done_and_saved(start, tmp_path):
    async def spoil(call, ask):
        reply = await ask(call)
        return replace(
            reply, status=502, body=b"{}", headers=[(b"content-type", b"application/json")]
        )

    state = tmp_path / "state.json"
    api = start(layers=[spoil], state=state)
    assert api.v3.post(NOTES, json=NOTE).status_code == 502
    assert len(start(state=state).emulator.knowledge()) == 1


def test_a_request_that_breaks_the_server_is_a_500_in_the_log(start, caplog):
    async def broken(call, ask):
        raise ZeroDivisionError

    api = start(layers=[broken])
    assert api.v3.get("/v3/self").status_code == 500
    assert [entry["status"] for entry in api.emulator.requests] == [500]
    until(lambda: "ZeroDivisionError" in caplog.text)  # logged after the answer is sent


def connections(api):
    return api.emulator._server.server_state.connections


def test_a_request_that_is_cut_off_does_nothing(api):
    port = int(api.emulator.url.rpartition(":")[2])
    head = f"POST {NOTES} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer cog_emulator\r\nContent-Length: 999\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(head.encode() + b'{"name":')
        until(lambda: connections(api))
    until(lambda: not connections(api))
    assert api.emulator.requests == []
    assert api.note()["name"] == NOTE["name"]


def test_a_body_in_pieces_is_put_together(api):
    pieces = (piece for piece in (b'{"name": "n", "bo', b'dy": "b", ', b'"trigger": "t"}'))
    response = api.v3.post(NOTES, content=pieces, headers={"Content-Type": "application/json"})
    assert response.status_code == 200
    assert api.emulator.requests[0]["body"] == {"name": "n", "body": "b", "trigger": "t"}
