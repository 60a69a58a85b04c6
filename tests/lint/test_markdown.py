from __future__ import annotations

import pytest

from devinops.lint.markdown import Markdown


@pytest.mark.parametrize(
    ("text", "prose"),
    [
        ("a `b` c", "a     c"),
        ("a ``b ` c`` d", "a           d"),
        ("a ` b", "a ` b"),
        ("a `b\n\nc` d", "a `b\n\nc` d"),
        ("a\n```\nb\n```\nc", "a\n   \n \n   \nc"),
        ("a\n~~~ sh\nb\n```\nc\n~~~\nd", "a\n      \n \n   \n \n   \nd"),
        ("- ```\n  b\n  ```\nc", "     \n   \n     \nc"),
        ("a <!-- b\n--> c", "a       \n    c"),
        ("````\n```\n````\na", "    \n   \n    \na"),
    ],
)
def test_code_and_comments_are_no_prose(text: str, prose: str) -> None:
    assert Markdown(text).prose == prose


@pytest.mark.parametrize(
    ("text", "closed"),
    [
        ("```\na\n```", [True]),
        ("```\na", [False]),
        ("```a```\n", []),
        ("```\na\n~~~", [False]),
        ("````\n```\n", [False]),
        ("```sh\na\n```\n\n```sh\nb", [True, False]),
        ("   ```\na\n   ```", [True]),
    ],
)
def test_fences_open_and_close(text: str, closed: list[bool]) -> None:
    assert [fence.is_closed for fence in Markdown(text).fences] == closed


def test_a_fence_knows_its_code_and_language() -> None:
    text = "a\n```Python title=x\nprint()\n```\nb"
    (fence,) = Markdown(text).fences
    assert (fence.language, text[fence.first : fence.last]) == ("python", "print()\n")
