"""Each rule finds what it must, and nothing else, on the labeled set and in the examples of its page."""

from __future__ import annotations

import re

import pytest

from devinops.lint.rule import RETIRED, Rule
from devinops.lint.rules import RULES
from tests.testing.lint_cases import FINE, Case, cases, example_files, faults, findings, found, page

BY_NAME = {rule.name: rule for rule in RULES}
FEWEST = 5
"""Cases of each label."""

FAMILIES = sorted({fault.family for fault in faults()})
FEWEST_IN_FAMILY = 4


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_all_cases_of_a_rule(rule: Rule) -> None:
    wrong = [
        str(case)
        for case in cases()
        if case.rule == rule.name and bool(found(rule, case.files)) != case.is_positive
    ]
    assert wrong == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_every_rule_has_enough_cases(rule: Rule) -> None:
    of_rule = [case for case in cases() if case.rule == rule.name]
    positives = sum(case.is_positive for case in of_rule)
    assert min(positives, len(of_rule) - positives) >= FEWEST


def test_every_case_belongs_to_a_rule() -> None:
    assert {case.rule for case in (*cases(), *faults())} <= BY_NAME.keys()


@pytest.mark.parametrize("family", FAMILIES)
def test_the_faults_of_a_family_are_found_and_nothing_like_them(family: str) -> None:
    of_family = [fault for fault in faults() if fault.family == family]
    assert [fault for fault in of_family if fault.is_found() != fault.finds] == []
    positives = sum(fault.finds for fault in of_family)
    assert min(positives, len(of_family) - positives) >= FEWEST_IN_FAMILY


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_the_page_of_a_rule_has_an_example_that_fails_and_one_that_passes(rule: Rule) -> None:
    fails, passes = examples(rule)
    assert found(rule, example_files(fails)), fails
    assert not found(rule, example_files(passes)), passes


def examples(rule: Rule) -> list[str]:
    """Return the failing and the passing example of a rule's page."""
    blocks = re.split(r"^(?:Fails|Passes):\n\n", rule.manual, flags=re.MULTILINE)[1:]
    return [re.sub("^ {4}", "", block, flags=re.MULTILINE).rstrip() + "\n" for block in blocks]


@pytest.mark.sampled(3)
@pytest.mark.parametrize("unit", ["rm -", "- rm -rf /\n", "<p hidden>", "cat .env ", "<!--. "])
def test_a_long_text_that_nearly_matches_costs_no_more_than_its_length(unit: str) -> None:
    """Time that grows with the square of the length would let the run hang for minutes."""
    files = {"knowledge/case.md": page(FINE | {"body": unit * 10_000})}
    assert all(report.problem.source.path in files for report in findings(files))


def test_ids_and_names_are_unique_and_well_formed() -> None:
    assert len({rule.id for rule in RULES}) == len({rule.name for rule in RULES}) == len(RULES)
    for rule in RULES:
        assert rule.id not in RETIRED
        assert rule.name not in RETIRED.values()
        assert re.fullmatch(r"DV[1-9]\d\d", rule.id)
        assert re.fullmatch(r"[a-z]+(-[a-z]+)+", rule.name)


def test_a_message_tells_what_to_do() -> None:
    for case in map(first_positive, RULES):
        message = found(BY_NAME[case.rule], case.files)[0].problem.message
        assert re.search(r": [a-z]", message), message
        assert "\n" not in message


def first_positive(rule: Rule) -> Case:
    return next(case for case in cases() if case.rule == rule.name and case.is_positive)
