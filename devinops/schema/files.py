"""JSON Schemas of the files that a user writes, derived from the kinds.

Editors and devinops check a file against the same schema.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from devinops.kinds import KINDS
from devinops.model.kind import Attribute, Kind, Role
from devinops.model.objects import Ensure, Severity
from devinops.model.policy import MAX_TARGETS, MissingFolders, OnDrift, Prune

DIALECT = "https://json-schema.org/draft/2020-12/schema"
TARGET_NAME = r"^(?!all$|(con|prn|aux|nul|(com|lpt)[0-9])(\.|$))[a-z0-9][a-z0-9._-]*$"
LABEL = "^[A-Za-z0-9][A-Za-z0-9._-]*$"
OWNER = r"^[A-Za-z0-9][A-Za-z0-9._/:-]{0,127}$"
WAVE_NAME = r"^(?!(due|enterprise)$)[a-z0-9][a-z0-9._-]*$"
SOAK = "^[0-9]{1,4}[mhd]$"
LAYER = r"^[^/\\{}.][^/\\{}]*(/[^/\\{}.][^/\\{}]*)*(/\{name\})?$"
SCOPE = r"^(/|[^/*?\[\]]+(/[^/]+)*)$"
RATE = "^[1-9][0-9]{0,5}/(s|min)$"
DATE = "^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"
ENVIRONMENT_NAME = "^[A-Za-z_][A-Za-z0-9_]*$"
BRANCH_NAME = "^(?!HEAD$|refs/)[A-Za-z0-9_][A-Za-z0-9_-]*([./][A-Za-z0-9_-]+)*$"
REMOTE_NAME = "^[A-Za-z0-9_][A-Za-z0-9_.-]*$"


def _text(description: str, **rules: Any) -> dict[str, Any]:
    return {"type": "string", **rules, "description": description}


def _integer(description: str, **rules: Any) -> dict[str, Any]:
    return {"type": "integer", **rules, "description": description}


def _list(description: str, items: Mapping[str, Any], **rules: Any) -> dict[str, Any]:
    return {"type": "array", "items": items, **rules, "description": description}


def _mapping(description: str, properties: Mapping[str, Any], **rules: Any) -> dict[str, Any]:
    """Return the schema of a mapping that has no other keys."""
    head = {"description": description, "type": "object", "properties": properties}
    return {**head, **rules, "additionalProperties": False}


def _word(description: str, words: Iterable[str], **rules: Any) -> dict[str, Any]:
    """Return the schema of one of these words."""
    return {"enum": [*map(str, words)], **rules, "description": description}


# --- the schemas ----------------------------------------------------------------------------------


def file_schemas() -> dict[str, dict[str, Any]]:
    """Return name → JSON Schema of the files that a user writes.

    `declarations` describes a YAML file, the noun of a kind the front matter of its Markdown files,
    `config` devinops.yaml, and `targets` the file that its `targets` can name.
    """
    front_matter = [kind.noun for kind in KINDS.values() if kind.document]
    return {
        name: file_schema(name) for name in ("declarations", *front_matter, "config", "targets")
    }


def file_schema(name: str) -> dict[str, Any]:
    """Return one of `file_schemas`. Raises KeyError for another name."""
    special = {"declarations": _declarations, "config": _config, "targets": _targets_file}
    if name in special:
        return headed(name, special[name]())
    return headed(name, entry_schema(KINDS[name], front_matter=True))


def headed(name: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return a schema with its identity: a URN, since it is in many places, and on no site yet."""
    return {"$schema": DIALECT, "$id": f"urn:devinops:schema:{name}", **schema}


def sections_schema() -> dict[str, Any]:
    """Return the schema of a YAML file without its entries, which are checked one by one."""
    return {
        "description": "Entries of devinops: one list for each kind.",
        "type": ["object", "null"],
        "properties": {
            kind.section: {"type": ["array", "null"], "description": kind.title}
            for kind in KINDS.sections.values()
        },
        "additionalProperties": False,
    }


def _declarations() -> dict[str, Any]:
    schema = sections_schema()
    for kind in KINDS.sections.values():
        schema["properties"][kind.section]["items"] = entry_schema(kind)
    return schema


