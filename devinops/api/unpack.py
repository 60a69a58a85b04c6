"""Answers that come packed, unpacked in small pieces: a few bytes can be packed from gigabytes. Pure."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from typing import Final

PIECE: Final = 64 * 1024
"""Bytes that are unpacked at a time."""

ASKED_FOR: Final = "gzip"
_ZLIB: Final = frozenset({"gzip", "x-gzip", "deflate"})
_ANY_HEADER: Final = zlib.MAX_WBITS | 32
"""zlib tells gzip and deflate apart by their first bytes."""


class Unreadable(Exception):
    """What came is not packed as its header says, or broke off."""


def unpacked(pieces: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    """Yield what is in the pieces of an answer with this Content-Encoding, at most `PIECE` bytes at a time.

    What is packed twice or in a way that was not asked for is refused. Raises Unreadable.
    """
    ways = [way for part in encoding.lower().split(",") if (way := part.strip()) not in ("", "identity")]
    if not ways:
        yield from pieces
    elif len(ways) > 1 or ways[0] not in _ZLIB:
        raise Unreadable
    else:
        yield from _inflated(pieces)


def _inflated(pieces: Iterable[bytes]) -> Iterator[bytes]:
    inflater = None
    try:
        for piece in pieces:
            packed = piece
            while packed:
                # another one begins where one has ended: the parts of a gzip file just follow each other
                inflater = inflater or zlib.decompressobj(_ANY_HEADER)
                yield inflater.decompress(packed, PIECE)
                packed = inflater.unconsumed_tail
                if inflater.eof:
                    packed, inflater = inflater.unused_data, None
        while inflater and not inflater.eof and (rest := inflater.decompress(b"", PIECE)):
            yield rest
    except zlib.error:
        raise Unreadable from None
    if inflater is not None and not inflater.eof:
        raise Unreadable
