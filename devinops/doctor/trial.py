"""Tries what only writing can tell, on objects of its own, and deletes them again.

A change or a deletion goes only to an id that a POST of the run returned, and that was not listed
before and comes with no other name. If a POST has no such response, it goes to an object that a
list shows with the name and the texts of the run.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Iterable
from typing import Any, Final

from devinops import signals
from devinops.doctor import quirks
from devinops.doctor.checks import REPORT, TO_MANAGE, note, of_failure, of_findings, ok, problem
from devinops.doctor.observer import Observation
from devinops.doctor.samples import PADDING, Sample, Shown, plain, with_texts
from devinops.doctor.shape import differences
from devinops.doctor.writer import Made, Writer, remove
from devinops.emulator.quirks import VALUES
from devinops.model.errors import FORBIDDEN
from devinops.schema.doctor import Check

_LIMIT: Final = 65536
"""The length of a text that a quirk asks about."""

_TIMED_OUT: Final = 408

_SWITCHED_ON: Final = "the API switched it on, though it was created switched off"


class Trial:
    """Creates each sample, asks its questions and deletes it again.

    `run` is the name of the objects. `quirks` are the questions that are answered, `left` the
    number of objects that are, or may be, still there.
    """

    def __init__(self, writer: Writer) -> None:
        self.run = f"DEVINOPS_DOCTOR_{secrets.token_hex(8).upper()}"
        self.checks: list[Check] = []
        self.quirks: dict[str, str] = {}
        self.left = 0
        self._writer = writer

    def carry_out(self, sample: Sample) -> None:
        """Try one sample. A signal ends it after the request in flight; it is deleted then too."""
        about, before = f"trial of {sample.reading.name}", len(self.checks)
        listed, found = sample.listed(self._writer)
        if not found.is_complete:
            why = (
                "not started: its list cannot be read, so doctor could not recognize its own object"
            )
            self.checks.append(note(about, why))
            return
        made = Made(sample, before=frozenset(listed))
        try:
            self._create_and_ask(made, about)
        finally:
            remove(self._writer, made, self.run)
            if sample.deleted and len(made.statuses) == 1:
                self._settle(sample.deleted, str(made.statuses.pop()))
            more = " --enterprise" if sample.reading.is_of_enterprise else ""
            later = f"in an hour, run devinops doctor --clean{more}, or delete it in the web app"
            if made.ids:
                text = f"{len(made.ids)} named {self.run} could not be deleted"
                self.checks.append(problem(about, text, later))
            if made.is_lost:
                text = f"{self.run} may appear later: no response said whether it was created"
                self.checks.append(problem(about, text, later))
            self.left += made.left
            if len(self.checks) == before and signals.pending():
                self.checks.append(note(about, "interrupted, and deleted"))
            elif len(self.checks) == before:
                self.checks.append(ok(about, "created, tried and deleted, as devinops expects"))

    def _settle(self, quirk: str, answer: str | None) -> None:
        if answer in VALUES.get(quirk, ()):
            self.quirks[quirk] = str(answer)

    # --- creating ---

    def _create_and_ask(self, made: Made, about: str) -> None:
        sample, created = made.sample, self._create(made, {})
        if not made.ids:
            self.checks.append(_of_failed(sample, about, created))
            return
        if sample.reading.path.startswith("/v3"):
            found = differences(created.value, sample.reading.object_shape, sample.shapes)
            self.checks += of_findings(f"{about}, the new object", Counter(found))
        if unsafe := self._unsafe(made, created.value):
            self.checks.append(problem(about, unsafe, REPORT))
        elif not signals.pending():
            self._compare(made, about)
            self._ask(made, about)

    def _unsafe(self, made: Made, shown: Shown) -> str:
        """Return why a new object may not stay, although it was created switched off."""
        off = made.sample.off
        if off not in shown:
            shown = self._live(made) if off else shown
        if not off or shown.get(off) is False:
            return ""
        is_on = shown.get(off) is True
        return _SWITCHED_ON if is_on else "the API does not say whether it is switched off"

    def _create(self, made: Made, change: Shown) -> Observation:
        sample = made.sample
        body = with_texts({**sample.sent, **change}, {"run": self.run})
        response = self._writer.write("POST", sample.reading.path, sample.place, body)
        id = sample.id_of(response.value) if response.succeeded else ""
        is_new = bool(id) and id not in (*made.before, *made.ids)
        # Some responses have only an id.
        named = is_new and sample.name in response.value
        is_own = is_new and (not named or sample.run_of(response.value) == self.run)
        made.ids += [id] if is_own else []
        made.is_lost = not (is_own or _is_refused(response))
        return response

    def _compare(self, made: Made, about: str) -> None:
        """Check that a new object comes back as it was sent."""
        sample, live = made.sample, self._live(made)
        if changed := sample.changed(live, self.run) if live else []:
            text = f"{', '.join(changed)} did not come back as sent"
            self.checks.append(problem(about, text, REPORT))
        if sample.text:
            sent = with_texts(sample.sent[sample.text], {"run": self.run})
            self.quirks |= quirks.of_text(sent, live.get(sample.text))

    def _live(self, made: Made) -> Shown:
        """Return the first object as the API shows it; empty if it cannot be read."""
        if not made.sample.reading.reads_one:
            return made.sample.listed(self._writer)[0].get(made.ids[0], {})
        page = self._writer.get(*made.sample.path(made.ids[0]))
        return page.value if page.succeeded and isinstance(page.value, dict) else {}

    # --- asking ---

    def _ask(self, made: Made, about: str) -> None:
        """Ask the questions of a sample, until a signal arrives or no more can be told."""
        for probe in made.sample.probes:
            if signals.pending():
                return
            change, quirk = probe.get("set", {}), probe.get("quirk", "")
            answers = {"limit": self._limit, "clear": self._cleared}
            if answer := answers.get(probe["how"]):
                self._settle(quirk, answer(made, change))
            else:
                send = self._create if probe["how"] == "post" else self._put
                response = send(made, change)
                if not quirk and not response.succeeded:
                    self.checks.append(of_failure(f"{about}, an update", response))
                    return
                if made.is_lost:
                    return
                refused = str(response.status) if _is_refused(response) else None
                self._settle(quirk, probe.get("accepted") if response.succeeded else refused)

    def _put(self, made: Made, change: Shown, length: int = 0) -> Observation:
        """Send an update of the first object; each text that it changes gets this length."""
        changed = with_texts(change, {"run": self.run})
        if length:
            # An API may measure a text after it has trimmed or normalized it.
            changed = {name: plain(text).ljust(length, PADDING) for name, text in changed.items()}
        body = {**with_texts(made.sample.sent, {"run": self.run}), **changed}
        return self._writer.write("PUT", *made.sample.path(made.ids[0]), body)

    def _limit(self, made: Made, change: Shown) -> str | None:
        """Return whether a text may be longer than the limit; None if the limit is another."""
        longer = self._put(made, change, _LIMIT + 1)
        if longer.succeeded:
            return "none"
        is_limit = longer.status == 422 and self._put(made, change, _LIMIT).succeeded
        return str(_LIMIT) if is_limit else None

    def _cleared(self, made: Made, change: Shown) -> str | None:
        """Return what an update does to a field that it leaves out; None if that is not seen."""
        seen: list[Any] = []
        for body in (change, {}):
            if not self._put(made, body).succeeded:
                return None
            live = self._live(made)
            seen.append({name: live.get(name, "absent") for name in change})
        sent = with_texts(change, {"run": self.run})
        if seen == [sent, dict.fromkeys(sent)]:
            return "cleared"
        return "kept" if seen == [sent, sent] else None


def questions(at: Iterable[Sample]) -> set[str]:
    """Return the quirks that trying these samples can settle."""
    found = {quirk for each in at if each.text for quirk in quirks.OF_TEXT}
    found |= {probe.get("quirk", "") for each in at for probe in each.probes}
    return (found | {each.deleted for each in at}) - {""}


def _is_refused(response: Observation) -> bool:
    """Return whether a response says that nothing was written."""
    status = response.status or 0
    return 400 <= status < 500 and status != _TIMED_OUT and not response.failure


def _of_failed(sample: Sample, about: str, response: Observation) -> Check:
    """Return the check of a creation that was refused, or whose response cannot be used."""
    if response.status == FORBIDDEN and not response.failure:
        lacks = f"the key lacks {sample.permission}" if sample.permission else "the key may not"
        return note(about, f"creating one is refused (403), {lacks}", TO_MANAGE)
    if response.succeeded:
        what = "is about another object" if sample.id_of(response.value) else "has no id"
        return problem(about, f"the response to its creation {what}", REPORT)
    return of_failure(f"{about}, its creation", response)
