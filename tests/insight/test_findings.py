"""What sessions say about notes: one case for each class, each rule, and each way to be wrong."""

from __future__ import annotations

import pytest

from devinops.insight import findings
from devinops.insight.findings import pins_to_ask
from devinops.model.inventory import Deleted, Inventory, Record
from devinops.model.keys import Key
from devinops.schema.base_document import plain
from tests.testing.insights import insight, item, observed, skill_usage

OLD = {"created_at": 1, "updated_at": 1}


def bad_on(*days, note="note-A", reason="r"):
    return [item(f"devin-{day}", day, bad={note: f"{reason} {day}"}) for day in days]


def said(items, *names):
    """Return these members of each item."""
    return [tuple(plain(each)[name] for name in names) for each in items]


# --- misleading -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("days", "changed", "applied", "counts"),
    [
        ([5], 1, None, None),
        ([5, 6], 1, None, (2, 0)),
        ([5, 7], 6, None, None),
        ([5, 6, 7], 6, None, (1, 2)),  # one at the same time is one before
        ([5, 6, 7, 8], 6, None, (2, 2)),
        ([2, 3, 4], 5, None, (0, 3)),
        ([2, 3, 9], 5, None, (1, 2)),
        ([5, 6], 9, 1, (2, 0)),  # an apply tells better than the API when the text changed
        ([5, 6], 1, 9, (2, 0)),  # an apply that only adopts changes no text
        ([5, 6], None, 9, (0, 2)),
        ([5, 6], None, None, (2, 0)),
    ],
)
def test_a_note_misleads_if_it_misled_two_sessions_since_its_text_changed(
    days, changed, applied, counts
):
    at = {} if changed is None else {"updated_at": changed * 86400}
    owned = {} if applied is None else {"note-A": applied}
    seen = observed(bad_on(*days), [{"name": "A", **at}], applied=owned)
    expected = [] if counts is None else [counts]
    assert said(insight(seen).misleading(), "bad", "earlier") == expected


def test_a_session_counts_once():
    twice = item("devin-1", 5, bad=["note-A"])
    twice["analysis"]["note_usage"]["bad_usages"] *= 2
    assert insight(observed([twice], [{"name": "A"}])).misleading() == []


def test_a_session_that_misled_by_two_notes_of_one_name_counts_once():
    notes = [
        {"name": "A", "id": "note-1", "updated_at": 6 * 86400},
        {"name": "A", "id": "note-2", "updated_at": 1},
    ]
    items = [
        item("devin-old", 5, bad=["note-1", "note-2"]),
        item("devin-new", 7, bad=["note-1", "note-2"]),
        item("devin-good", 7, good=["note-1", "note-2"]),
        item("devin-older", 3, bad=["note-1"]),
    ]
    seen = observed(items, notes)
    assert said(insight(seen).misleading(), "bad", "earlier", "good", "sessions") == [
        (2, 1, 1, ("devin-old", "devin-new"))
    ]
    assert insight(observed(items[1:2], notes)).misleading() == []


def test_a_session_that_misled_by_a_note_of_the_enterprise_and_of_its_organization_counts_once():
    items = [item("devin-1", 5, bad=["note-E", "note-O"])]
    house = {"name": "House", "id": "note-E"}
    seen = [
        observed(items, [house], name="enterprise"),
        observed(items, [{**house, "id": "note-O"}], name="pay"),
    ]
    assert insight(*seen).misleading() == []


def test_a_note_that_another_target_lists_is_known():
    used = observed([item("devin-1", 5, good=["note-E"])], name="pay")
    enterprise = observed([], [{"name": "E"}], name="enterprise")
    assert insight(used, enterprise).unknown() == []
    assert said(insight(used).unknown(), "id") == [("note-E",)]


def test_a_session_without_a_time_fails_nothing_if_the_note_may_have_changed_since():
    items = [item(f"devin-{n}", None, bad=["note-A"]) for n in range(2)]
    seen = observed(items, [{"name": "A", "updated_at": 1}])
    assert said(insight(seen).misleading(), "bad", "earlier") == [(0, 2)]


