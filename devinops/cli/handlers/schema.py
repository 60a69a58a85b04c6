"""What `devinops schema` does."""

from __future__ import annotations

import json
from pathlib import Path

import click

from devinops import atomic
from devinops.cli.output import write_file
from devinops.model.errors import NotWritten, UsageError
from devinops.model.exit_codes import ExitCode
from devinops.schema.all_schemas import schemas


def run(name: str | None, directory: Path | None) -> ExitCode:
    """Carry out the command, as its help says; return the exit code."""
    known = schemas()
    if name is not None and name not in known:
        raise UsageError(f'there is no schema "{name}"; NAME is one of {", ".join(known)}')
    chosen = known if name is None else {name: known[name]}
    if directory is not None:
        try:
            directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            reason = atomic.reason(error)
            raise NotWritten(f"--directory cannot create {directory}: {reason}") from error
        for title, schema in chosen.items():
            write_file(directory / f"{title}.schema.json", [dumped(schema)], "--directory")
    else:
        click.echo(dumped(chosen if name is None else chosen[name]), nl=False)
    return ExitCode.OK


def dumped(schema: object) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
