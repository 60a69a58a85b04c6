"""The command line: exit codes, where output goes, what is refused, and that nothing there ever writes by mistake."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import click
import pytest

from devinops import __version__
from devinops.cli.main import COMMANDS, cli, main
from devinops.emulator import Emulator
from devinops.emulator.middleware import Call, Next, Reply
from devinops.environment import GLOBAL_OPTIONS, SWITCHES
from devinops.schema.all_schemas import schemas
from devinops.schema.parts import checksum
from tests.testing import replies
from tests.testing.command_line import Devinops, Write
from tests.testing.documents import of_one, read_one, validator
from tests.testing.inventories import own
from tests.testing.places import ROOT
from tests.testing.waiting import LONG_S, Door

NOTE = "---\nname: A\ntrigger: When testing\n---\nThe body.\n"


# --- usage ------------------------------------------------------------------------------------------------


def test_the_version_is_that_of_the_package(devinops: Devinops) -> None:
    assert devinops("--version").out == f"devinops {__version__}\n"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(devinops: Devinops, command: str) -> None:
    ran = devinops(command, "--help")
    assert ran.code == 0
    assert f"Usage: devinops {command}" in ran.out


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["diff"], "There is no command 'diff'. Use devinops plan."),
        (["sync"], "Use devinops apply."),
        (["dump"], "There is no command 'dump'."),
        (["Login"], "devinops whoami checks it."),
        (["destroy", "--yes"], "so that nobody runs it by accident"),
        (["xyz"], "There are: init, validate, lint, fmt,"),
        (["inventory", "lisst"], "Did you mean 'list'?"),
        (["inventory", "xyz"], "There are: forget, link, list,"),
        (["aply"], "Did you mean 'apply'?"),
        (["plan", "--detailed-exit"], "There is no option"),
        (["apply", "--ye"], "There is no option"),
        (["apply", "--yes", "plan.json", "extra"], "unexpected extra argument"),
        (["plan", "--format", "yaml"], "'yaml' is not"),
        (["plan", "--report", "text"], "FORMAT=FILE"),
        (["plan", "--report", "yaml=x"], "FORMAT=FILE"),
        (["plan", "--only", "nots"], "is not a kind"),
        (["plan", "--exclude", "nots"], '--exclude takes KIND[:PATTERN]; "nots" is not a kind'),
        (["plan", "--exclude", "schedule"], '"schedule" is no longer a kind: automations have'),
        (["explain", "schedule:Weekly"], "write an automation with a trigger of schedule"),
        (["explain", "schedules"], "devinops: automations have taken the place of schedules"),
        (["inventory", "forget", "schedule:Weekly"], "write an automation with a trigger of"),
        (["demo", "--no-pause"], "devinops demo < /dev/null never pauses"),
        (["plan", "--parallelism", "0"], "0 is not in the range"),
        (["plan", "-C", "/nonexistent/directory"], "is not a directory"),
        (["plan", "--target", "nope"], 'there is no target "nope"; without a devinops.yaml, there'),
        (["validate", "nope.md"], "nope.md does not exist"),
        (["schema", "nope"], 'there is no schema "nope"'),
        (["completion", "csh"], "is not one of"),
        (["apply"], "--yes"),
    ],
    ids=" ".join,
)
def test_a_wrong_command_line_is_64_and_sends_nothing(
    emulator: Emulator,
    repository: Write,
    devinops: Devinops,
    monkeypatch: pytest.MonkeyPatch,
    argv: list[str],
    message: str,
) -> None:
    monkeypatch.chdir(repository({"knowledge/a.md": NOTE}))
    ran = devinops(*argv)
    assert (ran.code, ran.out, emulator.requests) == (64, "", [])
    assert message in ran.err


def _takers() -> Iterator[tuple[list[str], str]]:
    """Yield the words of a command, with one value left to give, and the name of that value."""
    for name in COMMANDS:
        group = cli.get_command(click.Context(cli), name)
        assert group is not None
        commands = group.commands if isinstance(group, click.Group) else {"": group}
        for sub, command in commands.items():
            for tested in command.params:
                if isinstance(tested, click.Option) and (tested.is_flag or "--help" in tested.opts):
                    continue
                argv = [name, *([sub] if sub else [])]
                arguments = [one for one in command.params if isinstance(one, click.Argument)]
                argv += [
                    "" if one is tested else "knowledge:A"
                    for one in arguments
                    if one.required or one is tested
                ]
                if isinstance(tested, click.Option):
                    argv += [tested.opts[-1], ""]
                yield argv, tested.opts[-1]


@pytest.mark.sampled(4)
@pytest.mark.parametrize("argv", [argv for argv, _ in _takers()], ids=" ".join)
def test_an_empty_value_is_never_taken_for_leaving_it_out(
    emulator: Emulator,
    repository: Write,
    devinops: Devinops,
    monkeypatch: pytest.MonkeyPatch,
    argv: list[str],
) -> None:
    def serve(**_: object) -> None:
        raise AssertionError("it serves")

    monkeypatch.setattr("devinops.emulator.server.serve", serve)
    root = repository({"knowledge/a.md": NOTE})
    monkeypatch.chdir(root)
    ran = devinops(*argv)
    assert (ran.code, ran.out, emulator.requests) == (64, "", []), ran.err
    assert [path.name for path in root.rglob("*")] == ["knowledge", "a.md"]


@pytest.mark.parametrize("yes", [[], ["--yes"]], ids=["alone", "with --yes"])
@pytest.mark.parametrize(
    "command", [["apply"], ["apply", "plan.json"], ["rollback", "latest"]], ids=" ".join
)
def test_an_empty_digest_approves_nothing(
    emulator: Emulator, repository: Write, devinops: Devinops, command: list[str], yes: list[str]
) -> None:
    root = repository({"knowledge/a.md": NOTE})
    ran = devinops(*command, "-C", root, "--expect", "", *yes)
    assert (ran.code, emulator.requests) == (64, [])
    assert "'--expect': the value is empty" in ran.err


@pytest.mark.parametrize("option", sorted(set(GLOBAL_OPTIONS) - set(SWITCHES)))
@pytest.mark.parametrize("value", ["", " "], ids=["empty", "blank"])
def test_an_empty_variable_is_not_taken_for_an_unset_one(
    emulator: Emulator,
    repository: Write,
    devinops: Devinops,
    monkeypatch: pytest.MonkeyPatch,
    option: str,
    value: str,
) -> None:
    monkeypatch.chdir(repository({"knowledge/a.md": NOTE}))
    monkeypatch.setenv(f"DEVINOPS_{option}", value)
    ran = devinops("apply", "--yes")
    assert (ran.code, ran.out, emulator.requests) == (64, "", [])
    assert (
        f"DEVINOPS_{option} is set but empty" in ran.err
        or f"--{option.lower().replace('_', '-')}" in ran.err
        or f"devinops: DEVINOPS_{option}: " in ran.err
    )


@pytest.mark.parametrize("option", SWITCHES)
def test_an_empty_switch_is_off(
    repository: Write, devinops: Devinops, monkeypatch: pytest.MonkeyPatch, option: str
) -> None:
    monkeypatch.setenv(f"DEVINOPS_{option}", "")
    assert devinops("validate", "-C", repository({"knowledge/a.md": NOTE})).code == 0


@pytest.mark.sampled(4)
@pytest.mark.parametrize("value", ["nan", "-nan", "NaN", "inf", "-inf", "-1", "1e999", "0x1"])
@pytest.mark.parametrize("option", ["--lock-timeout", "--parallelism"])
def test_a_number_that_is_none_is_64(
    emulator: Emulator, repository: Write, devinops: Devinops, option: str, value: str
) -> None:
    ran = devinops("apply", "-C", repository({"knowledge/a.md": NOTE}), "--yes", option, value)
    assert (ran.code, ran.out, emulator.requests) == (64, "", [])
    assert f"'{option}'" in ran.err
    assert "float" not in ran.err


@pytest.mark.parametrize("value", ["nan", "-1", "0", "1e999", "soon"])
def test_a_timeout_that_is_none_is_64(
    repository: Write, devinops: Devinops, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("DEVINOPS_TIMEOUT", value)
    ran = devinops("plan", "-C", repository({"knowledge/a.md": NOTE}))
    assert (ran.code, ran.out) == (64, "")
    why = "expected a number of seconds, more than 0 and at most 3600"
    assert ran.err == f"devinops: DEVINOPS_TIMEOUT: {why}, not {value}\n"


@pytest.mark.parametrize("value", ["nan", "-1", "65536", "/s"])
def test_a_port_of_the_emulator_that_is_none_is_64(devinops: Devinops, value: str) -> None:
    ran = devinops("emulator", "--host", "no.such.host.invalid", "--port", value)
    assert (ran.code, ran.out) == (64, "")
    assert "--port" in ran.err


def test_an_unknown_variable_stops_every_command_that_it_could_change(
    emulator: Emulator, repository: Write, devinops: Devinops, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEVINOPS_YES", "1")
    root = repository({"knowledge/a.md": NOTE})
    for command in ("validate", "plan", "apply", "whoami"):
        ran = devinops(command, "-C", root, *(["--yes"] if command == "apply" else []))
        assert (ran.code, emulator.requests) == (1, [])
        assert "DEVINOPS_YES is not known" in ran.err


def test_global_options_can_come_from_the_environment(
    emulator: Emulator, repository: Write, devinops: Devinops, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEVINOPS_ROOT", str(repository({"knowledge/a.md": NOTE})))
    monkeypatch.setenv("DEVINOPS_FORMAT", "json")
    assert read_one(devinops("plan").out)["summary"]["create"] == 1


# --- validate ---------------------------------------------------------------------------------------------


def test_validate_needs_neither_key_nor_network(repository: Write, devinops: Devinops) -> None:
    ran = devinops("validate", "-C", repository({"knowledge/a.md": NOTE}))
    assert (ran.code, ran.out, ran.err) == (0, "1 entry in 1 file, no problems\n", "")


BROKEN = {
    "knowledge/a.md": "---\nname: A\ntriger: t\n---\nbody\n",
    "knowledge/deep/b.md": "no front matter\n",
    "secrets.yaml": "secrets:\n  - {key: TOKEN, type: key-valu}\n",
    "devinops.yaml": "version: 1\ntarget: {}\n",
}


def test_validate_shows_the_problems_of_every_file(
    repository: Write, devinops: Devinops, golden: Callable[[str, str], None]
) -> None:
    ran = devinops("validate", "-C", repository(BROKEN))
    assert ran.code == 1
    golden("validate.txt", ran.out)


def test_validate_and_plan_refuse_the_same_settings_and_still_know_what_is_ignored(
    emulator: Emulator, repository: Write, devinops: Devinops
) -> None:
    settings = "version: 1\nrequired_version: '>=99'\nignore: [drafts]\ntargets:\n  a: {prune: owned, inventory: {store: none}}\n  b: {}\n"
    entry = NOTE.replace("name: A", "name: A\ntargets: [c]")
    root = repository(
        {"devinops.yaml": settings, "knowledge/a.md": entry, "knowledge/drafts/b.md": "?"}
    )
    checked, planned = devinops("validate", "-C", root), devinops("plan", "-C", root, "-t", "b")
    assert (checked.code, planned.code, emulator.requests) == (1, 1, [])
    assert checked.out.splitlines()[:-1] == planned.err.splitlines()[:-1]
    assert [line.partition(": ")[0] for line in checked.out.splitlines()[:-1]] == [
        "devinops.yaml:2:19",
        "devinops.yaml:5:14",
        "knowledge/a.md:3:10",
    ]
    document = json.loads(devinops("validate", "-C", root, "--format", "json").out)
    assert [one["code"] for one in document["problems"]] == [
        "other-version",
        "without-effect",
        "unknown-target",
    ]


def test_paths_narrow_what_validate_shows(
    repository: Write, devinops: Devinops, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(repository(BROKEN))
    ran = devinops("validate", "knowledge/deep")
    assert ran.code == 1
    assert [line.partition(":")[0] for line in ran.out.splitlines()[:-1]] == ["knowledge/deep/b.md"]


@pytest.mark.parametrize("command", ["validate", "plan"])
def test_a_directory_without_entries_is_an_error_not_an_empty_plan(
    emulator: Emulator, tmp_path: Path, devinops: Devinops, command: str
) -> None:
    ran = devinops(command, "-C", tmp_path)
    assert (ran.code, emulator.requests) == (1, [])
    assert "no file with entries was found" in ran.out + ran.err


def test_an_entry_for_a_target_that_is_not_declared_is_a_problem(
    repository: Write, devinops: Devinops
) -> None:
    files = {
        "devinops.yaml": "version: 1\ntargets: {staging: {}}\n",
        "knowledge/a.md": NOTE.replace("trigger", "targets: [stagin]\ntrigger"),
    }
    ran = devinops("validate", "-C", repository(files))
    assert ran.code == 1
    assert "knowledge/a.md:3:" in ran.out
    assert 'did you mean "staging"' in ran.out


# --- plan and apply ---------------------------------------------------------------------------------------

BLOCKING = "version: 1\ntargets: {default: {missing_folders: block}}\n"
FILES = {
    "devinops.yaml": BLOCKING,
    "knowledge/Backend/errors.md": "---\nname: Error envelope\ntrigger: When adding an endpoint\npinned_repo: null\n---\nOne\ntwo changed\nthree\nfour \tx\nfive\nsix\nseven\n",
    "knowledge/Missing/folder.md": "---\nname: Somewhere\ntrigger: t\n---\nb\n",
    "knowledge/hostile.md": '---\nname: "::error::x"\ntrigger: t\n---\n\u202e##[group]x\n',
    "knowledge/moved.md": "---\nname: Moved\ntrigger: t\npreviously: [{name: Old name}]\n---\nb\n",
    "knowledge/twice.md": "---\nname: Twice\ntrigger: t\n---\nnew\n",
    "knowledge/gone.yaml": "knowledge:\n  - {name: Gone, ensure: absent}\n",
    "playbooks/triage.md": '---\ntitle: Triage\nmacro: "!triage"\nstructured_output_schema: {type: object, required: [b]}\n---\nLook.\n',
    "secrets.yaml": "secrets:\n  - {key: NEW, type: key-value, value_from: {env: NEW_VALUE}}\n  - {key: OLD, type: totp, max_age: 30d}\n",
}
SEED = {
    "organizations": {
        "org-emulator": {
            "folders": [{"path": "Backend", "id": "folder-1"}],
            "knowledge": [
                {
                    "id": "note-1",
                    "name": "Error envelope",
                    "folder": "Backend",
                    "trigger": "When adding an endpoint",
                    "pinned_repo": "acme/api",
                    "body": "One\ntwo\nthree\nfour x\nfive\nsix\nseven",
                },
                {"id": "note-2", "name": "Old name", "trigger": "t", "body": "b"},
                {"id": "note-3", "name": "Twice", "trigger": "t", "body": "b"},
                {"id": "note-4", "name": "Twice", "trigger": "t", "body": "b"},
                {"id": "note-5", "name": "Gone", "trigger": "t", "body": "b"},
                {"id": "note-6", "name": "Theirs", "trigger": "t", "body": "b"},
            ],
            "playbooks": [
                {
                    "id": "playbook-1",
                    "title": "Triage",
                    "macro": "!triage",
                    "body": "Look.",
                    "structured_output_schema": {"type": "object", "required": ["a"]},
                }
            ],
            "secrets": [
                {
                    "id": "secret-1",
                    "key": "OLD",
                    "type": "totp",
                    "created_at": 1700000000,
                    "updated_at": 1700000000,
                }
            ],
        }
    }
}


@pytest.fixture
def full(
    use: Callable[..., None], repository: Write, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Emulator, Path]]:
    with Emulator(SEED) as running:
        use(running.url)
        root = repository(FILES)
        own(root, running, others={"knowledge:Theirs", "secret:OLD"})
        monkeypatch.chdir(root)
        yield running, root


def steady(text: str, url: str) -> str:
    """Leave out what differs from run to run: the port, the version, the name of the run, and the age of a secret."""
    text = re.sub(
        r"\d{8}T\d{6}Z-[0-9a-f]+", "RUN", text.replace(f'": "{__version__}"', '": "VERSION"')
    )
    return re.sub(
        r"it is \d+ days old", "it is N days old", text.replace(url, "http://127.0.0.1:8484")
    )


def test_plan_in_text(
    full: tuple[Emulator, Path], devinops: Devinops, golden: Callable[[str, str], None]
) -> None:
    emulator, root = full
    ran = devinops("plan", "-C", root)
    assert (ran.code, ran.err) == (4, "")
    golden("plan.txt", steady(ran.out, emulator.url))


def test_plan_on_a_terminal_of_80_columns_in_color(
    full: tuple[Emulator, Path],
    devinops: Devinops,
    golden: Callable[[str, str], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    emulator, root = full
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("FORCE_COLOR", "1")
    ran = devinops("plan", "-C", root)
    golden("plan-80-columns.txt", steady(ran.out, emulator.url).replace("\x1b[", "^["))


@pytest.mark.parametrize(("value", "colored"), [("1", True), ("0", False), ("false", False)])
def test_force_color_can_also_be_off(
    emulator: Emulator,
    repository: Write,
    devinops: Devinops,
    monkeypatch: pytest.MonkeyPatch,
    value: str,
    colored: bool,
) -> None:
    monkeypatch.setenv("FORCE_COLOR", value)
    assert ("\x1b[" in devinops("plan", "-C", repository({"knowledge/a.md": NOTE})).out) is colored


def test_a_long_diff_is_cut_off_with_a_count(
    emulator: Emulator, repository: Write, devinops: Devinops
) -> None:
    root = repository({"knowledge/a.md": NOTE})
    assert devinops("apply", "-C", root, "--yes").code == 0
    new = "".join(f"line {number}\n" for number in range(400))
    repository({"knowledge/a.md": NOTE.replace("The body.\n", new)})
    rows = devinops("plan", "-C", root).out.splitlines()
    # The position, the old line and the 400 new ones, of which 80 rows are shown.
    assert "        … and 322 more lines (-v shows them)" in rows
    assert "        + line 399" in devinops("plan", "-C", root, "-v").out.splitlines()


def test_a_secret_value_in_a_file_is_reported_as_leaked(
    repository: Write, devinops: Devinops
) -> None:
    root = repository({"secrets.yaml": "secrets: [{key: A, type: totp, value: hunter2}]\n"})
    ran = devinops("validate", "-C", root)
    assert ran.code == 1
    assert "may have leaked" in ran.out
    assert "hunter2" not in ran.out + ran.err


def test_a_plan_with_many_creates_fits_on_three_screens(
    emulator: Emulator, repository: Write, devinops: Devinops, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    root = repository({f"knowledge/n{n}.md": NOTE.replace("A", f"A{n}", 1) for n in range(180)})
    rows = devinops("plan", "-C", root).out.splitlines()
    assert len(rows) <= 3 * 24
    assert "    … and 160 more to create (-v shows them)" in rows
    assert len(devinops("plan", "-C", root, "-v").out.splitlines()) > 3 * 180


def test_missing_folders_are_one_list(
    emulator: Emulator, repository: Write, devinops: Devinops
) -> None:
    notes = {f"knowledge/F{n:02}/a.md": NOTE for n in range(49)}
    root = repository({"devinops.yaml": BLOCKING, **notes})
    rows = devinops("plan", "-C", root).out.splitlines()
    assert len(rows) <= 60
    assert rows.count("missing folders: create them in the web app, because no API can") == 1
    assert "  ! F48  needed by 1 entry" in rows
    document = json.loads(devinops("plan", "-C", root, "--format", "json").out)
    assert len(document["missing"]) == 49
    first = {"kind": "folder", "path": "F00", "entries": 1, "targets": ["default"]}
    assert document["missing"][0] == first


def test_drift_is_one_line_in_a_plan_and_a_diff_with_v(
    emulator: Emulator, repository: Write, devinops: Devinops, monkeypatch: pytest.MonkeyPatch
) -> None:
    inventory = "version: 1\ntargets: {production: {inventory: {store: file}}}\n"
    root = repository({"devinops.yaml": inventory, "knowledge/a.md": NOTE})
    assert devinops("apply", "-C", root, "--yes").code == 0
    monkeypatch.chdir(root)
    (note,) = emulator.knowledge()
    emulator.edit("knowledge", note["note_id"], body="Edited in the web app.")
    rows = devinops("plan", "-C", root).out.splitlines()
    start = rows.index(
        "changed outside devinops, kept (see devinops plan -v and devinops pull --drift)"
    )
    assert rows[start + 1].startswith("  @ knowledge:A: edited: body; last changed 20")
    assert rows[start + 2] == ""
    whole = devinops("plan", "-C", root, "-v").out.splitlines()
    assert "      ~ body: (- files, + live)" in whole
    assert "        + Edited in the web app." in whole


def test_commands_in_every_format_lead_to_the_root_and_the_target(
    emulator: Emulator, repository: Write, devinops: Devinops, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = "one: {inventory: {store: file}}"
    root = repository(
        {"devinops.yaml": f"version: 1\ntargets: {{{one}, two: {{}}}}\n", "knowledge/a.md": NOTE}
    )
    monkeypatch.chdir(root.parent)
    monkeypatch.setenv("DEVINOPS_TARGET", "one")
    assert devinops("apply", "-C", root, "--yes").code == 0
    (note,) = emulator.knowledge()
    emulator.edit("knowledge", note["note_id"], body="Edited in the web app.")
    place = f"-C {root.name}"

    def shows(*commands: str, **arguments: str) -> None:
        argv = [word for name, value in arguments.items() for word in (f"--{name}", value)]
        for command in ("plan", "drift"):
            out = devinops(command, "-C", root, *argv).out
            assert all(text in out for text in commands), (command, argv, out)

    shows(f"devinops pull {place} --drift")
    assert f"see devinops plan {place} -v" in devinops("plan", "-C", root).out
    # Only this shell has the variable.
    for format in ("markdown", "html"):
        shows("devinops pull -t one --drift", format=format)
    monkeypatch.delenv("DEVINOPS_TARGET")
    shows(f"devinops pull {place} -t one --drift", target="one")
    assert f"devinops plan {place} -t one -v" in devinops("plan", "-C", root, "-t", "one").out
    plan = root.parent / "plan.json"
    devinops("plan", "-C", root, "-t", "one", "--out", plan)
    assert f"devinops pull {place} -t one --drift" in devinops("show", plan, "-C", root).out


def test_plan_in_json(
    full: tuple[Emulator, Path], devinops: Devinops, golden: Callable[[str, str], None]
) -> None:
    emulator, root = full
    ran = devinops("plan", "-C", root, "--format", "json", "--detailed-exitcode")
    assert (ran.code, ran.err, ran.out.isascii()) == (4, "", True)
    document = json.loads(ran.out)
    validator("run").validate(document)
    assert document["exit_code"] == 4
    text = steady(ran.out, emulator.url)
    golden("plan.json", text.replace(document["checksum"], checksum(json.loads(text))))


def test_apply_in_text_and_json(
    full: tuple[Emulator, Path],
    devinops: Devinops,
    golden: Callable[[str, str], None],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    emulator, root = full
    monkeypatch.setenv("NEW_VALUE", "the value")
    monkeypatch.chdir(root)
    ran = devinops("apply", "--yes", "--report", f"json={tmp_path / 'report.json'}")
    assert ran.code == 4
    golden("apply.txt", steady(ran.out, emulator.url))
    document = json.loads((tmp_path / "report.json").read_text())
    validator("run").validate(document)
    assert {result["outcome"] for result in of_one(document)["results"]} == {"done"}
    assert (document["exit_code"], document["left"]) == (4, [])
    assert "the value" not in (tmp_path / "report.json").read_text() + ran.out + ran.err


def test_plan_never_writes_whatever_is_asked(
    full: tuple[Emulator, Path], devinops: Devinops
) -> None:
    emulator, root = full
    for extra in (
        [],
        ["--detailed-exitcode"],
        ["--allow", "delete=1"],
        ["--only", "knowledge"],
        ["--format", "json"],
    ):
        devinops("plan", "-C", root, *extra)
    assert {request["method"] for request in emulator.requests} == {"GET"}


def test_only_lists_what_the_entries_need(
    emulator: Emulator, repository: Write, devinops: Devinops
) -> None:
    devinops("plan", "-C", repository({"playbooks/a.md": "---\ntitle: A\n---\nb\n"}))
    assert [request["path"].partition("?")[0] for request in emulator.requests] == [
        "/v3/self",
        "/v3/organizations/org-emulator/playbooks",
    ]


def test_loading_that_fails_still_gives_a_document(repository: Write, devinops: Devinops) -> None:
    ran = devinops("plan", "-C", repository(BROKEN), "--format", "json")
    document = json.loads(ran.out)
    validator("run").validate(document)
    assert (ran.code, document["complete"], len(document["problems"])) == (1, False, 4)


def test_an_api_that_fails_still_gives_a_document(
    emulator: Emulator, repository: Write, devinops: Devinops, use: Callable[..., None]
) -> None:
    use(emulator.url, "cog_wrong")
    ran = devinops("plan", "-C", repository({"knowledge/a.md": NOTE}), "--format", "json")
    document = json.loads(ran.out)
    validator("run").validate(document)
    assert (ran.code, document["exit_code"]) == (1, 1)
    assert "401" in document["error"]


@pytest.mark.parametrize(("answer", "code", "count"), [("y\n", 0, 1), ("n\n", 4, 0), ("", 130, 0)])
def test_apply_asks_on_a_terminal(
    emulator: Emulator,
    repository: Write,
    devinops: Devinops,
    monkeypatch: pytest.MonkeyPatch,
    answer: str,
    code: int,
    count: int,
) -> None:
    monkeypatch.setattr("devinops.cli.handlers.apply.is_interactive", lambda: True)
    monkeypatch.setattr(sys, "stdin", io.StringIO(answer))
    ran = devinops("apply", "-C", repository({"knowledge/a.md": NOTE}))
    assert (ran.code, len(emulator.knowledge())) == (code, count)
    assert "Apply 1 create to default (organization org-emulator)? [y/N]" in ran.err


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("", "no value in the environment"),
        ("a\udcffb", "is not UTF-8"),
        ("cog_emulator\n", "a key or token of this job is the value for"),
        ("the-token", "a key or token of this job is the value for"),
        ("the-identity", "a key or token of this job is the value for"),
    ],
)
def test_a_secret_without_a_value_that_can_be_sent_stops_before_the_first_write(
    emulator: Emulator,
    repository: Write,
    devinops: Devinops,
    monkeypatch: pytest.MonkeyPatch,
    value: str,
    words: str,
) -> None:
    monkeypatch.setenv("NEW_VALUE", value)
    monkeypatch.setenv("CI_JOB_TOKEN", "the-token")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "the-identity\n")
    entry = "secrets:\n  - {key: NEW, type: key-value, value_from: {env: NEW_VALUE}}\n"
    ran = devinops(
        "apply", "-C", repository({"knowledge/a.md": NOTE, "secrets.yaml": entry}), "--yes"
    )
    assert (ran.code, {request["method"] for request in emulator.requests}) == (1, {"GET"})
    assert words in ran.err
    assert "NEW_VALUE (for secret:NEW)" in ran.err


class Meanwhile(io.StringIO):
    """A terminal at which somebody says yes, but only after something else has happened."""

    def __init__(self, happens: Callable[[], None]) -> None:
        super().__init__()
        self.happens = happens

    def readline(self, size: int = -1, /) -> str:  # type: ignore[override]  # typeshed: bytes
        self.happens()
        return "y\n"


@pytest.mark.parametrize("format", ["text", "json"])
@pytest.mark.parametrize("command", [["apply"], ["rollback", "latest"]])
def test_what_changes_while_the_question_is_open_is_not_approved(
    emulator: Emulator,
    repository: Write,
    devinops: Devinops,
    monkeypatch: pytest.MonkeyPatch,
    command: list[str],
    format: str,
) -> None:
    emulator.add("knowledge", name="A", trigger="When testing", body="old", id="note-1")
    root = repository({"knowledge/a.md": NOTE})
    own(root, emulator)
    if command != ["apply"]:
        assert devinops("apply", "-C", root, "--yes").code == 0
    monkeypatch.setattr(f"devinops.cli.handlers.{command[0]}.is_interactive", lambda: True)
    edited = "edited while the question was open"
    happens = Meanwhile(lambda: emulator.edit("knowledge", "note-1", body=edited))
    monkeypatch.setattr(sys, "stdin", happens)
    ran = devinops(*command, "-C", root, "--format", format)
    (note,) = emulator.knowledge()
    assert (ran.code, note["body"]) == (5, edited)
    assert "the plan is no longer what was reviewed (1 " in ran.err
    if format == "json":
        assert json.loads(ran.out)["exit_code"] == 5


def test_nothing_to_do_is_not_asked_about(
    emulator: Emulator, repository: Write, devinops: Devinops, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("devinops.cli.handlers.apply.is_interactive", lambda: True)
    emulator.add("knowledge", name="A", trigger="When testing", body="The body.")
    own(root := repository({"knowledge/a.md": NOTE}), emulator)
    ran = devinops("apply", "-C", root)
    assert (ran.code, ran.err) == (0, "")


def test_a_report_without_a_place_stops_before_anything_is_written(
    emulator: Emulator, repository: Write, devinops: Devinops, tmp_path: Path
) -> None:
    root = repository({"knowledge/a.md": NOTE})
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    for place in (
        tmp_path / "no" / "such" / "dir.txt",
        tmp_path,
        tmp_path / "link",
        "/dev/stdout",
        os.devnull,
    ):
        ran = devinops("apply", "-C", root, "--yes", "--report", f"text={place}")
        assert (ran.code, emulator.requests) == (64, [])
        assert "--report cannot write" in ran.err


@pytest.mark.parametrize("why", ["refused", "stale"])
def test_a_plan_that_is_not_applied_is_still_in_the_document(
    emulator: Emulator, repository: Write, devinops: Devinops, why: str
) -> None:
    names = ["A", "B", "C", "D"]
    for name in names:
        emulator.add("knowledge", name=name, trigger="t", body="b")
    entries = [{"name": name, "ensure": "absent"} for name in names]
    root = repository({"knowledge.yaml": json.dumps({"knowledge": entries})})
    own(root, emulator)
    flags = ["--yes"] if why == "refused" else ["--expect", "0" * 32, "--allow", "delete=4"]
    ran = devinops("apply", "-C", root, "--format", "json", *flags)
    document = json.loads(ran.out)
    validator("run").validate(document)
    assert (ran.code, document["exit_code"]) == ((4, 4) if why == "refused" else (5, 5))
    assert (len(document["changes"]), "error" in document, len(emulator.knowledge())) == (
        4,
        True,
        4,
    )


def test_validate_says_what_it_did_not_show(
    repository: Write, devinops: Devinops, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(repository(BROKEN | {"knowledge/fine.md": NOTE}))
    ran = devinops("validate", "knowledge/fine.md")
    assert (ran.code, ran.out) == (0, "no problems in knowledge/fine.md; 4 elsewhere, not shown\n")


@pytest.mark.parametrize("command", ["validate", "lint"])
def test_a_path_that_devinops_does_not_read_is_named(
    command: str, repository: Write, devinops: Devinops, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = "knowledge: [{name: B, trigger: When deploying that, body_file: texts/b.txt}]"
    files = {
        "knowledge/a.md": NOTE.replace("testing", "testing the shop"),
        "knowledge.yaml": entry,
        "texts/b.txt": "text",
        "texts/c.txt": "text",
        "shared/d.md": NOTE.replace("A", "D").replace("testing", "writing mail"),
        "devinops.yaml": "version: 1\n",
        "ops/knowledge/x.md": "text",
    }
    root = repository(files)
    monkeypatch.chdir(root)
    (root / "knowledge/d.md").symlink_to("../shared/d.md")
    (root / "link.md").symlink_to("knowledge/a.md")
    read = ["knowledge/a.md", "knowledge", "texts", "texts/b.txt", "shared/d.md", "link.md"]
    for path in [*read, "devinops.yaml", "knowledge/d.md", "."]:
        assert devinops(command, path).out == f"no problems in {path}\n"
    ran = devinops(command, "texts/c.txt", "ops/knowledge/x.md")
    assert (ran.code, ran.out) == (
        0,
        "not read by devinops: texts/c.txt, ops/knowledge/x.md\n",
    )
    ran = devinops(command, "texts/c.txt", "texts/b.txt")
    assert ran.out == "no problems in texts/b.txt; not read by devinops: texts/c.txt\n"


def test_validate_can_skip_problems_in_files_that_no_commit_has(
    repository: Write, devinops: Devinops
) -> None:
    root = repository({"knowledge/fine.md": NOTE, "knowledge/draft.md": "no front matter"})
    assert devinops("validate", "-C", root, "--skip-untracked").code == 1
    subprocess.run(["git", "-C", str(root), "init", "-q"], check=True)
    ran = devinops("validate", "-C", root, "--skip-untracked")
    assert (ran.code, "no file with entries is tracked by Git" in ran.out) == (1, True)
    subprocess.run(["git", "-C", str(root), "add", "knowledge/fine.md"], check=True)
    ran = devinops("validate", "-C", root, "--skip-untracked")
    assert (ran.code, ran.out) == (0, "1 entry in 1 file, no problems\n")
    assert devinops("validate", "-C", root).code == 1
    subprocess.run(["git", "-C", str(root), "add", "knowledge/draft.md"], check=True)
    ran = devinops("validate", "-C", root, "--skip-untracked")
    assert (ran.code, "knowledge/draft.md:1:1: error" in ran.out) == (1, True)


UNTRACKED = {
    "a draft that is a copy": {"knowledge/draft.md": NOTE},
    "a misnamed directory": {"Playbook/x.md": "hi"},
    "a misnamed file": {"knowledge.yml": "knowledge: ["},
    "a file of the root": {"secrets.yaml": "secrets: ["},
    "a directory where a file is expected": {"secrets.yaml/x.md": "hi"},
    "a directory": {"knowledge/new/x.md": NOTE, "knowledge/new/y/z.md": "hi"},
    "settings": {"devinops.yaml": "version: 9"},
    "misnamed settings": {"devinops.yml": "version: 9"},
}


@pytest.mark.sampled(4)
@pytest.mark.parametrize("command", ["validate", "lint"])
@pytest.mark.parametrize("files", UNTRACKED.values(), ids=UNTRACKED)
def test_untracked_files_are_not_read(
    command: str, files: Mapping[str, str], repository: Write, devinops: Devinops
) -> None:
    argv = (command, "--skip-untracked")
    argv += ("--select", "repository-rules") if command == "lint" else ()
    root = repository({"knowledge/fine.md": NOTE})
    subprocess.run(["git", "-C", str(root), "init", "-q"], check=True)
    subprocess.run(["git", "-C", str(root), "add", "."], check=True)
    repository(files)
    for path in ((), (root / "knowledge/fine.md",)):
        ran = devinops(*argv, "-C", root, *path)
        assert (ran.code, "no problems" in ran.out, "elsewhere" in ran.out) == (0, True, False)
    assert devinops(command, "-C", root).code == 1
    subprocess.run(["git", "-C", str(root), "add", "."], check=True)
    assert devinops(*argv, "-C", root).code == 1


@pytest.mark.parametrize("command", ["validate", "lint"])
@pytest.mark.parametrize(
    ("tracked", "untracked", "words"),
    [
        (
            {"knowledge/y.yaml": "knowledge: [{name: Y, trigger: t, body_file: ../texts/t.txt}]"},
            {"texts/t.txt": "text"},
            "Git does not track the file '../texts/t.txt', so a commit would lack it: run git add",
        ),
        (
            {"devinops.yaml": "version: 1\npaths: [more.yaml]\n"},
            {"more.yaml": "knowledge: [{name: Y, trigger: t, body: b}]"},
            "'more.yaml' matches no .md, .yaml or .yml file",
        ),
    ],
)
def test_what_the_commit_lacks_is_a_problem_although_the_disk_has_it(
    command: str,
    tracked: Mapping[str, str],
    untracked: Mapping[str, str],
    words: str,
    repository: Write,
    devinops: Devinops,
) -> None:
    root = repository({"knowledge/fine.md": NOTE, **tracked})
    subprocess.run(["git", "-C", str(root), "init", "-q"], check=True)
    subprocess.run(["git", "-C", str(root), "add", "."], check=True)
    repository(untracked)
    argv = (command, "-C", root, "--skip-untracked")
    ran = devinops(*argv)
    assert (ran.code, words in ran.out) == (1, True)
    subprocess.run(["git", "-C", str(root), "add", "."], check=True)
    assert words not in devinops(*argv).out


@pytest.mark.parametrize("command", ["validate", "lint"])
def test_who_skips_untracked_files_learns_which_paths_these_are_and_whether_git_works(
    command: str, repository: Write, devinops: Devinops, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = repository({"knowledge/fine.md": NOTE})
    monkeypatch.chdir(root)
    subprocess.run(["git", "init", "-q"], check=True)
    subprocess.run(["git", "add", "."], check=True)
    repository({"knowledge/new/n.md": NOTE, "x.txt": ""})
    argv = (command, "--skip-untracked")
    ran = devinops(*argv, "knowledge/new/n.md", "knowledge/fine.md")
    assert ran.err == ""
    assert ran.out == (
        "no problems in knowledge/fine.md; "
        "not read by devinops: knowledge/new/n.md (Git does not track it)\n"
    )
    monkeypatch.setenv("PATH", "")
    message = "--skip-untracked skips nothing, because Git does not list the files: cannot run git"
    assert message in " ".join(devinops(*argv, "knowledge/fine.md").err.split())


@pytest.mark.parametrize("sources", [[], ["../texts/t.md"]], ids=["link", "source"])
def test_what_an_entry_refers_to_must_be_in_git_too(
    sources: list[str], repository: Write, devinops: Devinops
) -> None:
    link = "[it](../texts/t.md)" if not sources else "it"
    body = f"Read {link} before you deploy the shop."
    text = f"---\nname: A\ntrigger: When deploying the shop\nmeta: {{sources: {sources}}}\n---\n{body}\n"
    root = repository({"knowledge/a.md": text})
    subprocess.run(["git", "-C", str(root), "init", "-q"], check=True)
    subprocess.run(["git", "-C", str(root), "add", "."], check=True)
    repository({"texts/t.md": "text"})
    rule = "missing-source" if sources else "broken-link"
    argv = ("lint", "-C", root, "--select", rule)
    assert devinops(*argv).code == 0
    ran = devinops(*argv, "--skip-untracked")
    assert (ran.code, rule in ran.out) == (1, True)
    subprocess.run(["git", "-C", str(root), "add", "."], check=True)
    assert devinops(*argv, "--skip-untracked").code == 0


def test_a_link_to_what_git_does_not_track_is_a_problem(
    repository: Write, devinops: Devinops
) -> None:
    root = repository({"knowledge/fine.md": NOTE})
    subprocess.run(["git", "-C", str(root), "init", "-q"], check=True)
    (root / "knowledge/more").symlink_to("../shared")
    subprocess.run(["git", "-C", str(root), "add", "."], check=True)
    repository({"shared/x.md": NOTE.replace("A", "B")})
    ran = devinops("validate", "-C", root, "--skip-untracked")
    message = "knowledge/more:1:1: error: this link leads to something that Git does not track"
    assert (ran.code, message in ran.out) == (1, True)


# --- other commands ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("emulated", [True, False])
def test_a_stand_in_is_named_as_one_in_every_answer(
    emulated: bool, repository: Write, devinops: Devinops, use: Callable[..., None]
) -> None:
    """What stands for the service without saying so is taken for the service."""
    page: dict[str, object] = {
        "items": [],
        "folders": [],
        "has_next_page": False,
        "org_id": "org-1",
    }

    def answer(asked: replies.Asked) -> replies.Reply:
        headers = {"Devinops-Emulator": "0"} if emulated else {}
        return replies.Reply(200, page, headers)

    inventory = "version: 1\ntargets: {a: {inventory: {store: file}}}\n"
    root = repository({"devinops.yaml": inventory, "playbooks.yaml": "playbooks: []\n"})
    with replies.running(answer) as api:
        use(api.url)
        text = {command: devinops(*command.split(), "-C", root).out for command in ANSWERS}
        found = {
            c: json.loads(devinops(*c.split(), "-C", root, "--format", "json").out) for c in ANSWERS
        }
    header = f"{'on the emulator ' if emulated else ''}at {api.url} (API v3)"
    for command, printed in text.items():
        if command == "whoami":
            assert (f"This is the emulator at {api.url}.\n" in printed) is emulated
            continue
        title = "Drift in" if command == "drift" else "Plan for"
        assert (
            printed.splitlines()[0]
            == f"{title} a: organization org-1 {header}, inventory: file, 0 owned"
        )
    assert found["whoami"]["targets"][0]["emulator"] is emulated
    for command in ("plan", "apply --yes", "drift"):
        assert found[command]["targets"][0]["target"] == {
            "name": "a",
            "org_id": "org-1",
            "api_url": api.url,
            "api_version": "v3",
            **({"emulator": True} if emulated else {}),
        }


ANSWERS = ("plan", "apply --yes", "whoami", "drift")


def test_whoami_asks_nothing_on_v1_and_so_cannot_tell(
    repository: Write, emulator: Emulator, devinops: Devinops, use: Callable[..., None]
) -> None:
    use(emulator.url, "apk_emulator")
    document = json.loads(devinops("whoami", "-C", repository({}), "--format", "json").out)
    assert document["targets"][0]["emulator"] is None


def test_whoami_shows_each_value_with_its_source_and_never_the_key(
    emulator: Emulator,
    repository: Write,
    devinops: Devinops,
    golden: Callable[[str, str], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    root = repository({"devinops.yaml": "version: 1\ntargets: {production: {max_delete: 5}}\n"})
    monkeypatch.setenv("DEVINOPS_TIMEOUT", "5")
    ran = devinops("whoami", "-C", root)
    assert ran.code == 0
    golden("whoami.txt", steady(ran.out, emulator.url).replace(str(root), "/repository"))
    assert "cog_emulator" not in ran.out + ran.err
    document = json.loads(devinops("whoami", "-C", root, "--format", "json").out)
    (target,) = document["targets"]
    assert (document["exit_code"], target["name"]) == (0, "production")
    assert target["settings"]["max_delete"] == {"value": "5", "source": "devinops.yaml:2:36"}
    assert (target["org_id"], target["api_key_env"]) == ("org-emulator", "DEVIN_API_KEY")
    assert target["settings"]["org_id"]["value"] == "org-emulator"
    report = root.parent / "whoami.json"
    both = devinops("whoami", "-C", root, "--report", f"json={report}")
    assert both.out == ran.out
    assert json.loads(report.read_text())["targets"][0]["settings"]["timeout"] == {
        "value": 5.0,
        "source": "environment DEVINOPS_TIMEOUT",
    }


@pytest.mark.parametrize(
    ("target", "value", "source"),
    [
        ("{}", "root", "default"),
        ("{missing_folders: block}", "block", "devinops.yaml:2:41"),
        ("{inventory: {store: none}}", "block", "default"),
    ],
)
def test_whoami_shows_what_happens_to_new_notes_of_missing_folders(
    target: str, value: str, source: str, emulator: Emulator, repository: Write, devinops: Devinops
) -> None:
    root = repository({"devinops.yaml": f"version: 1\ntargets: {{production: {target}}}\n"})
    (found,) = json.loads(devinops("whoami", "-C", root, "--format", "json").out)["targets"]
    assert found["settings"]["missing_folders"] == {"value": value, "source": source}


def test_whoami_says_that_a_key_of_an_organization_cannot_read_the_enterprise(
    emulator: Emulator, repository: Write, devinops: Devinops, use: Callable[..., None]
) -> None:
    root = repository({"devinops.yaml": "version: 1\ntargets: {everyone: {enterprise: true}}\n"})
    ran = devinops("whoami", "-C", root)
    words = "a key of the organization org-emulator, which cannot read the enterprise"
    assert (ran.code, words in ran.out) == (0, True)
    use(emulator.url, "cog_enterprise")
    assert words not in devinops("whoami", "-C", root).out


def test_whoami_shows_the_settings_even_when_the_key_is_wrong(
    emulator: Emulator, tmp_path: Path, devinops: Devinops, use: Callable[..., None]
) -> None:
    use(emulator.url, "cog_wrong")
    ran = devinops("whoami", "-C", tmp_path)
    assert ran.code == 1
    assert "environment DEVIN_API_URL" in ran.out
    assert "\norg_id             -  (looked up with the API)\n" in ran.out
    assert "401" in ran.err


def test_schemas_are_printed_alone_and_together(devinops: Devinops) -> None:
    everything = json.loads(devinops("schema").out)
    assert everything == schemas()
    for name, schema in everything.items():
        assert json.loads(devinops("schema", name).out) == schema


def test_schemas_are_written_to_a_directory_which_need_not_exist(
    devinops: Devinops, tmp_path: Path
) -> None:
    directory = tmp_path / "a" / "schemas"
    for _ in range(2):
        assert devinops("schema", "--directory", directory).code == 0
    names = {path.name.removesuffix(".schema.json") for path in directory.iterdir()}
    assert names == set(schemas())
    (tmp_path / "file").touch()
    refused = devinops("schema", "config", "--directory", tmp_path / "file" / "below")
    assert refused.code == 1
    assert "--directory cannot create" in refused.err
    assert "Not a directory" in refused.err


def test_demo_shows_the_whole_round_whatever_the_environment_says(
    devinops: Devinops, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEVIN_API_KEY", "cog_of_somebody")
    monkeypatch.setenv("DEVIN_ORG_ID", "org-of-somebody")
    monkeypatch.setenv("COLUMNS", "80")
    ran = devinops("demo")
    assert (ran.code, ran.err) == (0, "")
    rows = ran.out.splitlines()
    assert len(rows) <= 80
    verdicts = [row for row in rows if row.startswith(("Plan for production (", "Applied to"))]
    assert [verdict.partition(": ")[2] for verdict in verdicts] == [
        "3 to create; 1 unmanaged.",
        "3 done.",
        "1 to rename; 1 changed outside",
        "1 done.",
        "1 to rename.",
        "1 done.",
    ]
    assert sum("Database migrations → Migrations" in row for row in rows) == 1
    assert os.environ["DEVIN_API_KEY"] == "cog_of_somebody"


@pytest.mark.parametrize(("at_terminal", "pauses"), [(True, 3), (False, 0)])
def test_demo_pauses_between_its_steps_on_a_terminal(
    devinops: Devinops, monkeypatch: pytest.MonkeyPatch, at_terminal: bool, pauses: int
) -> None:
    asked: list[str] = []
    monkeypatch.setattr("devinops.cli.handlers.demo.is_interactive", lambda: at_terminal)
    monkeypatch.setattr("click.getchar", lambda: asked.append("a key"))
    assert devinops("demo").code == 0
    assert len(asked) == pauses


def test_an_approved_plan_is_not_shown_again(
    emulator: Emulator, repository: Write, devinops: Devinops
) -> None:
    root = repository({"knowledge/a.md": NOTE})
    plan = devinops("plan", "-C", root, "--out", root / "plan.json").out
    (digest,) = re.findall(r"^digest (\w+)$", plan, re.MULTILINE)
    rows = devinops("apply", "-C", root, root / "plan.json").out.splitlines()
    assert rows[1:3] == [
        f"digest {digest}, as approved",
        "  + knowledge:A  +2 lines  knowledge/a.md:1",
    ]
    assert "trigger: When testing" in plan
    assert not any("trigger" in row for row in rows)


def test_a_bug_is_70_with_a_log_that_holds_no_key(
    emulator: Emulator, repository: Write, devinops: Devinops, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError(f"with the key {os.environ['DEVIN_API_KEY']}")

    monkeypatch.setattr("devinops.cli.runs.plan_entries.build_plan", broken)
    ran = devinops("plan", "-C", repository({"knowledge/a.md": NOTE}))
    assert ran.code == 70
    (log,) = re.findall(r"\S+/devinops-bug-\S+\.log", ran.err)
    text = Path(log).read_text()
    Path(log).unlink()
    assert "RuntimeError" in text
    assert "cog_emulator" not in text + ran.err


# --- as a process -----------------------------------------------------------------------------------------


def process(*argv: str, **options: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "devinops", *argv]
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options
    return subprocess.Popen(command, text=True, **options)  # type: ignore[call-overload, no-any-return]


@pytest.mark.matrix
def test_a_closed_pipe_is_no_traceback(full: tuple[Emulator, Path]) -> None:
    _, root = full
    with process("plan", "-C", str(root)) as running:
        assert running.stdout
        assert running.stderr
        running.stdout.close()
        assert running.stderr.read() == ""
        assert running.wait() == 1


@pytest.mark.sampled(3, ci=3)
@pytest.mark.parametrize(
    ("number", "code"), [(2, 130), (15, 143), (1, 143)], ids=["SIGINT", "SIGTERM", "SIGHUP"]
)
def test_an_interrupted_apply_reports_what_it_did(
    repository: Write, use: Callable[..., None], number: int, code: int
) -> None:
    entries = [{"name": f"N{i}", "trigger": "t", "body": "b"} for i in range(60)]
    root = repository({"knowledge.yaml": json.dumps({"knowledge": entries})})
    door = Door(lambda call: call.method == "POST" and door.methods.count("POST") >= 2)
    with Emulator(layers=[door]) as emulator:
        use(emulator.url)
        with process(
            "apply", "-C", str(root), "--yes", "--parallelism", "2", "--format", "json"
        ) as running:
            assert running.stderr
            door.wait()
            running.send_signal(number)
            err = ""
            while "again to stop at once" not in err:
                err += running.stderr.readline()
            door.open()
            out, rest = running.communicate()
            err += rest
        assert running.returncode == code
        assert "Traceback" not in err
        document = read_one(out)
        assert document["exit_code"] == code
        done = {result["key"] for result in document["results"] if result["outcome"] == "done"}
        assert done == {f"knowledge:{note['name']}" for note in emulator.knowledge()}
        assert 0 < len(done) < 60
        assert len(document["results"]) == 60


@pytest.mark.matrix
def test_a_second_hangup_stops_nothing(repository: Write, use: Callable[..., None]) -> None:
    """When a terminal is closed, both the shell and the kernel can send one."""
    root = repository({"knowledge/a.md": NOTE})
    door = Door(lambda call: call.method == "POST")
    with Emulator(layers=[door]) as emulator:
        use(emulator.url)
        with process("apply", "-C", str(root), "--yes", "--format", "json") as running:
            assert running.stderr
            door.wait()
            running.send_signal(signal.SIGHUP)
            err = ""
            while "again to stop at once" not in err:
                err += running.stderr.readline()
            running.send_signal(signal.SIGHUP)
            door.open()
            out, _ = running.communicate()
        assert (running.returncode, len(emulator.knowledge())) == (143, 1)
    assert [result["outcome"] for result in read_one(out)["results"]] == ["done"]


IN_TERMINAL = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.executable, [sys.executable, "-m", "devinops", *sys.argv[1:]])
"""
"""Runs devinops with its standard input as the controlling terminal."""