def test_the_newest_reason_since_the_change_is_shown_with_its_place_and_owner():
    items = [
        *bad_on(9, 3, 8),
        item("devin-10", 10, bad={"note-A": ""}),
        item("devin-2", 2, good=["note-A"]),
    ]
    seen = observed(
        items, [{"name": "A", "updated_at": 5 * 86400}], entries={"A": {"owner": "platform"}}
    )
    (found,) = insight(seen).misleading()
    assert (found.reason, found.owner, found.good) == ("r 9", "platform", 1)
    assert found.source is not None
    assert found.source.file == "knowledge/A.md"
    assert found.sessions == ("devin-8", "devin-9", "devin-10")


def test_before_a_change_the_newest_of_the_earlier_reasons_is_shown():
    seen = observed(bad_on(2, 3), [{"name": "A", "updated_at": 5 * 86400}])
    assert said(insight(seen).misleading(), "reason", "sessions") == [
        ("r 3", ("devin-2", "devin-3"))
    ]


def test_a_note_without_an_entry_has_no_place():
    seen = observed(bad_on(5, 6), [{"name": "A"}], applied={"note-A": 1})
    assert said(insight(seen).misleading(), "source", "owner") == [(None, None)]


def test_a_renamed_note_has_the_key_of_the_inventory():
    record = Record(Key.parse("knowledge:Old"), "note-A")
    seen = observed(bad_on(5, 6), [{"name": "A"}], inventory=Inventory.of("file", [record]))
    assert said(insight(seen).misleading(), "key") == [("knowledge:Old",)]


def test_notes_of_the_enterprise_are_known_but_not_judged():
    notes = [{"name": "A", "access": "enterprise"}]
    found = insight(observed(bad_on(5, 6), notes))
    assert (found.misleading(), found.never_mentioned(), found.unknown()) == ([], [], [])


# --- never mentioned ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("facts", "meta", "expected"),
    [
        ({"is_enabled": False, "created_at": 9 * 86400}, {"permanent": True}, "disabled"),
        ({"created_at": 9 * 86400}, {"permanent": True}, "permanent"),
        ({"created_at": 9 * 86400}, {"permanent": "no"}, "new"),
        ({"updated_at": 9 * 86400, "pinned_repo": "acme/idle"}, {}, "new"),
        ({"pinned_repo": "acme/idle"}, {}, "no_opportunity"),
        ({"pinned_repo": "github.com/acme/idle"}, {}, "no_opportunity"),
        ({"pinned_repo": "acme/busy"}, {}, "candidate"),
        ({"pinned_repo": "all"}, {}, "candidate"),
        ({"is_enabled": True}, {}, "candidate"),
    ],
)
def test_a_note_that_nothing_mentions_has_the_first_class_that_fits(facts, meta, expected):
    seen = observed([], [{"name": "A", **OLD, **facts}], entries={"A": meta}, idle={"acme/idle"})
    assert said(insight(seen, since=5 * 86400).never_mentioned(), "class") == [(expected,)]


def test_a_note_that_was_applied_in_the_window_is_new():
    seen = observed([], [{"name": "A", "updated_at": 9 * 86400}], applied={"note-A": 9})
    assert said(insight(seen, since=5 * 86400).never_mentioned(), "class") == [("new",)]


@pytest.mark.parametrize("uses", [{"good": ["note-A"]}, {"bad": ["note-A"]}])
def test_one_mention_is_enough(uses):
    assert insight(observed([item("devin-1", 5, **uses)], [{"name": "A"}])).never_mentioned() == []


def test_candidates_come_first():
    notes = [
        {"name": "A", "is_enabled": False, **OLD},
        {"name": "C", **OLD},
        {"name": "B", **OLD},
        {"name": "D", "pinned_repo": "a/b", **OLD},
    ]
    found = insight(observed([], notes, idle={"a/b"}), since=9).never_mentioned()
    keys = [key.removeprefix("knowledge:") for (key,) in said(found, "key")]
    assert keys == ["B", "C", "D", "A"]


