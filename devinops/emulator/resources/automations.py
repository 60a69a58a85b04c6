"""Automations of an organization: what starts a session, and its prompt.

PATCH is a merge patch, or replaces whole groups: the `automation_updates` quirk says which, and
`update_semantics` of the schemas tells it to the client.
"""

from __future__ import annotations

import re
import secrets as randomness
from collections import Counter
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import Query
from pydantic import ValidationError

from devinops.emulator import access
from devinops.emulator.access import Actor
from devinops.emulator.records import ApiError, Automation, JsonObject
from devinops.emulator.resource import (
    CREATED,
    ORGANIZATION,
    Create,
    Delete,
    Filters,
    Listing,
    Mount,
    Omitted,
    RequestContext,
    Resource,
    Update,
    operation,
)
from devinops.emulator.resources import automation_models as shapes
from devinops.emulator.resources.automation_events import (
    SCHEDULE,
    TEMPLATES,
    WEBHOOK,
    check_recurrence,
    next_time,
    sources,
    supported_replies,
)
from devinops.emulator.store import Store

_PLAYBOOK = re.compile(r"(?<![\w@])@playbook:([\w|-]+)")
_REPOSITORY = re.compile(r"(?<![\w@/.])@([\w.-]+/[\w.-]*\w)(?![\w/:])")

_STORED = tuple(shapes.AutomationPatch.model_fields)
# Members without parts of their own: an update replaces them even if it merges.
_REPLACED_WHOLE = ("name", "enabled", "run_as", "security_profile", "preflight")
_DEFAULTS: JsonObject = {
    "triggers": [],
    "run_as": {"type": "organization"},
    "metadata": {},
    "slack_reply_access": "slack_users",
    "teams_reply_access": "teams_users",
}
# The member that identifies the elements of a list when they are merged.
_KEYS = {"triggers": "event_type", "actions": "type"}


# -- views


def _view_automation(store: Store, automation: Automation) -> JsonObject:
    """Return an automation as the API shows it, without the secret of its webhook."""
    fields = {name: getattr(automation, name) for name in _STORED}
    return {
        "automation_id": automation.id,
        **fields,
        "triggers": [_trigger(automation, trigger) for trigger in automation.triggers],
        "created_by": _actor(store, automation.created_by),
        "created_at": automation.created_at,
        "updated_at": automation.updated_at,
        "last_edited_by": _actor(store, automation.updated_by) if automation.updated_by else None,
        "last_invocation": automation.last_invocation,
        "next_run_at": _next_run(store, automation),
        "security_profile": _profile(automation.security_profile),
        "template_id": automation.template_id,
    }


def _view_with_secret(store: Store, automation: Automation) -> JsonObject:
    """Return an automation as the API shows it, once with the secret of its new webhook."""
    content = _view_automation(store, automation)
    for trigger in content["triggers"]:
        if trigger["webhook"] is not None:
            trigger["webhook"]["secret"] = automation.new_secret
    automation.new_secret = None
    return content


def _trigger(automation: Automation, trigger: JsonObject) -> JsonObject:
    webhook = {"url": automation.webhook_url, "secret": None}
    return {**trigger, "webhook": webhook if trigger["event_type"] == WEBHOOK else None}


def _actor(store: Store, actor_id: str) -> JsonObject:
    actor = store.actor(actor_id)
    kind = "user" if actor.is_person else "service_user"
    return {"type": kind, "id": actor.id, "name": actor.name}


def _profile(choice: JsonObject | None) -> JsonObject:
    if choice is None:
        return {"selection": "inherit", "profile_id": None, "warnings": []}
    profile_id = choice["profile_id"]
    selection = "none" if profile_id is None else "profile"
    return {"selection": selection, "profile_id": profile_id, "warnings": []}


def _next_run(store: Store, automation: Automation) -> int | None:
    """Return when a schedule fires next, in Unix seconds; None without one and while disabled."""
    if not automation.enabled:
        return None
    rules = [rule for trigger in automation.triggers for rule in _recurrences(trigger)]
    times = [next_time(rule, store.now()) for rule in rules]
    return min((time for time in times if time is not None), default=None)


def _recurrences(trigger: JsonObject) -> list[str]:
    groups = (trigger["conditions"] or {"any": []})["any"]
    conditions = [condition for group in groups for condition in group["all"]]
    return [item["value"] for item in conditions if item["operator"] == "recurrence"]


# -- writing


def create(context: RequestContext, fields: JsonObject) -> Automation:
    """Create an automation from a checked body. Raises ApiError for an unknown reference."""
    template = fields.get("template_id")
    if template is not None:
        _apply_template(context, fields)
    actor = context.caller.actor
    ready = completed(context.store, fields, None)
    _check(context, ready)
    made: Automation = context.store.insert("automation", context.org, actor, ready)
    return made


