from __future__ import annotations

import pytest

from devinops.ingest.scan_live import findings
from devinops.kinds.knowledge import Knowledge
from tests.testing.credentials import EXAMPLES


def note(body: str) -> Knowledge:
    return Knowledge(name="n", trigger="t", body=body)


@pytest.mark.parametrize("title", EXAMPLES)
def test_a_secret_is_found_and_not_quoted(title: str) -> None:
    (finding,) = findings(note(f"Use {EXAMPLES[title]} here."))
    assert finding == f"body: {title}"


@pytest.mark.parametrize(
    "text",
    [
        "AKIA is a prefix",
        "ghp_short",
        "cog_emulator",
        "the variable apk_user_key",
        "sk-learn",
        "xoxb",
    ],
)
def test_what_only_resembles_a_secret_is_not_found(text: str) -> None:
    assert findings(note(text)) == []


@pytest.mark.parametrize("char", ["\u202e", "\u200b", "\u2066", "\U000e0041", "\ufeff", "\u3164"])
def test_hidden_text_is_found(char: str) -> None:
    hidden = [f"body: hidden text (U+{ord(char):04X})"]
    assert findings(note(f"a{char}b")) == hidden
    assert findings(note(f"a{char}b\u2067c")) == hidden, "the first one is enough"


@pytest.mark.parametrize(
    "text",
    [
        "👩‍💻 ❤️",
        "🏴\U000e0067\U000e0062\U000e0077\U000e006c\U000e0073\U000e007f",
        "می‌خواهم",
        "a\u00a0b",
        "日本　語",
    ],
)
def test_text_of_people_is_not_hidden(text: str) -> None:
    assert findings(note(text)) == []


@pytest.mark.parametrize(
    ("title", "start", "length"),
    [
        *(("a GitHub token", f"gh{letter}_", 36) for letter in "pousr"),
        ("a GitHub token", "github_pat_", 50),
        ("an AWS access key", "ASIA", 16),
        *(("a Slack token", f"xox{letter}-", 20) for letter in "abeoprs"),
        ("a Stripe key", "rk_live_", 20),
        ("an Anthropic or OpenAI key", "sk-proj-", 32),
        ("a Devin API key", "cog_", 24),
        ("a Devin API key", "apk_", 24),
    ],
)
def test_every_beginning_of_a_secret_is_found(title: str, start: str, length: int) -> None:
    assert findings(note(start + "A1" * (length // 2))) == [f"body: {title}"]