def entry_schema(kind: Kind, *, front_matter: bool = False) -> dict[str, Any]:
    """Return the schema of one entry in YAML, or of the front matter of a Markdown file.

    Without $ref and oneOf, which would slow down the check of every entry.
    """
    fields = [a for a in kind.attributes if not (front_matter and a.name == kind.document)]
    properties = {a.name: dict(a.schema) for a in fields} | _options(kind)
    text = None if front_matter else kind.document
    if text:
        properties[f"{text}_file"] = _text(
            f"File with the {text}, relative to this file and inside the root.",
            minLength=1,
            example="texts/style.md",
        )
    return {
        "description": kind.title,
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
        **_required_keywords(kind, fields, text),
    }


def _options(kind: Kind) -> dict[str, Any]:
    """Return the schemas of the fields that entries of every kind have."""
    options: dict[str, Any] = {
        "targets": _list(
            "The targets that this entry is for. Missing: all organizations.",
            _text("Name of a target.", pattern=TARGET_NAME, example="production"),
            minItems=1,
        ),
        "where": where("The labels of the targets that this entry is for."),
        "enterprise": _flag("This entry is for the enterprise instead of its organizations."),
        "overrides": _flag("This entry replaces the entry of an earlier layer with this name."),
        "extends": _flag("This entry replaces only fields in the entry of an earlier layer."),
        "final": _flag("No later layer can change this entry or take it away."),
        "meta": {
            "type": "object",
            "description": "Anything, for lint and for people; never sent.",
            "example": {"owner": "acme-api", "review_by": "2027-03-01"},
        },
        "lint": _lint_exceptions(),
    }
    if kind.tombstones:
        options["ensure"] = _word(
            "absent deletes the object, unmanaged stops managing it. Missing: present.",
            Ensure,
            example=Ensure.ABSENT.value,
        )
        options["protect"] = _flag("When this entry is removed, the delete is blocked.")
    if kind.renames:
        options["previously"] = _list(
            "Its old names, newest first, so that a rename is not a delete and a create.",
            _old_place(kind),
        )
    return options


def _flag(description: str) -> dict[str, Any]:
    text = f"true: {description[0].lower()}{description[1:]}"
    return {"type": "boolean", "description": text, "default": False}


def where(description: str) -> dict[str, Any]:
    """Return the schema of labels that select targets."""
    labels = {
        "type": "object",
        "minProperties": 1,
        "additionalProperties": {
            "type": ["string", "array"],
            "items": {"type": "string"},
            "minItems": 1,
        },
        "example": {"region": "eu", "ring": ["canary", "early"]},
    }
    rule = "A value or a list of values; under not, values to leave out."
    without = {**labels, "description": "The labels that a target must not have."}
    without["example"] = {"ring": "canary"}
    return {**labels, "properties": {"not": without}, "description": f"{description} {rule}"}


def _lint_exceptions() -> dict[str, Any]:
    rule = _text("Id or name of a rule.", minLength=1, example="broken-link")
    properties = {
        "ignore": _list("Lint rules that this entry may break, by id or name.", rule, minItems=1),
        "reason": _text(
            "Say why this entry may break these rules.",
            minLength=1,
            example="The page is only for members.",
        ),
        "until": _text(
            "Last day of the exception, such as 2027-03-01.", pattern=DATE, example="2027-03-01"
        ),
    }
    description = "Exceptions from lint rules; never sent."
    return _mapping(description, properties, required=["ignore", "reason"])


def _old_place(kind: Kind) -> dict[str, Any]:
    properties = {
        a.name: {**a.schema, "description": f"The old {a.name}. Missing: the same as now."}
        for a in kind.attributes
        if a.name in kind.key_fields
    }
    description = "The old name; a missing part is the same as now."
    return _mapping(description, properties, minProperties=1)