def _apply_template(context: RequestContext, fields: JsonObject) -> None:
    template = TEMPLATES.get(fields["template_id"])
    if template is None:
        raise ApiError(400, f"Unknown template {fields['template_id']}")
    sent = context.body.tools
    if template["required_mcps"] and (sent is None or "mcp_servers" not in sent.model_fields_set):
        tools = fields["tools"] or shapes.Tools().model_dump()
        fields["tools"] = {**tools, "mcp_servers": list(template["required_mcps"])}


def change(context: RequestContext, automation: Automation) -> Automation:
    """Change an automation by a checked body, in the way that the quirk says."""
    body: shapes.AutomationPatch = context.body
    sent = body.model_dump(exclude_unset=True)
    for name in ("name", "enabled", "actions"):
        if name in sent and sent[name] is None:
            raise ApiError(422, "Value should not be null", ("body", name), None)
    merges = context.store.quirks.automation_updates == "merge"
    stored = {name: getattr(automation, name) for name in sent}
    changes = {
        name: _changed(name, stored[name], value, merges=merges) for name, value in sent.items()
    }
    ready = completed(context.store, _checked(automation, changes), automation)
    _check(context, ready)
    changed: Automation = context.store.change(
        "automation", automation, context.caller.actor, ready
    )
    return changed


def _changed(name: str, stored: Any, value: Any, *, merges: bool) -> Any:
    if value is None:
        return _DEFAULTS.get(name)
    if name == "metadata" and not merges:
        # A null removes a label in either way of updating: the request's schema says so.
        return {key: label for key, label in value.items() if label is not None}
    if not merges or name in _REPLACED_WHOLE:
        return value
    if name in _KEYS:
        return _merged_elements(stored, value, _KEYS[name])
    merged = _merged(stored, value)
    if name == "session_settings" and value.get("net_policy", "") is None:
        merged["net_policy"] = None  # elsewhere, null only removes a member
    return merged


