"""Who can settle each open question, as doctor's own data says."""

from __future__ import annotations

from devinops.api.contract import contract
from devinops.doctor.quirks import readable
from devinops.doctor.samples import samples
from devinops.doctor.trial import questions
from devinops.emulator.quirks import VALUES

READING, WRITING, NOBODY = "reading", "writing", "nobody"

_READ = readable("v3", contract("v3").readings) | readable("v1", contract("v1").readings)
_TRIED = questions((*samples("v3", None, enterprise=False), *samples("v1", None, enterprise=False)))

SETTLED_BY = {
    quirk: READING if quirk in _READ else WRITING if quirk in _TRIED else NOBODY for quirk in VALUES
}
