"""Estimate how many tokens a text costs a language model, without its tokenizer. Pure."""

from __future__ import annotations

from typing import Final

from devinops.model.patterns import LazyPattern

CHARACTERS_PER_TOKEN: Final = 4
"""The rule of thumb for English prose and code; the tokenizers of the vendors differ by a fifth."""

_IDEOGRAPH: Final = LazyPattern("[\u2e80-\u9fff\uac00-\ud7ff\uf900-\ufaff\uff00-\uffef]")
"""A character of Chinese, Japanese or Korean, which costs about a token."""


def tokens(text: str) -> int:
    """Return the estimated number of tokens."""
    wide = 0 if text.isascii() else sum(1 for _ in _IDEOGRAPH.finditer(text))
    return wide + (len(text) - wide + CHARACTERS_PER_TOKEN - 1) // CHARACTERS_PER_TOKEN
