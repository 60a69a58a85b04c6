"""How long `devinops validate` takes, against other validators and the least that is needed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks import peers
from benchmarks.commands import (
    FORM_NAMES,
    FRONT_MATTER,
    SCHEMA,
    against_floor,
    floor,
    ours,
    write,
)
from benchmarks.comparison import Comparison, Prepare
from benchmarks.measure import Contender
from benchmarks.results import Bound

CHECK_JSONSCHEMA = "check-jsonschema"
WITH_CLIB = "check-jsonschema with ruamel.yaml.clib"
_YAMALE_SCHEMA = """\
knowledge: list(include('note'))
---
note:
  name: str(min=1)
  folder: str(required=False)
  trigger: str(min=1)
  body: str()
"""


def of_yaml(count: int) -> Prepare:
    """Return what compares the validators on YAML files of one entry each."""

    @contextmanager
    def prepare(directory: Path) -> Iterator[list[Contender]]:
        root = write("yaml", count, directory / "yaml")
        schema = directory / "yamale.yaml"
        schema.write_text(_YAMALE_SCHEMA)
        yamale = (peers.program("yamale", "yamale"), "-s", str(schema), "knowledge")
        yield [
            ours("devinops", root, "validate"),
            floor("validate", root, "knowledge", str(SCHEMA)),
            Contender("yamale", yamale, root),
            _check_jsonschema(CHECK_JSONSCHEMA, root),
            _check_jsonschema(WITH_CLIB, root),
        ]

    return prepare


def _check_jsonschema(peer: str, root: Path) -> Contender:
    files = sorted(str(path.relative_to(root)) for path in (root / "knowledge").rglob("*.yaml"))
    command = (peers.program(peer, "check-jsonschema"), "--schemafile", str(SCHEMA), *files)
    return Contender(peer, command, root, warm=False)


@contextmanager
def forms(directory: Path) -> Iterator[list[Contender]]:
    """Compare the forms of the same entries, those in Markdown also with their floors."""
    contenders = []
    for form, label in FORM_NAMES.items():
        root = write(form, 10_000, directory / form)
        contenders.append(ours(label, root, "validate"))
        if form != "large":
            least = f"floor, {label}"
            contenders.append(floor("validate", root, "knowledge", str(FRONT_MATTER), label=least))
    yield [*contenders, ours("YAML", write("yaml", 10_000, directory / "yaml"), "validate")]


BENCHMARKS = [
    Comparison(
        "validate-1000",
        "validate 1,000 YAML files",
        (
            "The floor uses the C loader of PyYAML and one jsonschema validator. check-jsonschema "
            "runs as pip installs it, and also with its optional C parser."
        ),
        0.4,
        of_yaml(1_000),
        [
            Bound("wall_s", 0.2, CHECK_JSONSCHEMA),
            Bound("wall_s", None, WITH_CLIB),
            Bound("wall_s", 2, "floor"),
            Bound("cpu_s", 1.6, "floor"),
        ],
    ),
    Comparison(
        "validate-10000",
        "validate 10,000 YAML files",
        (
            "0.1× of check-jsonschema is out of reach: even the floor takes longer. yamale "
            "takes about the same CPU time, in four processes."
        ),
        1.8,
        of_yaml(10_000),
        [
            Bound("wall_s", 0.16, CHECK_JSONSCHEMA),
            Bound(
                "wall_s",
                None,
                CHECK_JSONSCHEMA,
                of="floor",
                what=f"time of the floor against {CHECK_JSONSCHEMA}",
            ),
            Bound("wall_s", None, WITH_CLIB),
            Bound("wall_s", 1.9, "yamale"),
            Bound("cpu_s", None, "yamale"),
            Bound("wall_s", 1.75, "floor"),
            Bound("cpu_s", 1.5, "floor"),
            Bound("peak_mb", 3, "floor"),
        ],
    ),
    Comparison(
        "validate-markdown",
        "validate 10,000 Markdown files",
        (
            "Front matter with one value on each line, with or without comments, needs no YAML "
            "parser; a mapping in it does. Each form has its floor."
        ),
        1.5,
        forms,
        [
            Bound("wall_s", 1, "YAML", of="Markdown", what="time against the same as YAML"),
            against_floor(1.5, "markdown"),
            against_floor(1.5, "commented"),
            against_floor(2, "nested"),
        ],
        shown="Markdown",
    ),
]
