"""Text that would steer a terminal, mislead an eye or command a runner."""

from __future__ import annotations

import re
import unicodedata

from tests.testing.command_line import Ran

HOSTILE = (
    "MARK\x1b[2J\x1b]8;;http://x\x07 \u202egnp\u202c\u2066 \u200bz\ufeffw\u2060 \x85\u2028\x00\x7f\x9b31m\u3164\ufe01"
    "\r\n::error::pwned\n  ::set-output name=a::b\n##[group]g ##vso[task.setvariable]v ##teamcity[x]\r::stop-commands::t"
    "\u2029::warning::w\x0b::debug::d"
)
SOFT = "".join(char for char in HOSTILE if char == "\n" or unicodedata.category(char) != "Cc")
"""The same as a file may hold it: control characters are a problem there."""
NAME = "".join(char for char in SOFT if char not in "\n\u2028\u2029")
ARGUMENT = HOSTILE.replace("\x00", "")
LONG = "MARK" + "x" * 1_000_000
"""Five times as long as a whole output for people may be."""
INVISIBLE = "\u034f\u115f\u1160\u17b4\u17b5\u3164\u2800\uffa0\ufe01\U000e0101"


def assert_harmless(
    ran: Ran, *, recognisable: bool = True, most: int = 200_000, longest: int = 50_000
) -> None:
    for text in (ran.out, ran.err):
        for char in set(text):
            assert (
                unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Zl", "Zp") or char in "\n\t"
            ), repr(char)
            assert char not in INVISIBLE, repr(char)
        for one in re.split(r"[\n\r]", text):
            assert not one.lstrip().startswith("::"), one
            assert not re.search(r"##[A-Za-z]*\[", one), one
            assert len(one) < longest
        assert len(text) < most
    assert not recognisable or "MARK" in ran.out + ran.err, ran
