"""The documentation is true: its commands run, its tables are complete, its examples apply."""

from __future__ import annotations

import json
import re
import shutil
import sys
from pathlib import Path

import click
import pytest
import yaml

from devinops.cli.main import COMMANDS
from devinops.config.reading import read_repository
from devinops.emulator import Emulator
from devinops.emulator.quirks import VALUES
from devinops.emulator.seed import parse_seed
from devinops.environment import GLOBAL_OPTIONS
from devinops.fmt.file_text import formatted
from devinops.kinds import KINDS
from devinops.model.exit_codes import ExitCode
from devinops.schema.all_schemas import schemas
from tests.testing import comment_picture, problem_codes, words
from tests.testing.architecture import PAGE, package_imports, with_picture
from tests.testing.command_line import Devinops
from tests.testing.command_manual import ALWAYS, DETAILS, MORE, commands, exit_code_sections
from tests.testing.console import run_page, saved
from tests.testing.field_manual import examples_in, flow, tables
from tests.testing.import_graph import import_graph
from tests.testing.lint_manual import PAGE as LINT_PAGE
from tests.testing.lint_manual import with_manual
from tests.testing.messages import messages
from tests.testing.picture import PICTURE, draw
from tests.testing.places import ROOT, read_yaml
from tests.testing.reference import PARTS

COMMANDS_PAGE = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
FILES = (ROOT / "docs" / "files.md").read_text(encoding="utf-8")
MANY = (ROOT / "docs" / "how-to" / "many-organizations.md").read_text(encoding="utf-8")


def test_the_readme_can_be_read_in_a_few_minutes() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(readme.split()) <= 1200
    consoles = re.findall(r"```console\n(.*?)```", readme, re.DOTALL)
    assert sum(block.count("\n") for block in consoles) <= 60


def test_people_read_no_more_words_than_they_need() -> None:
    """Who needs more changes LIMIT in the same commit, and says why in its message."""
    assert sum(words.by_page().values()) <= words.LIMIT


def test_every_command_and_exit_code_is_documented() -> None:
    for command in COMMANDS:
        assert f"| [`{command}`](#{command}) |" in COMMANDS_PAGE
    for code in ExitCode:
        assert re.search(rf"^\| (\d+, )?{int(code)}\b", COMMANDS_PAGE, re.MULTILINE), code


def test_every_variable_for_an_option_is_documented() -> None:
    for option in GLOBAL_OPTIONS:
        assert f"`DEVINOPS_{option}`" in COMMANDS_PAGE


def test_every_exit_code_has_a_section_that_says_what_to_do() -> None:
    codes = [code for codes, _, text in exit_code_sections() for code in codes if text]
    assert sorted(codes) == sorted(ExitCode)


def test_every_field_is_documented() -> None:
    for kind in KINDS.values():
        for attribute in kind.attributes:
            assert f"| `{attribute.name}` |" in FILES, f"{attribute.name} of {kind.noun}"
    settings = schemas()["config"]["properties"]
    for name in settings.keys() - {"defaults"}:
        assert re.search(rf"^\| `{name}` \||^### `{name}\b", FILES + MANY, re.MULTILINE), name
    for name in settings["targets"]["additionalProperties"]["properties"]:
        assert re.search(rf"^\| `(targets\.NAME\.)?{name}` \|", FILES + MANY, re.MULTILINE), name


def test_the_devinops_yaml_for_one_organization_is_valid(
    tmp_path: Path, devinops: Devinops
) -> None:
    block, *_ = re.findall(r"```yaml\n(.*?)```", FILES, re.DOTALL)
    assert len(re.findall(r"^ *(?:version|targets|inventory|prune): ?", block, re.MULTILINE)) == 4
    (tmp_path / "devinops.yaml").write_text(block)
    (tmp_path / "knowledge").mkdir()
    (tmp_path / "knowledge" / "a.md").write_text("---\nname: A\ntrigger: t\n---\nb\n")
    assert devinops("validate", "-C", tmp_path).out == "1 entry in 1 file, no problems\n"


def test_the_tests_that_prove_the_promises_exist() -> None:
    text = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\|.*\| (.*) \|$", text, re.MULTILINE)
    linked = re.findall(r"\]\((\.\./tests/[^)]+)\)", "".join(rows))
    assert linked
    assert [path for path in linked if not (ROOT / "docs" / path).exists()] == []


@pytest.mark.matrix
def test_every_problem_is_listed_once_and_nothing_else() -> None:
    listed = problem_codes.documented()
    assert all(row == sorted(row) for row in problem_codes.rows())
    codes, of_kinds = set(listed), problem_codes.of_kinds()
    assert len(listed) == len(codes)
    assert of_kinds <= codes
    assert problem_codes.made() <= codes
    assert codes - of_kinds <= {
        *problem_codes.literals(),
        "hidden",
        "placeholder",
    } | {
        "contradiction",
        "unread",
        "unreadable",
    }


