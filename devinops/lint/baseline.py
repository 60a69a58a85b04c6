"""The baseline: findings that were there when lint was adopted, and that stay hidden.

A secret is never one of them: it must be replaced, not accepted. A fingerprint could not tell a new
secret from an old one either, because it must not give the secret away.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from devinops.lint.engine import Reported
from devinops.model.errors import ConfigError

FORMAT: Final = 1


class Known(NamedTuple):
    """A finding in a baseline: the path of its file, the id of its rule, and its fingerprint."""

    path: str
    rule: str
    fingerprint: str


def can_hide(report: Reported) -> bool:
    """Return whether a baseline can have a finding: not if it is a secret."""
    return not report.rule.finds_secrets


def written(reports: Iterable[Reported], others: Iterable[Known] = ()) -> Iterator[str]:
    """Yield the text of a baseline that hides these findings: sorted, one finding a line.

    `others` are known findings that this run did not look for.
    """
    accepted = (report for report in reports if can_hide(report))
    known = {
        Known(report.problem.source.path, report.rule.id, fingerprint)
        for report in accepted
        for fingerprint in report.fingerprints
    }
    findings = sorted({*known, *others})
    yield f'{{"format_version": {FORMAT}, "findings": ['
    for number, (path, rule, fingerprint) in enumerate(findings):
        item = {"path": path, "rule": rule, "fingerprint": fingerprint}
        yield f"{',' if number else ''}\n  {json.dumps(item, ensure_ascii=False)}"
    yield "\n]}\n"


def read(text: str, name: str) -> frozenset[Known]:
    """Return the findings of a baseline. Raises ConfigError."""
    try:
        document: Mapping[str, Any] = json.loads(text)
        if document["format_version"] != FORMAT:
            raise ConfigError(
                f"{name} is a baseline of format {document['format_version']}, and this devinops "
                f"reads {FORMAT}: write it again with devinops lint --write-baseline"
            )
        return frozenset(
            Known(str(item["path"]), str(item["rule"]), str(item["fingerprint"]))
            for item in document["findings"]
        )
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        where = f"{name}:{error.lineno}" if isinstance(error, json.JSONDecodeError) else name
        raise ConfigError(
            f"{where} is not a baseline of devinops lint: restore it from Git, or write it again "
            "with devinops lint --write-baseline"
        ) from error
