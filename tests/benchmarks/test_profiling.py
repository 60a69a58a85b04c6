"""What a profile shows: the time of each package, of all threads."""

from __future__ import annotations

import pstats
import threading
from pathlib import Path

import pytest

import devinops
from benchmarks.profiling import by_function, by_package, package, profiled
from devinops.model.keys import encode_part

PACKAGE = Path(devinops.__file__).parent


@pytest.mark.parametrize(
    ("path", "name"),
    [
        (f"{PACKAGE}/load/yamltree.py", "devinops"),
        ("/venv/lib/python3.11/site-packages/yaml/loader.py", "yaml"),
        ("/usr/lib/python3.11/json/decoder.py", "json"),
        ("/usr/lib/python3.11/re.py", "re"),
        ("~", "built-in functions, and waiting"),
    ],
)
def test_a_file_belongs_to_a_package(path: str, name: str) -> None:
    assert package(path) == name


def test_a_profile_has_the_functions_of_every_thread() -> None:
    with profiled() as profiles:
        thread = threading.Thread(target=encode_part, args=("A/B",))
        thread.start()
        thread.join()
        encode_part("C")
    stats = pstats.Stats(profiles[0])
    for profile in profiles[1:]:
        stats.add(profile)
    [row] = [line for line in by_function(stats) if "encode_part" in line]
    assert row.split()[2] == "2"
    assert any(line.endswith("  devinops") for line in by_package(stats))
