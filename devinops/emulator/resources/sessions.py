"""Sessions of v3 and their analyses. Nothing creates one here except a seed or a person.

Facts, from the vendor's pages and other people's clients: lists are newest first, the single read
equals the item of a list, a parameter that the API does not know is ignored, an unknown id is a
403, and the answers of insights lack three members of a session.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any

from fastapi import Query
from pydantic import Field

from devinops.emulator import access, models, records
from devinops.emulator.records import ApiError, JsonObject
from devinops.emulator.resource import (
    ENTERPRISE,
    ORGANIZATION,
    Filters,
    Listing,
    Mount,
    RequestContext,
    Resource,
    id_of,
    operation,
    view_of,
)
from devinops.emulator.store import Store


class NoteUsage(models.Answer):
    note_id: str
    reason: str
    message: str


class NoteUsages(models.Answer):
    good_usages: list[NoteUsage] = Field(default_factory=list)
    bad_usages: list[NoteUsage] = Field(default_factory=list)


class SkillUsage(models.Answer):
    skill_name: str
    reason: str
    repo_origin: str | None = None
    skill_rel_path: str | None = None


class SkillUsages(models.Answer):
    good_usages: list[SkillUsage] = Field(default_factory=list)
    bad_usages: list[SkillUsage] = Field(default_factory=list)


class ActionItem(models.Answer):
    """What somebody should do; the types are open."""

    action_item: str
    type: str = "other"
    issue_id: str | None = None


class Issue(models.Answer):
    id: str
    issue: str
    impact: str
    label: str
    title: str | None = None


class Classification(models.Answer):
    category: str
    confidence: float
    programming_languages: list[str] = Field(default_factory=list)
    tools_and_frameworks: list[str] = Field(default_factory=list)


class Analysis(models.Answer):
    """What the analysis of a session found. Every member can be missing."""

    note_usage: NoteUsages | None = None
    skill_usage: SkillUsages | None = None
    action_items: list[ActionItem] = Field(default_factory=list)
    issues: list[Issue] = Field(default_factory=list)
    suggested_prompt: dict[str, Any] | None = None
    timeline: list[dict[str, Any]] = Field(default_factory=list)
    classification: Classification | None = None


class _Analysed(models.RequestBody):
    analysis: Analysis | None = None


class _Common(models.Answer):
    """What a session and the answers of insights share."""

    session_id: str
    url: str
    status: str
    tags: list[str]
    org_id: str
    created_at: int
    updated_at: int
    acus_consumed: float
    pull_requests: list[dict[str, Any]]
    title: str | None
    user_id: str | None
    service_user_id: str | None
    automation_id: str | None
    playbook_id: str | None
    parent_session_id: str | None
    child_session_ids: list[str] | None
    subcategory: str | None
    origin: str | None
    devin_mode: str | None
    is_archived: bool


class Session(_Common):
    status_detail: str | None
    category: str | None
    structured_output: dict[str, Any] | None


class SessionInsights(_Common):
    num_user_messages: int
    num_devin_messages: int
    session_size: str
    analysis: Analysis | None
    analysis_status: str | None = None


def _url(_: Store, session: records.Session) -> str:
    return f"https://app.devin.ai/sessions/{session.id}"


def _status(_: Store, session: records.Session) -> str | None:
    return session.analysis_status or (None if session.analysis is None else "completed")


_view_all = view_of(SessionInsights, session_id=id_of, url=_url, analysis_status=_status)


def _view_insights(store: Store, session: records.Session) -> JsonObject:
    shown = _view_all(store, session)
    if store.quirks.analysis_status == "absent":
        del shown["analysis_status"]
    if store.quirks.skill_usage == "absent" and session.analysis is not None:
        parts = session.analysis.items()
        shown["analysis"] = {name: part for name, part in parts if name != "skill_usage"}
    return shown


Texts = Annotated[list[str] | None, Query()]
Text = Annotated[str | None, Query()]
Seconds = Annotated[int | None, Query(description="Unix seconds")]


@dataclass
class SessionFilters(Filters):
    """Which sessions to list: all filters must match, and any value of one that repeats.

    `…_after` is inclusive, `…_before` is not. The `repo_names` quirk ignores that filter, and
    `archived_sessions` hides what is archived unless a query asks for it.
    """

    session_ids: Texts = None
    created_after: Seconds = None
    created_before: Seconds = None
    updated_after: Seconds = None
    updated_before: Seconds = None
    tags: Texts = None
    playbook_id: Text = None
    origins: Texts = None
    schedule_id: Text = None
    automation_ids: Texts = None
    user_ids: Texts = None
    service_user_ids: Texts = None
    parent_session_id: Text = None
    repo_names: Texts = None
    category: Text = None
    is_archived: Annotated[bool | None, Query()] = None

    def are_used(self, context: RequestContext) -> bool:
        """Return True if the query has a filter, or what is archived is hidden."""
        return super().are_used(context) or context.store.quirks.archived_sessions == "hidden"

    def shows(self, context: RequestContext, session: records.Session) -> bool:
        """Return whether a session fits all filters."""
        given = {name: value for name, value in vars(self).items() if value is not None}
        if context.store.quirks.repo_names == "ignored":
            given.pop("repo_names", None)
        if context.store.quirks.archived_sessions == "hidden":
            given.setdefault("is_archived", False)
        return all(_FITS[name](session, value) for name, value in given.items())


@dataclass
class EnterpriseFilters(SessionFilters):
    """As of an organization, and by organization."""

    org_ids: Texts = None


def _is(attribute: str) -> Callable[[Any, Any], bool]:
    return lambda session, value: getattr(session, attribute) == value


def _is_any(attribute: str) -> Callable[[Any, Any], bool]:
    return lambda session, values: getattr(session, attribute) in values


def _has_any(attribute: str) -> Callable[[Any, Any], bool]:
    return lambda session, values: not set(values).isdisjoint(getattr(session, attribute))


_FITS: Mapping[str, Callable[[Any, Any], bool]] = {
    "session_ids": _is_any("id"),
    "created_after": lambda session, at: session.created_at >= at,
    "created_before": lambda session, at: session.created_at < at,
    "updated_after": lambda session, at: session.updated_at >= at,
    "updated_before": lambda session, at: session.updated_at < at,
    "tags": _has_any("tags"),
    "playbook_id": _is("playbook_id"),
    "origins": _is_any("origin"),
    "schedule_id": _is("schedule_id"),
    "automation_ids": _is_any("automation_id"),
    "user_ids": _is_any("user_id"),
    "service_user_ids": _is_any("service_user_id"),
    "parent_session_id": _is("parent_session_id"),
    "repo_names": _has_any("repo_names"),
    "category": _is("category"),
    "is_archived": _is("is_archived"),
    "org_ids": _is_any("org"),
}


def _find(context: RequestContext) -> records.Session:
    """Return a session of the organization or, for the enterprise, of any."""
    session: records.Session | None = context.store.table("session").get(context.id)
    if session is None or context.org not in (None, session.org):
        raise ApiError(403, "Not allowed to access this session")
    return session


@operation("GET", "/{devin_id}/insights", "get session_insights", SessionInsights)
def _insights(context: RequestContext) -> JsonObject:
    """Get a session with its analysis."""
    return _view_insights(context.store, _find(context))


def _check(fields: Mapping[str, object]) -> object:
    return _Analysed.model_validate(dict(fields))


SESSIONS = Resource(
    kind="session",
    nouns=("session", "sessions"),
    path="/sessions",
    mounts=(
        Mount(ORGANIZATION, access.SESSIONS),
        Mount(ENTERPRISE, access.ENTERPRISE_SESSIONS, filters=EnterpriseFilters),
    ),
    id_field="devin_id",
    view=view_of(Session, session_id=id_of, url=_url),
    view_as_person=_view_insights,
    check_as_person=_check,
    answer=Session,
    listing=Listing(order="newest", filters=SessionFilters),
    find=_find,
    extra=(_insights,),
)
INSIGHTS = replace(
    SESSIONS,
    nouns=("session_insights", "sessions_insights"),
    path="/sessions/insights",
    view=_view_insights,
    answer=SessionInsights,
    readable=False,
    extra=(),
)
"""A list of its own, before the sessions in the table of resources: its path is also an id's."""
