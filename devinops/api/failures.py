"""Turns failed calls into errors of one line, without the key or the value of a secret."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from devinops.api.connection import Connection
from devinops.api.error_messages import clean, error_text, looks_like_html, rejected_fields
from devinops.api.httpx_setup import Route
from devinops.api.redact import redact
from devinops.api.single_request import Call, NoResponse, Response, parse_json
from devinops.model.errors import ApiError, BadResponse, Unreachable
from devinops.model.kind import ApiVersion


def reason(call: Call, failure: NoResponse) -> str:
    """Return why there is no response, without `detail` if that could quote a secret's value."""
    detail = "" if call.has_secret or not failure.detail else f": {failure.detail}"
    return clean(redact(f"{failure.reason}{detail}"))


def no_response(
    call: Call, failure: NoResponse, connection: Connection, route: Route, attempts: int, note: str
) -> ApiError:
    """Return the error for a call without a response; `note` says why there was no retry."""
    if failure.unusable:
        return BadResponse(f"{call}: {reason(call, failure)}")
    timed_out = f"timed out after {connection.timeout_s:g} s"
    why = timed_out if failure.timed_out else reason(call, failure)
    count = f", {attempts} attempts" if attempts > 1 else ""
    doubt = "" if call.method == "GET" else "; the request may have been carried out"
    return Unreachable(f"cannot reach {route}: {why}{count} ({call}){doubt}{note}")


def refused(
    call: Call, response: Response, connection: Connection, note: str, *, doubtful: bool
) -> ApiError:
    """Return the error for a response whose status is not 2xx.

    `note` says why there was no retry, or is empty. `doubtful`: an earlier attempt may have been
    carried out.
    """
    status = response.status
    if doubtful and status < 500:
        note = f"; an earlier attempt may have been carried out{note}"
    message = f"{call} returned {status}"
    if 300 <= status < 400:
        location = _redirect_location(call, response)
        message += f", a redirect{location}, which is not followed: check DEVIN_API_URL"
        return ApiError(f"{message}{note}", status=status, doubtful=doubtful)
    text, hint = _text(call, response), _hint(call, connection, status)
    message += f": {text}" if text else ""
    message += f" ({hint})" if hint else ""
    # A 404 with a web page means that the address is wrong, not that an object is missing.
    error = BadResponse if status == 404 and is_web_page(response) else ApiError
    return error(f"{message}{note}", status=status, doubtful=doubtful)


def is_web_page(response: Response) -> bool:
    return looks_like_html(response.body, response.content_type)


def refuse_web_page(call: Call, response: Response) -> None:
    """Raise BadResponse for a web page: something between here and the API must have sent it."""
    if is_web_page(response):
        raise BadResponse(f"{call}: {error_text(response.body, response.content_type)}")


def json_of(call: Call, response: Response) -> Any:
    """Return the JSON of a response. Raises BadResponse, including for a web page."""
    refuse_web_page(call, response)
    return parse_json(call, response)


def checked_object(call: Call, value: Any) -> Mapping[str, Any]:
    """Return the JSON of a response that has to be an object. Raises BadResponse."""
    if not isinstance(value, Mapping):
        raise BadResponse(f"{call}: the response is not an object")
    return value


def _text(call: Call, response: Response) -> str:
    """Return the text of an error, or only the fields it names if it could quote a secret."""
    if not call.has_secret or is_web_page(response):
        return error_text(response.body, response.content_type)
    fields = rejected_fields(response.body, call.body or {})
    return f"rejected fields: {', '.join(fields)}" if fields else ""


def _redirect_location(call: Call, response: Response) -> str:
    try:
        host = urlsplit(response.headers.get("location", "")).hostname
    except ValueError:
        host = None
    return f" to {clean(redact(host), 100)}" if host and not call.has_secret else ""


_OTHER_PREFIX: Final[Mapping[ApiVersion, str]] = {"v1": "cog_", "v3": "apk_"}
"""How the keys begin that work only with the other API."""


def _hint(call: Call, connection: Connection, status: int) -> str:
    key, api = connection.key, connection.target.api
    if status in (401, 403) and key.startswith(_OTHER_PREFIX[api]):
        return f"a key that begins with {key[:4]} does not work with API {api}"
    if status == 401:
        return _check_key(connection)
    if status == 403:
        permission = f"the permission {call.permission or 'for this'}"
        gone = ", or the object does not exist any more" if call.of_object else ""
        return f"the key is for another organization, or lacks {permission}{gone}"
    if status == 404 and call.method == "GET" and api == "v3":
        return "check org_id or DEVIN_ORG_ID, and DEVIN_API_URL; or the feature is switched off"
    return ""


def _check_key(connection: Connection) -> str:
    if connection.key == connection.enterprise_key:
        return "check the key that the target's enterprise_key_env names"
    if connection.key_env:
        return f"check the key in {connection.key_env}"
    names = "DEVIN_API_KEY, DEVIN_TOKEN or DEVIN_API_TOKEN"
    return f"check the key: {names}, or the target's api_key_env"