def test_only_repositories_that_would_tell_something_are_asked_about():
    notes = [
        {"name": "used", "pinned_repo": "acme/used"},
        {"name": "off", "pinned_repo": "acme/off", "is_enabled": False},
        {"name": "everywhere", "pinned_repo": "all"},
        {"name": "plain"},
        {"name": "b", "pinned_repo": "acme/b"},
        {"name": "a", "pinned_repo": "github.com/acme/a"},
        {"name": "again", "pinned_repo": "acme/a"},
    ]
    seen = observed([item("devin-1", 1, good=["note-used"])], [{**OLD, **note} for note in notes])
    assert pins_to_ask(seen, 9) == ["acme/a", "acme/b"]


# --- missing --------------------------------------------------------------------------------------

APPROVAL = [
    "Document that production deploys need an approval of the platform team.",
    "Say that deploys to production need approval by the platform team",
    "Note: deploying to production needs the platform team's approval",
]
STRANGERS = [
    "Document that staging deploys need a green build of the web team.",
    "Say which linter the web team uses.",
    "Say how tests are run.",
]


def test_wishes_in_other_words_are_one_and_strangers_are_not():
    wishes = [APPROVAL[0], STRANGERS[0], APPROVAL[1], STRANGERS[1], STRANGERS[2], APPROVAL[2]]
    seen = observed([item(f"devin-{n}", n, wishes=[text]) for n, text in enumerate(wishes, 1)])
    first, *others = insight(seen).missing()
    assert (first.wordings, first.sessions) == (tuple(APPROVAL), ("devin-1", "devin-3", "devin-6"))
    assert {item.wordings for item in others} == {(text,) for text in STRANGERS}


def test_a_wish_must_be_like_all_of_a_group_so_that_none_are_chained():
    chain = ["alpha beta gamma delta", "gamma delta beta epsilon", "delta epsilon zeta gamma"]
    seen = observed([item("devin-1", 1, wishes=chain)])
    assert [each.wordings for each in insight(seen).missing()] == [tuple(chain[:2]), (chain[2],)]


def test_a_wish_without_words_stands_alone():
    seen = observed([item("devin-1", 1, wishes=["???", "!!!", "???"])])
    assert sorted(each.wordings for each in insight(seen).missing()) == [("!!!",), ("???",)]


def test_wishes_with_one_vocabulary_are_compared_with_few_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compared = []
    share_most = findings._share_most
    monkeypatch.setattr(
        findings, "_share_most", lambda *pair: compared.append(pair) or share_most(*pair)
    )
    common = "deploy service database staging"
    wishes = [f"{common} alpha{n} beta{n} gamma{n} delta{n} epsilon{n}" for n in range(300)]
    twin = "deploy alpha7 beta7 gamma7 delta7 epsilon7"
    seen = observed([item("devin-1", 1, wishes=[*wishes, twin])])
    assert [each.wordings for each in insight(seen).missing() if len(each.wordings) > 1] == [
        (wishes[7], twin)
    ]
    assert len(compared) < 2 * len(wishes)


def test_a_word_of_many_wishes_leads_only_to_the_first_of_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compared = []
    monkeypatch.setattr(findings, "_share_most", lambda *pair: compared.append(pair))
    wishes = [f"deploy{'!' * n}" for n in range(100)]
    insight(observed([item("devin-1", 1, wishes=wishes)])).missing()
    assert len(compared) == sum(min(n, findings._MOST_GROUPS) for n in range(100))


# --- unknown ids, skills --------------------------------------------------------------------------


def test_unknown_ids_have_the_key_that_the_inventory_remembers():
    inventory = Inventory(
        "file",
        records=(Record(Key.parse("knowledge:Lost"), "note-lost"),),
        deleted=(Deleted(Key.parse("knowledge:Gone"), "note-gone", "2026-01-01T00:00:00Z"),),
    )
    items = [
        item("devin-1", 1, good=["note-gone", "note-A"], bad=["note-lost"]),
        item("devin-2", 2, good=["note-gone", "note-strange"]),
    ]
    found = insight(observed(items, [{"name": "A"}], inventory=inventory)).unknown()
    assert said(found, "id", "key", "good", "bad", "sessions") == [
        ("note-lost", "knowledge:Lost", 0, 1, ("devin-1",)),
        ("note-gone", "knowledge:Gone", 2, 0, ("devin-1", "devin-2")),
        ("note-strange", None, 1, 0, ("devin-2",)),
    ]


