"""Settings by path, exceptions, positions, concealed lines and fingerprints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from devinops.lint.engine import Reported
from devinops.lint.settings import LintSettings
from devinops.model.objects import Severity
from tests.testing.leaks import secrets, word
from tests.testing.lint_cases import FINE, findings, page

SHORT = {"trigger": "Errors"}


def note(**fields: Any) -> str:
    return page(FINE | fields)


def ids(reports: list[Reported]) -> list[str]:
    return [report.rule.id for report in reports]


def test_an_entry_that_is_fine_has_no_findings() -> None:
    assert findings({"knowledge/a.md": note()}) == []


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, ["DV103"]),
        ({"select": ["trigger-without-when"]}, ["DV103"]),
        ({"select": ["dv1"]}, ["DV103"]),
        ({"select": ["DV10"]}, ["DV103"]),
        ({"select": ["DV20"]}, []),
        ({"select": ["DV2"]}, []),
        ({"select": ["entry-rules"]}, ["DV103"]),
        ({"select": ["repository-rules"]}, []),
        ({"ignore": ["DV103"]}, []),
        ({"select": ["all"], "ignore": ["entry-rules"]}, []),
        ({"paths": {"knowledge/**": {"ignore": ["DV1"]}}}, []),
        ({"paths": {"knowledge/b/**": {"ignore": ["DV1"]}}}, ["DV103"]),
    ],
    ids=str,
)
def test_settings_select_rules(settings: Mapping[str, Any], expected: list[str]) -> None:
    assert ids(findings({"knowledge/a.md": note(**SHORT)}, LintSettings.of(settings))) == expected


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, Severity.WARNING),
        ({"severity": {"DV1": "info"}}, Severity.INFO),
        ({"severity": {"DV1": "info", "trigger-without-when": "error"}}, Severity.ERROR),
        ({"severity": {"DV103": "error", "all": "info"}}, Severity.ERROR),
        ({"severity": {"trigger-without-when": "error", "DV1": "info"}}, Severity.ERROR),
        ({"severity": {"DV1": "error", "entry-rules": "info", "DV": "info"}}, Severity.ERROR),
        ({"severity": {"entry-rules": "error", "all": "info"}}, Severity.ERROR),
        (
            {"severity": {"DV1": "info"}, "paths": {"a.md": {"severity": {"DV103": "error"}}}},
            Severity.ERROR,
        ),
    ],
    ids=str,
)
def test_settings_change_severities(settings: Mapping[str, Any], expected: Severity) -> None:
    (report,) = findings({"knowledge/a.md": note(**SHORT)}, LintSettings.of(settings))
    assert report.problem.severity is expected


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("---\nname: A\ntrigger: Errors\n---\nb\n", "knowledge/a.md:3:10"),
        ('---\nname: A\ntrigger: "Errors"\n---\nb\n', "knowledge/a.md:3:11"),
        ("---\nname: A\ntrigger: |\n\n  Errors\n---\nb\n", "knowledge/a.md:5:3"),
        ("---\nname: A\ntrigger: >-\n  API\n---\nb\n", "knowledge/a.md:4:3"),
        ("---\n{name: Errors, trigger: Errors}\n---\nb\n", "knowledge/a.md:2:25"),
        ("---\nname: A\ntrigger: trigger\n---\nb\n", "knowledge/a.md:3:10"),
    ],
)
def test_a_finding_is_at_its_text(text: str, position: str) -> None:
    (report,) = findings({"knowledge/a.md": text})
    assert str(report.problem.source) == position


def test_a_finding_in_a_text_file_is_there() -> None:
    files = {
        "knowledge.yaml": "knowledge: [{name: A, trigger: When testing it, body_file: texts/a.txt}]",
        "texts/a.txt": "\n\nOne.\n\n```sh\nmake\n",
    }
    (report,) = findings(files, LintSettings.of({"select": ["unclosed-fence"]}))
    assert (str(report.problem.source), report.line) == ("texts/a.txt:5:1", "```sh")
    assert report.paths == {"texts/a.txt", "knowledge.yaml"}


@pytest.mark.parametrize("pattern", ["knowledge/drafts/**", "texts/**"])
def test_settings_by_path_hold_for_the_entry_and_for_its_text_file(pattern: str) -> None:
    files = {
        "knowledge/drafts/a.yaml": "knowledge: [{name: A, trigger: When testing it, body_file: ../../texts/a.txt}]",
        "texts/a.txt": "See /home/anna/notes for the steps.\n",
    }
    settings: dict[str, Any] = {"select": ["DV206"]}
    assert ids(findings(files, LintSettings.of(settings))) == ["DV206"]
    ignored = settings | {"paths": {pattern: {"ignore": ["DV2"]}}}
    assert findings(files, LintSettings.of(ignored)) == []
    severe = settings | {"paths": {pattern: {"severity": {"DV206": "error"}}}}
    (report,) = findings(files, LintSettings.of(severe))
    assert report.problem.severity is Severity.ERROR


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        ({"texts/**": {"DV206": "error"}, "knowledge/**": {"DV2": "info"}}, Severity.ERROR),
        ({"texts/**": {"DV2": "info"}, "knowledge/**": {"local-path": "error"}}, Severity.ERROR),
        ({"texts/**": {"DV2": "info"}, "knowledge/**": {"DV2": "error"}}, Severity.ERROR),
        ({"texts/**": {"local-path": "info"}, "knowledge/**": {"DV206": "error"}}, Severity.ERROR),
    ],
    ids=str,
)
def test_the_most_exact_severity_by_path_decides_then_the_last(
    paths: Mapping[str, Any], expected: Severity
) -> None:
    files = {
        "knowledge/a.yaml": "knowledge: [{name: A, trigger: When testing it, body_file: ../texts/a.md}]",
        "texts/a.md": "See /home/anna/notes for the steps.\n",
    }
    settings = {"paths": {pattern: {"severity": one} for pattern, one in paths.items()}}
    (report,) = findings(files, LintSettings.of(settings))
    assert report.problem.severity is expected


def test_a_finding_below_a_block_scalar_is_in_its_line() -> None:
    text = "knowledge:\n  - name: A\n    trigger: When testing it\n    body: |\n      One.\n\n      ```sh\n      make\n"
    (report,) = findings({"knowledge.yaml": text}, LintSettings.of({"select": ["unclosed-fence"]}))
    assert str(report.problem.source) == "knowledge.yaml:7:7"


def test_a_finding_in_a_folded_text_is_at_its_first_word() -> None:
    text = "knowledge:\n  - name: A\n    trigger: When testing it\n    body: >\n      Logs are in\n      /home/fred/x\n      and then gone.\n"
    (report,) = findings({"knowledge.yaml": text}, LintSettings.of({"select": ["local-path"]}))
    assert str(report.problem.source) == "knowledge.yaml:6:7"


# --- exceptions -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("exception", "expected"),
    [
        ({"ignore": ["trigger-without-when"]}, []),
        ({"ignore": ["DV103"], "until": "2026-11-02"}, []),
        ({"ignore": ["DV103"], "until": "2026-11-01"}, ["DV103", "DV902"]),
        ({"ignore": ["DV103"], "until": "2026-02-30"}, ["DV103", "DV902"]),
        ({"ignore": ["DV103", "DV102"]}, ["DV901"]),
        ({"ignore": ["trigger-without-when", "DV103"]}, []),
        ({"ignore": ["DV103", "trigger-without-wen"]}, ["DV903"]),
        ({"ignore": ["DV103", "DV1"]}, ["DV903"]),
        ({"ignore": ["DV901", "DV103"]}, ["DV903"]),
        ({"ignore": ["DV902"], "until": "2026-11-01"}, ["DV103", "DV903", "DV902"]),
    ],
    ids=str,
)
def test_exceptions_hide_findings(exception: dict[str, Any], expected: list[str]) -> None:
    text = note(**SHORT, lint=exception | {"reason": "The name of a product."})
    assert ids(findings({"knowledge/a.md": text})) == expected


@pytest.mark.parametrize(
    ("until", "words"),
    [
        ("2026-02-28", "the exception from DV103 ended on 2026-02-28"),
        ("2027-02-30", "the date 2027-02-30 does not exist, so the exception from DV103"),
    ],
)
def test_a_day_that_does_not_exist_has_not_passed(until: str, words: str) -> None:
    text = note(**SHORT, lint={"ignore": ["DV103"], "reason": "r", "until": until})
    reports = {report.rule.id: report for report in findings({"knowledge/a.md": text})}
    assert words in reports["DV902"].problem.message


def test_an_exception_of_a_rule_that_did_not_run_is_not_unused() -> None:
    text = note(lint={"ignore": ["DV102"], "reason": "r"})
    assert ids(findings({"knowledge/a.md": text})) == ["DV901"]
    assert findings({"knowledge/a.md": text}, LintSettings.of({"ignore": ["DV102"]})) == []
    by_path = {"paths": {"a.md": {"ignore": ["DV102"]}}}
    assert findings({"knowledge/a.md": text}, LintSettings.of(by_path)) == []


def test_an_exception_in_either_entry_of_a_pair_is_enough() -> None:
    excused = note(name="B", lint={"ignore": ["DV105", "DV203"], "reason": "r"})
    for first, second in (("a", "b"), ("b", "a")):
        files = {f"knowledge/{first}.md": note(), f"knowledge/{second}.md": excused}
        assert findings(files) == []


# --- lines and fingerprints -----------------------------------------------------------------------


def test_a_secret_is_not_in_the_line_that_is_shown() -> None:
    token = secrets()["GitHub token"][1]
    text = note(body=f"Curl it: curl https://x.example/{token} | sh\n\nMore.")
    reports = findings({"knowledge/a.md": text})
    assert reports
    assert all(token not in (report.line or "") for report in reports)


@pytest.mark.parametrize(
    "line",
    [
        r'body: "{\"password\": \"Zk3\\\\wQp9xRt2L\", \"x\": 1} /home/lea/x"',
        r'body: "url postgres://reader:Tr0ub\x34dor9z@db.acme.io/x /home/lea/x"',
        r'body: "Tr0ub4dor9z is in postgres://reader:Tr0ub\x34dor9z@db.acme.io/x /home/lea/x"',
    ],
)
def test_no_line_of_a_file_is_shown_that_spells_a_secret_with_escapes(line: str) -> None:
    files = {
        "knowledge.yaml": f"knowledge:\n  - name: A\n    trigger: When testing it\n    {line}\n"
    }
    for settings in (LintSettings(), LintSettings.of({"select": ["local-path"]})):
        reports = findings(files, settings)
        assert "DV206" in ids(reports)
        assert {report.line for report in reports} == {None}


def test_a_secret_is_concealed_whichever_rules_are_selected() -> None:
    body = "Connect to postgres://reader:Tr0ub4dor9@db.acme.io/w, see /home/anna/notes."
    for settings in ({"select": ["DV206"]}, {"ignore": ["DV301", "DV305"]}):
        reports = findings({"knowledge/a.md": note(body=body)}, LintSettings.of(settings))
        assert "DV206" in ids(reports)
        assert all("Tr0ub4dor9" not in (report.line or "") for report in reports)


@pytest.mark.parametrize(
    "text",
    [
        'knowledge: [{name: A, trigger: "When testing \\"it\\" SECRET", body: b}]',
        "knowledge:\n- name: A\n  trigger: When testing it\n  body: >\n    Use\n    SECRET\n    here.\n",
        "knowledge:\n- name: SECRET SECRET\n  trigger: When testing it\n  body: b\n",
        'automations: [{name: A, triggers: [], actions: [{type: start_session, prompt: "a\\n SECRET"}]}]',
    ],
)
@pytest.mark.parametrize("kind", ["Grafana token", "GitHub token"])
def test_a_secret_is_concealed_however_it_is_quoted(text: str, kind: str) -> None:
    _, secret = secrets()[kind]
    reports = findings({"knowledge.yaml": text.replace("SECRET", f"TOKEN={secret}")})
    assert [report for report in reports if report.rule.id == "DV301"]
    for report in reports:
        assert secret not in f"{report.line}{report.problem.message}"


@pytest.mark.sampled(4)
@pytest.mark.parametrize("hidden", ["\u200b", "\u00ad", "\u200d", "\ufe0f", "\U0001bca0"])
@pytest.mark.parametrize("title", ["GitHub token", "Stripe key", "private key"])
@pytest.mark.parametrize("selected", ["all", "DV206"])
def test_an_invisible_character_in_a_secret_does_not_show_it(
    hidden: str, title: str, selected: str
) -> None:
    text, secret = secrets()[title]
    half = len(secret) // 2
    parted = secret[:12] + hidden + secret[12:half] + hidden + secret[half:]
    body = f"{text.replace(secret, parted)} is not /home/lea/x"
    body += f"\n\nOr {secret} of /home/lea/x"
    reports = findings({"knowledge/a.md": note(body=body)}, LintSettings.of({"select": [selected]}))
    assert {report.rule.id for report in reports} >= ({"DV301"} if selected == "all" else {"DV206"})
    parts = [part for line in parted.split("\n") for part in line.split(hidden) if len(part) > 3]
    for report in reports:
        shown = f"{report.line}{report.problem.message}"
        if "-----" not in shown:
            assert not any(part in shown for part in parts), shown


@pytest.mark.parametrize("char", ["\u00a0", "\u200a", "\u200b", "\ufff0", "\u00e9", "\u2013\u00a0"])
def test_the_rest_of_a_secret_is_not_shown_that_an_unusual_character_breaks(char: str) -> None:
    first, rest = "ghp_aB3dE5fG7h", "I9jK1lM2nO4pQ6rS8tU0vW2xYz"
    body = f"Push with the token {first}{char}{rest}. It is in /home/lea/x for now"
    reports = findings({"knowledge/a.md": note(body=body)})
    assert {"DV301", "DV206"} <= set(ids(reports))
    for report in reports:
        assert report.line
        assert first not in report.line
        assert rest not in report.line
        assert report.line.endswith(" It is in /home/lea/x for now")


def test_a_password_is_found_behind_a_name_with_an_invisible_character() -> None:
    body = 'export PASS\u200bWORD="hunter2-really-\u200bSecret9f"'
    reports = findings({"knowledge/a.md": note(body=body)})
    assert ids(reports) == ["DV302", "DV301", "DV302"]
    assert all("hunter2" not in (report.line or "") for report in reports)


@pytest.mark.parametrize("end", ["\n-----END PRIVATE KEY-----", ""])
def test_no_line_of_a_private_key_is_shown(end: str) -> None:
    lines = [word(64) for _ in range(4)]
    key = "\n".join(["-----BEGIN PRIVATE KEY-----", *lines[:3], f"{lines[3]}\u200b{word(30)}{end}"])
    body = f"Use this:\n\n{key}\n\nIt is in /home/lea/x for now"
    for path, text in (("knowledge/a.md", note(body=body)), ("k.yaml", _in_yaml(body))):
        reports = findings({path: text})
        assert ids(reports) == ["DV301", "DV302", "DV206"]
        assert not any(line in (report.line or "") for report in reports for line in lines)
        assert reports[-1].line
        assert reports[-1].line.strip() == "It is in /home/lea/x for now"


def _in_yaml(body: str) -> str:
    lines = "".join(f"    {line}\n" if line else "\n" for line in body.split("\n"))
    return f"knowledge:\n- name: A\n  trigger: When testing it\n  body: |\n{lines}"


def test_an_entry_of_a_confidential_kind_is_not_shown() -> None:
    text = "secrets:\n  - key: TOKEN\n    note: 'Read\u200b only'\n"
    (report,) = findings({"secrets.yaml": text})
    assert report.line is None


def test_a_fingerprint_survives_other_lines_and_tells_equal_findings_apart() -> None:
    body = "- curl https://get.acme.dev | sh\n\nAnd then:\n\n- curl https://get.acme.dev | sh"
    first = findings({"knowledge/a.md": note(body=body)})
    moved = findings({"knowledge/a.md": note(body=f"One more line.\n\n{body}", meta={"a": 1})})
    assert len(first) == len({report.fingerprint for report in first}) == 2
    assert [r.fingerprint for r in first] == [r.fingerprint for r in moved]
    other = findings({"knowledge/a.md": note(body=body, name="Another")})
    assert not {r.fingerprint for r in first} & {r.fingerprint for r in other}


SCHEMA = """playbooks:
- title: Triage
  body: "1. Read.\\n2. Write."
  structured_output_schema:
    type: object
    properties:
      owner: {type: string, description: "The own\\u00ADer"}
      team:
        $ref: '#/definitions/team'
      size: {type: objekt}
      long:
        description: >-

          What is
          hid\u00adden.
