"""Texts that look like secrets, put together here so that no file contains one."""

from __future__ import annotations

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
