"""Where to send requests, and with which key."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from devinops.model.target import Target

API_URL: Final = "DEVIN_API_URL"
"""The variable with the address of the API."""


@dataclass(frozen=True)
class Connection:
    """The target to call, the key to use and the limits to keep.

    Times are seconds; `retries` come after the first attempt. At most `rate` requests a second are
    sent. Without `parallelism`, the number of concurrent requests adapts to the server, see
    `Window`. `ca_bundle` is a PEM file that replaces the usual certificate authorities. `owner` is
    the value of the label that marks what devinops manages, for kinds that have labels.
    `enterprise_key` is for what only an enterprise key can read and write, and `enterprise_key_env`
    names the variable that should hold it; `key_env` is that of the `key`, if the target names one.
    Of so many `shards`, each sends its share of the requests, both at once and in a second. No repr
    shows a key.
    """

    target: Target
    key: str = field(repr=False)
    timeout_s: float = 60
    rate: float = math.inf
    parallelism: int | None = None
    ca_bundle: Path | None = None
    retries: int = 4
    backoff_s: float = 0.5
    owner: str = ""
    enterprise_key: str | None = field(default=None, repr=False)
    enterprise_key_env: str | None = None
    shards: int = 1
    key_env: str | None = None


@dataclass(frozen=True)
class Endpoint:
    """A REST API: its address, the headers with the credential, and how to reach it.

    `setting` names what holds the address, for messages. No repr shows a header.
    """

    url: str
    headers: Mapping[str, str] = field(repr=False)
    timeout_s: float
    connections: int = 1
    ca_bundle: Path | None = None
    setting: str = API_URL