def _required_keywords(kind: Kind, fields: Iterable[Attribute], text: str | None) -> dict[str, Any]:
    """Return the keywords that require fields and exclude combinations of fields.

    `text` is the field whose value can also be in a file of its own.
    """
    required = [a.name for a in fields if a.required and a.name != text]
    together: dict[str, Any] = {}
    keywords: dict[str, Any] = {"required": required}
    if source := kind.role(Role.VALUE_SOURCE):
        keywords["dependentRequired"] = {
            source.name: [a.name for a in kind.attributes if a.with_value]
        }
    if text:
        together[f"{text}_file"] = {"not": {"required": [text]}}
    if kind.tombstones:
        keywords |= _required_by_ensure(kind, required, text)
        together["protect"] = {
            "not": {
                "required": ["ensure"],
                "properties": {"ensure": {"const": "absent"}, "protect": {"const": True}},
            }
        }
    if together:
        keywords["dependentSchemas"] = together
    return keywords


def _required_by_ensure(kind: Kind, required: list[str], text: str | None) -> dict[str, Any]:
    """Return the required fields: a tombstone, and what extends an entry, need only their name."""
    name = [field for field in required if field in kind.identity.fields]
    if_present: dict[str, Any] = {"required": [field for field in required if field not in name]}
    if text:
        if_present["anyOf"] = [{"required": [text]}, {"required": [f"{text}_file"]}]
    if not any(if_present.values()):
        return {"required": required}
    taken = {"required": ["ensure"], "properties": {"ensure": {"enum": ["absent", "unmanaged"]}}}
    extends = {"required": ["extends"], "properties": {"extends": {"const": True}}}
    return {"required": name, "if": taken, "else": {"if": extends, "else": if_present}}


def _config() -> dict[str, Any]:
    properties = {
        "version": {"const": 1, "description": "Version of this file's format."},
        "required_version": _text(
            'Versions of devinops that may be used, such as ">=0.9,<1".',
            minLength=1,
            example=">=0.9,<1",
        ),
        "paths": _list(
            "More files and directories to read: patterns relative to this file.",
            _text("A pattern.", minLength=1, example="teams/*/devin"),
        ),
        "ignore": _list(
            "Patterns of files not to read, as in .gitignore.",
            _text("A pattern.", minLength=1, example="knowledge/drafts/**"),
        ),
        "lint": _lint(),
        "max_targets": _integer(
            "How many targets a run may write to without --allow targets=N. "
            f"Default: {MAX_TARGETS}.",
            minimum=1,
            example=200,
        ),
        "rate": _text(
            "Maximum requests of a run with one key, to all targets together: a whole number "
            'a second or a minute, such as "20/s" or "600/min".',
            pattern=RATE,
            examples=["20/s"],
        ),
        "shards": _integer(
            "How many jobs of CI share the targets of an apply; devinops init writes them. GitHub "
            "starts at most 256 jobs of a matrix, and GitLab 200, those of all waves together. "
            "Default: 1.",
            minimum=1,
            maximum=256,
            example=8,
        ),
        "defaults": _defaults(),
        "targets": {
            **_targets(),
            "type": ["object", "string"],
            "minLength": 1,
            "description": "The organizations, each under a name of your choice, or the path "
            "of a YAML file that has this section.",
        },
        "ignore_organizations": _list(
            "Organizations that devinops targets discover gives no target.",
            _text("Id of an organization.", minLength=1, example="org-0123abcd"),
        ),
        "layers": _list(
            "Directories of entries that some targets get; a later one wins.", _layer()
        ),
        "waves": _list(
            "The targets that are applied together, one wave after the other.", _wave(), minItems=1
        ),
    }
    return _mapping("Settings of devinops (devinops.yaml).", properties, required=["version"])


def _layer() -> dict[str, Any]:
    path = "A directory such as layers/eu, or one for each target: orgs/{name}."
    properties = {
        "path": _text(path, pattern=LAYER, example="layers/eu"),
        "where": where("The labels of the targets that get it. Missing: all targets."),
    }
    description = "A directory of entries that some targets get."
    return _mapping(description, properties, required=["path"])


def _wave() -> dict[str, Any]:
    properties = {
        "name": _text(
            "Name of the wave, neither due nor enterprise.", pattern=WAVE_NAME, example="canary"
        ),
        "where": where("The labels of its targets. Missing: all targets in no earlier wave."),
        "soak": _text(
            "How long the next wave waits after the last change in this one, in minutes (90m), "
            "hours (24h) or days (2d); at most 366 days.",
            pattern=SOAK,
            examples=["24h"],
        ),
        "max_failed": _integer(
            "How many of its targets may fail before it stops. Default: 0.", minimum=0, example=1
        ),
    }
    description = "Targets that are applied together, after those of earlier waves."
    return _mapping(description, properties, required=["name"])


