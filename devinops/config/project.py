"""devinops.yaml as it is written: the targets with their defaults, and where each value is."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Literal

from devinops.git import Git, error_line, found_no_repository
from devinops.load import CONFIG, YamlDocument
from devinops.load.layers import NAME, find_layers
from devinops.model.errors import ConfigError
from devinops.model.objects import Problem, Source
from devinops.model.policy import MAX_TARGETS, Prune
from devinops.planning.layers import Layers
from devinops.planning.waves import Wave, find_waves

DEFAULT_TARGET: Final = "default"


@dataclass(frozen=True)
class Project:
    """A root directory and its devinops.yaml; without that file every setting has its default.

    `targets_file` is the file that `targets` names, if it names one. `whole` is False if a part of
    the files could not be read.
    """

    root: Path
    document: YamlDocument | None = None
    whole: bool = True
    targets_file: YamlDocument | None = None

    @property
    def data(self) -> Mapping[str, Any]:
        return self.document.data if self.document else {}

    @property
    def paths(self) -> tuple[str, ...]:
        return self._texts("paths")

    @property
    def ignore(self) -> tuple[str, ...]:
        return self._texts("ignore")

    @cached_property
    def layers(self) -> Layers:
        """The targets, and the directories of the layers that each of them gets."""
        written = self.data.get("layers")
        layers = written if isinstance(written, list) else ()
        targets = {name: body for name, body in self.targets.items() if isinstance(body, dict)}
        return find_layers(self.root, layers, targets or {DEFAULT_TARGET: {}}, self.source_of)

    @cached_property
    def waves(self) -> tuple[Wave, ...]:
        """The waves in which the targets are applied; none without `waves`."""
        return tuple(self.found_waves[0])

    @cached_property
    def found_waves(self) -> tuple[list[Wave], list[Problem]]:
        """The waves, and what is wrong with each of them."""
        written = self.data.get("waves")
        if not isinstance(written, list):
            return [], []
        return find_waves(written, self.targets, self.source_of)

    @property
    def layer_directories(self) -> tuple[str, ...]:
        """The directories of layers; of those for one target each, the one above them."""
        layers = self.data.get("layers", ())
        return tuple(dict.fromkeys(layer["path"].removesuffix(f"/{NAME}") for layer in layers))

    @property
    def reading(self) -> dict[str, Any]:
        """The settings of `load`: which files are read, and which targets get their entries."""
        return {
            "paths": self.paths,
            "ignore": self.ignore,
            "source_of": self.source_of,
            # What could not be read may have more targets, and they other labels.
            "layers": self.layers if self.whole else None,
        }

    @property
    def defaults(self) -> Mapping[str, Any]:
        """The settings of targets that do not set them themselves."""
        return self._section("defaults")

    @cached_property
    def targets(self) -> Mapping[str, Mapping[str, Any]]:
        """Name → settings of each target, with the defaults, in the order of the file."""
        return {name: _with_defaults(own, self.defaults) for name, own in self._own.items()}

    @cached_property
    def _own(self) -> Mapping[str, Mapping[str, Any]]:
        """Name → the settings that each target has itself."""
        document = self._targets_document
        targets = document.data.get("targets") if document else None
        named = targets.items() if isinstance(targets, dict) else ()
        return {name: own if isinstance(own, dict) else {} for name, own in named}

    @property
    def _targets_document(self) -> YamlDocument | None:
        return self.targets_file or self.document

    @property
    def max_targets(self) -> int:
        """How many targets a run may write to without approval."""
        most = self.data.get("max_targets")
        return most if isinstance(most, int) else MAX_TARGETS

    @property
    def shards(self) -> int:
        """How many jobs of CI share the targets of an apply."""
        number = self.data.get("shards")
        return number if isinstance(number, int) else 1

    def inventory_of(self, name: str) -> Mapping[str, Any]:
        """Return the settings of a target's inventory. Raises ConfigError as `default_store`."""
        declared: Mapping[str, Any] | None = self.targets.get(name, self.defaults).get("inventory")
        return declared or {"store": self.default_store}

    @cached_property
    def default_store(self) -> Literal["branch", "file"]:
        """Where the inventory of a target without `inventory` is: on a branch if there is a remote.

        Raises ConfigError if git refuses to use the repository, or does not run in one.
        """
        root, error = self.root.resolve(), ""
        result = Git(root).attempt("remote")
        if result is None and any((path / ".git").exists() for path in (root, *root.parents)):
            error = "git is not installed, or does not respond"
        elif result and result.code and not found_no_repository(result):
            error = error_line(result.err)
        if error:
            raise ConfigError(
                "git cannot use the repository here, so it is not clear where the inventory is: "
                f"{error}; fix that, or set inventory: {{store: file}} in {CONFIG}"
            )
        return "branch" if result and result.text else "file"

    @property
    def rate(self) -> float:
        """How many requests a second may be sent with one key; infinite without a limit."""
        number, _, unit = self.data.get("rate", "").partition("/")
        return int(number) / {"s": 1, "min": 60}[unit] if number else math.inf

    @property
    def lint(self) -> Mapping[str, Any]:
        """The section `lint`; empty without one."""
        return self._section("lint")

    def _section(self, name: str) -> Mapping[str, Any]:
        section = self.data.get(name)
        return section if isinstance(section, dict) else {}

    def _texts(self, option: str) -> tuple[str, ...]:
        texts = self.data.get(option)
        if not isinstance(texts, list):
            return ()
        return tuple(text for text in texts if isinstance(text, str))

    def source_of(self, *path: str | int) -> Source:
        return self.document.source_of(*path) if self.document else Source(CONFIG)

    def is_default(self, name: str, option: str) -> bool:
        """Return whether a target has a setting only because it is among the defaults."""
        return option in self.defaults and option not in self._own.get(name, {})

    def target_source(self, name: str, option: str, *path: str | int) -> Source:
        """Return where a setting of a target is written, or the target if it is nowhere."""
        if self.is_default(name, option):
            return self.source_of("defaults", option, *path)
        document = self._targets_document
        return document.source_of("targets", name, option, *path) if document else Source(CONFIG)

    def target_key_source(self, name: str) -> Source:
        """Return where the name of a target is written."""
        document = self._targets_document
        return document.key_source("targets", name) if document else Source(CONFIG)

    def is_damaged(self, name: str) -> bool:
        """Return whether a part of a target's settings could not be read."""
        own, shared = self._targets_document, self.document
        default = bool(self.defaults and shared and shared.node.at(("defaults",)).tainted)
        return default or bool(own and own.node.at(("targets", name)).tainted)


def _with_defaults(own: Mapping[str, Any], defaults: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the settings of a target, with the defaults that suit those that it has itself."""
    unsuitable = set()
    if own.get("enterprise") is True:
        unsuitable.add("enterprise_key_env")
    if own.get("prune", Prune.SCOPE) != Prune.SCOPE:
        unsuitable.add("scope")
    return {name: value for name, value in defaults.items() if name not in unsuitable} | dict(own)