def test_skills_are_counted_by_repository_and_path_with_the_key_of_what_was_exported():
    items = [
        item("devin-1", 1, skill_usage={"good_usages": [skill_usage("a"), skill_usage("a")]}),
        item("devin-2", 2, skill_usage={"bad_usages": [skill_usage("a", "acme/other")]}),
        item("devin-3", 3, skill_usage={"good_usages": [skill_usage("a")], "bad_usages": None}),
    ]
    found = insight(observed(items), skills={("acme", "skills", "a"): "knowledge:A"}).skills()
    assert said(found, "repository", "path", "key", "good", "bad") == [
        ("acme/other", "skills/a/SKILL.md", None, 0, 1),
        ("acme/skills", "skills/a/SKILL.md", "knowledge:A", 2, 0),
    ]


TOKEN = "ghp_" + "R7f2KxQ9vB4mZs81TnYp3LcWd6HaEu0JgTqX"


def test_ids_paths_and_categories_are_short_and_without_secrets():
    text = f"{TOKEN} {'x' * 9000}"
    shown = item(
        "devin-1",
        1,
        good=[f"note {text}"],
        skill_usage={"good_usages": [skill_usage(f"path {text}", f"acme/{text}")]},
        classification={"category": f"category {text}", "confidence": 1},
        playbook_id=f"playbook {text}",
        acus_consumed=1,
    )
    found = insight(observed([shown]))
    names = [
        *(name for (name,) in said(found.unknown(), "id")),
        *(name for names in said(found.skills(), "repository", "path") for name in names),
        *(name for (name,) in said(found.cost(), "id")),
    ]
    assert [len(name) for name in names] == [200] * 5
    assert not any(TOKEN in name for name in names)
    assert names[0].startswith(f"note {'*' * len(TOKEN)} x")


# --- cost -----------------------------------------------------------------------------------------


def test_cost_is_summed_and_what_has_no_price_yet_is_counted_apart():
    record = Record(Key.parse("playbook:Triage"), "playbook-1")
    items = [
        item("devin-1", 1, playbook_id="playbook-1", acus_consumed=1.5, org_id="org-1"),
        item("devin-2", 2, playbook_id="playbook-1", acus_consumed=0.0, org_id="org-1"),
        item("devin-3", 3, automation_id="automation-1", acus_consumed=2, category="other"),
        item("devin-4", 4, playbook_id="playbook-2"),
    ]
    found = insight(observed(items, inventory=Inventory.of("file", [record]))).cost()
    assert said(found, "by", "id", "key", "acus", "sessions", "unpriced") == [
        ("automation", "automation-1", None, 2, 1, 0),
        ("category", "other", None, 2, 1, 0),
        ("organization", "org-1", None, 1.5, 2, 1),
        ("playbook", "playbook-1", "playbook:Triage", 1.5, 2, 1),
        ("playbook", "playbook-2", None, None, 1, 1),
    ]


def test_a_small_cost_is_not_zero_in_the_document():
    items = [item(f"devin-{n}", n, org_id="org-1", acus_consumed=0.001) for n in range(3)]
    assert said(insight(observed(items)).cost(), "acus", "unpriced") == [(0.003, 0)]


def test_all_zero_is_no_cost_but_a_plan_that_does_not_show_it():
    items = [item(f"devin-{n}", n, org_id="org-1", acus_consumed=0.0) for n in range(3)]
    assert insight(observed(items)).cost() == []


# --- many targets ---------------------------------------------------------------------------------


