"""`devinops comment`."""

from __future__ import annotations

from typing import Any

import click

from devinops.cli.options import FilePath, NonEmpty, Options, common
from devinops.model.exit_codes import ExitCode


@click.command()
@click.argument("file", required=False, type=FilePath(allow_dash=True))
@click.option(
    "--print-digest",
    is_flag=True,
    help="Print the digest that was reviewed in the request whose merge made this commit.",
)
@click.option(
    "--comment-author",
    type=NonEmpty(),
    metavar="LOGIN",
    help="Whose comments to trust. Default: github-actions[bot], or the user of the GitLab token.",
)
@click.option(
    "--request",
    type=click.IntRange(1),
    metavar="N",
    help="Number of the pull or merge request, if the CI job does not belong to one.",
)
@click.option(
    "--base",
    type=NonEmpty(),
    metavar="BRANCH",
    help="The branch that --print-digest accepts merges into. Default: the branch of the CI job.",
)
@common(host=True)
def command(options: Options, **arguments: Any) -> ExitCode:
    """Post the Markdown report FILE (- for stdin) as a comment on the pull or merge request.

    There is one comment for each target in each root; a new report replaces its text. With
    --print-digest, instead find the request whose merge into the job's branch made this commit, and
    print the digest in its comment, for apply --expect; exit 5 if there is none. The token comes
    from GITHUB_TOKEN, or on GitLab from DEVINOPS_GITLAB_TOKEN.

    \b
      devinops plan --report markdown=plan.md
      devinops comment plan.md
      digest=$(devinops comment --print-digest)
      devinops apply --yes --expect "$digest"
    """
    from devinops.cli.handlers.comment import run

    return run(options, **arguments)
