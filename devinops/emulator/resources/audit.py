"""The audit log of v3: who did what. Only a key of the enterprise can read it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import Query
from pydantic import AfterValidator

from devinops.emulator import access, models, records
from devinops.emulator.records import ApiError, JsonObject
from devinops.emulator.resource import (
    ABOUT_ORGANIZATION,
    ENTERPRISE,
    Filters,
    Listing,
    Mount,
    RequestContext,
    Resource,
)
from devinops.emulator.store import Store

LONGEST_RANGE_S = 100 * 24 * 60 * 60
Seconds = Annotated[int | None, Query(description="Unix seconds")]

# Actions that a list can be asked for, the vendor's names of June 2026. Events can have others.
_NAMES = """
accept_skill_pr acknowledge_session_hard_cap add_enterprise_member add_group_membership add_member
ai_guardrail_violation approve_deploy approve_join_request approve_test_app assign_roles
assign_service_user_role automatic_join_event cancel_blueprint_build create_automation
create_azure_devops_integration create_bitbucket_integration create_blueprint
create_blueprint_version create_enterprise_blueprint create_enterprise_blueprint_version
create_folder create_git_permission create_github_integration create_gitlab_integration
create_join_request create_knowledge create_maintenance_task create_mcp_validation_session
create_org create_org_api_key create_pat create_playbook create_role create_secret
create_service_api_key create_service_user create_service_user_api_key create_session
create_snapshot_script create_user_api_key delete_automation delete_azure_devops_integration
delete_bitbucket_integration delete_blueprint delete_blueprint_file delete_build
delete_enterprise_blueprint delete_folder delete_git_permission delete_github_integration
delete_gitlab_integration delete_group_membership delete_knowledge delete_maintenance_task
delete_member delete_org delete_persona delete_playbook delete_repo_setup
delete_repo_setup_steering_knowledge delete_role delete_secret delete_service_user disable_persona
edit_knowledge enable_persona execute_snapshot_script finish_repo_setup github_integration_deleted
login mcp_server_delete mcp_server_disable mcp_server_enable mcp_server_install
mcp_server_oauth_initiate mcp_server_oauth_tokens_granted mcp_server_oauth_tokens_revoked
mcp_server_secret_link mcp_server_secret_unlink mcp_server_update permission_response pin_build
reconnect_azure_devops_integration reconnect_gitlab_integration refresh_github_integration
reject_join_request remove_repo_from_devin remove_service_user_role reorder_blueprints
revoke_all_enterprise_api_keys revoke_enterprise_api_key revoke_pat revoke_service_user_api_key
rollback_blueprint_version rollback_enterprise_blueprint_version rotate_pat
rotate_service_user_api_key schedule_snapshot_script search_query send_message set_org_group_limits
sleep_session start_repo_setup terminate_session trigger_automation trigger_blueprint_build
unpin_build update_ai_guardrail update_automation update_enterprise_hypervisor_settings
update_enterprise_settings update_folder update_git_permission update_gitlab_integration
update_group_membership update_maintenance_task update_org update_org_settings update_playbook
update_repo_setup_steering_knowledge update_role update_secret upload_blueprint_file
view_org_api_key view_user_api_key
"""
ACTIONS = tuple(_NAMES.split())


def _check_action(action: str | None) -> str | None:
    if action not in (None, *ACTIONS):
        raise ValueError("not an action of the audit log")
    return action


Action = Annotated[
    str | None,
    AfterValidator(_check_action),
    Query(json_schema_extra={"enum": [*ACTIONS, None]}),
]


class AuditLog(models.Answer):
    audit_log_id: str
    action: str
    created_at: int
    data: dict[str, Any] | None
    org_id: str | None
    service_user_id: str | None
    service_user_name: str | None
    user_id: str | None
    user_email: str | None


def _view_event(store: Store, event: records.Event) -> JsonObject:
    actor = store.actor(event.created_by)
    return {
        "audit_log_id": event.id,
        "action": event.action,
        "created_at": event.created_at,
        "data": event.data,
        "org_id": event.org,
        "service_user_id": None if event.email else actor.id,
        "service_user_name": None if event.email else actor.name,
        "user_id": actor.id if event.email else None,
        "user_email": event.email,
    }


@dataclass
class AuditFilters(Filters):
    """Which events to list; `time_after` is inclusive, `time_before` is not."""

    order: Annotated[Literal["asc", "desc"], Query()] = "desc"
    time_after: Seconds = None
    time_before: Seconds = None
    action: Action = None

    def shows(self, context: RequestContext, event: records.Event) -> bool:
        return (
            self.action in (None, event.action)
            and (self.time_after is None or event.created_at >= self.time_after)
            and (self.time_before is None or event.created_at < self.time_before)
        )

    def check(self, now: int) -> None:
        """Raise a 422 for a range without a beginning, or of more than 100 days."""
        start, end = self.time_after, self.time_before
        if start is None and end is not None:
            raise ApiError(422, "time_before needs time_after", ("query", "time_before"), end)
        if start is not None and (now if end is None else end) - start > LONGEST_RANGE_S:
            detail = "The range is longer than 100 days"
            raise ApiError(422, detail, ("query", "time_after"), start)


def _order(context: RequestContext) -> str:
    return "created" if context.filters.order == "asc" else "reversed"


def _rows(context: RequestContext) -> list[Any]:
    context.filters.check(context.store.now())
    return context.store.listing("event", context.org, _order(context))


AUDIT_LOGS = Resource(
    kind="event",
    nouns=("audit_log", "audit_logs"),
    path="/audit-logs",
    mounts=(Mount(ENTERPRISE, access.SETTINGS), Mount(ABOUT_ORGANIZATION, access.SETTINGS)),
    id_field="audit_log_id",
    view=_view_event,
    answer=AuditLog,
    listing=Listing(order=_order, rows=_rows, filters=AuditFilters),
    readable=False,
)
