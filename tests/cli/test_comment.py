"""One comment a target on GitHub and GitLab, and the digest that was reviewed."""

from __future__ import annotations

import io
import json
import os
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from urllib.parse import urlsplit

import pytest
import trustme

from devinops.applying.saved import read_digests
from devinops.planning.digest_list import DigestList
from devinops.render import comment_marker
from devinops.render.comment_marker import Marker
from tests.testing import github_api, gitlab_api
from tests.testing.code_host_api import NO_ANSWER, Account, Fault, sha
from tests.testing.command_line import Devinops, Ran
from tests.testing.github_api import GitHubApi
from tests.testing.gitlab_api import GitLabApi
from tests.testing.inventories import commit, git
from tests.testing.replies import Reply
from tests.testing.waiting import Waits

DIGEST, OTHER = "0a" * 16, "1b" * 16
MODULES: dict[str, ModuleType] = {"github": github_api, "gitlab": gitlab_api}


def report(
    text: str = "1 to create",
    *,
    target: str | None = "production",
    organization: str | None = "org-1",
    digest: str | None = DIGEST,
    commit: str | None = None,
    root: str = ".",
) -> str:
    return (
        f"{comment_marker.write(Marker(target, organization, digest, commit, root))}\n## {text}\n"
    )


@dataclass
class Desk:
    """A job on one host, and the command in it."""

    api: GitHubApi | GitLabApi
    directory: Path
    module: ModuleType
    devinops: Devinops
    monkeypatch: pytest.MonkeyPatch

    @property
    def bot(self) -> str:
        return str(self.module.BOT)

    @property
    def root(self) -> Path:
        return self.directory / "repository"

    @property
    def summary(self) -> str:
        return (self.directory / "summary.md").read_text()

    def job(
        self, number: int | None = None, *, fork: bool = False, commit: str = "", token: str = ""
    ) -> None:
        """Become a job: of a request, or of one of its earlier commits, or of a pushed commit."""
        token = token or self.module.TOKEN
        if number is not None and commit:
            request = self.api.requests[number]
            commit, request.head = request.head, commit
            self.job(number, fork=fork, token=token)
            request.head = commit
            return
        environment = self.api.environment(
            self.directory, number, fork=fork, commit=commit, token=token
        )
        for name, value in environment.items():
            self.monkeypatch.setenv(name, value)

    def comment(self, text: str, *argv: str) -> Ran:
        (self.directory / "plan.md").write_text(text, encoding="utf-8")
        return self.devinops("comment", "-C", self.root, self.directory / "plan.md", *argv)

    def digest(self, *argv: str) -> Ran:
        return self.devinops("comment", "-C", self.root, "--print-digest", *argv)

    def planned(self, number: int, **about: str | None) -> None:
        """Open a request and post its plan, as its job does."""
        head = self.api.open(number).head
        self.api.add(number, self.bot, report(**{"commit": head, **about}))  # type: ignore[arg-type]

    def fail(
        self, method: str, reply: Reply, path: str = "", *, late: bool = False, times: int = 1
    ) -> None:
        self.api.faults.append(Fault(method, path, reply, late, times))


Make = Callable[[str], Desk]


