from __future__ import annotations

import re

from devinops.model.patterns import LazyPattern


def test_it_does_what_a_compiled_pattern_does() -> None:
    lazy, usual = LazyPattern("a(b*)"), re.compile("a(b*)")
    for text in ("xabbab", "ab", "", "x"):
        assert [m.span() for m in lazy.finditer(text)] == [m.span() for m in usual.finditer(text)]
        assert lazy.findall(text) == usual.findall(text)
        assert lazy.sub("-", text) == usual.sub("-", text)
        assert bool(lazy.fullmatch(text)) == bool(usual.fullmatch(text))
        assert bool(lazy.search(text)) == bool(usual.search(text))
        assert bool(lazy.match(text, 1)) == bool(usual.match(text, 1))


def test_it_is_compiled_only_when_a_text_has_a_hint() -> None:
    lazy = LazyPattern("(?i)curl x", hints=("curl",))
    assert (lazy.search("wget x"), lazy.findall("b"), lazy.sub("-", "c")) == (None, [], "c")
    assert list(lazy.finditer("d")) == []
    assert "compiled" not in vars(lazy)
    assert lazy.search("CURL x")
