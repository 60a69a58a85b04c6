"""What the pages of several answers share: facts, filters, and lists of what matters. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from devinops.model.changes import Action, Blocked, Change, Drift
from devinops.model.objects import Live, Problem, Severity
from devinops.model.target import Target
from devinops.planning.commands import pull_command
from devinops.planning.plan import ShownPlan
from devinops.render import NO_INVENTORY, Style, counted
from devinops.render.answers import ProblemsAnswer
from devinops.render.approvals import dangers, how_to_approve
from devinops.render.findings import lint_of
from devinops.render.html.items import SEVERITIES, Items
from devinops.render.html.markup import Html, joined, prose, tag
from devinops.render.html.page import Facet, HtmlSection, bullets, notice
from devinops.render.problem_text import checked
from devinops.render.signs import BLOCKED, SIGNS
from devinops.render.terminal import Look, Sign
from devinops.render.text import PULLED

MOST_OPEN: Final = 8
"""If a list has at most so many items, they are open."""
MOST_LISTED: Final = 20
"""How many deletes, blocked steps or failures are listed before the list."""


def about(what: str, target: Target) -> Html:
    """Return what a page is about, with the name of the target in bold."""
    return joined([f"{what} ", tag("strong", target.name), f" ({target.owner})"])


def facts(target: Target, store: str, owned: int, digest: str = "") -> list[tuple[str, str]]:
    """Return name and value of facts about a target."""
    inventory = NO_INVENTORY if store == "none" else f"{store}, {owned:,} owned"
    api = f"{target.api_url} (API {target.api})"
    facts = [
        ("API", f"the emulator at {api}" if target.emulator else api),
        ("Inventory", inventory),
        ("Digest", digest),
    ]
    return [(name, value) for name, value in facts if value]


def are_few(*lists: Sequence[object]) -> bool:
    """Return whether lists are so short together that their items are open."""
    return sum(map(len, lists)) <= MOST_OPEN


def lint_sections(
    lint: ProblemsAnswer | None, findings: Iterable[Problem], items: Items
) -> Iterator[HtmlSection]:
    """Yield the section with the `findings` of lint, if it ran."""
    if lint:
        yield HtmlSection("Lint", items.problems(findings, lint_of(lint)), checked(lint)[0])


def how_to(title: str, command: str, about: str, before: str = "") -> Html:
    """Return the end of a page: the command that applies what it shows."""
    return tag(
        "section",
        tag("h2", title),
        tag("p", before) if before else Html(""),
        tag("pre", command, class_="command"),
        tag("p", about),
        class_="ending",
    )


# --- filters --------------------------------------------------------------------------------------


def action_facet(changes: Iterable[Change], *others: tuple[str, Sign, int]) -> Facet:
    """Return the filter by action, with `others` as further values."""
    numbers = Counter(change.action for change in changes)
    return sign_facet("action", [*((str(a), SIGNS[a], numbers[a]) for a in Action), *others])


def sign_facet(name: str, values: Iterable[tuple[str, Sign, int]]) -> Facet:
    """Return a filter by values that have signs; values that nothing has are left out."""
    return Facet(name, [(value, sign, sign.meaning, n) for value, sign, n in values if n])


def severity_values(problems: Iterable[Problem]) -> list[tuple[str, Sign, int]]:
    """Return the values of a filter by severity, for `sign_facet`."""
    numbers = Counter(problem.severity for problem in problems)
    return [(str(s), SEVERITIES[s], numbers[s]) for s in Severity]


def kind_facet(items: Iterable[Change | Blocked | Drift | Live]) -> Facet:
    """Return the filter by kind."""
    numbers = Counter(item.key.kind for item in items)
    return Facet("kind", [(kind, None, kind, n) for kind, n in sorted(numbers.items())])


# --- what matters ---------------------------------------------------------------------------------


def blocked_notice(
    plan: ShownPlan, blocked: Sequence[Blocked], style: Style, prefix: str = "blocked"
) -> Html:
    """Return the box with blocked steps, and how to approve them unless the plan was refused."""
    title = f"{counted(len(blocked), 'step')} blocked: a person has to decide or act"
    steps = [
        (f"{prefix}-{number}", block, f"{block.by}: {block.reason}", BLOCKED)
        for number, block in enumerate(blocked, 1)
    ]
    approve = [] if plan.refusals else to_approve(plan, style)
    return notice(title, [pointers(steps, "action=blocked"), *approve], Look.WAITING)


def danger_notices(plan: ShownPlan, prefix: str = "change") -> Iterator[Html]:
    """Yield a box for what a plan costs and what it overwrites.

    The ids of its changes are PREFIX-1 and so on, in the order of the plan.
    """
    ids = {(c.key, c.id): f"{prefix}-{number}" for number, c in enumerate(plan.changes, 1)}
    for title, items in dangers(plan):
        listed = [(ids[c.key, c.id], c, about, SIGNS[c.action]) for c, about in items]
        yield notice(title, [pointers(listed)], Look.REMOVED)


def pull_hint(style: Style) -> Html:
    """Return how to bring what changed outside devinops into the files."""
    return tag("p", tag("code", pull_command(style.flags)), f" {PULLED}.")


def to_approve(plan: ShownPlan, style: Style) -> Iterator[Html]:
    """Yield which options approve what the plan waits for, if there are any."""
    for sentence in how_to_approve(plan, style.in_root, lambda option: tag("code", option)):
        yield tag("p", Html(sentence), class_="approve")


def pointer(id: str, subject: Change | Blocked | Drift, about: str, sign: Sign) -> Html:
    """Return the sign and key of an item as a link to it, and a sentence."""
    key = tag("a", str(subject.key), href=f"#{id}")
    return joined([tag("b", sign.symbol), " ", key, ": ", prose(about)])


def pointers(
    items: Sequence[tuple[str, Change | Blocked | Drift, str, Sign]], filter: str = ""
) -> Html:
    """Return a list of the first items, each as in `pointer`, and how many it leaves out.

    If there is a `filter`, a link shows them all.
    """
    left_out = f"and {len(items) - MOST_LISTED:,} more" if len(items) > MOST_LISTED else ""
    if left_out and filter:
        left_out = joined([left_out, ": ", tag("a", "show them all", href=f"#{filter}")])
    return bullets([pointer(*item) for item in items[:MOST_LISTED]], left_out)
