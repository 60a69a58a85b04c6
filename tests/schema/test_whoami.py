"""The document of whoami."""

from __future__ import annotations

import pytest

from devinops.schema.base_document import HEAD, convert, plain
from devinops.schema.whoami import SettingItem, WhoamiDocument

DOCUMENT = WhoamiDocument(
    **HEAD,
    root="/repository",
    settings={"timeout": SettingItem(60.0, "default")},
    principal="CI",
    principal_type=None,
    org_id=None,
    emulator=None,
)


def test_it_comes_back_as_it_was_written() -> None:
    assert convert(plain(DOCUMENT), WhoamiDocument) == DOCUMENT


def test_a_setting_without_its_source_is_refused_with_its_path() -> None:
    damaged = plain(DOCUMENT) | {"settings": {"timeout": {"value": 60.0}}}
    with pytest.raises(ValueError, match="source"):
        convert(damaged, WhoamiDocument)
