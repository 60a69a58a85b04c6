"""A URL has a password in it.

The password is in Git, and in every session that recalls the text. Replace it with a secret, and
change the password. Placeholders, and passwords for the developer's own machine and containers, are
not reported. A password in the query, such as `?token=…`, counts too; a token of a known service is
reported by DV301.

Fails:

    knowledge/database.md
    ---
    name: Database
    trigger: When reading from the warehouse
    ---
    Connect to postgres://reader:Tr0ub4dor9@db.acme.io/warehouse.

Passes:

    knowledge/database.md
    ---
    name: Database
    trigger: When reading from the warehouse
    ---
    Connect to postgres://reader:$WAREHOUSE_PASSWORD@db.acme.io/warehouse.
"""

from __future__ import annotations

from collections.abc import Iterator

from devinops.lint.detector import Leak, everywhere
from devinops.lint.placeholders import is_placeholder
from devinops.lint.rule import Context, Findings, Rule, Subject
from devinops.model.credentials import urls_with_password
from devinops.model.objects import Severity
from devinops.model.patterns import LazyPattern


def check(subject: Subject, _: Context) -> Findings:
    for path, text in subject.texts():
        for start, end, _title in everywhere(text, _passwords):
            message = (
                "this URL has a password: change the password, and put it into a secret, such as "
                "$DATABASE_PASSWORD"
            )
            yield subject.at(path, message, start, end - start, secret=text[start:end])


def _passwords(text: str) -> Iterator[Leak]:
    for match in urls_with_password(text):
        password = match["password"]
        if is_placeholder(password) or password == match["user"] or _is_private(match["host"]):
            continue
        yield Leak(*match.span("password"), "a password")


def _is_private(host: str) -> bool:
    """Return whether only the developer's machine, or an example, has this host."""
    name = host.lower()
    return name.startswith(("127.", "[::1]")) or bool(_PRIVATE_HOST.search(name))


_PRIVATE_HOST = LazyPattern(
    r"(?:^|\.)(?:example\.(?:com|org|net|io)|example|test|invalid|localhost|internal\.example"
    r"|domain\.com|host\.com|yourcompany\.com|company\.com|your-?\w+\.\w+|host\.docker\.internal)$"
    r"|^0\.0\.0\.0$|^[\w-]+\.local$"
    r"|^(?:(?!prod|stag|live)[a-z]{1,10}[_-])?(?:db|database|postgres\w{0,3}|pg|mysql|mariadb|mongo(?:db)?|redis|valkey|cache"
    r"|rabbit(?:mq)?|amqp|mq|broker|nats|kafka|minio|elastic(?:search)?|host(?:name)?|server)\d?$"
)
"""Hosts of examples, of this machine, and of containers that a Compose file names."""


RULE = Rule(
    "DV305", "credential-in-url", Severity.ERROR, entry=check, finds_secrets=True, security="9.8"
)
