"""The text has something that looks like a secret.

It is in Git, and in every session that recalls the text. Remove it, replace the secret with a new
one, because this one may have leaked, and declare the new one as a secret: a text then names the
variable, such as `$NPM_TOKEN`. Placeholders and examples of documentation are not reported, and
DV305 reports passwords in URLs. The secret itself is never shown.

devinops always looks for the tokens of a dozen services, and for passwords in common commands,
container variables, tables and sentences. In a sentence, a password counts only if no name in code
looks like it. With the extra `secrets`, which installs Betterleaks, devinops knows several hundred
more, and passwords in settings and code; without it, `devinops lint` says so. Nothing is sent over
the network.

In the example, `<a GitHub token>` stands for one.

Fails:

    knowledge/push.md
    ---
    name: Push
    trigger: When pushing to acme/shop
    ---
    Push with the token <a GitHub token>.

Passes:

    knowledge/push.md
    ---
    name: Push
    trigger: When pushing to acme/shop
    ---
    Push with the token ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx, which is in $GITHUB_TOKEN.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from devinops.lint.detector import Leak, everywhere, leaks
from devinops.lint.rule import Context, Findings, Rule, Subject
from devinops.model.credentials import urls_with_password
from devinops.model.objects import Severity


def check(subject: Subject, _: Context) -> Findings:
    for path, text in subject.texts():
        passwords = list(everywhere(text, _passwords))
        for start, end, title in everywhere(text, _outside_urls):
            if any(start < password.end and password.start < end for password in passwords):
                # An invisible character in the password hides its URL from one of the searches.
                continue
            message = (
                f"this looks like {title}: remove it, replace the secret with a new one, "
                "because this one may have leaked, and declare it as a secret"
            )
            yield subject.at(path, message, start, end - start, secret=text[start:end])


def _passwords(text: str) -> Iterator[Leak]:
    for match in urls_with_password(text):
        yield Leak(*match.span("password"), "a password")


def _outside_urls(text: str) -> Iterator[Leak]:
    urls = list(urls_with_password(text))
    for leak in leaks(text):
        if not any(_is_password(text[leak.start : leak.end], leak.start, url) for url in urls):
            yield leak


def _is_password(secret: str, at: int, url: re.Match[str]) -> bool:
    """Return whether a secret is the password of a URL. A user with the same name counts too."""
    return url.start() <= at < url.end() and secret in url["password"]


RULE = Rule(
    "DV301", "credential-in-text", Severity.ERROR, entry=check, finds_secrets=True, security="9.8"
)
