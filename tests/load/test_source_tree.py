"""The tree keeps what the meaning of YAML leaves out."""

from __future__ import annotations

import pytest
import yaml

from devinops.load import yamltree
from devinops.load.source_tree import NotSupported, comments, documents

TEXT = """\
# first

# above a
a: &x |  # header
  text

b: # beside b
  # above the item
  - 'q' # beside the item
    # inner
  # below the list
# last
--- # marker
- {c: [*y,
    2]} # after the bracket
"""


@pytest.fixture(params=["CSafeLoader", "SafeLoader"], autouse=True)
def loader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yamltree, "LOADER", getattr(yaml, request.param))


def test_comments_have_their_places() -> None:
    (first, second), rest = documents(TEXT)
    assert rest == []
    a, b = first.root.nested
    assert a.above == ["# first", "", "# above a"]
    assert (a.value.style, a.value.anchor, a.value.value) == ("|", "x", "text\n")
    assert (a.beside, b.above, b.beside) == (["# header"], [""], ["# beside b"])
    (item,) = b.value.nested
    assert (item.above, item.beside, item.inner) == (
        ["# above the item"],
        ["# beside the item"],
        ["# inner"],
    )
    assert (b.value.below, first.root.below) == (["# below the list"], ["# last"])
    assert (first.marked, second.marked, second.beside) == (False, True, ["# marker"])
    (pair,) = second.root.nested
    assert (pair.value.flow, pair.value.several_lines) == (True, True)
    assert pair.beside == ["# after the bracket"]


def test_all_comments_are_found_in_their_order() -> None:
    found = ["first", "above a", "header", "beside b", "above the item", "beside the item"]
    found += ["inner", "below the list", "last", "marker", "after the bracket"]
    assert comments(TEXT) == [f"# {comment}" for comment in found]


def test_text_with_a_number_sign_is_no_comment() -> None:
    text = "a: b#c\nd: '# e'\nf: |\n  # g\nh: >-\n  i # j\nk: \"l\n  # m\"\n"
    assert comments(text) == []


def test_a_text_without_documents_has_its_comments() -> None:
    assert documents("# a\n\n# b\n") == ([], ["# a", "", "# b"])
    assert documents("") == ([], [])


def test_a_directive_is_not_supported() -> None:
    with pytest.raises(NotSupported, match="the directive on line 2"):
        documents("# a\n%YAML 1.2\n---\na: b\n")
