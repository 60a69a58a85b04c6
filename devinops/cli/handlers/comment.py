"""What `devinops comment` does."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from devinops import atomic
from devinops.ci.code_host import Access, CodeHost, is_denied, open_host
from devinops.ci.job import Job, System, current_job
from devinops.ci.step_files import SUMMARY, append_summary
from devinops.cli.declarations.options import Options
from devinops.cli.session import failures_written
from devinops.config.reading import read_project
from devinops.config.settings import target_name
from devinops.git import Git, error_line, found_no_repository
from devinops.model.errors import (
    ConfigError,
    DevinopsError,
    NotWritten,
    Stale,
    UnusableFile,
    UsageError,
)
from devinops.model.exit_codes import ExitCode
from devinops.model.keys import listed
from devinops.model.selectors import ALL
from devinops.render import comment_marker
from devinops.render.answers import SimpleAnswer
from devinops.render.comment_marker import TOP, Marker

if TYPE_CHECKING:
    from devinops.ci.reviewed_digest import Reviewed
    from devinops.planning.digest_list import DigestList

_NOUNS = {System.GITHUB: "pull request", System.GITLAB: "merge request"}


def run(
    options: Options,
    file: Path | None,
    print_digest: bool,
    comment_author: str | None,
    request: int | None,
    base: str | None,
) -> ExitCode:
    """Carry out the command, as its help says; return the exit code."""
    if print_digest == (file is not None):
        raise UsageError("expected either FILE or --print-digest: see devinops comment --help")
    if base and not print_digest:
        raise UsageError("--base is only for --print-digest: remove it")
    with failures_written(options):
        if file is None:
            answer = _digest(options, comment_author, request, base)
        else:
            answer = _comment(options, file, comment_author, request)
    return options.answer(answer)


# --- posting ----------------------------------------------------------------------------------


def _comment(options: Options, file: Path, author: str | None, request: int | None) -> SimpleAnswer:
    job = _job(request)
    text, doubt = _read_report(file, job.directory)
    about = comment_marker.read(text)
    if about is None:
        next_step = _NEXT_STEP.format(file)
        raise UnusableFile(f"{file}: the first line is not the marker of a report: {next_step}")
    if doubt and not about.commit:
        raise UnusableFile(
            f"{file} names no commit, so the request may have written it, and {doubt}: run "
            "devinops plan with the variables of the CI job, or write the report outside the "
            "checkout"
        )
    if None not in (options.flags.target, about.target) and options.flags.target != about.target:
        raise UsageError(f"{file} is about the target {about.target}, not {options.flags.target}")
    if job.request is None:
        noun = _NOUNS[job.system]
        options.say(f"this job does not belong to a {noun}, so there is no comment (see --request)")
        return _answer("none", about, None)
    try:
        return _post(options, job, job.request, text, about, author)
    except DevinopsError as error:
        if not (job.is_fork and is_denied(error)):
            raise
        return _instead(options, job, text, about)


def _post(
    options: Options, job: Job, request: int, text: str, about: Marker, author: str | None
) -> SimpleAnswer:
    from devinops.ci.posted_comment import PostOutcome, ReportToPost, post

    with _host(options, job, writes=True) as host:
        if about.commit:
            expected = job.commit or host.request(request).head
            if about.commit != expected:
                raise UnusableFile(
                    f"the report names the commit {about.commit[:12]}, but the commit to comment "
                    f"on is {expected[:12]}: post the report of a plan for that commit"
                )
        if len(text) > host.longest_comment:
            raise UnusableFile(
                f"the report has {len(text):,} characters, but a comment holds "
                f"{host.longest_comment:,}: devinops plan --report markdown=FILE shortens it"
            )
        commit = about.commit or job.commit
        posted = post(host, request, ReportToPost(text, about, author or host.author(), commit))
    if about.digest and not about.commit:
        options.say(
            "the report names no commit, so --print-digest will not find its digest after the "
            "merge: run devinops plan with the variables of the CI job"
        )
    if posted.outcome is PostOutcome.OUTDATED:
        options.say("the comment stays as it is: it is about a later commit than this report")
    if posted.outcome is PostOutcome.MERGED:
        options.say(f"{host.noun} {request} is merged, so its comment stays as it was reviewed")
    url = posted.comment.url if posted.comment else None
    return _answer(posted.outcome.value, about, request, url)


def _instead(options: Options, job: Job, text: str, about: Marker) -> SimpleAnswer:
    """Put the report of a fork, which gets no token that can comment, into the step summary."""
    try:
        written = append_summary(os.environ, text)
    except OSError as error:
        raise NotWritten(f"${SUMMARY} cannot be written: {atomic.reason(error)}") from error
    where = "the summary of this step has the plan" if written else "the plan is in the job's log"
    noun = _NOUNS[job.system]
    options.say(f"{noun} {job.request} comes from a fork, whose jobs may not comment; {where}")
    return _answer("step-summary" if written else "none", about, job.request)


def _answer(
    outcome: str, about: Marker, request: int | None, url: str | None = None
) -> SimpleAnswer:
    """Return what happened to a report; `url` is the comment that has it."""
    document = {
        "outcome": outcome,
        "root": about.root,
        "target": about.target,
        "org_id": about.organization,
        "digest": about.digest,
        "commit": about.commit,
        "request": request,
        "url": url,
    }
    return SimpleAnswer([f"comment {outcome}: {url}"] if url else [], lambda: document)


# --- the report to post -------------------------------------------------------------------------

# Only a file that no request can have brought along. A request can commit a file, or a link to one,
# where `plan` writes its report. If `plan` then fails before it writes, the text of the request
# would be posted as the plan.

_NEXT_STEP = "write it with devinops plan --report markdown={}"


def _read_report(file: Path, checkout: Path | None) -> tuple[str, str]:
    """Return the text of a report, and why Git cannot tell whether it tracks the file.

    The reason is empty if Git does not track the file; stdin is read for `-`. `checkout` is the
    directory of the job. Raises UnusableFile, including for a link and for a file that Git tracks.
    """
    reason = ""
    if str(file) == "-":
        data = sys.stdin.buffer.read()
    else:
        _refuse_links(file, checkout)
        try:
            data = atomic.read(file)
        except FileNotFoundError:
            raise UnusableFile(f"{file} is missing: {_NEXT_STEP.format(file)}") from None
        except OSError as error:
            raise UnusableFile(f"{file} cannot be read: {atomic.reason(error)}") from None
        reason = _refuse_tracked(file)
    try:
        return data.decode("utf-8-sig"), reason
    except UnicodeDecodeError:
        raise UnusableFile(f"{file}: expected Markdown in UTF-8") from None


def _refuse_links(file: Path, checkout: Path | None) -> None:
    """Raise UnusableFile if the file is a link, or a directory of its path inside the checkout.

    No request can write outside the checkout, where links are usual, such as /tmp on macOS.
    """
    tops = [os.path.realpath(top) for top in (Path.cwd(), checkout) if top]
    last = file.absolute()
    for part in (last, *last.parents):
        real = Path(os.path.realpath(part.parent))
        if part.is_symlink() and (part == last or any(map(real.is_relative_to, tops))):
            raise UnusableFile(
                f"{file}: {part} is a symbolic link. It is not followed, because the request could "
                "have made it: name the file itself, or pass - and pipe the report to stdin"
            )


def _refuse_tracked(file: Path) -> str:
    """Return why Git cannot tell whether it tracks the file; raise UnusableFile if it does."""
    real = Path(os.path.realpath(file))
    found = Git(real.parent).attempt("ls-files", "-z", "--", ":/")
    if found is None:
        return "git cannot be run"
    if found.code:
        return "" if found_no_repository(found) else f"git fails: {error_line(found.err)}"
    own = real.lstat()
    for tracked in (real.parent / name for name in os.fsdecode(found.out).split("\0")):
        # The names can differ: some file systems ignore case, or forms of Unicode.
        if os.path.lexists(tracked) and os.path.samestat(tracked.lstat(), own):
            raise UnusableFile(
                f"{file}: Git tracks this file as {os.path.relpath(tracked)}, so the request may "
                "have written it: let devinops plan write another file, or run git rm --cached "
                "and commit that"
            )
    return ""


# --- the reviewed digest ----------------------------------------------------------------------


def _digest(
    options: Options, author: str | None, request: int | None, base: str | None
) -> SimpleAnswer:
    from devinops.ci.reviewed_digest import accepted_base, merged_request, reviewed

    name, org_id = _target(options)
    about, job = Marker(name, org_id, root=options.below or TOP), _job(request)
    if not (request or job.commit):
        raise ConfigError("the variables of the CI job name no commit: pass --request")
    base = accepted_base(job, base)
    project = read_project(options.root)
    digests: DigestList | None
    with _host(options, job, writes=False) as host:
        trusted = author or host.author()
        if name == ALL and project.waves and not request:
            names = tuple(project.targets)
            review, digests = _newest(options, names, host, about, trusted, base)
        else:
            merged = host.request(request) if request else merged_request(host, job.commit, base)
            review = reviewed(host, merged, about, trusted, base)
            digests = _digests(review) if name == ALL else None
    options.say(f"reviewed in {review.comment.url}")
    lines = str(digests).splitlines() if digests else [review.digest]
    document: dict[str, Any] = {
        "root": about.root,
        "target": name,
        "org_id": org_id,
        "digest": review.digest,
        **({"digests": digests.digests} if digests else {}),
        "commit": review.request.head,
        "request": review.request.number,
        "url": review.comment.url,
    }
    return SimpleAnswer(lines, lambda: document, verbatim=True)


_MOST_COMMITS: Final = 200
"""How many commits below the root are looked through for the merged requests of a rollout."""


def _newest(
    options: Options, names: Sequence[str], host: CodeHost, about: Marker, author: str, base: str
) -> tuple[Reviewed, DigestList]:
    """Return the digests of targets with waves, whose requests are applied over some time.

    They come with the newest request of all. Raises Stale if there are none.
    """
    from devinops.ci.reviewed_digest import NEXT_STEP, newest_digests
    from devinops.planning.digest_list import DigestList

    git = Git(options.root)
    log = git.line("log", "--first-parent", f"-{_MOST_COMMITS}", "--format=%H", "--", ".") or ""
    found = newest_digests(host, log.split(), about, author, base, names)
    missing = [name for name in names if name not in found]
    if missing and git.line("rev-parse", "--is-shallow-repository") == "true":
        options.say("this clone lacks older commits: fetch them, such as with fetch-depth: 0")
    if not found:
        raise Stale(f"no merged {host.noun} has a plan for {ALL} by {author}: {NEXT_STEP}")
    if missing:
        options.say(f"no merged {host.noun} has a plan for {listed(missing)}")
    digests = DigestList({name: review.digest for name, review in found.items()})
    return replace(next(iter(found.values())), digest=digests.digest), digests


def _digests(review: Reviewed) -> DigestList | None:
    """Return the digest of each target, None if they did not fit into the comment. Raises Stale."""
    from devinops.ci.reviewed_digest import NEXT_STEP

    try:
        return comment_marker.read_digests(review.comment.text)
    except ValueError as error:
        raise Stale(
            f"the digests of the targets in {review.comment.url} cannot be used, because {error}: "
            f"{NEXT_STEP}"
        ) from None


def _target(options: Options) -> tuple[str, str | None]:
    """Return name and organization of the target, or `all` for the plans of many.

    Raises UsageError, ConfigError, InputError.
    """
    project = read_project(options.root)
    if options.flags.target == ALL and len(project.targets) > 1:
        return ALL, None
    name, _ = target_name(project, options.flags)
    declared = project.targets.get(name, {}).get("org_id")
    return name, declared or os.environ.get("DEVIN_ORG_ID") or None


# --- the job and its host ---------------------------------------------------------------------


def _job(request: int | None) -> Job:
    """Return the job of this run. Raises ConfigError.

    With the number of another request, the job's own commit says nothing about it, and is left out.
    """
    job = current_job(os.environ)
    if job is None:
        raise ConfigError(
            "devinops comment works only in a job of GitHub Actions or GitLab CI, and neither "
            "GITHUB_ACTIONS nor GITLAB_CI is set: run it in such a job"
        )
    return job._replace(request=request, commit="") if request else job


def _host(options: Options, job: Job, *, writes: bool) -> closing[CodeHost]:
    flags = options.flags
    access = Access(writes, flags.timeout or 60, flags.ca_bundle, options.log)
    return closing(open_host(job, os.environ, access))
