from __future__ import annotations

import pytest

from devinops.ingest.scan import SECRETS, findings, masked, masked_key
from devinops.kinds.knowledge import Knowledge
from devinops.model.keys import Key

EXAMPLES = {
    "a private key": "-----BEGIN OPENSSH PRIVATE KEY-----",
    "an AWS access key": "AKIA" + "IOSFODNN7EXAMPLE",
    "a GitHub token": "ghp_" + "a1" * 18,
    "a GitLab token": "glpat-" + "a1b2" * 5,
    "a Slack token": "xoxb-" + "1234567890-" * 2 + "abc",
    "a Slack webhook": "https://hooks.slack.com/services/" + "T0000000/B0000000/" + "a" * 24,
    "a Google API key": "AIza" + "b" * 35,
    "a Stripe key": "sk_live_" + "a1" * 12,
    "an Anthropic or OpenAI key": "sk-ant-" + "a1" * 20,
    "an npm token": "npm_" + "a1" * 18,
    "a PyPI token": "pypi-AgEIcHlwaS5vcmc" + "a1" * 30,
    "a Devin API key": "apk_user_" + "a1" * 16,
}


def note(body: str) -> Knowledge:
    return Knowledge(name="n", trigger="t", body=body)


def test_every_pattern_has_an_example() -> None:
    assert EXAMPLES.keys() == SECRETS.keys()


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
    assert findings(note(f"a{char}b")) == [f"body: hidden text (U+{ord(char):04X})"]


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


@pytest.mark.parametrize("title", EXAMPLES)
def test_a_secret_is_masked_in_a_text_and_in_a_key(title: str) -> None:
    secret = EXAMPLES[title]
    assert masked(f"before {secret}").strip() == "before ***"
    key = Key.parse(f"knowledge:{secret.replace('/', '%2F')}")
    assert str(masked_key(key)) == "knowledge:***"


def test_the_text_of_a_private_key_is_masked_with_it() -> None:
    begin, end = "-----BEGIN RSA PRIVATE KEY-----", "-----END RSA PRIVATE KEY-----"
    assert masked(f"a {begin}\nMII\n{end} b {begin}\nMII") == "a *** b ***"


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