def test_notes_of_many_targets_are_merged_by_key():
    first = observed(
        [item("devin-1", 5, bad=["note-1"]), item("devin-2", 5, good=["note-1"])],
        [{"name": "A", "id": "note-1"}, {"name": "B", "id": "note-2", **OLD}],
        name="pay",
        idle={"acme/idle"},
    )
    second = observed(
        [item("devin-3", 6, bad=["note-3"]), item("devin-4", 6, good=["note-9"])],
        [
            {"name": "A", "id": "note-3"},
            {"name": "B", "id": "note-4", "pinned_repo": "acme/idle", **OLD},
            {"name": "C", "id": "note-5", **OLD},
        ],
        name="shop",
        idle={"acme/idle"},
    )
    found = insight(first, second, since=9)
    assert said(found.misleading(), "key", "bad", "good", "targets") == [
        ("knowledge:A", 2, 1, ("pay", "shop"))
    ]
    assert said(found.never_mentioned(), "key", "class", "targets") == [
        ("knowledge:B", "candidate", ("pay",)),
        ("knowledge:C", "candidate", ("shop",)),
    ]
    assert said(found.unknown(), "id", "sessions") == [("note-9", ("devin-4",))]
    base = found.base(unread={"web": "no key"}, time="t", since="s", requests=1)
    assert said(base.mentioned, "key", "good", "bad") == [("knowledge:A", 1, 2)]
    assert (base.sessions, base.analysed, base.unsure) == (4, 4, False)
    assert said(base.targets, "name", "org_id") == [("pay", "org-pay"), ("shop", "org-shop")]


def test_sessions_without_an_id_are_counted_in_the_base():
    seen = [observed([item(""), item("devin-1")], name="pay"), observed([item("")], name="shop")]
    base = insight(*seen).base(unread={}, time="t", since="s", requests=1)
    assert (base.sessions, base.unreadable) == (1, 2)


def test_one_target_with_unsure_repositories_is_enough():
    sure, unsure = observed([], name="pay"), observed([], name="shop", unsure=True)
    base = insight(sure, unsure).base(unread={}, time="t", since="s", requests=1)
    assert base.unsure is True


def test_a_session_of_an_enterprise_and_of_its_organization_counts_once():
    items = [item("devin-1", 5, bad=["note-9"], acus_consumed=2, playbook_id="playbook-1")]
    found = insight(observed(items, name="enterprise"), observed(items, name="pay"))
    base = found.base(unread={}, time="t", since="s", requests=1)
    assert (base.sessions, base.analysed) == (1, 1)
    assert said(found.unknown(), "bad", "sessions") == [(1, ("devin-1",))]
    assert said(found.cost(), "acus", "sessions") == [(2, 1)]


@pytest.mark.parametrize(
    ("facts", "found"),
    [
        ([{"is_enabled": False}, {}], [("candidate", ("shop",))]),
        ([{}, {"is_enabled": False}], [("candidate", ("pay",))]),
        ([{}, {}], [("candidate", ("pay", "shop"))]),
        ([{"is_enabled": False}, {"is_enabled": False}], [("disabled", ("pay", "shop"))]),
    ],
)
def test_only_targets_where_a_note_is_of_its_class_are_counted(facts, found):
    seen = [
        observed([], [{"name": "A", **OLD, **own}], name=name)
        for name, own in zip(("pay", "shop"), facts, strict=True)
    ]
    assert said(insight(*seen, since=9).never_mentioned(), "class", "targets") == found


def test_of_two_notes_of_one_name_in_a_target_the_one_in_use_decides():
    notes = [{"name": "A", "id": f"note-{n}", "is_enabled": n == 1, **OLD} for n in range(3)]
    seen = observed([], notes, name="pay")
    found = insight(seen, since=9).never_mentioned()
    assert said(found, "class", "targets") == [("candidate", ("pay",))]


def test_a_note_that_one_target_mentions_is_not_listed_for_another():
    used = observed([item("devin-1", 5, good=["note-A"])], [{"name": "A"}], name="pay")
    assert insight(used, observed([], [{"name": "A"}], name="shop")).never_mentioned() == []
