"""Problems of declarations that depend on the targets or on the API. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from functools import cache

from devinops.kinds import KINDS
from devinops.model.credentials import starred
from devinops.model.kind import ApiVersion, Attribute, Kind, Role, Scope
from devinops.model.objects import Declaration, Ensure, Problem, Severity
from devinops.model.suggest import did_you_mean
from devinops.model.values import UNSET


def target_problems(
    declarations: Iterable[Declaration], targets: Collection[str]
) -> Iterator[Problem]:
    """Yield a problem for each entry limited to a target that devinops.yaml does not declare."""
    for declaration in declarations:
        for name in declaration.targets or ():
            if name in targets:
                continue
            hint = did_you_mean(name, targets)
            target = (
                "a target"
                if KINDS[declaration.key.kind].confidential
                else f'the target "{starred(name)}"'
            )
            yield Problem(
                declaration.source_of("targets"),
                "unknown-target",
                f"{declaration.key} is for {target}{hint}, which devinops.yaml does not declare",
            )


def value_problems(
    declarations: Iterable[Declaration], is_credential: Callable[[str], bool]
) -> Iterator[Problem]:
    """Yield a problem for each value that is in the variable of a credential."""
    for declaration in declarations:
        variable = declaration.value_variable
        if variable and is_credential(variable):
            source = declaration.kind.role(Role.VALUE_SOURCE)
            assert source
            yield Problem(
                declaration.source_of((source.name, "env")),
                "credential-variable",
                f"{variable} can hold a key or token of the job itself (of Devin, CI, Git or a "
                "cloud), and every session could read that as this secret: use another variable, "
                f"such as {variable}_VALUE",
            )


def api_problems(
    declarations: Iterable[Declaration], api: ApiVersion, scope: Scope = Scope.ORGANIZATION
) -> Iterator[Problem]:
    """Yield a problem for everything declared that this API cannot do.

    `scope` is the scope of the target: an organization or the enterprise.
    """
    for declaration in declarations:
        if declaration.ensure is Ensure.UNMANAGED:
            continue
        if api not in declaration.kind.apis:
            yield _missing_kind(declaration, api)
            continue
        if not declaration.kind.is_in(api, scope):
            yield _missing_in_scope(declaration, scope)
            continue
        yield from _nested_folder(declaration, api)
        yield from _no_folder(declaration, api, scope)
        if declaration.ensure is Ensure.PRESENT:
            yield from _unwritable(declaration, api)


def _missing_kind(declaration: Declaration, api: ApiVersion) -> Problem:
    others = ", ".join(declaration.kind.apis)
    return Problem(
        declaration.source,
        "unsupported-kind",
        f"API {api} does not support {declaration.kind.plural} (API {others} does): use a key of "
        "that API, or limit the entry with targets:",
    )


def _missing_in_scope(declaration: Declaration, scope: Scope) -> Problem:
    name = declaration.kind.name
    message = (
        f"an enterprise has no {name}, only its organizations have one: limit the entry to their "
        "targets with targets:"
    )
    if scope is not Scope.ENTERPRISE:
        message = (
            f"an organization has no {name}, only its enterprise has one: set enterprise: true in "
            "the entry"
        )
    return Problem(declaration.source, "unsupported-kind", message)


def _no_folder(declaration: Declaration, api: ApiVersion, scope: Scope) -> Iterator[Problem]:
    kind, folder = declaration.kind, declaration.key.folder
    if kind.lives_in and folder and not KINDS[kind.lives_in].is_in(api, scope):
        yield Problem(
            declaration.source_of(kind.parent or ""),
            "unsupported-field",
            f"the API of an enterprise accepts no {kind.lives_in} for {kind.with_article}, but "
            f'this entry is in "{folder}": write {kind.parent}: "", or limit the entry with '
            "targets:",
        )


def _unwritable(declaration: Declaration, api: ApiVersion) -> Iterator[Problem]:
    for attribute in _unwritable_fields(declaration.kind, api):
        if getattr(declaration.resource, attribute.name) is UNSET:
            continue
        others = [version for version in attribute.names if attribute.writes(version)]
        yield Problem(
            declaration.source_of(attribute.name),
            "unsupported-field",
            f"API {api} cannot set {attribute.name} of {declaration.kind.with_article} (API "
            f"{', '.join(others)} can): remove the field (the live value is kept), or limit the "
            "entry with targets:",
        )


@cache
def _unwritable_fields(kind: Kind, api: ApiVersion) -> tuple[Attribute, ...]:
    """Return the fields that an API cannot set; none if it writes no object of the kind at all."""
    if not kind.apis[api].creates and kind.apis[api].update is None:
        return ()
    return tuple(a for a in kind.attributes if a.names and not a.writes(api))


def edition_problems(
    declarations: Iterable[Declaration],
    api: ApiVersion,
    unknown_fields: Collection[tuple[str, str]],
) -> Iterator[Problem]:
    """Yield a problem for each declared field that no listed object has, so it would be lost.

    Such a field can also be a part that the key may not read.
    """
    for declaration in declarations if unknown_fields else ():
        if declaration.ensure is not Ensure.PRESENT:
            continue
        for name, value in declaration.resource.items():
            if value is not None and (declaration.key.kind, name) in unknown_fields:
                kind = declaration.kind
                parts = kind.apis[api].parts
                lacking = next((part.permission for part in parts if part.field == name), "")
                why, give = f"API {api} lists no {kind.name} with the field {name}", ""
                if lacking:
                    why, give = f"the key may not read {name}", f"give the key {lacking}, "
                yield Problem(
                    declaration.source_of(name),
                    "unsupported-field",
                    f"{why}, so devinops can neither set nor compare it: {give}remove it (the "
                    "live value is kept), or limit the entry with targets:",
                )


def _nested_folder(declaration: Declaration, api: ApiVersion) -> Iterator[Problem]:
    kind = declaration.kind
    container = KINDS[kind.lives_in] if kind.lives_in else kind
    if not container.apis[api].is_flat:
        return
    path = declaration.key.folder if kind.lives_in else declaration.key.path
    if "/" in path:
        field = kind.parent or kind.identity.fields[0]
        yield Problem(
            declaration.source_of(field),
            f"nested-{container.noun}",
            f'API {api} knows a {container.noun} only by its own name, and "{path}" is nested: '
            "use API v3 (a key that begins with cog_) or a top-level folder, or limit the entry "
            "with targets:",
        )


def rotation_warnings(declarations: Iterable[Declaration]) -> Iterator[Problem]:
    """Yield a warning for each version of a contract, for targets without an inventory."""
    for declaration in declarations:
        rotation = declaration.kind.role(Role.ROTATION)
        if rotation is None or declaration.ensure is not Ensure.PRESENT:
            continue
        if getattr(declaration.resource, rotation.name) is not UNSET:
            yield Problem(
                declaration.source_of(rotation.name),
                f"{rotation.name}-needs-inventory",
                f"changing {rotation.name} rotates {declaration.key} only with an inventory; "
                "without one, delete the object in the web app and apply again",
                Severity.WARNING,
            )