"""


def test_a_finding_in_a_nested_value_is_at_its_characters() -> None:
    assert [
        (str(r.problem.source), r.finding.length, r.rule.id) for r in findings({"p.yaml": SCHEMA})
    ] == [
        ("p.yaml:7:50", 1, "DV302"),
        ("p.yaml:9:16", 18, "DV603"),
        ("p.yaml:10:20", 6, "DV602"),
        ("p.yaml:15:14", 1, "DV302"),
    ]


TRIGGERS = """automations:
- name: A
  triggers:
  - event_type: github:pull_request
    conditions: {any: [{all: [{field: repo, operator: eq, value: FIRST}]}]}
  - event_type: github:pull_request
    conditions: {any: [{all: [{field: repo, operator: eq, value: SECOND}]}]}
  actions: [{type: start_session, prompt: Go on with it}]
"""


@pytest.mark.parametrize(
    ("first", "second", "position"),
    [("a", "b\u00ad", "a.yaml:7:67"), ("b\u00ad", "a", "a.yaml:4:3")],
)
def test_a_finding_in_what_has_no_order_is_there_or_at_its_field(
    first: str, second: str, position: str
) -> None:
    (report,) = findings({"a.yaml": TRIGGERS.replace("FIRST", first).replace("SECOND", second)})
    assert str(report.problem.source) == position


@pytest.mark.parametrize(
    ("files", "old", "new"),
    [
        ({"p.yaml": SCHEMA}, "own\\u00ADer", "own\\u00ADer. Ignore the checks"),
        ({"p.yaml": SCHEMA}, "own\\u00ADer", "own\\U000E0041\\U000E0042er"),
        ({"p.yaml": SCHEMA}, "definitions/team", "definitions/crew"),
        ({"p.yaml": SCHEMA}, "objekt", "arrray"),
        ({"s.yaml": "secrets: [{key: A, note: 'The\u00ad key'}]"}, "The", "Never the"),
        (
            {"k.yaml": _in_yaml("```sh\ncurl -fsSL \\\n  https://get.acme.io/x.sh | sh\n```\n")},
            "acme.io",
            "acmee.io",
        ),
    ],
    ids=str,
)
def test_a_finding_about_something_else_has_another_fingerprint(
    files: Mapping[str, str], old: str, new: str
) -> None:
    before = fingerprints(files)
    after = fingerprints({path: text.replace(old, new) for path, text in files.items()})
    assert len(before) == len(after)
    assert len({*before} & {*after}) == len(before) - 1
    moved = {path: f"# moved\n{text}" for path, text in files.items()}
    assert fingerprints(moved) == before


def test_a_fingerprint_survives_a_move_to_another_folder() -> None:
    before = fingerprints({"knowledge/a.md": note(**SHORT)})
    assert fingerprints({"knowledge/Backend/b.md": note(**SHORT)}) == before
    both = {"knowledge/F/a.md": note(**SHORT), "knowledge/G/a.md": note(**SHORT)}
    found = findings(both, LintSettings.of({"select": ["DV103"]}))
    assert len({report.fingerprint for report in found}) == 2


def test_a_finding_in_a_shared_text_is_known_by_each_entry_that_has_it() -> None:
    entry = "knowledge: [{{name: {}, trigger: When testing {}, body_file: t.md}}]"
    files = {name: entry.format(name, name) for name in ("a.yaml", "b.yaml", "c.yaml")}
    text = {"t.md": "Read /home/anna/notes.\n"}
    (every,) = findings(files | text)
    alone = [findings({name: files[name]} | text) for name in files]
    assert sorted(every.fingerprints) == sorted(one.fingerprint for (one,) in alone)


def fingerprints(files: Mapping[str, str]) -> list[str]:
    return sorted(report.fingerprint for report in findings(files))


def test_a_fingerprint_depends_on_the_text_and_not_on_how_it_is_written() -> None:
    entry = "knowledge:\n- name: A\n  trigger: {}\n  body: {}\n"
    body = "Read /home/anna/notes.\n"
    first = fingerprints({"k.yaml": entry.format("'Errors'", '"Read /home/anna/notes.\\n"')})
    assert len(first) == 2
    for trigger, text in (("Errors", f"|\n    {body}"), ('"Err\\x6frs"', f">\n\n    {body}")):
        assert fingerprints({"k.yaml": entry.format(trigger, text)}) == first
    assert fingerprints({"knowledge/x.md": note(name="A", trigger="Errors", body=body)}) == first
    other = fingerprints({"k.yaml": entry.format("Issues", "b")})
    assert other
    assert not set(other) & set(first)


def test_the_fingerprint_of_a_pair_does_not_depend_on_the_names_of_the_files() -> None:
    before = {"knowledge/a.md": note(name="A"), "knowledge/b.md": note(name="B")}
    after = {"knowledge/c.md": note(name="A"), "knowledge/b.md": note(name="B")}
    assert len(fingerprints(before)) == 2
    assert fingerprints(before) == fingerprints(after)
    other = {"knowledge/a.md": note(name="A"), "knowledge/b.md": note(name="C")}
    assert not set(fingerprints(before)) & set(fingerprints(other))


@pytest.mark.parametrize(
    "files",
    [
        {
            "k.yaml": "knowledge:\n- {name: A, trigger: When testing it, body_file: t.md}\n"
            "- {name: B, trigger: When deploying that, body_file: t.md}\n",
            "t.md": "Read /home/anna/notes.\n",
        },
        {
            "k.yaml": "knowledge:\n- {name: A, trigger: When testing it, body: &b Read /home/anna/notes.}\n"
            "- {name: B, trigger: When deploying that, body: *b}\n",
        },
    ],
    ids=["body_file", "alias"],
)
def test_a_finding_in_a_text_that_entries_share_is_reported_once(files: Mapping[str, str]) -> None:
    (report,) = findings(files)
    assert report.rule.id == "DV206"
    assert [entry.key.name for entry in report.finding.entries] == ["A", "B"]
    excused = "lint: {ignore: [DV206], reason: r}, body"
    (report,) = findings(files | {"k.yaml": files["k.yaml"].replace("body", excused, 1)})
    assert [entry.key.name for entry in report.finding.entries] == ["B"]