def _targets_file() -> dict[str, Any]:
    properties = {"targets": {**_targets(), "minProperties": 1}}
    description = "The targets of devinops, in a file of their own."
    return _mapping(description, properties, required=["targets"])


def _targets() -> dict[str, Any]:
    return {
        "type": "object",
        "propertyNames": {
            "pattern": TARGET_NAME,
            "description": "Lower-case letters, digits, `.`, `_` and `-`, beginning with a letter "
            "or digit; neither `all` nor a name that Windows reserves, such as `con`.",
        },
        "additionalProperties": _target(),
        "description": "The organizations, each under a name of your choice.",
        "example": {"production": {"org_id": "org-0123abcd"}},
    }


def _defaults() -> dict[str, Any]:
    settings = _connection() | {"inventory": _inventory()} | _policy()
    for only_of_a_target in ("org_id", "enterprise"):
        del settings[only_of_a_target]
    return _mapping(
        "Settings of all targets, unless a target sets them itself.",
        settings,
        type=["object", "null"],
        example={"inventory": {"store": "branch"}, "prune": Prune.OWNED.value},
    )


def _lint() -> dict[str, Any]:
    rule = _text("Id, name or beginning of an id.", minLength=1, example="DV1")
    ignore = _list("Rules that do not run, by id, name or beginning of an id (DV1).", rule)
    severity = {
        "type": "object",
        "additionalProperties": {"enum": [*map(str, Severity)]},
        "description": "Rule, by id or name → severity of its findings.",
        "example": {"broken-link": "error"},
    }
    by_path = {"ignore": ignore, "severity": severity}
    properties = {
        "select": _list(
            "Rules that run, by id, name or beginning of an id (DV1). Missing: all.",
            rule,
            minItems=1,
        ),
        "ignore": ignore,
        "severity": severity,
        "paths": {
            "type": "object",
            "additionalProperties": _mapping("What is different for these files.", by_path),
            "description": "Pattern of files, as in .gitignore → what is different for them.",
            "example": {"knowledge/legacy/**": {"ignore": ["DV1"]}},
        },
        "baseline": _text(
            "File with the findings to hide, relative to this file.",
            minLength=1,
            example="lint-baseline.json",
        ),
        "fail_on": _word(
            "Lowest severity that makes lint exit with 1. Missing: warning.", Severity
        ),
        "budgets": _lint_budgets(),
    }
    return _mapping("Settings of devinops lint.", properties, example={"ignore": ["broken-link"]})


def _lint_budgets() -> dict[str, Any]:
    properties = {
        "tokens": _integer(
            "Maximum estimated tokens of a text. Missing: 8000.", minimum=1, example=4000
        ),
        "everywhere_tokens": _integer(
            "The same for a text that is pinned to all repositories. Missing: 1000.",
            minimum=1,
            example=500,
        ),
    }
    return _mapping("Sizes that are too large.", properties)


def _target() -> dict[str, Any]:
    connection = _connection()
    properties = {"org_id": connection["org_id"], **_place(), **connection}
    return _mapping(
        "One organization, or an enterprise, with its address and credential.",
        {**properties, "inventory": _inventory(), **_policy()},
        type=["object", "null"],
    )


def _place() -> dict[str, Any]:
    """Return the properties that give a target its place among the others."""
    return {
        "title": _text("Name of the organization, for people.", minLength=1, example="Payments EU"),
        "labels": {
            "type": "object",
            # Under `where`, `not` is no label.
            "propertyNames": {
                "pattern": LABEL.replace("^", "^(?!not$)"),
                "description": f"{_LABEL_TEXT} `not` cannot be a label.",
            },
            "additionalProperties": _text(_LABEL_TEXT, pattern=LABEL),
            "description": "Label → value, to select targets by.",
            "example": {"ring": "canary", "region": "eu"},
        },
        "hold": _text(
            "Why nothing may be written to the organization now. It is still planned.",
            minLength=1,
            examples=["waits for the audit"],
        ),
        "previously": _list(
            "Its old names, newest first, so that its inventory comes along.",
            _text("Old name of the target.", pattern=TARGET_NAME, example="prod"),
            minItems=1,
            uniqueItems=True,
        ),
    }


