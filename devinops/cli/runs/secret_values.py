"""The values of the secrets that a plan creates, from the environment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from devinops.api.redact import remember_values
from devinops.environment import is_credential
from devinops.model.changes import Action
from devinops.model.errors import ConfigError
from devinops.planning.plan import Plan


def secret_values(
    plan: Plan, environ: Mapping[str, str], keys: Iterable[str | None]
) -> dict[str, str]:
    """Return variable → value of every secret to create.

    Raises ConfigError with all variables that are missing, are not UTF-8, or hold one of the `keys`
    of this run or another credential of the job.
    """
    variables = dict(sorted(_secret_variables(plan)))
    if not variables:
        return {}
    values = {name: environ.get(name, "") for name in variables}
    in_use = {*keys, *(environ[name].strip() for name in filter(is_credential, environ))} - {""}
    missing = [name for name, value in values.items() if not value]
    _refuse(variables, missing, "no value in the environment for {}: set it; nothing was written")
    # Python decodes bytes that are not UTF-8 to surrogates, which no request can carry.
    wrong = [
        name for name, value in values.items() if value.encode(errors="ignore").decode() != value
    ]
    why = "the value in the environment is not UTF-8 for {}: set it again; nothing was written"
    _refuse(variables, wrong, why)
    leaked = [name for name, value in values.items() if value.strip() in in_use]
    why = "a key or token of this job is the value for {}: set another; nothing was written"
    _refuse(variables, leaked, why)
    remember_values(values.values())
    return values


def _refuse(variables: Mapping[str, str], names: Sequence[str], why: str) -> None:
    """Raise ConfigError if there are names of variables with values that cannot be used."""
    if names:
        raise ConfigError(
            why.format(", ".join(f"{name} (for {variables[name]})" for name in names))
        )


def _secret_variables(plan: Plan) -> Iterator[tuple[str, str]]:
    """Yield the variable with the value of each secret to create, and the key of the secret."""
    for change in plan.changes:
        creates = change.action in (Action.CREATE, Action.REPLACE)
        if creates and change.declaration and (variable := change.declaration.value_variable):
            yield variable, str(change.key)
