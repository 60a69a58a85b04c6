"""What the API documents and the emulator does not serve: it returns 501 and names the operation.

The key is checked first, so that a client sees its own mistakes.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from devinops.emulator.callers import identify_by_header
from devinops.emulator.records import ApiError

# Method, path and name of each operation; paths with a fixed word are before those with an id.
_TABLE = """
GET /v1/attachments/{uuid}/{name} downloadAttachment
POST /v1/attachments uploadAttachment
GET /v1/audit-logs listAuditLogs
GET /v1/enterprise/consumption getEnterpriseConsumption
GET /v1/session/{session_id} getSession
GET /v1/sessions listSessions
POST /v1/sessions createSession
GET /v1/sessions/{session_id} getSession
DELETE /v1/sessions/{session_id} terminateSession
POST /v1/sessions/{session_id}/message sendMessage
PUT /v1/sessions/{session_id}/tags replaceSessionTags
GET /v3/enterprise/consumption/cycles listCycles
GET /v3/enterprise/consumption/daily getConsumption
GET /v3/enterprise/consumption/daily/organizations/{org_id} getConsumptionOfOrg
GET /v3/enterprise/consumption/daily/service-users/{service_user_id} getServiceUserConsumption
GET /v3/enterprise/consumption/daily/sessions/{session_id} getSessionConsumption
GET /v3/enterprise/consumption/daily/users/{user_id} getUserConsumption
GET /v3/enterprise/git-providers/connections listGitConnections
GET /v3/enterprise/git-providers/connections/{connection_id}/repositories listConnectionRepositories
GET /v3/enterprise/hypervisors listHypervisors
POST /v3/enterprise/idp-groups registerIdpGroups
DELETE /v3/enterprise/idp-groups/{idp_group_name} deleteIdpGroup
GET /v3/enterprise/ip-access-list getIpAccessList
POST /v3/enterprise/ip-access-list addIpAccessList
PUT /v3/enterprise/ip-access-list replaceIpAccessList
DELETE /v3/enterprise/ip-access-list clearIpAccessList
POST /v3/enterprise/members/idp-groups/{idp_group_name} assignEnterpriseGroupRole
PATCH /v3/enterprise/members/idp-groups/{idp_group_name} updateEnterpriseGroupRole
DELETE /v3/enterprise/members/idp-groups/{idp_group_name} removeEnterpriseGroupRole
POST /v3/enterprise/members/service-users/{service_user_id} assignEnterpriseServiceUserRole
PATCH /v3/enterprise/members/service-users/{service_user_id} updateEnterpriseServiceUserRole
DELETE /v3/enterprise/members/service-users/{service_user_id} removeEnterpriseServiceUser
POST /v3/enterprise/members/users inviteEnterpriseUsers
PATCH /v3/enterprise/members/users/{user_id} updateEnterpriseUserRole
DELETE /v3/enterprise/members/users/{user_id} removeEnterpriseUser
GET /v3/enterprise/metrics/active-users getActiveUsers
GET /v3/enterprise/metrics/dau getDau
GET /v3/enterprise/metrics/mau getMau
GET /v3/enterprise/metrics/prs getPrMetrics
GET /v3/enterprise/metrics/searches getSearchMetrics
GET /v3/enterprise/metrics/sessions getSessionMetrics
GET /v3/enterprise/metrics/sessions-by-category getCategoryMetrics
GET /v3/enterprise/metrics/usage getUsageMetrics
GET /v3/enterprise/metrics/wau getWau
GET /v3/enterprise/org-group-limits getOrgGroups
PUT /v3/enterprise/org-group-limits replaceOrgGroups
GET /v3/enterprise/organizations/{org_id}/git-providers/permissions listGitPermissions
POST /v3/enterprise/organizations/{org_id}/git-providers/permissions addGitPermissions
PUT /v3/enterprise/organizations/{org_id}/git-providers/permissions replaceGitPermissions
DELETE /v3/enterprise/organizations/{org_id}/git-providers/permissions clearGitPermissions
PATCH /v3/enterprise/organizations/{org_id}/git-providers/permissions/{git_permission_id}
    updateGitPermission
DELETE /v3/enterprise/organizations/{org_id}/git-providers/permissions/{git_permission_id}
    deleteGitPermission
POST /v3/enterprise/organizations/{org_id}/members/idp-groups/{idp_group_name}
    assignOrganizationGroupRole