def _merged(stored: object, patch: object) -> Any:
    """Return a value with a merge patch: objects are merged by member, null removes a member."""
    if not isinstance(patch, dict):
        return patch
    result = dict(stored) if isinstance(stored, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = _merged(result.get(name), value)
    return result


def _merged_elements(stored: list[JsonObject], sent: list[JsonObject], key: str) -> list[Any]:
    """Return the sent elements, each merged into the stored one of its type.

    The member `key` is the type. An element is merged only if its type occurs once on both sides.
    """
    stored_types = Counter(element[key] for element in stored)
    sent_types = Counter(element[key] for element in sent)
    by_type = {
        element[key]: element
        for element in stored
        if stored_types[element[key]] == sent_types[element[key]] == 1
    }
    return [_merged(by_type.get(element[key], {}), element) for element in sent]


def _checked(automation: Automation, changes: JsonObject) -> JsonObject:
    """Return the changed groups in full, checked as whole ones. Raises ApiError with 422."""
    ids = [trigger.pop("trigger_id", None) for trigger in changes.get("triggers", ())]
    whole = {name: getattr(automation, name) for name in _STORED if name != "triggers"}
    whole |= {"triggers": [], **changes}
    try:
        fields = shapes.AutomationCreate.model_validate(whole).model_dump(include=set(changes))
    except ValidationError as error:
        first = error.errors()[0]
        raise ApiError(422, first["msg"], ("body", *first["loc"]), first["input"]) from None
    for trigger, trigger_id in zip(fields.get("triggers", ()), ids, strict=False):
        trigger["trigger_id"] = trigger_id
    return fields


def completed(store: Store, fields: JsonObject, automation: Automation | None) -> JsonObject:
    """Return fields with the server's own: trigger ids, a webhook, parts of sessions.

    The webhook of `automation` stays as it is; a new webhook has a secret.
    """
    ready = dict(fields)
    if "triggers" in ready:
        ready["triggers"] = [
            {**trigger, "trigger_id": trigger.get("trigger_id") or store.token("trigger")}
            for trigger in ready["triggers"]
        ]
        ready |= _webhook(store, ready["triggers"], automation)
    if "actions" in ready:
        ready["actions"] = [_with_references(action) for action in ready["actions"]]
    return ready


def _webhook(store: Store, triggers: list[JsonObject], automation: Automation | None) -> JsonObject:
    if not any(trigger["event_type"] == WEBHOOK for trigger in triggers):
        return {"webhook_url": None}
    if automation is not None and automation.webhook_url is not None:
        return {}
    url = f"https://webhooks.example.com/{store.token('inbox')}"
    return {"webhook_url": url, "new_secret": randomness.token_urlsafe(24)}


def _with_references(action: JsonObject) -> JsonObject:
    """Return an action with the playbook and the repositories that its prompt names."""
    if action["type"] != "start_session":
        return action
    playbooks = _PLAYBOOK.findall(action["prompt"])
    derived = {
        "playbook_id": playbooks[0] if playbooks else None,
        "repos": list(dict.fromkeys(_REPOSITORY.findall(action["prompt"]))),
    }
    return {**action, "session": {**action["session"], **derived}}


# -- checks


def _check(context: RequestContext, fields: JsonObject) -> None:
    """Raise a 400 for an unknown reference and for an impossible combination."""
    _check_triggers(fields.get("triggers", []))
    _check_actions(context, fields.get("actions", []))
    _check_identity(context, fields)
    concurrency = fields.get("concurrency") or {}
    if concurrency.get("max_queue_depth") is not None and not concurrency["max_concurrent_runs"]:
        raise ApiError(400, "max_queue_depth needs max_concurrent_runs")
    profile = (fields.get("security_profile") or {}).get("profile_id")
    if profile is not None and profile not in _profiles(context):
        raise ApiError(400, f"Unknown security profile {profile}")


def _profiles(context: RequestContext) -> dict[str, str]:
    return context.store.organization(context.caller.organization).security_profiles


def _check_triggers(triggers: list[JsonObject]) -> None:
    if sum(trigger["event_type"] == WEBHOOK for trigger in triggers) > 1:
        raise ApiError(400, f"At most one {WEBHOOK} trigger is allowed")
    for trigger in triggers:
        event_type, rules = trigger["event_type"], _recurrences(trigger)
        for reply in trigger["replies"]:
            if reply["type"] not in supported_replies(event_type):
                raise ApiError(400, f"{event_type} does not support {reply['type']}")
        if event_type == SCHEDULE and not rules:
            raise ApiError(400, f"{SCHEDULE} needs a condition with a recurrence")
        for rule in rules:
            _check_rule(rule)


def _check_rule(rule: str) -> None:
    try:
        check_recurrence(rule)
    except ValueError:
        raise ApiError(400, f"Not a recurrence rule: {rule}") from None


def _check_actions(context: RequestContext, actions: list[JsonObject]) -> None:
    kinds = Counter(action["type"] for action in actions)
    if kinds["start_session"] > 1:
        raise ApiError(400, "At most one start_session action is allowed")
    if kinds["monitor_session"] and len(actions) > 1:
        raise ApiError(400, "A monitor_session action must be the only action")
    for action in actions:
        _check_target(action)
        for playbook_id in _PLAYBOOK.findall(action.get("prompt") or ""):
            if not context.store.has_playbook(context.org, playbook_id):
                raise ApiError(400, f"Unknown playbook {playbook_id}")


def _check_target(action: JsonObject) -> None:
    if action["type"] != "message_session" or action["auto_create"]:
        return
    if action["target_devin_id"] is None:
        raise ApiError(400, "A message_session action needs target_devin_id or auto_create")


def _check_identity(context: RequestContext, fields: JsonObject) -> None:
    run_as = fields.get("run_as") or {"type": "organization"}
    is_person = context.caller.actor.is_person
    if run_as["type"] == "creator" and not is_person:
        raise ApiError(400, "An automation of a service user cannot run as its creator")
    service_user = run_as.get("service_user_id")
    if service_user is not None and not _is_service_user(context.store, service_user):
        raise ApiError(400, f"Unknown service user {service_user}")
    email = (fields.get("notifications") or {}).get("email")
    if email is not None and not email["recipients"] and not is_person:
        raise ApiError(400, "Email notifications of a service user's automation need recipients")


def _is_service_user(store: Store, service_user_id: str) -> bool:
    actors: list[Actor] = [principal.actor for principal in store.keys.values()]
    holds_key = any(actor.id == service_user_id and not actor.is_person for actor in actors)
    return holds_key or service_user_id in store.table("service_user")


# -- a person's fields


def add_as_person(store: Store, fields: JsonObject) -> JsonObject:
    """Return the store's fields for what a person gives. Raises what `web_edits` explains.

    References are not checked, and nobody can see the secret of a webhook.
    """
    own = {"id", "created_at", "updated_at", "last_invocation"} & fields.keys()
    sent = {"run_as": {"type": "organization"}, "triggers": [], **fields}
    body = {name: value for name, value in sent.items() if name not in own}
    whole = shapes.AutomationCreate.model_validate(body).model_dump()
    ready = completed(store, whole, None)
    ready.pop("new_secret", None)
    return {**ready, **{name: fields[name] for name in own}}


def edit_as_person(store: Store, automation: Automation, fields: JsonObject) -> JsonObject:
    """Return the store's fields for a person's change of whole groups; raises what adding does."""
    own = {name: fields[name] for name in fields if name == "last_invocation"}
    changes = {name: value for name, value in fields.items() if name not in own}
    ready = completed(store, _checked(automation, changes), automation)
    ready.pop("new_secret", None)
    return {**ready, **own}


# -- reading


def _is_hidden(context: RequestContext, automation: Automation) -> bool:
    """Return whether the quirk hides an automation that runs as its creator from the caller."""
    hides = context.store.quirks.creators_automations == "hidden"
    is_person = context.caller.actor.is_person
    return hides and not is_person and automation.run_as["type"] == "creator"


def _shown(context: RequestContext) -> list[Automation]:
    rows = context.store.listing("automation", context.org, "reversed")
    return [automation for automation in rows if not _is_hidden(context, automation)]


def _find(context: RequestContext) -> Automation:
    automation: Automation = context.store.find("automation", context.org, context.id)
    if _is_hidden(context, automation):
        raise ApiError(404, "Automation not found")
    return automation


# -- the lists beside the automations


AgentType = Literal[
    "new_session",
    "long_running",
    "auto_triage",
    "remediate_finding",
    "triage_session",
    "generic_assistant",
    "incident_session",
    "code_scan",
]
_AGENTS = {"new_session": "start_session", "long_running": "message_session"}


@dataclass
class AutomationFilters(Filters):
    """Which automations to list; a label is `metadata.KEY=VALUE`, and all must match."""

    search: Annotated[str | None, Query()] = None
    creator_id: Annotated[str | None, Query()] = None
    enabled: Annotated[bool | None, Query()] = None
    event_type: Annotated[str | None, Query()] = None
    agent_types: Annotated[list[AgentType] | None, Query()] = None

    def are_used(self, context: RequestContext) -> bool:
        """Return whether the query has any filter or label."""
        return super().are_used(context) or bool(_labels(context))

    def shows(self, context: RequestContext, automation: Automation) -> bool:
        """Return whether an automation fits all filters."""
        events = {trigger["event_type"] for trigger in automation.triggers}
        agents = {_AGENTS.get(agent) for agent in self.agent_types or ()}
        actions = {action["type"] for action in automation.actions}
        labels = _labels(context)
        return (
            (self.search or "").lower() in automation.name.lower()
            and self.creator_id in (None, automation.created_by)
            and self.enabled in (None, automation.enabled)
            and self.event_type in (None, *events)
            and (not agents or bool(agents & actions))
            and all(automation.metadata.get(key) == value for key, value in labels)
        )


def _labels(context: RequestContext) -> list[tuple[str, str]]:
    prefix = "metadata."
    return [
        (name.removeprefix(prefix), value)
        for name, value in context.query
        if name.startswith(prefix)
    ]


@dataclass
class SchemaQuery:
    """Which security profile the catalog is for."""

    security_profile_id: Annotated[str | None, Query()] = None


@operation(
    "GET", "/schemas", "get automation_schemas", shapes.AutomationSchemas, filters=SchemaQuery
)
def _schemas(context: RequestContext) -> JsonObject:
    """Read the event catalog and the update semantics of the organization."""
    profile_id = context.filters.security_profile_id
    name = _profiles(context).get(profile_id or "")
    profile = None if name is None else {"name": name, "governs_network": False}
    merges = context.store.quirks.automation_updates == "merge"
    return {
        "default_net_policy": {"allow": []},
        "update_semantics": "merge_patch" if merges else "replace_groups",
        "sources": sources(),
        "security_profile": None if profile is None else {**profile, "mcp_servers": None},
    }


@operation("GET", "/templates", "list automation_templates", shapes.AutomationTemplates)
def _templates(context: RequestContext) -> JsonObject:
    """List ready-made automations."""
    return {"templates": list(TEMPLATES.values())}


AUTOMATIONS = Resource(
    kind="automation",
    nouns=("automation", "automations"),
    path="/automations",
    mounts=(Mount(ORGANIZATION, access.READ_AUTOMATIONS, access.WRITE_AUTOMATIONS),),
    id_field="automation_id",
    view=_view_automation,
    answer=shapes.Automation,
    listing=Listing(
        order="reversed", filters=AutomationFilters, rows=_shown, pages_with_total="complete"
    ),
    find=_find,
    create=Create(
        body=shapes.AutomationCreate,
        make=create,
        view=_view_with_secret,
        status=CREATED,
        refusals=(409,),
    ),
    update=Update(
        method="PATCH",
        body=shapes.AutomationPatch,
        omitted=Omitted.MERGES,
        change=change,
        view=_view_with_secret,
        refusals=(409,),
    ),
    delete=Delete(),
    add_as_person=add_as_person,
    edit_as_person=edit_as_person,
    extra=(_schemas, _templates),
)
