"""What Hypothesis draws from: inventories, and the text of files."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from devinops.kinds import KINDS
from devinops.model.changes import Action
from devinops.model.inventory import Base, Deleted, Failed, Intent, Inventory, Record
from devinops.model.keys import FolderPath, Key, ObjectId
from devinops.model.kind import Lifecycle

# --- inventories ---

some = st.text(min_size=1, max_size=8)
keys = st.builds(Key, st.sampled_from(list(KINDS)), st.text(max_size=8).map(FolderPath), some)
bases = st.builds(Base, some, st.none() | some)
records = st.builds(
    Record,
    keys,
    some,
    st.none() | some,
    st.none() | some,
    st.booleans(),
    st.dictionaries(st.text(max_size=5), bases, max_size=3),
    at=st.none() | some,
    left_out=st.dictionaries(st.text(max_size=5), some, max_size=2),
    taken=st.booleans(),
).map(lambda record: replace(record, memory=KINDS[record.key.kind].lifecycle is Lifecycle.REQUIRED))
object_ids = st.builds(ObjectId, some, some)
intents = st.builds(Intent, some, st.sampled_from(Action), keys, st.none() | some, st.booleans())


def unique(found: list[Record]) -> list[Record]:
    by_id = {one.object_id: one for one in found}
    return list({one.key: one for one in by_id.values()}.values())


inventories = st.builds(
    lambda found, open, deleted, failed: replace(
        Inventory.of("file", unique(found), sorted(set(open), key=repr)),
        deleted=tuple(deleted),
        failed=tuple(failed),
    ),
    st.lists(records, max_size=5),
    st.lists(intents, max_size=3),
    st.lists(st.builds(Deleted, keys, some, some), max_size=2),
    st.lists(st.builds(Failed, keys, st.text(max_size=8), some), max_size=2),
)

# --- the text of files ---

SEEDS = [
    "knowledge:\n- name: a\n  trigger: t\n  body: |\n    b\n",
    "- &a [*a, !x, {<<: *a}]\n",
    "? [a]\n: {b: 'c', \"d\\u0000\": 0x1F}\n--- |\n text\n...\n%YAML 1.1\n---\n",
    "---\nname: a\ntrigger: t\n---\nbody\n",
]
pieces = st.sampled_from(
    ["knowledge", "name", ": ", "- ", "\n", "  ", "\t", "&a ", "*a", "<<", "!x ", "|", ">", "'", '"', "{", "}", "[",
     "]", ",", "---\n", "...\n", "?", "#", "%", "@", "\u2028", "\u0085", "\ufeff", "\r\n", "\0", "é", "😀", "1", "~"]
)  # fmt: skip
texts = st.one_of(st.text(), st.lists(pieces, max_size=40).map("".join))
noisy = st.builds(
    lambda seed, at, junk: seed[: at % len(seed)] + junk + seed[at % len(seed) :],
    st.sampled_from(SEEDS),
    st.integers(0, 200),
    texts,
)
content = st.one_of(st.binary(), texts.map(str.encode), noisy.map(str.encode))
