"""The digests of many plans, target by target: what people reviewed. Pure."""

from __future__ import annotations

import re
import zlib
from base64 import b85decode, b85encode
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from hashlib import sha256
from typing import Final

from devinops.planning.plan import DIGEST_LENGTH

_DIGEST: Final = f"[0-9a-f]{{{DIGEST_LENGTH}}}"
_HEAD: Final = re.compile(rf"# devinops digests 1: (\d+) targets, ({_DIGEST})")
_NAME: Final = "[a-z0-9][a-z0-9._-]*"
_LINE: Final = re.compile(rf"({_DIGEST})  ({_NAME})")
_REPLACED: Final = b"!#%&-<>@~", b"\"',./:[]\\"
"""Characters of base 85 that could end a comment or start a reference, and what replaces them."""
_PACKED: Final = re.compile(r"1 ([^\s!#%&<>@~-]+) ([^\s!#%&<>@~-]+)", re.ASCII)
_MOST_BYTES: Final = 16_000_000
"""How many bytes the names may take when they are unpacked."""


class Standing(StrEnum):
    """How the plan of a target compares with a list of reviewed digests."""

    SAME = "same"
    STALE = "stale"
    NOT_LISTED = "not listed"


@dataclass(frozen=True)
class DigestList:
    """The digest of the plan of each target, by its name.

    A target whose plan cannot be applied is not in the list.
    """

    digests: Mapping[str, str]

    @cached_property
    def digest(self) -> str:
        """The digest of all: a hash of the names and digests."""
        return sha256("\n".join(self._lines()).encode()).hexdigest()[:DIGEST_LENGTH]

    def _lines(self) -> list[str]:
        return [f"{digest}  {name}" for name, digest in sorted(self.digests.items())]

    def standing(self, name: str, digest: str) -> Standing:
        """Return how the plan of a target, with this digest, compares with the list."""
        if name not in self.digests:
            return Standing.NOT_LISTED
        return Standing.SAME if self.digests[name] == digest else Standing.STALE

    def __str__(self) -> str:
        """Return the list as the text of a file: a head that shows whether it is complete."""
        head = f"# devinops digests 1: {len(self.digests)} targets, {self.digest}"
        return "".join(f"{line}\n" for line in (head, *self._lines()))

    @classmethod
    def parse(cls, text: str) -> DigestList:
        """Return the list that `str()` wrote. Raises ValueError that says what is wrong."""
        first, *lines = text.removesuffix("\n").replace("\r", "").split("\n")
        head = _HEAD.fullmatch(first)
        if head is None:
            raise ValueError("line 1 is not the first line of a list of digests")
        digests: dict[str, str] = {}
        for number, line in enumerate(lines, 2):
            match = _LINE.fullmatch(line)
            if match is None:
                raise ValueError(
                    f"line {number} is not a digest, two spaces and the name of a target"
                )
            if match[2] in digests:
                raise ValueError(f"line {number} names {match[2]} again")
            digests[match[2]] = match[1]
        if len(digests) != int(head[1]):
            raise ValueError(f"it has {len(digests)} targets, but its first line says {head[1]}")
        return cls(digests).checked(head[2])

    def checked(self, digest: str) -> DigestList:
        """Return the list itself. Raises ValueError unless its digest is this one."""
        if self.digest != digest:
            raise ValueError(f"it was changed: its digest is {self.digest}, not {digest}")
        return self

    def packed(self) -> str:
        """Return the list as one line in half of the space, which cannot end an HTML comment."""
        names = zlib.compress("\n".join(sorted(self.digests)).encode(), 9)
        digests = b"".join(bytes.fromhex(digest) for _, digest in sorted(self.digests.items()))
        return f"1 {_encoded(names)} {_encoded(digests)}"

    @classmethod
    def unpack(cls, packed: str) -> DigestList:
        """Return the list that `packed` made. Raises ValueError that says what is wrong."""
        match = _PACKED.fullmatch(packed)
        if match is None:
            raise ValueError("it is not a packed list of digests")
        try:
            reader = zlib.decompressobj()
            names = reader.decompress(_decoded(match[1]), _MOST_BYTES).decode().split("\n")
            digests = _decoded(match[2]).hex()
        except (ValueError, zlib.error) as error:
            raise ValueError(f"it cannot be unpacked ({error})") from None
        if (
            not reader.eof
            or len(digests) != len(names) * DIGEST_LENGTH
            or names != sorted({*names})
        ):
            raise ValueError("it is not complete")
        if not all(re.fullmatch(_NAME, name) for name in names):
            raise ValueError("it has names that no target has")
        parts = (digests[at : at + DIGEST_LENGTH] for at in range(0, len(digests), DIGEST_LENGTH))
        return cls(dict(zip(names, parts, strict=True)))


def _encoded(data: bytes) -> str:
    return b85encode(data).translate(bytes.maketrans(*_REPLACED)).decode()


def _decoded(text: str) -> bytes:
    """Return what was encoded. Raises ValueError."""
    return b85decode(text.encode().translate(bytes.maketrans(*reversed(_REPLACED))))
