"""Writes the plans and the report of many targets as text for people, by class."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import Any, Final

from devinops.model.changes import DELETING, Action, Change
from devinops.model.keys import SHOWN
from devinops.render import fleet
from devinops.render.changes import Level, levels
from devinops.render.classes import ChangeClass, FleetPlan, classes_of
from devinops.render.escape import line
from devinops.render.fleet import Remarks
from devinops.render.problem_text import ProblemText
from devinops.render.signs import SIGNS
from devinops.render.terminal import Look, Span
from devinops.render.text import Text

MAX_CLASSES: Final = 20
"""How many classes are shown with their changes, and remarks under one title, unless `full`."""


class FleetText(Text):
    """Writes what many targets have in common once, with the names of the targets."""

    @property
    def _most(self) -> int:
        return sys.maxsize if self.full else SHOWN

    def fleet(self, answer: Any) -> Iterator[str]:
        """Yield the lines of the plans of many targets; the last one holds the counts.

        If they were applied, yield those of the report.
        """
        answer = answer._replace(plan=classes_of(answer.plan))
        plan = answer.plan
        if plan.is_applied:
            yield from self._report(answer)
            return
        if plan.targets:
            title = Span(fleet.heading(plan), strong=True)
            yield from self.terminal.row(title, line(f" {', '.join(fleet.facts(answer))}"))
        for text in fleet.without_inventory(plan):
            yield from self.paragraph(text)
        changes = [change for group in plan.classes for change in group.changes]
        yield from self._legend(changes, bool(plan.blocked), bool(plan.drift))
        yield from self._classes(plan, approved=answer.approved)
        yield from self._remarks(plan, fleet.remarks(answer, self.flags))
        if answer.lint:
            yield from self._heading("lint")
            yield from ProblemText(self.terminal, self.full).problems(answer.lint)
        yield from self._terms(plan.only, plan.approvals)
        yield ""
        if digests := plan.digests.digests:
            text = f"digest {plan.digests.digest} of {fleet.many(plan, len(digests))}"
            yield from self.terminal.row(Span(text, Look.DIM))
        yield from self._verdict(fleet.counts(plan), fleet.plan_look(plan))

    def _classes(self, plan: FleetPlan, *, approved: bool) -> Iterator[str]:
        """Yield the classes: the first with their changes, the others only if they delete."""
        above: set[int] = set()
        most = len(plan.classes) if self.full else MAX_CLASSES
        for group in plan.classes[:most]:
            yield from self._class_heading(plan, group)
            yield from self._class(group, above, approved=approved)
        left_out = 0
        for group in plan.classes[most:]:
            deletes = [change for change in group.changes if change.action is Action.DELETE]
            left_out += not deletes
            if deletes:
                yield from self._class_heading(plan, group)
            for change in deletes:
                yield from self._changes.heading(change)
        if left_out:
            yield ""
            yield from self._more(left_out, "classes")

    def _class_heading(self, plan: FleetPlan, group: ChangeClass) -> Iterator[str]:
        yield from self._heading(f"{fleet.class_title(plan, group)}: {fleet.class_counts(group)}")
        names = fleet.names(group.targets, most=self._most) if len(group.targets) > 1 else ""
        if any(change.action in DELETING for change in group.changes):
            names = fleet.with_organizations(plan, group.targets)
        if names:
            yield from self.terminal.row(Span(names, Look.DIM), indent=2, hang=2)

    def _class(self, group: ChangeClass, above: set[int], *, approved: bool) -> Iterator[str]:
        """Yield the changes of a class; one that a class `above` has takes only one line."""
        new: list[tuple[Change, Level]] = []
        for change, level in levels(group.changes, full=self.full):
            if id(change) in above:
                key, rest = line(str(change.key)), Span("  as above", Look.DIM)
                yield from self.terminal.row(key, rest, sign=SIGNS[change.action], indent=2, hang=6)
            else:
                new.append((change, Level.LINE if approved else level))
        above.update(id(change) for change, _ in new)
        yield from self._changes.changes(new)

    def _remarks(self, plan: FleetPlan, groups: Iterable[Remarks]) -> Iterator[str]:
        for title, sign, _, remarks, hint in groups:
            yield from self._heading(title, f" ({hint})".replace("`", "") if hint else "")
            shown = remarks if self.full else remarks[:MAX_CLASSES]
            for remark in shown:
                text = ": ".join(filter(None, (remark.word, remark.text)))
                if remark.key:
                    yield from self.terminal.row(line(str(remark.key)), sign=sign, indent=2, hang=6)
                    yield from self._changes.because(remark.source, text, Look.PLAIN)
                else:
                    position = f"{remark.source}: " if remark.source else ""
                    yield from self.terminal.row(
                        line(f"{position}{text}"), sign=sign, indent=2, hang=6
                    )
                if remark.targets:
                    where = fleet.where(plan, remark.targets, most=self._most)
                    yield from self.terminal.row(Span(where, Look.DIM), indent=6)
            if len(shown) < len(remarks):
                yield from self._more(len(remarks) - len(shown), "likewise")

    def _report(self, answer: Any) -> Iterator[str]:
        plan = answer.plan
        yield from self._remarks(plan, fleet.remarks(answer, self.flags, is_alone=answer.is_alone))
        for step in fleet.next_steps(answer, self.flags):
            yield ""
            yield from self.paragraph(step.replace("`", ""))
        yield ""
        yield from self._verdict(fleet.counts(plan), fleet.plan_look(plan))
