"""Request and response shapes of automations. Unknown members are refused at every depth."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictFloat, StrictInt

from devinops.emulator.models import NUMBER, Answer, RequestBody, Text

EventType = Literal[
    "github:issue_comment",
    "github:issues",
    "github:pull_request",
    "github:pull_request_review",
    "github:pull_request_review_comment",
    "github:check_run",
    "github:push",
    "gitlab:merge_request",
    "gitlab:note",
    "gitlab:issue",
    "gitlab:issue_note",
    "gitlab:push",
    "gitlab:pipeline",
    "azure_devops:pull_request",
    "azure_devops:pull_request_comment",
    "azure_devops:push",
    "azure_devops:build",
    "bitbucket_data_center:pull_request",
    "bitbucket_data_center:pull_request_comment",
    "bitbucket_data_center:push",
    "schedule:recurring",
    "slack:message",
    "slack:reaction_added",
    "slack:usergroup_mentioned",
    "teams:message",
    "linear:create",
    "linear:label_added",
    "linear:assigned",
    "linear:status_changed",
    "linear:priority_changed",
    "linear:moved",
    "jira:issue_created",
    "jira:issue_updated",
    "jira:label_added",
    "jira:status_changed",
    "jira:assigned",
    "jira:commented",
    "pylon:issue_created",
    "pylon:issue_tag_added",
    "pylon:issue_status_changed",
    "incident_io:incident_created",
    "incident_io:status_changed",
    "incident_io:severity_changed",
    "incident_io:follow_up_created",
    "pagerduty:incident_triggered",
    "pagerduty:incident_acknowledged",
    "pagerduty:incident_resolved",
    "pagerduty:incident_updated",
    "webhook:incoming",
    "snapshot_build:completed",
]

Number = StrictInt | StrictFloat
When = Literal["always", "dispatch_failed", "dispatch_succeeded"]
SlackReplyAccess = Literal["devin_users", "slack_users", "external_slack_users"]
TeamsReplyAccess = Literal["devin_users", "teams_users"]
Name = Annotated[Text, Field(min_length=1, max_length=500)]
LabelKey = Annotated[Text, Field(max_length=32)]
LabelValue = Annotated[Text, Field(max_length=128)]
Labels = Annotated[dict[LabelKey, LabelValue], Field(max_length=16)]


class AutomationPart(BaseModel):
    """Base of everything inside an automation."""

    model_config = ConfigDict(extra="forbid")


class CompareCondition(AutomationPart):
    field: Text
    operator: Literal["eq", "neq"]
    value: Text | StrictBool | Number


class TextCondition(AutomationPart):
    field: Text
    operator: Literal[
        "contains", "not_contains", "starts_with", "not_starts_with", "ends_with", "not_ends_with"
    ]
    value: Text


class NumberCondition(AutomationPart):
    field: Text
    operator: Literal["gt", "lt", "gte", "lte"]
    value: Number


class EmptyCondition(AutomationPart):
    field: Text
    operator: Literal["is_empty", "is_not_empty"]
    value: None = None


class RangeCondition(AutomationPart):
    field: Text
    operator: Literal["between"]
    value: Annotated[list[Number], Field(min_length=2, max_length=2)]


class ListCondition(AutomationPart):
    """Values in a list; for the globs, path patterns of a push."""

    field: Text
    operator: Literal["in", "not_in", "globs", "not_globs"]
    value: list[Text]


class MatchCondition(AutomationPart):
    """A regular expression; for `recurrence`, an RRULE of iCalendar."""

    field: Text
    operator: Literal["matches", "not_matches", "recurrence"]
    value: Text


Condition = Annotated[
    CompareCondition
    | TextCondition
    | NumberCondition
    | EmptyCondition
    | RangeCondition
    | ListCondition
    | MatchCondition,
    Field(discriminator="operator"),
]


class ConditionGroup(AutomationPart):
    all: list[Condition]


class Conditions(AutomationPart):
    """True if one of the groups is true; a group is true if all its conditions are."""

    any: list[ConditionGroup]


class Reply(AutomationPart):
    type: Literal["notify_thread", "attach_thread", "post_response"]


class Trigger(AutomationPart):
    event_type: EventType
    conditions: Conditions | None = None
    replies: list[Reply] = []


class Webhook(AutomationPart):
    url: str
    secret: str | None = None


class TriggerOut(AutomationPart):
    trigger_id: str
    event_type: str
    conditions: Conditions | None
    replies: list[Reply]
    webhook: Webhook | None


class SessionSlack(AutomationPart):
    mode: Literal["post_updates", "forward_thread", "post_response"]
    channel_id: Text


class Channel(AutomationPart):
    team_id: Text
    channel_id: Text


class SessionNotifications(AutomationPart):
    slack: SessionSlack | None = None
    teams: Channel | None = None


class SessionConfig(AutomationPart):
    """`playbook_id` and `repos` follow from the prompt; what is sent for them is ignored."""

    bypass_approval: StrictBool = False
    notifications: SessionNotifications | None = None
    platform: Text | None = None
    tags: list[Text] = []
    playbook_id: Text | None = None
    repos: list[Text] = []


class StartSession(AutomationPart):
    type: Literal["start_session"]
    prompt: Text
    session: SessionConfig = SessionConfig()


class MessageSession(AutomationPart):
    type: Literal["message_session"]
    prompt: Text
    auto_create: StrictBool = False
    target_devin_id: Text | None = None


class SlackMonitor(AutomationPart):
    source_channel_id: Text
    team_id: Text | None = None


class MonitorSession(AutomationPart):
    type: Literal["monitor_session"]
    setup_prompt: Text
    slack_monitor_config: SlackMonitor


class StartSessionPatch(StartSession):
    prompt: Text | None = None  # type: ignore[assignment]


class MessageSessionPatch(MessageSession):
    prompt: Text | None = None  # type: ignore[assignment]


class MonitorSessionPatch(MonitorSession):
    setup_prompt: Text | None = None  # type: ignore[assignment]
    slack_monitor_config: SlackMonitor | None = None  # type: ignore[assignment]


Action = Annotated[StartSession | MessageSession | MonitorSession, Field(discriminator="type")]
ActionPatch = Annotated[
    StartSessionPatch | MessageSessionPatch | MonitorSessionPatch, Field(discriminator="type")
]


class RunAsOrganization(AutomationPart):
    type: Literal["organization"]


class RunAsCreator(AutomationPart):
    type: Literal["creator"]


class RunAsServiceUser(AutomationPart):
    type: Literal["service_user"]
    service_user_id: Text


RunAs = Annotated[RunAsOrganization | RunAsCreator | RunAsServiceUser, Field(discriminator="type")]


class Concurrency(AutomationPart):
    max_concurrent_runs: Annotated[int, Field(ge=1), NUMBER] | None = None
    max_queue_depth: Annotated[int, Field(ge=0), NUMBER] | None = None


class InvocationLimit(AutomationPart):
    max_per_window: Annotated[int, Field(ge=1), NUMBER]
    window_seconds: Annotated[int, Field(ge=60), NUMBER]


class Limits(AutomationPart):
    """`max_acu_limit` is the budget of each session that is started."""

    invocations: InvocationLimit | None = None
    max_acu_limit: Annotated[int, Field(ge=1, le=1000), NUMBER] | None = None


class Email(AutomationPart):
    when: When
    recipients: list[Text] | None = None


class Slack(AutomationPart):
    when: When
    channel_id: Text


class Notifications(AutomationPart):
    email: Email | None = None
    slack: Slack | None = None


class HostRule(AutomationPart):
    hostname: Text


class Ipv4Rule(AutomationPart):
    ipv4: Text


class Ipv6Rule(AutomationPart):
    ipv6: Text


class NetPolicy(AutomationPart):
    allow: list[HostRule | Ipv4Rule | Ipv6Rule]


class SessionSettings(AutomationPart):
    """A `net_policy` of null lets sessions reach every host; without one, they reach none."""

    devin_mode: (
        Literal[
            "normal", "fast", "lite", "ultra", "fusion", "swe-2-medium", "swe-2-high", "swe-2-max"
        ]
        | None
    ) = None
    net_policy: NetPolicy | None = Field(default_factory=lambda: NetPolicy(allow=[]))


class Tools(AutomationPart):
    jira_projects: Annotated[list[Text], Field(min_length=1)] | None = None
    linear_enabled: StrictBool | None = None
    mcp_servers: list[Text] = []
    slack_channels: list[Channel] = []
    slack_dm_scope: Literal["org_members", "workspace"] | None = None
    teams_channels: list[Channel] = []


class ProfileChoice(AutomationPart):
    """Null opts out; without the whole member, the automation inherits."""

    profile_id: Text | None = None


class AutomationGroups(RequestBody):
    """The groups of fields that are written in the same way by a create and a change."""

    model_config = ConfigDict(extra="forbid")

    concurrency: Concurrency | None = None
    limits: Limits | None = None
    notifications: Notifications | None = None
    security_profile: ProfileChoice | None = None
    session_settings: SessionSettings | None = None
    tools: Tools | None = None
    preflight: dict[str, Any] | None = None


class AutomationCreate(AutomationGroups):
    """Create an automation."""

    name: Name
    enabled: StrictBool = True
    triggers: list[Trigger]
    actions: Annotated[list[Action], Field(min_length=1)]
    run_as: RunAs
    metadata: Labels = Field(default_factory=dict)
    slack_reply_access: SlackReplyAccess = "slack_users"
    teams_reply_access: TeamsReplyAccess = "teams_users"
    template_id: Text | None = None


class AutomationPatch(AutomationGroups):
    """Change an automation. `GET …/automations/schemas` says what is done with parts of a group."""

    name: Name | None = None
    enabled: StrictBool | None = None
    triggers: list[Trigger] | None = None
    actions: Annotated[list[ActionPatch], Field(min_length=1)] | None = None
    run_as: RunAs | None = None
    metadata: dict[LabelKey, LabelValue | None] | None = None
    slack_reply_access: SlackReplyAccess | None = None
    teams_reply_access: TeamsReplyAccess | None = None


class Actor(Answer):
    type: Literal["user", "service_user"]
    id: str
    name: str | None


class LastInvocation(Answer):
    fired_at: int
    status: str


class SecurityProfile(Answer):
    selection: Literal["inherit", "none", "profile"]
    profile_id: str | None
    warnings: list[str]


class Automation(Answer):
    automation_id: str
    name: str
    enabled: bool
    triggers: list[TriggerOut]
    actions: list[StartSession | MessageSession | MonitorSession]
    created_by: Actor
    created_at: int
    updated_at: int
    run_as: RunAsOrganization | RunAsCreator | RunAsServiceUser
    last_edited_by: Actor | None
    last_invocation: LastInvocation | None
    next_run_at: int | None
    concurrency: Concurrency | None
    limits: Limits | None
    metadata: dict[str, str]
    notifications: Notifications | None
    security_profile: SecurityProfile | None
    session_settings: SessionSettings | None
    tools: Tools | None
    preflight: dict[str, Any] | None
    slack_reply_access: SlackReplyAccess
    teams_reply_access: TeamsReplyAccess
    template_id: str | None


class EventField(Answer):
    type: str
    label: str
    description: str | None = None
    fixed: bool = False
    granularity: Literal["date", "datetime"] | None = None
    min: float | None = None
    max: float | None = None
    multiple: bool | None = None
    options: list[dict[str, str]] | None = None
    placeholder: str | None = None
    required: bool = False
    unit: str | None = None


class EventSchema(Answer):
    event_type: str
    name: str
    category: str
    supported_replies: list[str]
    fields: dict[str, EventField]


class ProfileInfo(Answer):
    name: str
    governs_network: bool
    mcp_servers: list[str] | None


class AutomationSchemas(Answer):
    default_net_policy: NetPolicy | None
    update_semantics: str
    sources: dict[str, dict[str, EventSchema]]
    security_profile: ProfileInfo | None = None


class AutomationTemplate(Answer):
    template_id: str
    name: str
    description: str
    category: str
    required_integrations: list[str]
    required_mcps: list[str]
    triggers: list[Trigger]
    actions: list[StartSession | MessageSession | MonitorSession]
    docs_url: str | None = None
    featured: bool = False


class AutomationTemplates(Answer):
    templates: list[AutomationTemplate]