PATCH /v3/enterprise/organizations/{org_id}/members/idp-groups/{idp_group_name}
    updateOrganizationGroupRole
DELETE /v3/enterprise/organizations/{org_id}/members/idp-groups/{idp_group_name}
    removeOrganizationGroupRole
POST /v3/enterprise/organizations/{org_id}/members/service-users/{service_user_id}
    assignOrganizationServiceUserRole
PATCH /v3/enterprise/organizations/{org_id}/members/service-users/{service_user_id}
    updateOrganizationServiceUserRole
DELETE /v3/enterprise/organizations/{org_id}/members/service-users/{service_user_id}
    removeOrganizationServiceUser
POST /v3/enterprise/organizations/{org_id}/members/users/{user_id} addOrganizationUser
PATCH /v3/enterprise/organizations/{org_id}/members/users/{user_id} updateOrganizationUserRole
DELETE /v3/enterprise/organizations/{org_id}/members/users/{user_id} removeOrganizationUser
GET /v3/enterprise/organizations/{org_id}/metrics/usage getUsageOfOrg
GET /v3/enterprise/queue getQueue
GET /v3/enterprise/sessions listEnterpriseSessions
GET /v3/enterprise/sessions/insights listEnterpriseInsights
GET /v3/enterprise/sessions/{devin_id} getEnterpriseSession
GET /v3/enterprise/sessions/{devin_id}/attachments listEnterpriseSessionAttachments
GET /v3/enterprise/sessions/{devin_id}/insights getEnterpriseInsights
POST /v3/enterprise/sessions/{devin_id}/insights/generate generateEnterpriseInsights
GET /v3/enterprise/sessions/{devin_id}/messages listEnterpriseMessages
POST /v3/enterprise/sessions/{devin_id}/messages sendEnterpriseMessage
GET /v3/enterprise/sessions/{devin_id}/tags getEnterpriseSessionTags
POST /v3/enterprise/sessions/{devin_id}/tags addEnterpriseSessionTags
PUT /v3/enterprise/sessions/{devin_id}/tags replaceEnterpriseSessionTags
POST /v3/organizations/{org_id}/attachments uploadAttachment
GET /v3/organizations/{org_id}/attachments/{uuid}/{name} downloadAttachment
GET /v3/organizations/{org_id}/consumption/daily getOrgConsumption
GET /v3/organizations/{org_id}/consumption/daily/service-users/{service_user_id}
    getOrgServiceUserConsumption
GET /v3/organizations/{org_id}/consumption/daily/sessions/{session_id} getOrgSessionConsumption
GET /v3/organizations/{org_id}/consumption/daily/users/{user_id} getOrgUserConsumption
GET /v3/organizations/{org_id}/metrics/active-users getOrgActiveUsers
GET /v3/organizations/{org_id}/metrics/dau getOrgDau
GET /v3/organizations/{org_id}/metrics/mau getOrgMau
GET /v3/organizations/{org_id}/metrics/prs getOrgPrMetrics
GET /v3/organizations/{org_id}/metrics/searches getOrgSearchMetrics
GET /v3/organizations/{org_id}/metrics/sessions getOrgSessionMetrics
GET /v3/organizations/{org_id}/metrics/usage getOrgUsageMetrics
GET /v3/organizations/{org_id}/metrics/wau getOrgWau
GET /v3/organizations/{org_id}/sessions listSessions
POST /v3/organizations/{org_id}/sessions createSession
GET /v3/organizations/{org_id}/sessions/insights listInsights
GET /v3/organizations/{org_id}/sessions/{devin_id} getSession
DELETE /v3/organizations/{org_id}/sessions/{devin_id} terminateSession
POST /v3/organizations/{org_id}/sessions/{devin_id}/archive archiveSession
GET /v3/organizations/{org_id}/sessions/{devin_id}/attachments listSessionAttachments
GET /v3/organizations/{org_id}/sessions/{devin_id}/events listSessionEvents
GET /v3/organizations/{org_id}/sessions/{devin_id}/insights getInsights
POST /v3/organizations/{org_id}/sessions/{devin_id}/insights/generate generateInsights
GET /v3/organizations/{org_id}/sessions/{devin_id}/messages listMessages
POST /v3/organizations/{org_id}/sessions/{devin_id}/messages sendMessage
GET /v3/organizations/{org_id}/sessions/{devin_id}/tags getSessionTags
POST /v3/organizations/{org_id}/sessions/{devin_id}/tags addSessionTags
PUT /v3/organizations/{org_id}/sessions/{devin_id}/tags replaceSessionTags
POST /v3/organizations/{org_id}/sessions/{devin_id}/unarchive unarchiveSession
GET /v3beta1/enterprise/guardrail-violations listGuardrailViolations
GET /v3beta1/enterprise/organizations/{org_id}/guardrail-violations
    listOrganizationGuardrailViolations
