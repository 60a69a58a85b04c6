"""Precision and recall of each lint rule on the labeled set: `make lint-quality`."""

from __future__ import annotations

import sys
from collections import Counter

from devinops.lint.rules import RULES
from tests.testing.lint_cases import cases, found


def main() -> int:
    counts: Counter[tuple[str, bool, bool]] = Counter()
    for case in cases():
        rule = next(rule for rule in RULES if rule.name == case.rule)
        counts[case.rule, case.is_positive, bool(found(rule, case.files))] += 1
    perfect = True
    print(f"{'rule':42} precision  recall  positives  near misses")
    for rule in RULES:
        right, missed = counts[rule.name, True, True], counts[rule.name, True, False]
        wrong, quiet = counts[rule.name, False, True], counts[rule.name, False, False]
        precision = right / (right + wrong) if right + wrong else 0.0
        recall = right / (right + missed) if right + missed else 0.0
        perfect &= precision == recall == 1
        print(
            f"{rule.id} {rule.name:36} {precision:9.0%} {recall:7.0%} {right + missed:10} {wrong + quiet:12}"
        )
    return 0 if perfect else 1


if __name__ == "__main__":
    sys.exit(main())
