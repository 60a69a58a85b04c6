"""What people wrote is shown as it is, and is neither a link nor a command."""

from __future__ import annotations

import shlex
from collections.abc import Callable

import pytest

from devinops.model.keys import ROOT, FolderPath, Key
from devinops.planning.commands import forget_command, link_command
from devinops.render.markdown.escape import code, fenced, html_code, prose, safe_url

PROSE = {
    "a sentence: with (brackets), and \"quotes\".": "a sentence: with (brackets), and \"quotes\".",
    "pass --allow delete=4: now": "pass `--allow delete=4`: now",
    "wave due, or --allow out-of-wave": "wave due, or `--allow out-of-wave`",
    "pass --allow access, or --allow lockout": "pass `--allow access`, or `--allow lockout`",
    "pass --allow network, --on-drift overwrite": "pass `--allow network`, `--on-drift overwrite`",
    "decide with --on-conflict git or --on-conflict live": "decide with `--on-conflict git` or `--on-conflict live`",
    "20% of 13 on 2026-03-12 at 09:41": "20% of 13 on 2026-03-12 at 09:41",
    "don't re-create 字 and é": "don't re-create 字 and é",
    'there is no folder "F/G": create it': 'there is no folder "`F/G`": create it',
    "@octocat, see #12": "`@octocat`, see `#12`",
    "GH-12 and deadbee": "`GH-12` and `deadbee`",
    "https://evil.example www.evil.example": "`https://evil.example` `www.evil.example`",
    "www. x": "`www`. x",
    "<b>x</b> *y* _z_ [l](u)": "`<b>x</b>` `*y*` `_z_` `[l](u`)",
    "1. item": "`1`. item",
    "- item": "`-` item",
    "/close": "`/close`",
    "a\nb\u202ec": "`a\\nb\\u202ec`",
    "`tick`": "`tick`",
    "`override any instructions` sets": "`override any instructions` sets",
    "as a list (`1. Read <b> @me`), or": "as a list (`1. Read <b> @me`), or",
    "a `b`@c d`": "a `` `b`@c `` `` d` ``",
    "`` a` b": "``` `` ``` `` a` `` b",
    'add previously: [{"folder": "", "name": "Error envelope"}], and it': 'add `previously: [{"folder": "", "name": "Error envelope"}]`, and it',
    'previously: [{"name": "a \\"b\\" }] c"}]': '`previously: [{"name": "a \\"b\\" }] c"}]`',
    'a: [{"b": "`"}]': '``a: [{"b": "`"}]``',
    'a: [{"b": "@x"}]@y': 'a: `[{"b`": "`@x"}]@y`',
    'a: [{"b": "c": @octocat"}]': 'a: `[{"b`": "c": `@octocat"}]`',
    'add triggers: [{"a": [{"b": {"c": true, "d": -1}}, []]}], and it': 'add `triggers: [{"a": [{"b": {"c": true, "d": -1}}, []]}]`, and it',
    'it is "Team Docs/How to": rename "Team Docs/How to" to "Team Docs"': 'it is "`Team Docs/How to`": rename "`Team Docs/How to`" to "Team Docs"',
    'a "b @c" d" @e "f': 'a "`b @c`" d" `@e` "f',
    'a "b @c"@d e': 'a "b `@c"@d` e',
    "run devinops pull -C .. --drift, or": "run `devinops pull -C .. --drift`, or",
    "gone (devinops pull --drift does that)": "gone (`devinops pull --drift` does that)",
    "devinops pull --drift@octocat": "devinops pull `--drift@octocat`",
    "use devinops pull": "use devinops pull",
    "knowledge:Old name": "`knowledge:Old` name",
}  # fmt: skip


@pytest.mark.parametrize("text", PROSE)
def test_a_word_that_could_be_more_is_code(text: str) -> None:
    assert prose(text) == PROSE[text]


def test_a_sentence_can_be_inside_of_html() -> None:
    text = 'all with region=eu: "<b>", 1,000 lines, +12 −3'
    expected = 'all with <code>region=eu</code>: "<code>&lt;b&gt;</code>", 1,000 lines, +12 −3'
    assert prose(text, mark=html_code) == expected


KEYS = {
    "knowledge:Old name",
    "knowledge:Old name of it",
    "knowledge:F/What is it?",
    "knowledge:a `b` @c",
    "session-tags:x y",
}
WITH_KEYS = {
    "was knowledge:Old name": "was `knowledge:Old name`",
    "is it knowledge:Old name? Then": "is it `knowledge:Old name`? Then",
    "is it knowledge:F/What is it?? Then": "is it `knowledge:F/What is it?`? Then",
    "knowledge:Old name of it: why": "`knowledge:Old name of it`: why",
    "knowledge:Old name of all": "`knowledge:Old name` of all",
    "link 'knowledge:Old name' n1": "link '`knowledge:Old name`' n1",
    "(knowledge:Old name, knowledge:Old name)": "(`knowledge:Old name`, `knowledge:Old name`)",
    "session-tags:x y changed": "`session-tags:x y` changed",
    "knowledge:a `b` @c is": "``knowledge:a `b` @c`` is",
    # Nothing that could be more is next to the span, and no other span.
    "knowledge:Old name@octocat": "`knowledge:Old` `name@octocat`",
    "knowledge:Old name,@octocat": "`knowledge:Old` `name,@octocat`",
    "@knowledge:Old name": "`@knowledge:Old` name",
    "knowledge:New name": "`knowledge:New` name",
}  # fmt: skip


@pytest.mark.parametrize("text", WITH_KEYS)
def test_a_key_is_one_span_although_it_contains_spaces(text: str) -> None:
    assert prose(text, keys=KEYS) == WITH_KEYS[text]


@pytest.mark.parametrize(
    "key",
    [
        Key("knowledge", ROOT, "A"),
        Key("knowledge", FolderPath("B c"), "Twin's note"),
        Key("knowledge", ROOT, "100% `x` | <b> *y*"),
        Key("knowledge", ROOT, "run devinops pull --drift now"),
    ],
    ids=str,
)
@pytest.mark.parametrize("command", [link_command, forget_command])
@pytest.mark.parametrize("root", ["..", "it's `a` <b> é"])
def test_a_command_is_one_span_with_its_key(
    command: Callable[..., str], key: Key, root: str
) -> None:
    written = command(key, flags=f" -C {shlex.quote(root)} -t st")
    assert prose(f"or run {written}, then", keys={str(key)}) == f"or run {code(written)}, then"


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("a b", "`a b`"),
        ("a`b", "``a`b``"),
        ("`", "`` ` ``"),
        ("a``b`", "``` a``b` ```"),
        (" a", "`  a `"),
        ("", "`   `"),
        ("x" * 400, f"`{'x' * 300}… (100 more)`"),
        ("\x00" * 300, "`" + r"\x00" * 75 + "…`"),
    ],
)
def test_a_code_span_holds_any_text(text: str, span: str) -> None:
    assert code(text) == span


def test_html_is_shown_and_not_obeyed() -> None:
    assert html_code('<b a="1">&amp;') == "<code>&lt;b a=&quot;1&quot;&gt;&amp;amp;</code>"


def test_no_row_closes_its_fence() -> None:
    assert fenced(["````", "x"], "diff") == "`````diff\n````\nx\n`````"


def test_an_address_cannot_leave_its_link() -> None:
    assert safe_url("https://a/b) [x](c d\n<\ud800") == "https://a/b%29%20%5Bx%5D%28c%20d%0A%3C?"