@pytest.fixture
def make(tmp_path: Path, devinops: Devinops, monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    (tmp_path / "repository").mkdir()
    (tmp_path / "repository" / "devinops.yaml").write_text(
        "version: 1\ntargets: {production: {org_id: org-1}, staging: {}}\n"
    )
    with ExitStack() as stack:

        def start(host: str) -> Desk:
            api: GitHubApi | GitLabApi = (
                GitLabApi() if host == "gitlab" else GitHubApi("/api/v3" if host == "ghes" else "")
            )
            stack.enter_context(api.serving())
            module = MODULES.get(host, github_api)
            return Desk(api, tmp_path, module, devinops, monkeypatch)

        yield start


@pytest.fixture(params=["github", "gitlab"])
def desk(request: pytest.FixtureRequest, make: Make) -> Desk:
    return make(request.param)


@pytest.fixture
def github(make: Make) -> Desk:
    return make("github")


@pytest.fixture
def gitlab(make: Make) -> Desk:
    return make("gitlab")


def shown(desk: Desk) -> list[str]:
    """Return the second line of each comment, which is the heading of its report."""
    return [text.splitlines()[1] for text in desk.api.texts(7)]


def edit(desk: Desk) -> str:
    return "PUT" if isinstance(desk.api, GitLabApi) else "PATCH"


# --- one comment a target -----------------------------------------------------------------------


@pytest.mark.parametrize("host", ["github", "ghes", "gitlab"])
def test_first_report_becomes_a_comment(make: Make, host: str) -> None:
    desk = make(host)
    head = desk.api.open(7).head
    desk.job(7)
    ran = desk.comment(report(commit=head))
    assert (ran.code, ran.err) == (0, "")
    page = "/pull/7#issuecomment-1001" if host != "gitlab" else "/-/merge_requests/7#note_1001"
    assert ran.out.startswith("comment created: https://")
    assert ran.out.endswith(f"{page}\n")
    assert [text.strip() for text in desk.api.texts(7)] == [report(commit=head).strip()]
    assert desk.api.requests[7].comments[0].author == desk.bot


def test_next_report_replaces_its_text_and_an_equal_one_writes_nothing(desk: Desk) -> None:
    desk.api.open(7)
    desk.job(7)
    desk.api.add(7, "person", "looks good")
    desk.comment(report())
    assert desk.comment(report("2 to create")).out.startswith("comment updated: ")
    assert desk.comment(report("2 to create")).out.startswith("comment unchanged: ")
    assert desk.api.writes == ["POST", edit(desk)]
    assert "2 to create" in desk.api.texts(7)[1]
    assert len(desk.api.texts(7)) == 2


def test_each_target_and_organization_has_its_own_comment(desk: Desk) -> None:
    desk.api.open(7)
    desk.job(7)
    for target, organization in (("a", "org-1"), ("a", "org-2"), ("b", "org-1")):
        desk.comment(report(target=target, organization=organization))
    assert desk.comment(report(target="a", organization="org-2")).out.startswith(
        "comment unchanged"
    )
    assert len(desk.api.texts(7)) == 3


def test_failed_run_that_knows_no_organization_replaces_the_plan(desk: Desk) -> None:
    desk.api.open(7)
    desk.job(7)
    desk.comment(report())
    failed = report("Cannot plan", organization=None, digest=None)
    assert desk.comment(failed).out.startswith("comment updated")
    assert desk.comment(report()).out.startswith("comment updated")
    assert len(desk.api.texts(7)) == 1


def test_run_that_failed_before_it_knew_its_target_hides_no_plan_until_the_next_commit(
    desk: Desk,
) -> None:
    head = desk.api.open(7).head
    desk.job(7)
    early: dict[str, str | None] = {"target": None, "organization": None, "digest": None}
    desk.comment(report("a", target="a", commit=head))
    desk.comment(report("Cannot plan", commit=head, **early))
    desk.comment(report("Still not", commit=head, **early))
    desk.comment(report("Elsewhere", commit=head, root="teams/b", **early))
    desk.comment(report("b", target="b", commit=head))
    assert shown(desk) == ["## a", "## Still not", "## Elsewhere", "## b"]
    later = desk.api.push(7)
    desk.job(7)
    desk.comment(report("a again", target="a", commit=later))
    assert shown(desk) == ["## a again", "## Elsewhere", "## b"]


def test_plan_of_an_earlier_commit_that_ends_last_deletes_no_failure(desk: Desk) -> None:
    earlier = desk.api.open(7).head
    later = desk.api.push(7)
    desk.job(7)
    failed = report("Cannot plan", target=None, organization=None, digest=None, commit=later)
    desk.comment(failed)
    desk.job(7, commit=earlier)
    desk.comment(report("a", target="a", commit=earlier))
    assert shown(desk) == ["## Cannot plan", "## a"]


def test_each_root_has_its_own_comment(desk: Desk) -> None:
    desk.api.open(7)
    desk.job(7)
    desk.comment(report("of a", root="teams/a"))
    desk.comment(report("of b", root="teams/b"))
    document = json.loads(desk.comment(report("of b"), "--format", "json").out)
    assert document["root"] == "."
    desk.comment(report("of a again", root="teams/a"))
    assert shown(desk) == ["## of a again", "## of b", "## of b"]


def test_first_report_may_be_that_of_a_failure(desk: Desk) -> None:
    desk.api.open(7)
    desk.job(7)
    failed = report("Cannot plan", target=None, organization=None, digest=None)
    document = json.loads(desk.comment(failed, "--format", "json", "-t", "production").out)
    assert (document["outcome"], document["target"]) == ("created", None)


def test_failure_in_the_job_of_the_last_commit_replaces_its_plan(desk: Desk) -> None:
    head = desk.api.open(7).head
    desk.job(7)
    desk.comment(report(commit=head))
    assert desk.comment(report("Failed", digest=None)).out.startswith("comment updated")


def test_own_comment_is_found_on_a_later_page_and_other_requests_are_left_alone(
    desk: Desk,
) -> None:
    desk.api.open(7)
    desk.api.open(8)
    desk.job(8)
    desk.comment(report())
    for number in range(250):
        desk.api.add(7, "person", f"comment {number}")
    desk.job(7)
    desk.comment(report())
    assert desk.comment(report("2 to create")).out.startswith("comment updated")
    assert "2 to create" not in desk.api.texts(8)[0]
    assert desk.api.writes == ["POST", "POST", edit(desk)]


def test_page_without_link_header_is_not_the_last_on_gitlab(gitlab: Desk) -> None:
    assert isinstance(gitlab.api, GitLabApi)
    gitlab.api.sends_link = False
    gitlab.api.open(7)
    for number in range(250):
        gitlab.api.add(7, "person", f"comment {number}")
    gitlab.api.add(7, gitlab.bot, report())
    gitlab.job(7)
    assert gitlab.comment(report()).out.startswith("comment unchanged")


def test_a_page_link_to_another_host_gets_no_token(gitlab: Desk) -> None:
    """GitLab behind a proxy links to its inner address; the test server does so always."""
    gitlab.api.open(7)
    for number in range(101):
        gitlab.api.add(7, "person", f"comment {number}")
    gitlab.job(7)
    assert gitlab.comment(report()).code == 0
    assert sum("/notes" in line for line in gitlab.api.lines) == 5  # two lists of two pages, a POST


def test_marker_of_somebody_else_is_not_ours(desk: Desk) -> None:
    desk.api.open(7)
    forged = desk.api.add(7, "mallory", report("all is well"))
    desk.api.add(7, "", report())
    desk.api.add(7, desk.bot, f"> quoted\n{report()}")
    desk.api.add(7, desk.bot, "<!-- devinops: {} -->")
    if isinstance(desk.api, GitLabApi):
        desk.api.add(7, desk.bot, report(), system=True)
    desk.job(7)
    assert desk.comment(report("1 to delete")).out.startswith("comment created")
    assert forged.text == report("all is well")


def test_comment_author_names_another_account(desk: Desk) -> None:
    desk.api.accounts[desk.module.TOKEN] = Account("plan-bot")
    desk.api.open(7)
    desk.api.add(7, "Plan-Bot", report())
    desk.job(7)
    ran = desk.comment(report("2 to create"), "--comment-author", "plan-bot")
    assert ran.out.startswith("comment updated")


def test_token_of_another_account_leaves_no_comment_that_nobody_would_find_again(
    desk: Desk,
) -> None:
    desk.api.accounts[desk.module.TOKEN] = Account("plan-bot")
    desk.api.open(7)
    desk.job(7)
    ran = desk.comment(report(), "--comment-author", "somebody")
    assert ran.code == 1
    assert "the token comments as plan-bot, not as somebody" in ran.err
    assert "pass --comment-author 'plan-bot'" in ran.err.replace("\n", " ").replace("  ", "")
    assert desk.api.texts(7) == []


def test_report_is_read_from_stdin(github: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    github.api.open(7)
    github.job(7)
    stdin = io.TextIOWrapper(io.BytesIO(report("1 to create: é").encode()), encoding="ascii")
    monkeypatch.setattr(sys, "stdin", stdin)
    assert github.devinops("comment", "-C", github.root, "-").code == 0
    assert "1 to create: é" in github.api.texts(7)[0]


def test_line_ends_and_outer_white_space_are_no_change(desk: Desk) -> None:
    desk.api.open(7)
    desk.job(7)
    desk.api.add(7, desk.bot, f"{report().strip()}\r\n".replace("\n", "\r\n"))
    assert desk.comment(report()).out.startswith("comment unchanged")


def test_address_of_the_job_is_no_change(desk: Desk) -> None:
    desk.api.open(7)
    desk.job(7)
    desk.comment(report("More is in [the log of the job](https://ci.test/1)."))
    again = desk.comment(report("More is in [the log of the job](https://ci.test/2)."))
    assert again.out.startswith("comment unchanged")
    more = desk.comment(report("Most is in [the log of the job](https://ci.test/2)."))
    assert more.out.startswith("comment updated")


def test_job_of_an_earlier_commit_that_ends_last_changes_nothing(desk: Desk) -> None:
    first = desk.api.open(7).head
    desk.job(7)
    desk.comment(report("first", commit=first))
    second = desk.api.push(7)
    desk.job(7)
    assert desk.comment(report("second", commit=second)).out.startswith("comment updated")
    desk.job(7, commit=first)
    ran = desk.comment(report("first", commit=first))
    assert (ran.code, ran.out.startswith("comment outdated: https://")) == (0, True)
    assert ran.err == ("the comment stays as it is: it is about a later commit than this report\n")
    assert "second" in desk.api.texts(7)[0]
    document = json.loads(desk.comment(report(commit=first), "--format", "json").out)
    assert document["outcome"] == "outdated"


def test_report_of_an_earlier_commit_is_replaced_by_one_of_another_that_is_not_the_last(
    desk: Desk,
) -> None:
    first = desk.api.open(7).head
    desk.job(7)
    desk.comment(report("first", commit=first))
    second = desk.api.push(7)
    desk.api.push(7)
    desk.job(7, commit=second)
    assert desk.comment(report("second", commit=second)).out.startswith("comment updated")


# --- files that the request may have written --------------------------------------------------


@pytest.fixture
def checkout(desk: Desk) -> Path:
    """The checkout of a job, in which the job works."""
    desk.api.open(7)
    desk.job(7)
    for name in ("GITHUB_WORKSPACE", "CI_PROJECT_DIR"):
        desk.monkeypatch.setenv(name, str(desk.root))
    subprocess.run(["git", "init", "-q", desk.root], check=True)
    desk.monkeypatch.chdir(desk.root)
    return desk.root


def write(file: Path, commit: str | None = None) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(report(commit=commit), encoding="utf-8")
    return file


def post(desk: Desk, file: str | Path, *argv: str) -> Ran:
    return desk.devinops("comment", "-C", desk.root, file, *argv)


def refuses(desk: Desk, file: str | Path, why: str) -> None:
    ran = post(desk, file)
    assert (ran.code, ran.out) == (1, "")
    assert why in " ".join(ran.err.split())
    assert desk.api.lines == []


def link_to_a_file(checkout: Path) -> str | Path:
    (checkout / "plan.md").symlink_to(write(checkout / "docs/forged.md"))
    return "plan.md"


def link_to_a_directory(checkout: Path) -> str | Path:
    write(checkout / "docs/plan.md")
    (checkout / "out").symlink_to("docs")
    return "out/plan.md"


def link_before_dots(checkout: Path) -> str | Path:
    write(checkout / "docs/plan.md")
    (checkout / "out").symlink_to("docs/more")
    (checkout / "docs/more").mkdir()
    return checkout / "out/../plan.md"


def link_behind_a_link_of_the_system(checkout: Path) -> str | Path:
    (checkout.parent / "tmp").symlink_to(checkout)
    return checkout.parent / "tmp" / link_to_a_directory(checkout)


def link_to_nothing(checkout: Path) -> str | Path:
    (checkout / "plan.md").symlink_to("missing.md")
    return "plan.md"


@pytest.mark.parametrize(
    "arrange",
    [
        link_to_a_file,
        link_to_a_directory,
        link_before_dots,
        link_behind_a_link_of_the_system,
        link_to_nothing,
    ],
)
def test_link_that_a_request_could_commit_is_not_followed(
    desk: Desk, checkout: Path, arrange: Callable[[Path], str | Path]
) -> None:
    refuses(desk, arrange(checkout), "is a symbolic link. It is not followed")


def test_link_above_the_checkout_is_followed(desk: Desk, checkout: Path) -> None:
    write(desk.directory / "real/plan.md")
    (desk.directory / "tmp").symlink_to("real")
    (desk.directory / "home").symlink_to(checkout)
    write(checkout / "plan.md")
    for file in (desk.directory / "tmp/plan.md", desk.directory / "home/plan.md"):
        assert post(desk, file).code == 0


def test_pipe_is_not_read(desk: Desk, checkout: Path) -> None:
    os.mkfifo(checkout / "plan.md")
    refuses(desk, "plan.md", "it exists but is not a regular file")


@pytest.mark.parametrize(
    ("tracked", "file"),
    [
        ("plan.md", "plan.md"),
        ("out/[a]/plan.md", "out/[a]/plan.md"),
        ("Out/PLAN.md", "out/plan.md"),  # as on a file system that ignores case
        ("u\u0308.md", "\u00fc.md"),
    ],
)
def test_file_that_git_tracks_is_refused(
    desk: Desk, checkout: Path, tracked: str, file: str
) -> None:
    write(checkout / tracked)
    subprocess.run(["git", "add", "--all"], check=True)
    if file != tracked:
        (checkout / file).parent.mkdir(exist_ok=True)
        (checkout / file).hardlink_to(checkout / tracked)  # two names of one file
    refuses(desk, file, f"{file}: Git tracks this file as {tracked}, so the request may have")


def test_file_of_another_repository_inside_the_checkout_is_refused_if_that_tracks_it(
    desk: Desk, checkout: Path
) -> None:
    write(checkout / "module/plan.md")
    for command in (["init", "-q"], ["add", "plan.md"]):
        subprocess.run(["git", "-C", checkout / "module", *command], check=True)
    refuses(desk, "module/plan.md", "Git tracks this file as module/plan.md")


def test_untracked_file_beside_one_with_a_similar_name_is_posted(
    desk: Desk, checkout: Path
) -> None:
    for name in ("PLAN.md", "docs/plan.md"):
        write(checkout / name)
    subprocess.run(["git", "add", "--all"], check=True)
    write(checkout / "plan.md", desk.api.requests[7].head)
    assert post(desk, "plan.md").out.startswith("comment created")


def bare_repository(desk: Desk) -> str:
    """Commit the files of a bare repository, whose index does not have the report."""
    subprocess.run(["git", "init", "-q", "--bare", "out"], check=True)
    (desk.root / "out/config").write_text("[core]\nbare = false\nworktree = .\n")
    return "git fails: "


def without_git(desk: Desk) -> str:
    desk.monkeypatch.setenv("PATH", "")
    return "git cannot be run"


@pytest.mark.parametrize("arrange", [bare_repository, without_git])
def test_report_must_name_its_commit_if_git_cannot_tell_who_wrote_it(
    desk: Desk, checkout: Path, arrange: Callable[[Desk], str]
) -> None:
    why = arrange(desk)
    write(checkout / "out/plan.md")
    refuses(desk, "out/plan.md", f"names no commit, so the request may have written it, and {why}")
    write(checkout / "out/plan.md", desk.api.requests[7].head)
    assert post(desk, "out/plan.md").out.startswith("comment created")


def test_report_of_another_commit_is_refused(desk: Desk) -> None:
    desk.api.open(7)
    desk.job(7)
    ran = desk.comment(report(commit=sha("another")))
    assert (ran.code, ran.out, desk.api.lines) == (1, "", [])
    assert f"the report names the commit {sha('another')[:12]}, but the commit to" in ran.err


def test_report_for_another_request_names_the_last_commit_of_that(desk: Desk) -> None:
    head = desk.api.open(9).head
    desk.job(commit=sha("of the branch"))
    assert desk.comment(report(commit=sha("of the branch")), "--request", "9").code == 1
    assert desk.api.writes == []
    assert desk.comment(report(commit=head), "--request", "9").code == 0


# --- two jobs at once, and answers that get lost ------------------------------------------------


def test_two_jobs_that_create_at_the_same_time_keep_the_oldest(desk: Desk) -> None:
    desk.api.open(7)
    desk.job(7)
    others = iter([report("of another job")])

    def race(asked: object) -> None:
        if getattr(asked, "method", "") == "GET" and "/7/" in getattr(asked, "path", ""):
            for text in others:
                desk.api.add(7, desk.bot, text)

    desk.api.after = race
    assert desk.comment(report("mine")).out.startswith("comment updated")
    assert ["mine" in text for text in desk.api.texts(7)] == [True]


def test_duplicates_are_deleted_by_the_next_run(desk: Desk) -> None:
    desk.api.open(7)
    oldest = desk.api.add(7, desk.bot, report("1"))
    desk.api.add(7, desk.bot, report("2"))
    desk.api.add(7, desk.bot, report("3", organization=None))
    desk.job(7)
    desk.comment(report("4"))
    texts = desk.api.texts(7)
    assert ("4" in oldest.text, len(texts)) == (True, 1)


def test_duplicate_that_another_job_deleted_already_is_fine(desk: Desk) -> None:
    desk.api.open(7)
    desk.api.add(7, desk.bot, report())
    second = desk.api.add(7, desk.bot, report())

    def race(asked: object) -> None:
        comments = desk.api.requests[7].comments
        if getattr(asked, "method", "") == "GET" and second in comments:
            comments.remove(second)

    desk.job(7)
    desk.api.after = race
    assert desk.comment(report()).code == 0
    assert len(desk.api.texts(7)) == 1


@pytest.mark.parametrize(
    "reply", [NO_ANSWER, Reply(502), Reply(200, "<html>", {"Content-Type": "text/html"})]
)
@pytest.mark.parametrize("late", [False, True])
def test_create_without_an_answer_makes_no_duplicate(desk: Desk, reply: Reply, late: bool) -> None:
    desk.api.open(7)
    desk.job(7)
    desk.fail("POST", reply, late=late)
    assert desk.comment(report()).code == 0
    assert [text.strip() for text in desk.api.texts(7)] == [report().strip()]
    assert desk.api.writes == (["POST"] if late else ["POST", "POST"])


def test_create_that_never_gets_an_answer_fails(desk: Desk, waits: Waits) -> None:
    desk.api.open(7)
    desk.job(7)
    desk.fail("POST", Reply(503), times=99)
    ran = desk.comment(report())
    assert ran.code == 1
    assert "returned 503" in ran.err
    assert desk.api.writes == ["POST"] * 4
    assert waits == [1, 3, 9]


@pytest.mark.parametrize("method", ["GET", "EDIT"])
def test_everything_else_is_sent_again(desk: Desk, method: str, waits: Waits) -> None:
    desk.api.open(7)
    desk.api.add(7, desk.bot, report())
    desk.job(7)
    desk.fail(edit(desk) if method == "EDIT" else method, Reply(500))
    desk.fail(edit(desk) if method == "EDIT" else method, NO_ANSWER)
    assert desk.comment(report("2 to create")).out.startswith("comment updated")
    assert len(waits) == 2


# --- rate limits ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "headers", "text", "wait_s"),
    [
        (429, {"Retry-After": "7"}, "slow down", 7),
        (403, {"Retry-After": "30"}, "You have exceeded a secondary rate limit", 30),
        (403, {}, "You have exceeded a secondary rate limit. Please wait", 60),
        (429, {}, "Too many requests", 60),
    ],
)
def test_rate_limit_is_waited_for_even_by_a_create(
    desk: Desk, status: int, headers: dict[str, str], text: str, wait_s: float, waits: Waits
) -> None:
    desk.api.open(7)
    desk.job(7)
    desk.fail("POST", Reply(status, {"message": text}, headers))
    assert desk.comment(report()).code == 0
    assert waits == [wait_s]
    assert desk.api.writes == ["POST", "POST"]


def test_rate_limit_that_has_ended_is_hardly_waited_for(github: Desk, waits: Waits) -> None:
    github.api.open(7)
    github.job(7)
    headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1"}
    github.fail("POST", Reply(403, {"message": "rate limit exceeded"}, headers))
    assert github.comment(report()).code == 0
    assert sum(waits) < 1
    assert github.api.writes == ["POST", "POST"]


def test_rate_limit_that_ends_too_late_is_an_error_that_says_when(
    github: Desk, monkeypatch: pytest.MonkeyPatch, waits: Waits
) -> None:
    monkeypatch.setattr("time.time", lambda: 1_000_000.0)
    github.api.open(7)
    github.job(7)
    headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1001800"}
    github.fail("GET", Reply(403, {"message": "API rate limit exceeded"}, headers))
    ran = github.comment(report())
    assert ran.code == 1
    assert "(a rate limit; run again in 30 min)" in ran.err
    assert waits == []


# --- what a token may not do ----------------------------------------------------------------------


def test_fork_gets_its_plan_in_the_step_summary(github: Desk) -> None:
    github.api.open(7)
    github.job(7, fork=True, token=github_api.READ_ONLY)
    ran = github.comment(report("from a fork"))
    assert (ran.code, ran.out) == (0, "")
    assert ran.err == (
        "pull request 7 comes from a fork, whose jobs may not comment; the summary of this step "
        "has the plan\n"
    )
    assert github.summary == report("from a fork")
    assert github.api.texts(7) == []


def test_fork_without_any_token_gets_its_plan_in_the_step_summary(
    github: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    github.api.open(7)
    github.job(7, fork=True)
    monkeypatch.delenv("GITHUB_TOKEN")
    assert github.comment(report()).code == 0
    assert github.summary == report()


def test_fork_with_a_full_step_summary_gets_a_message(github: Desk) -> None:
    github.api.open(7)
    github.job(7, fork=True, token=github_api.READ_ONLY)
    (github.directory / "summary.md").write_bytes(b"x" * 1024 * 1024)
    ran = github.comment(report())
    assert ran.code == 0
    assert ran.err.endswith("; the plan is in the job's log\n")


def test_summary_that_cannot_be_written_is_an_error(github: Desk) -> None:
    github.api.open(7)
    github.job(7, fork=True, token=github_api.READ_ONLY)
    github.monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(github.directory))
    ran = github.comment(report())
    assert ran.code == 1
    assert "$GITHUB_STEP_SUMMARY cannot be written: it exists but is not a regular file" in ran.err


def test_fork_on_gitlab_gets_a_message(gitlab: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    gitlab.api.open(7)
    gitlab.job(7, fork=True)
    monkeypatch.delenv("DEVINOPS_GITLAB_TOKEN")
    ran = gitlab.comment(report())
    assert (ran.code, ran.out) == (0, "")
    assert ran.err == (
        "merge request 7 comes from a fork, whose jobs may not comment; the plan is in the job's "
        "log\n"
    )


def test_fork_whose_token_may_comment_gets_a_comment(desk: Desk) -> None:
    desk.api.open(7)
    desk.job(7, fork=True)
    ran = desk.comment(report())
    assert ran.out.startswith("comment created")
    assert desk.api.project in ran.out
    assert len(desk.api.texts(7)) == 1


def test_rate_limit_in_a_fork_is_no_missing_permission(github: Desk) -> None:
    github.api.open(7)
    github.job(7, fork=True)
    far = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "99999999999"}
    github.fail("POST", Reply(403, {"message": "API rate limit exceeded"}, far))
    ran = github.comment(report())
    assert ran.code == 1
    assert "a rate limit; run again in" in ran.err
    assert "comes from a fork" not in ran.err


def test_report_without_a_commit_gets_a_warning(desk: Desk) -> None:
    head = desk.api.open(7).head
    desk.job(7)
    assert "names no commit" in desk.comment(report()).err
    assert "names no commit" not in desk.comment(report(commit=head)).err
    assert "names no commit" not in desk.comment(report(digest=None)).err


def test_digest_of_a_job_without_a_commit_is_an_error(github: Desk) -> None:
    github.job(commit=sha("x"))
    github.monkeypatch.setenv("GITHUB_SHA", "")
    ran = github.digest("-t", "production")
    assert (ran.code, ran.out) == (1, "")
    assert "name no commit: pass --request" in ran.err


def test_plans_for_several_organizations_are_distinguished(desk: Desk) -> None:
    desk.planned(7, organization="org-1", target="staging")
    head = desk.api.requests[7].head
    other = report(organization="org-2", target="staging", digest=OTHER, commit=head)
    desk.api.add(7, desk.bot, other)
    desk.job(commit=desk.api.merge(7))
    ran = desk.digest("-t", "staging")
    assert ran.code == 5
    assert "in the organizations org-1, org-2: set org_id for this target" in ran.err
    desk.monkeypatch.setenv("DEVIN_ORG_ID", "org-2")
    assert desk.digest("-t", "staging", "-q").out == f"{OTHER}\n"


def test_other_failure_in_a_fork_is_not_hidden(github: Desk) -> None:
    github.api.open(7)
    github.job(7, fork=True)
    github.fail("GET", Reply(500), times=99)
    assert github.comment(report()).code == 1
    assert github.summary == ""


def test_token_without_the_permission_is_an_error_with_the_next_step(desk: Desk) -> None:
    desk.api.open(7)
    desk.job(7, token=desk.module.READ_ONLY)
    ran = desk.comment(report())
    assert ran.code == 1
    expected = {
        github_api: "returned 403: Resource not accessible by integration (the job needs "
        "permissions: {pull-requests: write})",
        gitlab_api: "returned 403: 403 Forbidden (the token lacks a permission or has expired: "
        "create a project access token",
    }
    assert expected[desk.module] in ran.err


def test_wrong_or_missing_token_is_an_error_with_the_next_step(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.api.open(7)
    desk.job(7, token="expired")
    ran = desk.comment(report())
    assert (ran.code, "returned 401" in ran.err) == (1, True)
    for name in ("GITHUB_TOKEN", "DEVINOPS_GITLAB_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    ran = desk.comment(report())
    assert ran.code == 1
    expected = {
        github_api: "set GITHUB_TOKEN in the env of the step, to ${{ github.token }}",
        gitlab_api: "no token that may comment on GitLab (CI_JOB_TOKEN may not): create",
    }
    assert expected[desk.module] in ran.err


def test_repository_that_the_token_cannot_see_is_an_error_with_the_next_step(
    github: Desk,
) -> None:
    github.api.open(7)
    github.job(7, token=github_api.STRANGER)
    ran = github.comment(report())
    assert ran.code == 1
    assert "returned 404: Not Found (it does not exist, or the job needs permissions:" in ran.err


def test_second_token_variable_is_used_if_the_first_is_empty(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.api.open(7)
    desk.job(7)
    for first, second in (("GITHUB_TOKEN", "GH_TOKEN"), ("DEVINOPS_GITLAB_TOKEN", "GITLAB_TOKEN")):
        monkeypatch.setenv(first, " ")
        monkeypatch.setenv(second, desk.module.TOKEN)
    assert desk.comment(report()).code == 0


def test_no_token_is_ever_shown(desk: Desk) -> None:
    desk.api.open(7)
    desk.job(7)
    token = desk.module.TOKEN
    desk.fail("POST", Reply(400, {"message": f"the token {token} is odd"}), times=99)
    for argv in ((), ("-v",), ("--format", "json", "-v")):
        ran = desk.comment(report(), *argv)
        assert ran.code == 1
        assert token not in ran.out + ran.err
        assert "the token *** is odd" in ran.err


def test_token_goes_only_to_https(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.api.open(7)
    desk.job(7)
    for name in ("GITHUB_API_URL", "CI_API_V4_URL"):
        monkeypatch.setenv(name, "http://host.test/api")
    ran = desk.comment(report())
    assert ran.code == 1
    assert "host.test needs https" in ran.err


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_redirect_is_not_followed(desk: Desk, status: int) -> None:
    desk.api.open(7)
    desk.job(7)
    desk.fail("GET", Reply(status, None, {"Location": desk.api.url}), "/7/")
    ran = desk.comment(report())
    assert ran.code == 1
    variable = "CI_API_V4_URL" if isinstance(desk.api, GitLabApi) else "GITHUB_API_URL"
    assert f"(a redirect, which is not followed: check {variable})" in ran.err


def test_host_with_its_own_certificate_authority(
    tmp_path: Path, devinops: Devinops, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    (tmp_path / "repository").mkdir()
    with GitHubApi("/api/v3").serving(context) as api:
        desk = Desk(api, tmp_path, github_api, devinops, monkeypatch)
        api.open(7)
        desk.job(7)
        ran = desk.comment(report())
        assert (ran.code, api.lines) == (1, [])
        assert "its certificate is not trusted" in ran.err
        assert "(set DEVINOPS_CA_BUNDLE to trust another CA)" in ran.err
        monkeypatch.setenv("DEVINOPS_CA_BUNDLE", str(tmp_path / "ca.pem"))
        assert desk.comment(report()).code == 0


# --- where there is nothing to comment on ---------------------------------------------------------


def test_push_has_no_request_which_is_no_error(desk: Desk) -> None:
    desk.job()
    ran = desk.comment(report())
    assert (ran.code, ran.out) == (0, "")
    assert "so there is no comment (see --request)" in ran.err
    assert desk.api.lines == []
    assert json.loads(desk.comment(report(), "--format", "json").out)["outcome"] == "none"


def test_request_can_be_given(desk: Desk) -> None:
    desk.api.open(9)
    desk.job()
    assert desk.comment(report(), "--request", "9").out.startswith("comment created")


def test_request_that_does_not_exist_is_an_error(desk: Desk) -> None:
    desk.job()
    ran = desk.comment(report(), "--request", "9")
    assert (ran.code, "returned 404" in ran.err) == (1, True)


def test_without_a_ci_job_it_is_an_error(desk: Desk) -> None:
    ran = desk.comment(report())
    assert ran.code == 1
    assert "neither GITHUB_ACTIONS nor GITLAB_CI is set" in ran.err


@pytest.mark.parametrize("text", ["", "## a plan\n", "<!-- devinops: [] -->\n", f"\n{report()}"])
def test_file_without_marker_is_an_error(github: Desk, text: str) -> None:
    github.api.open(7)
    github.job(7)
    ran = github.comment(text)
    assert ran.code == 1
    assert "the first line is not the marker of a report: write it with devinops" in ran.err
    assert github.api.lines == []


def test_file_that_cannot_be_read_is_an_error(github: Desk) -> None:
    github.job()
    (github.directory / "latin.md").write_bytes(b"\xe9")
    for name, why in (
        ("none.md", "none.md is missing: write it with devinops plan --report"),
        ("latin.md", "expected Markdown in UTF-8"),
    ):
        ran = github.devinops("comment", "-C", github.root, github.directory / name)
        assert ran.code == 1
        assert why in ran.err


def test_report_that_no_comment_can_hold_is_refused_before_it_is_sent(desk: Desk) -> None:
    desk.api.open(7)
    desk.job(7)
    longest = 65_536 if isinstance(desk.api, GitHubApi) else 1_000_000
    fitting = report("x" * (longest - len(report("")) - 1))
    assert desk.comment(fitting).code == 0
    ran = desk.comment(fitting.replace("x", "xx", 5))
    assert ran.code == 1
    assert f"but a comment holds {longest:,}" in ran.err
    assert desk.api.writes == ["POST"]


@pytest.mark.parametrize(
    "argv",
    [
        [],
        ["plan.md", "--print-digest"],
        ["plan.md", "--request", "0"],
        ["plan.md", "--base", "main"],
        ["plan.md", "b.md"],
    ],
)
def test_wrong_command_line(github: Desk, argv: list[str]) -> None:
    assert github.devinops("comment", *argv).code == 64


def test_report_of_another_target_is_refused(github: Desk) -> None:
    github.job()
    ran = github.comment(report(), "-t", "staging")
    assert ran.code == 64
    assert "is about the target production, not staging" in ran.err


# --- the digest that was reviewed -----------------------------------------------------------------

MERGES = [
    ("github", "merge"),
    ("ghes", "squash"),
    ("github", "rebase"),
    ("gitlab", "merge"),
    ("gitlab", "squash"),
    ("gitlab", "squash and merge"),
    ("gitlab", "fast-forward"),
]


@pytest.mark.parametrize(("host", "how"), MERGES)
def test_digest_is_found_after_each_way_to_merge(make: Make, host: str, how: str) -> None:
    desk = make(host)
    desk.planned(6, digest=OTHER)
    desk.planned(7)
    desk.api.add(7, "mallory", report(digest=OTHER, commit=desk.api.requests[7].head))
    desk.job(commit=desk.api.merge(7, how))
    ran = desk.digest("-t", "production")
    assert (ran.code, ran.out) == (0, f"{DIGEST}\n")
    assert ran.err.startswith("reviewed in https://")
    assert desk.api.writes == []


def test_merge_that_github_has_not_recorded_yet_is_found(github: Desk) -> None:
    assert isinstance(github.api, GitHubApi)
    github.api.knows_commits = False
    for number in range(8, 130):
        github.planned(number)
        github.api.merge(number)
    github.planned(7)
    github.job(commit=github.api.merge(7))
    assert github.digest("-t", "production").out == f"{DIGEST}\n"
    assert sum(line.endswith("/pulls") for line in github.api.lines) == 2


def test_merge_is_waited_for(desk: Desk, waits: Waits) -> None:
    desk.planned(7)
    desk.api.open(8)
    desk.job(commit=sha(f"merge of {desk.api.requests[7].head}"))
    waits.instead = lambda _: desk.api.merge(7)
    assert desk.digest("-t", "production").out == f"{DIGEST}\n"
    assert waits == [1]


def test_plan_that_ends_after_the_merge_replaces_nothing_that_was_reviewed(desk: Desk) -> None:
    head = desk.api.open(7).head
    desk.job(7)
    desk.comment(report(commit=head))
    commit = desk.api.merge(7)
    late = report("not reviewed", digest=OTHER, commit=head)
    for about in (late, report("of another target", target="staging", commit=head)):
        ran = desk.comment(about)
        assert (ran.code, ran.out) == (0, "")
        assert "request 7 is merged, so its comment stays as it was reviewed" in ran.err
    assert json.loads(desk.comment(late, "--format", "json").out)["outcome"] == "merged"
    desk.monkeypatch.delenv("CI_MERGE_REQUEST_IID", raising=False)
    desk.job(commit=commit)
    assert desk.digest("-t", "production", "-q").out == f"{DIGEST}\n"


def test_digest_of_each_target(desk: Desk) -> None:
    desk.planned(7)
    head = desk.api.requests[7].head
    desk.api.add(7, desk.bot, report(target="staging", digest=OTHER, commit=head))
    desk.job(commit=desk.api.merge(7))
    assert desk.digest("-t", "production", "-q") == Ran(0, f"{DIGEST}\n", "")
    assert desk.digest("-t", "staging", "-q") == Ran(0, f"{OTHER}\n", "")
    assert desk.digest().code == 64
    assert "declares several targets (production, staging)" in desk.digest().err


def test_digests_of_all_targets_are_a_list_for_apply(desk: Desk, tmp_path: Path) -> None:
    desk.planned(7)
    head = desk.api.requests[7].head
    digests = DigestList({"production": DIGEST, "staging": OTHER})
    of_all = report(target="all", organization=None, digest=digests.digest, commit=head)
    text = of_all.replace("\n", f"\n{comment_marker.write_digests(digests)}\n", 1)
    desk.api.add(7, desk.bot, text)
    desk.job(commit=desk.api.merge(7))
    ran = desk.digest("-t", "all", "-q")
    assert (ran.code, ran.err) == (0, "")
    (tmp_path / "digests.txt").write_text(ran.out)
    assert read_digests(tmp_path / "digests.txt") == digests
    document = json.loads(desk.digest("-t", "all", "--format", "json").out)
    assert (document["target"], document["digests"]) == ("all", digests.digests)
    assert desk.digest("-t", "production", "-q").out == f"{DIGEST}\n"


@pytest.mark.parametrize("kept", [True, False], ids=["damaged", "left out"])
def test_digests_of_all_targets_that_cannot_be_used(desk: Desk, kept: bool) -> None:
    desk.planned(7)
    head, digests = desk.api.requests[7].head, DigestList({"production": DIGEST})
    text = report(target="all", organization=None, digest=OTHER, commit=head)
    packed = f"{comment_marker.write_digests(digests)}\n" if kept else ""
    desk.api.add(7, desk.bot, text.replace("\n", f"\n{packed}", 1))
    desk.job(commit=desk.api.merge(7))
    ran = desk.digest("-t", "all", "-q")
    if kept:
        assert (ran.code, ran.out) == (5, "")
        assert "cannot be used, because it was changed" in ran.err
    else:
        assert (ran.code, ran.out) == (0, f"{OTHER}\n")


def planned_with_waves(desk: Desk, number: int, digests: dict[str, str], base: str = "main") -> str:
    """Open a request with the plan of all targets; return the commit that its merge makes."""
    (desk.root / "knowledge.yaml").write_text(f"# {number}\n")
    git(desk.root, "add", "-A")
    commit(desk.root, "-m", f"request {number}")
    request = desk.api.open(number)
    request.base = base
    listing = DigestList(digests)
    of_all = report(target="all", organization=None, digest=listing.digest, commit=request.head)
    text = of_all.replace("\n", f"\n{comment_marker.write_digests(listing)}\n", 1)
    desk.api.add(number, desk.bot, text)
    desk.api.add(number, "mallory", text.replace(OTHER, DIGEST))
    return git(desk.root, "rev-parse", "HEAD")


def merge(desk: Desk, number: int, commit: str) -> None:
    desk.api.merge(number)
    desk.api.requests[number].merge_commit = commit


@pytest.fixture
def waves(desk: Desk, checkout: Path) -> Desk:
    """A job in a repository whose three targets get a merge over some time."""
    config = "version: 1\ndefaults: {inventory: {store: branch}}\nwaves: [{name: all}]\n"
    (desk.root / "devinops.yaml").write_text(f"{config}targets: {{a: {{}}, b: {{}}, c: {{}}}}\n")
    git(desk.root, "init", "-q", "-b", "main")
    return desk


def test_with_waves_each_target_has_the_digest_of_the_newest_request_that_has_it(
    waves: Desk,
) -> None:
    for number, digests, base in (
        (7, {"a": DIGEST, "b": DIGEST, "gone": DIGEST}, "main"),
        (8, {"b": OTHER}, "main"),
        (9, {"b": DIGEST}, "release"),
        (10, {}, "main"),
    ):
        merged = planned_with_waves(waves, number, digests, base)
        merge(waves, number, merged)
        waves.job(commit=merged)
    ran = waves.digest("-t", "all")
    assert DigestList.parse(ran.out) == DigestList({"a": DIGEST, "b": OTHER})
    assert "has a plan for c" in ran.err


def test_with_waves_only_the_newest_merge_is_waited_for(waves: Desk, waits: Waits) -> None:
    planned_with_waves(waves, 6, {"a": OTHER})  # pushed, but not by a merge of this request
    newest = planned_with_waves(waves, 7, {"a": DIGEST})
    waves.job(commit=newest)
    waits.instead = lambda _: merge(waves, 7, newest)
    assert DigestList.parse(waves.digest("-t", "all").out) == DigestList({"a": DIGEST})
    assert waits == [1]


def test_digest_of_each_root(desk: Desk) -> None:
    subprocess.run(["git", "init", "-q", desk.root], check=True)
    for team in ("a", "b"):
        (desk.root / team).mkdir()
        (desk.root / team / "devinops.yaml").write_text("version: 1\ntargets: {production: {}}\n")
    desk.planned(7, root="a")
    head = desk.api.requests[7].head
    desk.api.add(7, desk.bot, report(root="b", digest=OTHER, commit=head))
    desk.job(commit=desk.api.merge(7))
    for team, digest in (("a", DIGEST), ("b", OTHER)):
        assert (
            desk.devinops("comment", "-C", desk.root / team, "--print-digest", "-q").out
            == f"{digest}\n"
        )
    document = desk.devinops("comment", "-C", desk.root / "b", "--print-digest", "--format", "json")
    assert json.loads(document.out)["root"] == "b"
    assert "has no plan for production" in desk.digest("-t", "production").err


def test_the_whole_way_from_comment_to_digest(desk: Desk) -> None:
    head = desk.api.open(7).head
    desk.job(7)
    desk.comment(report(commit=head))
    desk.monkeypatch.delenv("CI_MERGE_REQUEST_IID", raising=False)
    desk.job(commit=desk.api.merge(7))
    assert desk.digest("-t", "production").out == f"{DIGEST}\n"


def not_planned(desk: Desk) -> str:
    desk.api.open(7)
    return desk.api.merge(7)


def pushed_later(desk: Desk) -> str:
    desk.planned(7)
    desk.api.push(7)
    return desk.api.merge(7)


def refused_plan(desk: Desk) -> str:
    desk.planned(7, digest=None)
    return desk.api.merge(7)


def without_commit(desk: Desk) -> str:
    desk.planned(7, commit=None)
    return desk.api.merge(7)


def other_organization(desk: Desk) -> str:
    desk.planned(7, organization="org-2")
    return desk.api.merge(7)


def by_somebody(desk: Desk) -> str:
    request = desk.api.open(7)
    desk.api.add(7, "mallory", report(commit=request.head))
    return desk.api.merge(7)


def pushed_directly(_: Desk) -> str:
    return sha("pushed to the branch")


def still_open(desk: Desk) -> str:
    desk.planned(7)
    return desk.api.requests[7].head


def inside_a_merge(desk: Desk) -> str:
    """A commit of the request that is not where the branch was moved to."""
    desk.planned(7)
    first = desk.api.requests[7].head
    desk.api.push(7)
    desk.api.merge(7)
    return first


def merged_twice(desk: Desk) -> str:
    desk.planned(7)
    desk.planned(8)
    commit = desk.api.merge(7)
    desk.api.merge(8)
    desk.api.requests[8].merge_commit = commit
    return commit


def merged_into_another_branch(desk: Desk) -> str:
    desk.planned(7)
    desk.api.requests[7].base = "release 1"
    return desk.api.merge(7)


def two_plans(desk: Desk) -> str:
    desk.planned(7)
    head = desk.api.requests[7].head
    desk.api.add(7, desk.bot, report(digest=OTHER, commit=head))
    return desk.api.merge(7)


NOT_REVIEWED = [
    (not_planned, "7 has no plan for production by "),
    (pushed_later, "but the last commit is "),
    (refused_plan, "was refused or failed"),
    (without_commit, "is for the commit unknown, but the last commit is "),
    (other_organization, "7 has no plan for production by "),
    (by_somebody, "7 has no plan for production by "),
    (pushed_directly, "is not the merge of a "),
    (still_open, "is not the merge of a "),
    (inside_a_merge, "it belongs to 7"),
    (merged_twice, "is the merge of several "),
    (
        merged_into_another_branch,
        "7 is for the branch release 1, but this job is for main: to apply here",
    ),
    (two_plans, "7 has several plans for production"),
]


@pytest.mark.sampled(4)
@pytest.mark.parametrize(
    ("arrange", "why"), NOT_REVIEWED, ids=[arrange.__name__ for arrange, _ in NOT_REVIEWED]
)
def test_what_was_not_reviewed_is_planned_again(
    desk: Desk, arrange: Callable[[Desk], str], why: str
) -> None:
    desk.job(commit=arrange(desk))
    ran = desk.digest("-t", "production")
    assert (ran.code, ran.out) == (5, "")
    err = " ".join(ran.err.split())
    assert why in err
    assert "plan again and review that plan, then run devinops apply by hand with" in err
    assert desk.api.writes == []


def test_request_of_the_digest_can_be_given(desk: Desk) -> None:
    desk.planned(7)
    desk.job()
    assert desk.digest("-t", "production", "--request", "7").out == f"{DIGEST}\n"
    assert desk.digest("-t", "production", "--request", "8").code == 1


def test_other_base_must_be_named_for_a_given_request_too(desk: Desk) -> None:
    merged_into_another_branch(desk)
    desk.job()
    ran = desk.digest("-t", "production", "--request", "7")
    assert (ran.code, ran.out) == (5, "")
    assert "pass --base 'release 1'; otherwise" in " ".join(ran.err.split())
    argv = ("-t", "production", "--request", "7", "--base", "release 1")
    assert desk.digest(*argv).out == f"{DIGEST}\n"


def test_of_two_merges_that_made_a_commit_the_one_into_the_branch_of_the_job_counts(
    desk: Desk,
) -> None:
    """As after two merges by fast-forward: into a branch, and of that branch into main."""
    desk.planned(6, digest=OTHER)
    desk.planned(7)
    desk.api.requests[6].base = "next"
    commit = desk.api.requests[6].merge_commit = desk.api.merge(7)
    desk.api.requests[6].merged = True
    desk.job(commit=commit)
    assert desk.digest("-t", "production", "-q").out == f"{DIGEST}\n"
    assert desk.digest("-t", "production", "-q", "--base", "next").out == f"{OTHER}\n"


@pytest.mark.parametrize("argv", [(), ("--request", "7")])
def test_job_of_a_tag_must_name_the_base(desk: Desk, argv: tuple[str, ...]) -> None:
    desk.planned(7)
    desk.job(commit=desk.api.merge(7))
    desk.monkeypatch.setenv("GITHUB_REF_TYPE", "tag")
    desk.monkeypatch.delenv("CI_COMMIT_BRANCH", raising=False)
    ran = desk.digest("-t", "production", *argv)
    assert (ran.code, ran.out, desk.api.lines) == (5, "", [])
    assert "this job does not run for a branch" in ran.err
    assert desk.digest("-t", "production", "--base", "main", *argv).out == f"{DIGEST}\n"


def test_job_of_a_pull_request_runs_for_no_branch(github: Desk) -> None:
    github.planned(7)
    github.job(7)
    assert "this job does not run for a branch" in github.digest("-t", "production").err


def test_organization_of_the_environment_counts(desk: Desk) -> None:
    desk.planned(7, target="staging", organization="org-2")
    desk.job(commit=desk.api.merge(7))
    assert desk.digest("-t", "staging").code == 0
    desk.monkeypatch.setenv("DEVIN_ORG_ID", "org-3")
    assert desk.digest("-t", "staging").code == 5


def test_unreachable_host_is_no_reason_to_plan_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.job(commit=sha("x"))
    for name in ("GITHUB_API_URL", "CI_API_V4_URL"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    ran = desk.digest("-t", "production")
    assert ran.code == 1
    assert "cannot reach 127.0.0.1:1: the host refused the connection" in ran.err


def test_job_token_of_gitlab_can_find_the_digest_if_the_author_is_given(
    gitlab: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    gitlab.planned(7)
    gitlab.job(commit=gitlab.api.merge(7))
    monkeypatch.delenv("DEVINOPS_GITLAB_TOKEN")
    ran = gitlab.digest("-t", "production")
    assert ran.code == 1
    assert "CI_JOB_TOKEN does not show who comments: pass --comment-author, or" in ran.err
    argv = ("-t", "production", "--comment-author", gitlab_api.BOT)
    assert gitlab.digest(*argv).out == f"{DIGEST}\n"
    assert isinstance(gitlab.api, GitLabApi)
    gitlab.api.job_token_reads = False
    ran = gitlab.digest(*argv)
    assert (ran.code, "returned 401" in ran.err) == (1, True)
    assert "create a project access token" in ran.err


# --- documents ------------------------------------------------------------------------------------


def test_documents(desk: Desk) -> None:
    head = desk.api.open(7).head
    desk.job(7)
    created = json.loads(desk.comment(report(commit=head), "--format", "json").out)
    assert created["outcome"] == "created"
    assert (created["target"], created["org_id"], created["digest"]) == (
        "production",
        "org-1",
        DIGEST,
    )
    assert (created["request"], created["commit"], created["exit_code"]) == (7, head, 0)
    desk.monkeypatch.delenv("CI_MERGE_REQUEST_IID", raising=False)
    desk.job(commit=desk.api.merge(7))
    found = json.loads(desk.digest("-t", "production", "--format", "json").out)
    assert (found["digest"], found["request"], found["commit"]) == (DIGEST, 7, head)
    assert found["url"] == created["url"]
    desk.job(commit=sha("x"))
    failed = json.loads(desk.digest("-t", "production", "--format", "json").out)
    assert failed["exit_code"] == 5


def test_document_of_a_fork(github: Desk) -> None:
    github.api.open(7)
    github.job(7, fork=True, token=github_api.READ_ONLY)
    document = json.loads(github.comment(report(), "--format", "json").out)
    assert (document["outcome"], document["request"], document["url"]) == ("step-summary", 7, None)


def test_verbose_names_each_request(github: Desk) -> None:
    head = github.api.open(7).head
    github.job(7)
    ran = github.comment(report(commit=head), "-v")
    path = urlsplit(github.api.url).path
    assert [line.partition(" in ")[0] for line in ran.err.splitlines()] == [
        f"GET {path}/repos/acme/api/pulls/7 200",
        f"GET {path}/repos/acme/api/issues/7/comments?per_page=100 200",
        f"POST {path}/repos/acme/api/issues/7/comments 201",
        f"GET {path}/repos/acme/api/issues/7/comments?per_page=100 200",
    ]


def test_answers_of_the_wrong_shape_are_errors(desk: Desk) -> None:
    desk.api.open(7)
    desk.job(7)
    for wrong in ({"message": "hello"}, [1], [{"id": "x"}], None, "text"):
        desk.api.faults.clear()
        desk.fail("GET", Reply(200, wrong), "/7/", times=99)
        ran = desk.comment(report())
        assert ran.code == 1, wrong
        assert json.dumps(wrong) not in ran.err
    assert desk.api.writes == []