def test_the_emulators_documentation_is_true() -> None:
    text = (ROOT / "docs" / "emulator.md").read_text(encoding="utf-8")
    for name, values in VALUES.items():
        shown = ", ".join(
            value if value.isalnum() or "_" in value else f'"{value}"' for value in values
        )
        assert f"| {name} | {shown} |" in text
    (seed,) = re.findall(r"## Seed.*?```yaml\n(.*?)```", text, re.DOTALL)
    parse_seed(yaml.safe_load(seed), "docs/emulator.md")


EXAMPLES = {
    "access": ["all"],
    "automations": ["production"],
    "basic": ["default"],
    "layers": ["pay", "shop"],
    "targets": ["staging", "production"],
    "settings": ["production"],
}
"""Directory → the targets to apply."""


@pytest.mark.matrix
@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_is_valid_and_converges(
    example: str, devinops: Devinops, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # In this repository, the inventory would be on a branch of its remote.
    examples = tmp_path / "examples"
    shutil.copytree(ROOT / "examples", examples, ignore=shutil.ignore_patterns(".devinops"))
    root = examples / example
    assert devinops("validate", "-C", root).code == 0
    for name in ("DEVIN_API_KEY", "DEVIN_API_KEY_PRODUCTION"):
        monkeypatch.setenv(name, "cog_emulator")
    for name in ("DEVIN_API_KEY_STAGING", "DEVIN_API_KEY_ENTERPRISE"):
        monkeypatch.setenv(name, "cog_enterprise")
    for name in ("DEMO_NPM_TOKEN", "DEMO_STAGING_LOGIN"):
        monkeypatch.setenv(name, "value")
    for target in EXAMPLES[example]:
        shutil.rmtree(root / ".devinops", ignore_errors=True)
        with Emulator(
            {
                "organizations": {
                    "org-emulator": {"folders": [{"path": "Backend/APIs"}]},
                    "org-staging": {},
                },
                "enterprise": {
                    "users": [
                        {"email": "ada@example.com", "roles": {"enterprise": "account_member"}}
                    ],
                    "service_users": [{"name": "CI"}],
                    "git_connections": [{"name": "GitHub"}],
                },
            }
        ) as emulator:
            monkeypatch.setenv("DEVIN_API_URL", emulator.url)
            argv = ("apply", "-C", root, "-t", target, "--yes", "--allow=spend", "--allow=access")
            assert devinops(*argv).code == 0
            assert devinops("plan", "-C", root, "-t", target, "--detailed-exitcode").code == 0
            assert any(request["method"] in ("POST", "PUT") for request in emulator.requests)


def test_no_example_is_left_untested() -> None:
    directories = {path.name for path in (ROOT / "examples").iterdir() if path.is_dir()}
    # tests/end_to_end/test_kubernetes.py runs the other one.
    assert directories - {"kubernetes"} == set(EXAMPLES)
    for example in EXAMPLES:
        assert read_repository(ROOT / "examples" / example)[1].declarations


PAGES = [
    "README.md",
    "docs/before-you-trust-it.md",
    *sorted(f"docs/how-to/{p.name}" for p in (ROOT / "docs/how-to").glob("*.md")),
]


@pytest.mark.parametrize("page", PAGES)
def test_the_files_on_a_page_are_in_the_canonical_form(page: str) -> None:
    for path, text in saved((ROOT / page).read_text(encoding="utf-8")):
        assert formatted(path, text).text == text, f"{path} in {page}: see devinops fmt"


def test_the_pages_have_files_to_be_formatted() -> None:
    paths = [path for page in PAGES for path, _ in saved((ROOT / page).read_text(encoding="utf-8"))]
    assert {Path(path).suffix for path in paths} == {".md", ".yaml"}


QUICK = ("README.md", "docs/before-you-trust-it.md", "docs/how-to/first-repository.md")
SLOW = (
    "docs/how-to/from-an-existing-organization.md",
    "docs/how-to/many-organizations.md",
    "docs/how-to/recover.md",
    "docs/how-to/roll-out-in-waves.md",
)


def marks(page: str) -> list[pytest.MarkDecorator]:
    """Return when the commands of a page run: in `make test`, in CI, or at night."""
    slow = [pytest.mark.nightly] if page in SLOW else []
    return [] if page in QUICK else [pytest.mark.matrix, *slow]


@pytest.mark.skipif(sys.platform == "win32", reason="the commands are for a POSIX shell")
@pytest.mark.parametrize("page", [pytest.param(page, marks=marks(page)) for page in PAGES])
def test_the_commands_of_a_page_print_what_the_page_says(
    page: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Run the console blocks in their order; `--rewrite-golden` writes what they print."""
    path = ROOT / page
    text = path.read_text(encoding="utf-8")
    printed = run_page(text, tmp_path / "repository")
    if request.config.getoption("--rewrite-golden"):
        path.write_text(printed, encoding="utf-8")
    else:
        assert printed == text


@pytest.mark.matrix
def test_the_picture_of_the_packages_is_that_of_the_imports() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == with_picture(page), "write it again: make architecture"
    listed = re.findall(
        r"`(\w+)(?:/|\.py)`", "".join(re.findall(r"^\| (`.*?) \|", page, re.MULTILINE))
    )
    packages = package_imports(import_graph(ROOT / "devinops"))
    assert sorted(name for name in listed if name in packages) == sorted(packages)


def test_the_page_of_lint_has_the_pages_of_all_rules() -> None:
    page = LINT_PAGE.read_text(encoding="utf-8")
    assert page == with_manual(page), "write it again: make lint-rules"


@pytest.mark.parametrize("page", PARTS, ids=lambda page: page.name)
def test_the_reference_is_written_from_the_program(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert text == PARTS[page](text), "write it again: make reference"


def test_the_examples_of_fields_are_yaml() -> None:
    page = "\n".join(tables().values())
    assert len(re.findall(r"\| `.*` \|$", page, re.MULTILINE)) > 150
    assert not re.search(r"\| – \|$", page, re.MULTILINE), "a field has no example"
    texts = ["a: b", "1", "1.5", "true", "null", "# a", "a\nb", "", " a", "a ", "- a", "!a", "a #b"]
    for value in [*examples_in(schemas()), *texts]:
        # PyYAML reads a date as no text; devinops reads it as text.
        assert json.loads(json.dumps(read_yaml(flow(value)), default=str)) == value


def test_the_page_of_commands_has_every_command_argument_and_option() -> None:
    sections = dict(
        re.findall(r"^### (.*?)\n(.*?)(?=^##)", COMMANDS_PAGE, re.MULTILINE | re.DOTALL)
    )
    for name, command in commands():
        for param in command.params:
            if getattr(param, "hidden", False):
                continue
            word = (
                param.opts[-1]
                if isinstance(param, click.Option)
                else param.make_metavar(click.Context(command))
            )
            assert re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", sections[name]), (name, word)


def test_only_commands_that_exist_have_exit_codes_of_their_own() -> None:
    assert {*MORE, *DETAILS} <= {name for name, _ in commands()}
    assert ALWAYS.union(*MORE.values()) == set(ExitCode)


def test_the_settings_on_the_page_of_lint_are_valid(tmp_path: Path, devinops: Devinops) -> None:
    page = LINT_PAGE.read_text(encoding="utf-8")
    settings, exception, _ = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    (tmp_path / "devinops.yaml").write_text(settings)
    (tmp_path / "knowledge" / "drafts").mkdir(parents=True)
    note = f"---\nname: A\ntrigger: Errors\n{exception}---\nRead the log first.\n"
    (tmp_path / "knowledge" / "drafts" / "a.md").write_text(note)
    for argv in (["--write-baseline"], []):
        ran = devinops("lint", "-C", tmp_path, *argv)
        assert (ran.code, ran.out) == (0, "1 entry in 1 file, no problems\n")


def test_the_page_of_the_architecture_names_files_that_exist() -> None:
    named = re.findall(r"`((?:[a-z_]+/)?[a-z_]+\.py)`", PAGE.read_text(encoding="utf-8"))
    package = ROOT / "devinops"
    missing = [name for name in named if not list(package.rglob(name))]
    assert named
    assert missing == []


@pytest.mark.matrix
def test_the_list_of_messages_holds_errors_help_and_schemas() -> None:
    texts = [text for _, _, text in messages()]
    assert any(text.startswith("GitOps for Devin") for text in texts)
    assert any("accepts exactly {…}, but {…}" in text for text in texts)
    assert "What it is for." in texts
    assert not any("Raises ConfigError" in text for text in texts)


def test_the_picture_of_a_plan_is_what_a_terminal_shows() -> None:
    assert PICTURE.read_text(encoding="utf-8") == draw(), "draw it again: make picture"


def test_the_picture_of_a_comment_is_the_markdown_report() -> None:
    picture = comment_picture.PICTURE.read_text(encoding="utf-8")
    assert picture == comment_picture.draw(), "draw it again: make picture"
