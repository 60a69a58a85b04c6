"""Reads YAML and JSON, and checks the types of what is in them.

Everything here raises ConfigError with one line that says where the problem is and what was
expected.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from difflib import get_close_matches
from pathlib import Path
from typing import Any, cast

from devinops.model.errors import ConfigError


def read_yaml(path: Path, what: str) -> object:
    """Return the content of a YAML or JSON file, None if it is empty; errors call it `what`."""
    try:
        return parse_yaml(path.read_bytes(), str(path))
    except OSError as error:
        raise ConfigError(f"{path}: cannot read {what}: {error}") from None


def parse_yaml(content: bytes, where: str) -> object:
    """Return the content of YAML or JSON, None if it is empty."""
    import yaml

    class Loader(yaml.SafeLoader):
        """Refuses a mapping that has a key twice; YAML would take the last."""

        def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
            names = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
            for number, name in enumerate(names):
                if name in names[:number]:
                    mark = node.value[number][0].start_mark
                    raise yaml.constructor.ConstructorError(
                        None, None, f'"{name}" appears twice', mark
                    )
            return super().construct_mapping(node, deep)

    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{where}: cannot read this as UTF-8: {error}") from None
    try:
        return cast("object", yaml.load(text, Loader))  # noqa: S506
    except (yaml.YAMLError, RecursionError) as error:
        with suppress(ValueError, RecursionError):
            # YAML refuses tabs, which JSON may be indented with.
            return cast("object", json.loads(text))
        raise ConfigError(f"{where}: not YAML: {' '.join(str(error).split())}") from None


def mapping(raw: object, where: str, known: Sequence[str] | None = None) -> dict[str, Any]:
    """Return a mapping whose keys are texts and among the `known` ones; None counts as empty."""
    if raw is None:
        return {}
    if not isinstance(raw, Mapping) or not all(isinstance(name, str) for name in raw):
        raise ConfigError(f"{where}: expected a mapping with texts as keys")
    for name in raw:
        if known is not None and name not in known:
            raise ConfigError(f'{where}: unknown key "{name}"{did_you_mean(name, known)}')
    return cast("dict[str, Any]", dict(raw))


def sequence(raw: object, where: str) -> Sequence[object]:
    """Return a list; None counts as empty."""
    if raw is None:
        return ()
    if not isinstance(raw, list | tuple):
        raise ConfigError(f"{where}: expected a list")
    return raw


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return `; did you mean "x"?` for the most similar known word, empty text without one."""
    similar = get_close_matches(word, [name for name in known if name], n=1)
    return f'; did you mean "{similar[0]}"?' if similar else ""