@pytest.mark.matrix
def test_an_apply_whose_terminal_is_closed_records_and_reports_what_it_did(
    repository: Write, use: Callable[..., None]
) -> None:
    entries = [{"name": f"N{i}", "trigger": "t", "body": "b"} for i in range(60)]
    config = "version: 1\ntargets: {production: {inventory: {store: file}}}\n"
    files = {"devinops.yaml": config, "knowledge.yaml": json.dumps({"knowledge": entries})}
    root = repository(files)
    door = Door(lambda call: call.method == "POST" and door.methods.count("POST") >= 2)
    terminal, stream = os.openpty()
    argv = ("apply", "--yes", "--parallelism", "2", "--report", "json=report.json")
    with Emulator(layers=[door]) as emulator:
        use(emulator.url)
        with subprocess.Popen(
            [sys.executable, "-c", IN_TERMINAL, *argv],
            cwd=root,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdin=stream,
            stdout=stream,
            stderr=stream,
            start_new_session=True,
        ) as running:
            os.close(stream)
            door.wait()
            os.close(terminal)
            door.open()
            assert running.wait(LONG_S) == 143
        document = read_one((root / "report.json").read_text())
        done = {result["key"] for result in document["results"] if result["outcome"] == "done"}
        made = {f"knowledge:{note['name']}" for note in emulator.knowledge()}
    lines = (root / ".devinops" / "production.jsonl").read_text().splitlines()
    owned = {record["key"] for record in map(json.loads, lines) if "id" in record}
    assert document["exit_code"] == 143
    assert document["unverified"] == "the run was interrupted"
    assert done == made == owned
    assert 0 < len(done) < 60
    assert not (root / ".devinops" / "production.journal").exists()


