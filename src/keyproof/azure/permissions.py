"""The rights needed to read key vaults, and the custom role that grants exactly those."""

import json

VAULTS = "Microsoft.KeyVault/vaults/read"
SUBSCRIPTIONS = "Microsoft.Resources/subscriptions/read"
ASSIGNMENTS = "Microsoft.Authorization/roleAssignments/read"
ROLES = "Microsoft.Authorization/roleDefinitions/read"
DENIALS = "Microsoft.Authorization/denyAssignments/read"
DIAGNOSTICS = "Microsoft.Insights/diagnosticSettings/read"
LOGS = "Microsoft.Insights/logs/AZKVAuditLogs/read"
SHARED_LOGS = "Microsoft.Insights/logs/AzureDiagnostics/read"
"""The same of the table that vaults write to which have none of their own; one question takes both."""
SECRETS = "Microsoft.KeyVault/vaults/secrets/readMetadata/action"
KEYS = "Microsoft.KeyVault/vaults/keys/read"
CERTIFICATES = "Microsoft.KeyVault/vaults/certificates/read"
KEY_ROTATION = "Microsoft.KeyVault/vaults/keyrotationpolicies/read"

_CONTROL = (SUBSCRIPTIONS, VAULTS, ASSIGNMENTS, ROLES, DENIALS, DIAGNOSTICS, LOGS, SHARED_LOGS)
_DATA = (SECRETS, KEYS, CERTIFICATES, KEY_ROTATION)
PERMISSIONS = (*_CONTROL, *_DATA)
"""Actions and data actions of Azure RBAC. A vault with access policies wants, in place of the data actions, what
`ACCESS_POLICY` says: `list` of secrets is names and attributes only, `get` of a secret would be its value."""

ACCESS_POLICY = {
    SECRETS: "secrets: list",
    KEYS: "keys: list, get",
    KEY_ROTATION: "keys: getrotationpolicy",
    CERTIFICATES: "certificates: list, get",
}
"""Data action → the permission of an access policy that stands for it."""


def role_definition() -> str:
    """The custom role, as `az role definition create --role-definition FILE` takes it."""
    role = {
        "Name": "keyproof",
        "IsCustom": True,
        "Description": "Reads what key vaults say about secrets, keys and certificates, and never a value.",
        "Actions": list(_CONTROL),
        "NotActions": [],
        "DataActions": list(_DATA),
        "NotDataActions": [],
        "AssignableScopes": ["/subscriptions/00000000-0000-0000-0000-000000000000"],
    }
    return json.dumps(role, indent=2) + "\n"