POST /v3beta1/enterprise/service-users provisionEnterpriseServiceUser
GET /v3beta1/enterprise/service-users/{service_user_id}/api-keys listServiceUserKeys
POST /v3beta1/enterprise/service-users/{service_user_id}/api-keys createServiceUserKey
DELETE /v3beta1/enterprise/service-users/{service_user_id}/api-keys/{api_key_id}
    revokeServiceUserKey
POST /v3beta1/enterprise/service-users/{service_user_id}/api-keys/{api_key_id}/rotate
    rotateServiceUserKey
GET /v3beta1/organizations/{org_id}/members/idp-users listOrgScopedIdpUsers
GET /v3beta1/organizations/{org_id}/members/users listOrgScopedUsers
GET /v3beta1/organizations/{org_id}/members/users/{user_id} getOrgScopedUser
GET /v3beta1/organizations/{org_id}/repositories listRepositories
GET /v3beta1/organizations/{org_id}/repositories/indexing listIndexedRepositories
PUT /v3beta1/organizations/{org_id}/repositories/indexing indexRepositories
DELETE /v3beta1/organizations/{org_id}/repositories/indexing unindexRepositories
GET /v3beta1/organizations/{org_id}/repositories/{repository_path:path}/indexing
    getRepositoryIndexing
PUT /v3beta1/organizations/{org_id}/repositories/{repository_path:path}/indexing indexRepository
DELETE /v3beta1/organizations/{org_id}/repositories/{repository_path:path}/indexing
    unindexRepository
DELETE
/v3beta1/organizations/{org_id}/repositories/{repository_path:path}/indexing/branches/{branch_name}
    unindexBranch
POST /v3beta1/organizations/{org_id}/service-users provisionOrganizationServiceUser
GET /v3beta1/organizations/{org_id}/snapshot-setup/blueprints listBlueprints
POST /v3beta1/organizations/{org_id}/snapshot-setup/blueprints createBlueprint
GET /v3beta1/organizations/{org_id}/snapshot-setup/blueprints/{blueprint_id} getBlueprint
PATCH /v3beta1/organizations/{org_id}/snapshot-setup/blueprints/{blueprint_id} updateBlueprint
DELETE /v3beta1/organizations/{org_id}/snapshot-setup/blueprints/{blueprint_id} deleteBlueprint
GET /v3beta1/organizations/{org_id}/snapshot-setup/blueprints/{blueprint_id}/contents
    getBlueprintContents
GET /v3beta1/organizations/{org_id}/snapshot-setup/builds listBuilds
POST /v3beta1/organizations/{org_id}/snapshot-setup/builds startBuild
GET /v3beta1/organizations/{org_id}/snapshot-setup/builds/{build_id} getBuild
POST /v3beta1/organizations/{org_id}/snapshot-setup/builds/{build_id}/cancel cancelBuild
POST /v3beta1/organizations/{org_id}/snapshot-setup/builds/{build_id}/pin pinBuild
POST /v3beta1/organizations/{org_id}/snapshot-setup/builds/{build_id}/unpin unpinBuild
"""


_WORDS = _TABLE.split()
OPERATIONS = tuple(zip(_WORDS[::3], _WORDS[1::3], _WORDS[2::3], strict=True))


def _refusal(method: str, path: str, name: str) -> Callable[[Request], Awaitable[Response]]:
    api = "v1" if path.startswith("/v1/") else "v3"

    async def refuse(request: Request) -> Response:
        await identify_by_header(request, api)
        shown = path.replace(":path}", "}")
        raise ApiError(501, f"The emulator does not serve {name} ({method} {shown})")

    return refuse


ROUTES = [
    Route(path, _refusal(method, path, name), methods=[method], name=name)
    for method, path, name in OPERATIONS
]