@pytest.mark.matrix
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
@pytest.mark.sampled(2, ci=2)
@pytest.mark.parametrize(("format", "code", "written"), [("json", 3, 1), ("text", 1, 0)])
def test_a_full_disk_never_hides_what_was_written(
    emulator: Emulator, repository: Write, format: str, code: int, written: int
) -> None:
    """Text shows the plan first and so fails before the write; JSON comes last, and then stderr has the report."""
    root = repository({"knowledge/a.md": NOTE})
    with (
        Path("/dev/full").open("w") as full,
        process("apply", "-C", str(root), "--yes", "--format", format, stdout=full) as running,
    ):
        _, err = running.communicate()
    assert (running.returncode, len(emulator.knowledge())) == (code, written)
    assert "No space left" in err
    assert (": 1 done" in err) is bool(written)


@pytest.mark.matrix
def test_an_interruption_of_the_last_look_keeps_the_report(
    repository: Write, use: Callable[..., None]
) -> None:
    root = repository({"knowledge/a.md": NOTE})
    door = Door(lambda call: call.method == "GET" and "POST" in door.methods)
    with Emulator(layers=[door]) as emulator:
        use(emulator.url)
        with process("apply", "-C", str(root), "--yes", "--format", "json") as running:
            door.wait()
            running.send_signal(2)
            out, err = running.communicate()
        door.open()
    assert (running.returncode, "Traceback" in err) == (130, False)
    document = read_one(out)
    assert document["unverified"] == "the run was interrupted"
    assert (document["exit_code"], document["results"][0]["outcome"]) == (130, "done")


