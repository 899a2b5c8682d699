"""What keyproof asks of GitLab: no operation that answers with a value, and no GraphQL field that holds one.

Left out on purpose: `GET …/variables` (values), `GET /projects/:id/triggers` (whole tokens to their owner),
`GET /projects/:id` and `GET /groups/:id` (a registration token for runners).
"""

from typing import Literal

Family = Literal["variables", "access-tokens", "deploy-tokens", "deploy-keys", "triggers", "runners"]
FAMILIES: tuple[Family, ...] = (
    "variables",
    "access-tokens",
    "deploy-tokens",
    "deploy-keys",
    "triggers",
    "runners",
)
OF_PROJECTS_ONLY: frozenset[Family] = frozenset({"deploy-keys", "triggers"})

GRAPHQL = "POST /api/graphql"
PERSONAL = "GET /api/v4/personal_access_tokens?state=active"
KEYS = "GET /api/v4/projects/{id}/deploy_keys"


def access_tokens(holder: str) -> str:
    """The question for the access tokens of `projects` or `groups`."""
    return f"GET /api/v4/{holder}/{{id}}/access_tokens?state=active"


def deploy_tokens(holder: str) -> str:
    """The question for the deploy tokens of `projects` or `groups`."""
    return f"GET /api/v4/{holder}/{{id}}/deploy_tokens?active=true"


def audit_events(holder: str) -> str:
    """The question for what was done in `projects` or `groups`."""
    return f"GET /api/v4/{holder}/{{id}}/audit_events?pagination=keyset"


# https://docs.gitlab.com/user/permissions/
_READ = "scope read_api"
_MAINTAINER = f"{_READ}, role Maintainer"
_OWNER = f"{_READ}, role Owner"
OPERATIONS: dict[str, str] = {
    GRAPHQL: f"{_MAINTAINER} of projects, Owner of groups",
    PERSONAL: f"{_READ}, administrator for the tokens of others",
    KEYS: _MAINTAINER,
    access_tokens("projects"): _MAINTAINER,
    access_tokens("groups"): _OWNER,
    deploy_tokens("projects"): _MAINTAINER,
    deploy_tokens("groups"): _MAINTAINER,
    audit_events("projects"): f"{_MAINTAINER}, GitLab Premium",
    audit_events("groups"): f"{_OWNER}, GitLab Premium",
}
"""Operation → what the token takes."""

_PAGE = "pageInfo { hasNextPage endCursor }"
VARIABLE_FIELDS = "id key variableType protected masked hidden raw environmentScope"  # never its content
NEWER = frozenset({"hidden", "expiresAt"})
"""Fields that GitLab servers in use may not know yet; they are asked for where they are known."""
_FIELDS = {
    "ciVariables": VARIABLE_FIELDS,
    "runners": "id description runnerType paused createdAt contactedAt tokenExpiresAt",
    "pipelineTriggers": "id description lastUsed expiresAt owner { username }",
    "projects": "fullPath",
    "descendantGroups": "fullPath",
    "projectMembers": "accessLevel { integerValue } user { username }",
    "groupMembers": "accessLevel { integerValue } user { username }",
}
_ARGUMENTS = {
    ("group", "projects"): "includeSubgroups: true",
    ("group", "runners"): "membership: DIRECT",  # those of subgroups come with these
    ("group", "groupMembers"): "relations: [DIRECT, INHERITED, SHARED_FROM_GROUPS]",
    ("project", "projectMembers"): "relations: [DIRECT, INHERITED, INVITED_GROUPS, SHARED_INTO_ANCESTORS]",
}
"""https://docs.gitlab.com/api/graphql/reference/"""


def question(holder: str, connection: str, *, without: frozenset[str] = frozenset()) -> str:
    """The GraphQL question for one connection of a project or group, page by page."""
    fields = " ".join(field for field in _FIELDS[connection].split() if field not in without)
    more = _ARGUMENTS.get((holder, connection), "")
    asked = f"{connection}(first: 100, after: $after{', ' if more else ''}{more}) {{ {_PAGE} nodes {{ {fields} }} }}"
    return f"query($path: ID!, $after: String) {{ {holder}(fullPath: $path) {{ {asked} }} }}"