_LABEL_TEXT = "A word of letters, digits, `.`, `_` and `-`, beginning with a letter or digit."


def _connection() -> dict[str, Any]:
    """Return the properties that say which organization a target is and how to reach it."""
    return {
        "org_id": _text(
            "Id of the organization. Missing: DEVIN_ORG_ID, else devinops asks the API.",
            minLength=1,
            example="org-0123abcd",
        ),
        "enterprise": _flag(
            "The objects are those of the enterprise that the key belongs to, instead of those of "
            "an organization. API v3."
        ),
        "api_url": _text(
            "URL of the API. Missing: DEVIN_API_URL, else https://api.devin.ai.",
            minLength=1,
            example="https://api.devin.ai",
        ),
        "api_version": _word(
            "Version of the API. Missing: v3 for a key that begins with cog_, v1 for apk_.",
            ("v3", "v1"),
        ),
        "api_key_env": _text(
            "Environment variable with the API key, never the key itself.",
            pattern=ENVIRONMENT_NAME,
            default="DEVIN_API_KEY",
            example="DEVIN_API_KEY_PRODUCTION",
        ),
        "enterprise_key_env": _text(
            "Environment variable with a key of the enterprise, for the settings of "
            "an organization that only such a key may write; never the key itself.",
            pattern=ENVIRONMENT_NAME,
            example="DEVIN_API_KEY_ENTERPRISE",
        ),
        "owner": _text(
            "The owner that devinops writes into the label devinops of objects that "
            "have labels, at most 128 characters. Missing: the target's oldest name.",
            pattern=OWNER,
            example="acme-api",
        ),
    }


def _inventory() -> dict[str, Any]:
    properties = {
        "store": _word(
            "Where it is stored: on its own branch (the default if there is a Git remote), in a "
            "file below .devinops/ (the default if not), or nowhere (none).",
            ("none", "branch", "file"),
        ),
        "branch": _text(
            "Branch for store: branch (default: devinops).", pattern=BRANCH_NAME, example="devinops"
        ),
        "remote": _text(
            "Name of the Git remote for store: branch (default: origin, else the only one).",
            pattern=REMOTE_NAME,
            example="origin",
        ),
    }
    return _mapping(
        "The record of which live objects this repository owns.",
        properties,
        required=["store"],
        example={"store": "branch"},
    )


def _policy() -> dict[str, Any]:
    """Return the properties that say what a run may do in a target."""
    return {
        "prune": _word(
            "Which undeclared objects are deleted: none (off, the default), those that the "
            "inventory owns, or also every note in `scope`. Secrets need --allow delete=N as well.",
            Prune,
            example=Prune.OWNED.value,
        ),
        "scope": _list(
            "Folders for `prune: scope`: a folder, or a folder followed by a pattern such as "
            "Backend/**; / stands for the notes in the root.",
            {"type": "string", "pattern": SCOPE, "example": "Backend/**"},
            minItems=1,
        ),
        "on_drift": _word(
            "What to do with changes made outside devinops: show and keep them (the default), "
            "overwrite them, or fail.",
            OnDrift,
        ),
        "missing_folders": _word(
            "What to do with a new note whose folder is missing: create it in the root, with a "
            "warning, and move it when the folder exists (root, the default with an inventory), or "
            "block it.",
            MissingFolders,
        ),
        "max_delete": {
            "type": ["string", "integer"],
            "pattern": "^(100|[0-9]{1,2})%$",
            "minimum": 0,
            "description": "Maximum deletes of a kind in one run: a number, or a share such "
            'as "20%".',
            "default": "20%",
            "example": "10%",
        },
        "v3_macro": _word(
            "API v3 cannot set a macro. If an update might lose one: block the update (hold, the "
            "default), or send it and check (verify).",
            ("hold", "verify"),
        ),
    }
