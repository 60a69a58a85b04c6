"""`devinops plan`."""

from __future__ import annotations

import click

from devinops.api import open_reader
from devinops.cli.options import Options, common
from devinops.cli.run import Job, plan_chunks, write_failure
from devinops.errors import DevinopsError, ExitCode


@click.command()
@click.option("--detailed-exitcode", is_flag=True, help="Exit 2 when changes are pending.")
@click.option(
    "--allow-delete",
    type=click.IntRange(0),
    metavar="N",
    help="Show the plan as with exactly N deletes accepted.",
)
@common(api=True, only=True)
def command(options: Options, detailed_exitcode: bool, allow_delete: int | None) -> ExitCode:
    """Show what apply would change; never writes.

    \b
      devinops plan
      devinops plan --detailed-exitcode      exit 2: changes are pending
      devinops plan --format json > plan.json
    """
    try:
        job = Job.of(options)
        with open_reader(job.connection, options.log) as reader:
            plan = job.plan(reader, job.snapshot(reader), allow_delete)
    except DevinopsError as error:
        write_failure(options, error)
        raise
    code = plan.exit_code(detailed=detailed_exitcode)
    options.write(options.format, lambda format: plan_chunks(options, plan, format, code))
    return code