PRESSING = """
import os, sys

HOW = {
    # as a dataclass or a named tuple makes its methods
    "through": lambda: exec("os.kill(os.getpid(), number)"),
    "swallowed": lambda: exec("try: os.kill(os.getpid(), number)\\nexcept BaseException: pass"),
    "turned": lambda: exec("try: os.kill(os.getpid(), number)\\nexcept BaseException: raise ImportError from None"),
    "twice": lambda: exec("os.kill(os.getpid(), number); os.kill(os.getpid(), number)"),
}

class Press:
    def find_spec(self, name, *_):
        if name == module and not pressed:
            pressed.append(name)
            HOW[how]()

how, module, number, pressed = sys.argv[1], sys.argv[2], int(sys.argv[3]), []
del sys.argv[1:4]
sys.meta_path.insert(0, Press())
from devinops.__main__ import run
run()
"""
"""Runs devinops, and presses Ctrl-C or sends SIGTERM when it imports a module."""


@pytest.fixture
def pressing(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    (tmp_path / "pressing.py").write_text(PRESSING)
    path = os.pathsep.join((str(ROOT), str(tmp_path)))

    def press(*argv: str, root: Path) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "pressing", *argv]
        environment = os.environ | {"PYTHONPATH": path}
        return subprocess.run(
            command,
            cwd=root,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    return press


SIGNALS = pytest.mark.parametrize(
    ("number", "code", "word"),
    [(2, 130, "interrupted"), (15, 143, "terminated"), (1, 143, "terminated")],
    ids=["SIGINT", "SIGTERM", "SIGHUP"],
)


@pytest.mark.sampled(32, ci=8)
@pytest.mark.parametrize(
    "module",
    [
        "devinops.signals",
        "devinops.cli.main",
        "httpx",
        "devinops.inventory.journaled",
        "devinops.render.text",
    ],
)
@pytest.mark.parametrize(
    ("how", "number", "code", "word"),
    [
        ("swallowed", 2, 130, "interrupted"),
        ("through", 2, 130, "interrupted"),
        ("turned", 2, 130, "interrupted"),
        ("twice", 2, 130, "interrupted"),
        ("swallowed", 15, 143, "terminated"),
        ("swallowed", 1, 143, "terminated"),
    ],
)
def test_an_interruption_while_modules_are_imported_is_one_line_and_never_lost(
    emulator: Emulator,
    repository: Write,
    pressing: Callable[..., subprocess.CompletedProcess[str]],
    how: str,
    module: str,
    number: int,
    code: int,
    word: str,
) -> None:
    config = "version: 1\ntargets: {production: {inventory: {store: file}}}\n"
    root = repository({"devinops.yaml": config, "knowledge/a.md": NOTE})
    ran = pressing(how, module, str(number), "apply", "--yes", root=root)
    assert (ran.returncode, ran.stderr.strip()) == (code, f"{word}; nothing more is done")
    assert {request["method"] for request in emulator.requests} <= {"GET"}
    assert not (root / ".devinops").exists()


@pytest.mark.sampled(3, ci=3)
@SIGNALS
def test_an_interruption_while_the_report_is_written_does_not_cost_it(
    emulator: Emulator,
    repository: Write,
    pressing: Callable[..., subprocess.CompletedProcess[str]],
    number: int,
    code: int,
    word: str,
) -> None:
    root = repository({"knowledge/a.md": NOTE})
    # the plan is not shown, so the text of the report is the first
    argv = ("apply", "--yes", "--format", "json", "--report", "text=report.txt")
    ran = pressing("through", "devinops.render.text", str(number), *argv, root=root)
    assert [result["outcome"] for result in read_one(ran.stdout)["results"]] == ["done"]
    assert ": 1 done" in (root / "report.txt").read_text()
    assert (ran.returncode, ran.stderr.strip()) == (code, f"{word}; nothing more is done")


def test_an_interruption_in_the_middle_of_a_line_of_progress_is_no_bug(
    repository: Write, use: Callable[..., None], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Python refuses to write to a stream in whose write the handler was called."""

    class Terminal(io.FileIO):
        def isatty(self) -> bool:
            return True

        def write(self, text: Any) -> int:
            if b"applying" in bytes(text) and not pressed:
                pressed.append(True)
                os.kill(os.getpid(), signal.SIGINT)
            return super().write(text)

    pressed: list[bool] = []
    monkeypatch.setattr("devinops.cli.progress.DELAY_S", 0)
    monkeypatch.delenv("CI", raising=False)
    shown, report = tmp_path / "stderr", tmp_path / "report.json"
    root = repository(
        {"knowledge/a.md": NOTE, "knowledge/b.md": NOTE.replace("name: A", "name: B")}
    )
    with (
        Emulator() as emulator,
        Terminal(shown, "w") as raw,
        io.TextIOWrapper(io.BufferedWriter(raw)) as stderr,
    ):
        use(emulator.url)
        monkeypatch.setattr(sys, "stderr", stderr)
        code = main(
            ["apply", "--yes", "-C", str(root), "--parallelism", "1", "--report", f"json={report}"]
        )
        monkeypatch.undo()
        done = [r for r in read_one(report.read_text())["results"] if r["outcome"] == "done"]
        assert (code, len(done)) == (130, len(emulator.knowledge()))
    assert "interrupted: finishing the requests in flight" in shown.read_text()


@pytest.mark.sampled(6, ci=3)
@pytest.mark.parametrize("during", ["GET", "POST"])
@pytest.mark.parametrize("number", [1, 2, 15], ids=["SIGHUP", "SIGINT", "SIGTERM"])
def test_a_signal_that_was_ignored_at_the_start_stays_ignored(
    repository: Write, use: Callable[..., None], during: str, number: int
) -> None:
    """As nohup does it, and a shell script with its background jobs."""
    root = repository({"knowledge/a.md": NOTE})
    ignoring = f"trap '' {number}; exec \"$0\" -m devinops apply --yes"
    pressed: list[str] = []

    async def press(call: Call, ask: Next) -> Reply:
        if call.method == during and not pressed:
            pressed.append(during)
            running.send_signal(number)
        return await ask(call)

    with Emulator(layers=[press]) as emulator:
        use(emulator.url)
        with subprocess.Popen(
            ["sh", "-c", ignoring, sys.executable], cwd=root, stderr=subprocess.PIPE
        ) as running:
            assert running.stderr
            err = running.stderr.read()
        assert (running.returncode, err, pressed, len(emulator.knowledge())) == (
            0,
            b"",
            [during],
            1,
        )


@pytest.mark.sampled(12, ci=3)
@pytest.mark.parametrize("argv", [["plan"], ["apply", "--yes"], ["drift"], ["whoami"]])
@pytest.mark.parametrize(
    ("number", "code", "word"),
    [(2, 130, "interrupted"), (15, 143, "terminated"), (1, 143, "terminated")],
    ids=["SIGINT", "SIGTERM", "SIGHUP"],
)
def test_an_interruption_while_reading_is_answered_too(
    repository: Write,
    use: Callable[..., None],
    tmp_path: Path,
    argv: list[str],
    number: int,
    code: int,
    word: str,
) -> None:
    config = "version: 1\ntargets: {production: {inventory: {store: file}}}\n"
    root = repository({"devinops.yaml": config, "knowledge/a.md": NOTE})
    report = tmp_path / "report.json"
    target = "/v3/self" if argv == ["whoami"] else "/v3/organizations/"
    door = Door(lambda call: call.path.startswith(target))
    with Emulator(layers=[door]) as emulator:
        use(emulator.url)
        with process(
            *argv, "-C", str(root), "-q", "--format", "json", "--report", f"json={report}"
        ) as running:
            door.wait()
            running.send_signal(number)
            out, err = running.communicate()
        door.open()
    assert set(door.methods) == {"GET"}
    assert (running.returncode, err.strip()) == (code, f"{word}; nothing more is done")
    document = json.loads(out)
    assert (document["exit_code"], document["error"]) == (code, f"{word}; nothing more is done")
    assert json.loads(report.read_text()) == document


@pytest.mark.matrix
@pytest.mark.parametrize("lost", ["stdout", "report"])
def test_a_report_whose_place_is_gone_is_on_stderr(
    repository: Write, use: Callable[..., None], tmp_path: Path, lost: str
) -> None:
    root = repository({"knowledge/a.md": NOTE})
    report = tmp_path / "reports" / "report.txt"
    report.parent.mkdir()
    door = Door(lambda _: True)
    with Emulator(layers=[door]) as emulator:
        use(emulator.url)
        with process(
            *("apply", "-C", str(root), "--yes", "--format", "json", "--report", f"text={report}")
        ) as running:
            assert running.stdout
            assert running.stderr
            door.wait()
            if lost == "stdout":
                running.stdout.close()
            else:
                report.parent.rmdir()
            door.open()
            err = running.stderr.read()
            code = running.wait()
    assert (code, ": 1 done" in err, "Traceback" in err) == (3, True, False)


def test_main_never_raises() -> None:
    assert main(["--no-such-option"]) == 64
