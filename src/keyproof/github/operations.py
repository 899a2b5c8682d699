"""What keyproof asks of GitHub, and the permission that each question takes."""

from typing import Literal

Family = Literal[
    "actions",
    "dependabot",
    "codespaces",
    "agents",
    "environments",
    "deploy-keys",
    "private-registries",
    "personal-access-tokens",
]

SHARED: tuple[Family, ...] = ("actions", "dependabot", "codespaces", "agents")
"""The families of secrets that an organisation has as well as a repository."""

REGISTRIES = "GET /orgs/{org}/private-registries"
TOKENS = "GET /orgs/{org}/personal-access-tokens"
REPOSITORIES = "GET /orgs/{org}/repos"
REPOSITORY = "GET /repos/{owner}/{repo}"
ENVIRONMENTS = "GET /repos/{owner}/{repo}/environments"
ENVIRONMENT_SECRETS = "GET /repos/{owner}/{repo}/environments/{environment_name}/secrets"
KEYS = "GET /repos/{owner}/{repo}/keys"


def of_organisation(family: Family) -> str:
    """The question for an organisation's secrets of one family."""
    return f"GET /orgs/{{org}}/{family}/secrets"


def chosen_repositories(family: Family) -> str:
    """The question for the repositories that an organisation's secret was given to."""
    return f"GET /orgs/{{org}}/{family}/secrets/{{secret_name}}/repositories"


def of_repository(family: Family) -> str:
    """The question for a repository's secrets of one family."""
    return f"GET /repos/{{owner}}/{{repo}}/{family}/secrets"


# https://docs.github.com/en/rest/authentication/permissions-required-for-fine-grained-personal-access-tokens
_OF_ORGANISATION: dict[Family, str] = {
    "actions": "organization Secrets: read",
    "dependabot": "organization Organization dependabot secrets: read",
    "codespaces": "organization Organization codespaces secrets: read",
    "agents": "organization Agent secrets: read",
}
_OF_REPOSITORY: dict[Family, str] = {
    "actions": "repository Secrets: read",
    "dependabot": "repository Dependabot secrets: read",
    "codespaces": "repository Codespaces secrets: write",
    "agents": "repository Agent secrets: read",
}
OPERATIONS: dict[str, str] = {
    REGISTRIES: "organization Organization private registries: read",
    TOKENS: "organization Personal access tokens: read, of a GitHub App",
    REPOSITORIES: "repository Metadata: read",
    REPOSITORY: "repository Metadata: read",
    ENVIRONMENTS: "repository Actions: read",
    ENVIRONMENT_SECRETS: "repository Environments: read",
    KEYS: "repository Administration: read",
    **{of_organisation(family): _OF_ORGANISATION[family] for family in SHARED},
    **{chosen_repositories(family): _OF_ORGANISATION[family] for family in SHARED},
    **{of_repository(family): _OF_REPOSITORY[family] for family in SHARED},
}
"""Operation → permission of a fine-grained token, as GitHub writes it. None of them answers with a value."""
