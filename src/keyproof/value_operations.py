"""The operations of all systems that hand over a secret's value: keyproof asks for none of them."""

import re

_CLOUD_REQUESTS = (
    r"^GET /secrets/[^/? ]+(/(?!versions(\?|$))[^/? ]*)?(\?|$)",
    r"^POST /(secrets|keys|certificates)/\S+/(backup|decrypt|unwrapkey|sign|release)(\?|$)",
    r"/versions/[^/ ]+:access\b",
    r"^POST \S*/serviceAccounts/[^/ ]+/keys(\?|$)",
    r":(generateAccessToken|generateIdToken|signBlob|signJwt)\b",
    r":(decrypt|rawDecrypt|asymmetricDecrypt|decapsulate|asymmetricSign|macSign)\b",
)
"""Method and path at Azure Key Vault and at Google; apart, as their paths hold names that people chose."""
_OPERATIONS = (
    # AWS: https://docs.aws.amazon.com/service-authorization/latest/reference/
    r"secretsmanager:(Batch)?GetSecretValue\b",
    r"secretsmanager:GetRandomPassword\b",
    r"ssm:GetParameter(s|sByPath|History)?\b",
    r"kms:(Decrypt|ReEncrypt\w*|GenerateDataKey\w*|GetParametersForImport)\b",
    r"\*:\*|(secretsmanager|ssm|kms):\*",
    # Vault and OpenBao: values of KV, passwords that are made or kept, keys that can be taken away
    r"\b(read|GET)\S* (\S*/)?data(/|$)",
    r"\bread\S* KV1\b",
    r"\b(read|GET|update|POST|PUT)\S* \S*\b(static-creds|creds|library)/",
    r"\btransit/(export|decrypt|backup|datakey)\b",
    r"\b(issue|sign)/",
    r"\b(update|create|POST|PUT)\S* \S*/role/[^/ ]+/(custom-)?secret-id$",
    r"\b(update|create|POST|PUT)\S* auth/token/(create|renew)",
    r"\bsys/(raw|wrapping/unwrap|storage/raft/snapshot)\b|\bgenerate/exported\b",
    # Kubernetes: a list is asked for as a table only, see `whole_secrets`
    r"\b(get|watch|\*) secrets\b",
    # PostgreSQL and its relatives
    r"\brolpassword\b|\bpg_shadow\b|\bpg_user_mappings?\b|\bauthentication_string\b",
    # Docker: tokens to join a swarm, and environments of services and containers
    r"^GET /(v[\d.]+/)?(swarm|services|tasks|containers)\b",
    # Azure Key Vault: getting a secret, or one version of it; backups; what uses a key
    r"vaults/(secrets/getSecret|secrets/\*|keys/(decrypt|unwrap|release))\b",
    r"\bsecrets/(get|backup)\b|\bkeys/(backup|decrypt|release)\b",
    # Google: a version's payload, new keys and tokens of service accounts, what uses a key
    r"\bsecretmanager\.versions\.access\b",
    r"\biam\.serviceAccountKeys\.create\b",
    r"\bcloudkms\.cryptoKeyVersions\.useTo(Decrypt|Decapsulate|Sign)",
    r"\biam\.serviceAccounts\.(getAccessToken|getOpenIdToken|signBlob|signJwt|implicitDelegation)\b",
    *_CLOUD_REQUESTS,
    # GitHub, GitLab (variables, trigger tokens, new tokens of runners and installations)
    r"\b(registration-token|remove-token|generate-jitconfig)\b|\bPOST \S*/(\w*access_tokens|deploy_tokens)(/|\?|$)",
    r"\bPOST \S*/(triggers|runners|reset_(authentication|registration)_token)(\?|$)",
    r"\b(secret-scanning/alerts)(?!\S*hide_secret=true)\b",
    r"\bGET \S*/(projects|groups)/\S+/variables\b|\bGET \S*/(actions|ci)/variables\b",
    r"\bGET \S*/triggers\b|\bGET \S*/api/v4/(projects|groups)/[^/ ?]+(\?|$)",
    r"\b\w*ciVariables\b[\s\S]*\bvalue\b|\bpipelineTriggers\b[\s\S]*\btoken\b",
    r"\bephemeral(AuthenticationToken|RegisterUrl)\b|\brunnersRegistrationToken\b",
    # 1Password, Bitwarden, Doppler (whose log of a configuration tells old and new values), Infisical (also versions
    # and snapshots), Conjur (also tokens of host factories), and new tokens and keys of them all
    r"\bPOST \S*/(tokens|client-secrets|service-token|dynamic-secrets/leases|host_factory_tokens)(\?|$)",
    r"\b(PUT|POST) \S*/(api_key|host_factories/hosts)\b|\bGET \S*/authn\S*/login\b",
    r"\bGET \S*/(generated-credentials|secret-snapshots|shared-secrets)\b",
    r"\bGET \S*/sm/[^/ ]+/export\b|\b(GET|POST) \S*/secret-versions/",
    r"\bGET \S*/api/v\d+/(secret/|secret-snapshot|dashboard/secret)|\bPOST \S*/dynamic_secret/leases\b",
    r"\bGET \S*/resources\b\S*\bhost_factory\b",
    r"\bGET \S*/vaults/[^/ ]+/items/[^/ ?]+|\bGET \S*/vaults/[^/ ]+/files\b",
    r"\bsecrets\(\)\.(get|sync)\b|\b(GET|POST) \S*/secrets/(get-by-ids|sync)\b",
    r"\bGET \S*/configs/config/(secret|secrets|secrets/download|logs(/log)?)(\?|$)",
    r"\bviewSecretValue=true\b|\bGET \S*/api/v\d+/secrets\b(?!\S*[?&]viewSecretValue=false\b)",
    r"\bGET \S*/secrets/[^/ ]+/variable/|\bGET \S*/secrets\?variable_ids=",
)
_PATTERN = re.compile("|".join(f"(?:{operation})" for operation in _OPERATIONS), re.IGNORECASE)
_CLOUD_PATTERN = re.compile("|".join(f"(?:{request})" for request in _CLOUD_REQUESTS), re.IGNORECASE)
_KUBERNETES_SECRETS = re.compile(
    r"/(api/v1/(namespaces/[^/]+/)?secrets|apis/external-secrets\.io/[^/]+/(namespaces/[^/]+/)?(cluster)?secretstores)"
    r"(/|\?|$)"
)
"""Secrets, and stores of External Secrets, which may hold values themselves (the provider `fake`)."""
_WITHOUT_VALUES = ("as=Table", "as=PartialObjectMetadata")


class ValueOperationError(AssertionError):
    """keyproof was about to ask for a value: a fault in it, never of the system it reads."""


def returns_value(operation: str) -> bool:
    """Whether an operation, a right or a statement, in the system's own words, hands over a value."""
    return _PATTERN.search(operation) is not None


def cloud_value(method: str, path: str) -> bool:
    """Whether a request to Azure Key Vault or to Google hands over a value; `path` is decoded."""
    return _CLOUD_PATTERN.search(f"{method} {path}") is not None


def whole_secrets(path: str, accept: str) -> bool:
    """Whether a GET of this path at a Kubernetes API server would send Secrets, or stores of them, with values."""
    return _KUBERNETES_SECRETS.search(path) is not None and not any(
        form in accept for form in _WITHOUT_VALUES
    )
