"""What `devinops lint` does."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from devinops.cli.checkout import untracked
from devinops.cli.declarations.options import Options
from devinops.cli.declarations.path_arguments import Selection, shown_unread, unread
from devinops.cli.output import write_file
from devinops.cli.runs.changed_entries import changed_entries
from devinops.config.project import Project
from devinops.config.reading import open_project, read_repository
from devinops.lint import baseline, fixes
from devinops.lint.detector import is_complete
from devinops.lint.engine import Reported, check
from devinops.lint.fixes import Fixed
from devinops.lint.repository_files import FileRepository
from devinops.lint.rule import Rule, RuleScope, is_retired, matches
from devinops.lint.rules import RULES
from devinops.lint.settings import (
    LintSettings,
    is_known,
    setting_problems,
    unknown_rule,
    unknown_rule_problem,
    unused_paths,
    usable,
)
from devinops.lint.subject import Context, Subject
from devinops.load import Loaded, load_only, text_files
from devinops.load.discover import Finder
from devinops.load.file_names import CONFIG
from devinops.model.errors import ConfigError, UsageError
from devinops.model.exit_codes import ExitCode
from devinops.model.objects import Ensure, Problem, Severity, Source
from devinops.render.answers import Excerpt, LintDetails, ProblemsAnswer, RuleFacts, SimpleAnswer

if TYPE_CHECKING:
    from devinops.schema.command_outputs import RulesDocument

_DETECTING = "DV301"
_INCOMPLETE = (
    "devinops lint finds only the tokens of a dozen services and common forms of passwords: to "
    "find more, run"
)


def run(options: Options, explain: str | None, **request: Any) -> ExitCode:
    """Carry out the command, as its help says; return the exit code."""
    if explain is not None:
        return options.answer(_listed() if explain == "all" else _explained(_rule(explain)))
    return options.answer(_lint(options, LintRequest(**request)))


def in_changed_entries(options: Options, ref: str) -> ProblemsAnswer:
    """Return what `devinops lint --since REF` reports about the entries that changed."""
    answer = _lint(options, LintRequest(changed_since=ref))
    assert answer.lint, "an answer of lint has its details"
    shown = [problem for problem in answer.problems if problem not in answer.lint.informing]
    return answer._replace(problems=shown)


class LintRequest(NamedTuple):
    """The options and arguments of a run that checks entries."""

    paths: tuple[Path, ...] = ()
    skip_outside: bool = False
    skip_untracked: bool = False
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    fail_on: str | None = None
    changed_since: str | None = None
    fix: bool = False
    baseline_file: Path | None = None
    write_baseline: bool = False

    def check(self) -> None:
        """Raise UsageError for names of no rule, and for a baseline of a part of the findings."""
        for name in (*self.select, *self.ignore):
            if not is_known(name, RULES):
                hint = "repeat the option" if "," in name else "--explain all lists them"
                raise UsageError(f"{unknown_rule(name, RULES)}; {hint}")
        if self.write_baseline and (*self.paths, *self.select, *self.ignore):
            raise UsageError(
                "--write-baseline writes all findings: leave out PATHS, --select and --ignore"
            )
        if self.changed_since and (self.fix or self.write_baseline):
            raise UsageError("--since only reports: leave out --fix and --write-baseline")

    def lowest_failure(self, section: Mapping[str, Any]) -> str | None:
        """Return the severity of --fail-on, None for that of the settings.

        With --since, only errors fail the run, unless the settings or --fail-on name
        another severity: a team that adds lint to its CI must not fail for warnings.
        """
        default = Severity.ERROR if self.changed_since and "fail_on" not in section else None
        return self.fail_on or default


def _lint(options: Options, request: LintRequest) -> ProblemsAnswer:
    request.check()
    skipped = untracked(options.root, options.say) if request.skip_untracked else frozenset()
    project, problems = open_project(options.root, skipped)
    section = usable(project.lint)
    errors = [problem for problem in problems if problem.is_error]
    errors += setting_problems(section, RULES, project.source_of)
    fail_on = request.lowest_failure(section)
    settings = LintSettings.of(section).with_options(request.select, request.ignore, fail_on)
    file = _baseline_file(project, settings, request)
    _say_what_is_not_looked_for(options, settings, request)
    selection = Selection.of(request.paths, project.root, skip_outside=request.skip_outside)
    run = _LintRun(project, settings, selection, errors, skipped)
    run, fixed = _fixed(run) if request.fix else (run, Fixed())
    if file and request.write_baseline:
        others = [known for known in _written_before(file) if known.rule in run.idle_rules]
        write_file(file, baseline.written(run.reports, others), "--write-baseline")
    known = baseline.read(_text(file), str(file)) if file else frozenset()
    return run.answer(known, fixed, request, _manual(options))


def _fixed(run: _LintRun) -> tuple[_LintRun, Fixed]:
    """Fix what can be fixed, and return a run that finds the rest."""
    project = run.project
    # Also what is not checked, because a file can be the text of an entry in another.
    finder = Finder(project.root, **project.reading)
    if finder.problems or not project.whole:
        message = (
            f"--fix changes nothing while {CONFIG} has problems, because that file says what to "
            "leave alone: fix them first"
        )
        return run, Fixed(problems=(Problem(Source(CONFIG), "not-fixed", message),))
    finder.find()
    files, texts, count = finder.files, text_files(finder), 0
    while (last := fixes.apply(project.root, run.reports, files, texts)).findings:
        count += last.findings
        # The same pass over files that have changed.
        run = replace(run)
    run.reports = [fixes.with_reason(report, last) for report in run.reports]
    return run, Fixed(count, last.problems)


def _manual(options: Options) -> str:
    """Return the web address of docs/lint.md, for the only format that has it; may be empty.

    It is in the repository that this devinops was installed from.
    """
    if "sarif" not in (options.format, *dict(options.reports)):
        return ""
    from devinops.cli.setup.installed_from import installed_origin

    origin = installed_origin()
    repository = (origin.repository or "").removesuffix(".git")
    is_web = repository.startswith("https://")
    return f"{repository}/blob/{origin.revision}/docs/lint.md" if is_web else ""


def _say_what_is_not_looked_for(
    options: Options, settings: LintSettings, request: LintRequest
) -> None:
    for name in filter(is_retired, (*request.select, *request.ignore)):
        options.say(unknown_rule(name, RULES))
    is_looking = any(rule.id == _DETECTING for rule in settings.selected(RULES))
    if is_looking and not is_complete():
        from devinops.cli.setup.installed_from import install_command

        options.say(f"{_INCOMPLETE} {install_command('devinops[secrets]')}")


@dataclass
class _LintRun:
    """One pass over the files, except those that are `untracked`.

    `reports` are the findings in the selected files.
    """

    project: Project
    settings: LintSettings
    selection: Selection
    problems: Sequence[Problem]
    untracked: frozenset[str]

    def __post_init__(self) -> None:
        self.loaded = self._load()
        self.reports = self._check()

    def _load(self) -> Loaded:
        """Return all entries; only the selected ones if all rules can judge one by itself."""
        project, prefixes = self.project, self.selection.prefixes
        judged_alone = all(r.scope is RuleScope.ENTRY for r in self.settings.selected(RULES))
        if prefixes is not None and (not prefixes or judged_alone):
            loaded = load_only(
                project.root, sorted(prefixes), untracked=self.untracked, **project.reading
            )
            if loaded is not None:
                return loaded
        return read_repository(project.root, self.untracked)[1]

    def _check(self) -> list[Reported]:
        present = [d for d in self.loaded.declarations if d.ensure is Ensure.PRESENT]
        if not any(self._is_shown({d.source.path, d.text_file} - {""}) for d in present):
            return []
        repository = FileRepository(self.project.root, self.untracked)
        in_order = sorted(present, key=lambda entry: entry.source)
        today = datetime.now(UTC).date()
        context = Context(
            tuple(Subject(entry, repository.lines) for entry in in_order),
            repository,
            today,
            self.settings.budgets,
            self.project.targets,
            has_waves=bool(self.project.waves),
        )
        reports = check(context, self.settings, RULES)
        return [report for report in reports if self._is_shown(report.paths)]

    @cached_property
    def idle_rules(self) -> frozenset[str]:
        """The ids of the rules that did not look at everything: all if a file was not read."""
        errors = any(problem.is_error for problem in self.loaded.problems)
        ran = () if errors or self.untracked else self.settings.selected(RULES)
        return frozenset(rule.id for rule in RULES if rule not in ran)

    def answer(
        self, known: frozenset[baseline.Known], fixed: Fixed, request: LintRequest, manual: str
    ) -> ProblemsAnswer:
        """Return what is shown: errors of loading, and findings that the baseline does not have.

        `manual` is the web address of the pages of all rules; it may be empty.
        """
        errors = {p for p in (*self.loaded.problems, *self.problems) if p.is_error}
        stopping = [p for p in errors if self._is_shown({p.source.path})]
        elsewhere = len(errors) - len(stopping)
        stopping += fixed.problems
        shown, gone = self._against(known)
        unused, paths = [*self._unused_paths(), *self._retired()], request.paths
        problems = [*stopping, *unused, *(report.problem for report in shown)]
        since = request.changed_since or ""
        informing = frozenset((*unused, *self._unchanged(shown, since)) if since else ())
        deciding = (problem for problem in problems if problem not in informing)
        failing = any(p.severity.reaches(self.settings.fail_on) for p in deciding)
        passed_over = unread(paths, self.project.root, self.loaded)
        return ProblemsAnswer(
            sorted(problems),
            files=len(self.loaded.files),
            entries=len(self.loaded.written),
            exit_code=ExitCode.FIX if failing or stopping else ExitCode.OK,
            paths=tuple(str(path) for path in paths if path not in passed_over),
            unread=tuple(shown_unread(passed_over, self.project.root, self.untracked)),
            elsewhere=elsewhere,
            lint=_details(shown, manual, informing)._replace(
                fail_on=self.settings.fail_on,
                baseline=len(self.reports) - len(shown),
                gone=0 if paths else len(gone),
                fixed=fixed.findings,
                since=since,
                informing=informing,
            ),
        )

    def _unchanged(self, reports: Iterable[Reported], since: str) -> Iterator[Problem]:
        """Yield the findings that concern no entry that changed."""
        changed = changed_entries(self.project.root, since, self.loaded.written)
        for report in reports:
            parts = (part for entry in report.finding.entries for part in entry.parts)
            if changed.isdisjoint(part.source for part in parts):
                yield report.problem

    def _against(
        self, known: frozenset[baseline.Known]
    ) -> tuple[list[Reported], list[baseline.Known]]:
        """Return the findings that the baseline does not have, and its entries that are gone."""
        hideable = {f for r in self.reports if baseline.can_hide(r) for f in r.fingerprints}
        hidden = hideable & {entry.fingerprint for entry in known}
        gone = [
            finding
            for finding in known
            if finding.fingerprint not in hideable and finding.rule not in self.idle_rules
        ]
        return [r for r in self.reports if hidden.isdisjoint(r.fingerprints)], gone

    def _unused_paths(self) -> Iterator[Problem]:
        """Yield the patterns of `lint.paths` that match no file; only a full run can tell."""
        if self.selection.prefixes is None:
            texts = {d.text_file for d in self.loaded.written} - {""}
            files = {*self.loaded.files, *texts}
            yield from unused_paths(usable(self.project.lint), files, self.project.source_of)

    def _retired(self) -> Iterator[Problem]:
        """Yield the names of rules that are gone, in the settings and in exceptions."""
        yield from (problem for problem in self.problems if not problem.is_error)
        for declaration in self.loaded.written:
            if self._is_shown({declaration.source.path}):
                for name in filter(is_retired, declaration.lint.get("ignore", ())):
                    yield unknown_rule_problem(name, declaration.source_of("lint"), RULES)

    def _is_shown(self, paths: Iterable[str]) -> bool:
        """Return whether one of the files is selected."""
        return any(map(self.selection.includes, paths))


def _details(
    reports: Sequence[Reported], manual: str, informing: Collection[Problem]
) -> LintDetails:
    repeats: defaultdict[Problem, list[Problem]] = defaultdict(list)
    in_entry: dict[object, Problem] = {}
    about_text: dict[object, Problem] = {}
    related: dict[Problem, Sequence[Source]] = {}
    for problem, _, finding, *_ in reports:
        entries = tuple(entry.source for entry in finding.entries)
        related[problem] = entries[1:]
        rule = problem.code, problem.severity, problem in informing
        entry, text = (rule, problem.source.path, entries), (rule, problem.message, finding.content)
        if first := about_text.get(text) or in_entry.get(entry):
            repeats[first].append(problem)
        else:
            about_text[text] = in_entry[entry] = problem
    return LintDetails(
        repeats=repeats,
        rules={report.rule.id: facts(report.rule, manual) for report in reports},
        excerpts={r.problem: excerpt for r in reports if (excerpt := _excerpt(r))},
        fingerprints={report.problem: report.fingerprint for report in reports},
        related=related,
    )


def _excerpt(report: Reported) -> Excerpt | None:
    """Return the line of a finding, with its characters marked, at most to the end of the line."""
    if report.line is None:
        return None
    column = report.problem.source.column
    rest = max(1, len(report.line) - column + 1)
    return Excerpt(report.line, column, min(report.finding.length, rest))


def facts(rule: Rule, url: str = "") -> RuleFacts:
    return RuleFacts(
        rule.id, rule.name, rule.severity, rule.summary, rule.manual, rule.security, url
    )


# --- rules ---------------------------------------------------------------------------------------


def _listed() -> SimpleAnswer:
    """Return the id, name, severity and summary of every rule."""
    width = max(len(rule.name) for rule in RULES)
    lines = [
        f"{rule.id}  {rule.name:{width}}  {rule.severity.value:7}  {rule.summary}" for rule in RULES
    ]
    return SimpleAnswer(lines, lambda: _rules_document(RULES))


def _explained(rule: Rule) -> SimpleAnswer:
    """Return the page of a rule."""
    head = f"{rule.id} {rule.name} ({what_it_is(rule)})"
    return SimpleAnswer([head, "", *rule.manual.split("\n")], lambda: _rules_document([rule]))


def what_it_is(rule: Rule) -> str:
    """Return the default severity of a rule, its first version, and what it needs and can do."""
    fix = "fixable with --fix" if rule.fixable else "not fixable"
    return f"{rule.severity.value}, since {rule.since}, offline, {fix}, looks at {rule.scope.value}"


def _rules_document(rules: Iterable[Rule]) -> RulesDocument:
    from devinops.schema.base_document import HEAD
    from devinops.schema.command_outputs import RuleItem, RulesDocument

    return RulesDocument(
        **HEAD,
        rules=tuple(
            RuleItem(r.id, r.name, r.severity, r.scope.name.lower(), r.summary, r.manual)
            for r in rules
        ),
    )


# --- names of rules and of files ------------------------------------------------------------------


def _rule(written: str) -> Rule:
    for rule in RULES:
        if rule.is_called(written):
            return rule
    if meant := ", ".join(rule.id for rule in RULES if matches(rule, written)):
        raise UsageError(f"--explain: {written} means several rules: choose one of {meant}")
    raise UsageError(f"--explain: {unknown_rule(written, RULES)}; --explain all lists them")


def _baseline_file(project: Project, settings: LintSettings, request: LintRequest) -> Path | None:
    """Return the file of the baseline, None without one. Raises UsageError if it must exist."""
    configured = project.root / settings.baseline if settings.baseline else None
    file = request.baseline_file or configured
    if file is None and request.write_baseline:
        raise UsageError(
            "--write-baseline needs a file: set `lint: {baseline: FILE}` in devinops.yaml, or add "
            "--baseline FILE"
        )
    if file is not None and not request.write_baseline and not file.exists():
        where = (
            "" if request.baseline_file else f"{project.source_of('lint', 'baseline')}: baseline "
        )
        raise UsageError(f"{where}{file} does not exist; --write-baseline creates it")
    return file


def _written_before(file: Path) -> frozenset[baseline.Known]:
    """Return the findings of the baseline that is to be written again; none if it is damaged."""
    try:
        return baseline.read(_text(file), str(file)) if file.exists() else frozenset()
    except ConfigError:
        return frozenset()


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"the baseline {file} cannot be read: {error}") from error
