"""What an examination says about the connection, the clock, the key and the open questions."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from devinops.doctor.checks import REPORT, note, ok, problem
from devinops.doctor.observer import Observation
from devinops.emulator.quirks import VALUES
from devinops.model.key_expiry import REPLACE, expiry, shown_expiry
from devinops.render import counted
from devinops.schema.doctor import Check, KeyFacts

HEADERS: Final = frozenset(
    """x-request-id request-id x-correlation-id cf-ray traceparent
    ratelimit ratelimit-policy ratelimit-limit ratelimit-remaining
    x-ratelimit-limit x-ratelimit-remaining x-ratelimit-reset retry-after""".split()
)
"""The headers of responses that help to report a problem, or to keep to a limit."""

OWNERS: Final = {"service_user": "a service user", "pat_user": "a person"}
"""Type of a principal → what it is in words."""

NOT_TRIED: Final = "what it may write cannot be read, and was not tried"

_NOTICED_S: Final = 60
_WRONG_S: Final = 3600


def of_connection(
    url: str, proxy: str, seen: Sequence[tuple[Observation, float]], headers: Collection[str]
) -> Iterator[Check]:
    """Yield the checks of the way to the API; `seen` are observations and when they ended.

    `proxy` is that of the environment, empty for none.
    """
    if any("devinops-emulator" in each.headers for each, _ in seen):
        yield note("connection", "this is the emulator, not the real service")
    elif url.startswith("https:"):
        yield ok("connection", "encrypted, and the certificate is trusted")
    else:
        yield ok("connection", "to this machine, without encryption")
    if proxy:
        yield note("connection", "through a proxy")
    elif any(each.through_proxy for each, _ in seen):
        yield note("connection", "through a proxy here, or one of the service")
    yield _of_clock(seen)
    named = ", ".join(headers) or "neither a rate limit nor a request id"
    yield note("headers", f"the responses have {named}")


def _of_clock(seen: Sequence[tuple[Observation, float]]) -> Check:
    for each, time in seen:
        if each.time is None:
            continue
        apart = time - each.time
        if abs(apart) < _NOTICED_S:
            return ok("clock", "agrees with that of the API")
        side = "ahead of" if apart > 0 else "behind"
        text = f"is {counted(round(abs(apart)), 'second')} {side} that of the API"
        return (note if abs(apart) < _WRONG_S else problem)("clock", text, "set it")
    return note("clock", "the API does not send a date to compare it with")


def of_key(key: KeyFacts) -> Iterator[Check]:
    """Yield what the key is, and what it may write if its roles tell."""
    scopes = {"organization": "one organization", "enterprise": "the enterprise"}
    if key.scope in scopes:
        owner = OWNERS.get(key.principal, "an unknown owner")
        yield ok("key", f"API {key.api}, of {owner} of {scopes[key.scope]}")
    if key.permissions is None:
        yield note("key", NOT_TRIED)
    else:
        yield ok("key", f"its roles grant {', '.join(key.permissions) or 'nothing'}")


def of_expiry(users: Iterable[Any], now: float) -> Iterator[Check]:
    """Yield when a service user of the key expires; `now` is in epoch seconds."""
    times = (shown_expiry(user.get("expires_at")) for user in users if isinstance(user, dict))
    for text, is_soon in (expiry(at, now) for at in times if at is not None):
        yield problem("key", text, REPLACE) if is_soon else ok("key", text)


def of_quirks(
    answers: Mapping[str, str], asked: Collection[str], how: str = "read"
) -> Iterator[Check]:
    """Yield the answers to open questions, and which of those that were asked are left."""
    for quirk, answer in sorted(answers.items()):
        usual, shown = VALUES[quirk][0], answer or "empty"
        if answer == usual:
            yield ok(f"quirk {quirk}", f"{shown}, as the emulator assumes")
        else:
            text = f"{shown}; the emulator assumes {usual or 'empty'}"
            yield note(f"quirk {quirk}", text, REPORT)
    if left := ", ".join(sorted({*asked} - answers.keys())):
        yield note("quirks", f"still open after what was {how}: {left}")
