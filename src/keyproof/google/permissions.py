"""The rights needed to read Google Cloud, and the custom role that grants exactly those."""

SECRETS = "secretmanager.secrets.list"
VERSIONS = "secretmanager.versions.list"
LOCATIONS = "secretmanager.locations.list"
SECRET_POLICY = "secretmanager.secrets.getIamPolicy"  # noqa: S105 (a right)
KEY_LOCATIONS = "cloudkms.locations.list"
KEY_RINGS = "cloudkms.keyRings.list"
KEY_RING_POLICY = "cloudkms.keyRings.getIamPolicy"
KEYS = "cloudkms.cryptoKeys.list"
KEY_POLICY = "cloudkms.cryptoKeys.getIamPolicy"
KEY_VERSIONS = "cloudkms.cryptoKeyVersions.list"
PROJECT = "resourcemanager.projects.get"
PROJECT_POLICY = "resourcemanager.projects.getIamPolicy"
FOLDER = "resourcemanager.folders.get"
FOLDER_POLICY = "resourcemanager.folders.getIamPolicy"
ORGANISATION_POLICY = "resourcemanager.organizations.getIamPolicy"
ROLE = "iam.roles.get"
DENIALS = "iam.denypolicies.list"
DENIAL = "iam.denypolicies.get"
LOGS = "logging.privateLogEntries.list"
"""Of the Data Access log; the other logs take `logging.logEntries.list`."""
ACTIVITY = "logging.logEntries.list"
ACCOUNTS = "iam.serviceAccounts.list"
ACCOUNT_KEYS = "iam.serviceAccountKeys.list"

_ABOVE = (
    PROJECT,
    PROJECT_POLICY,
    FOLDER,
    FOLDER_POLICY,
    ORGANISATION_POLICY,
    ROLE,
    DENIALS,
    DENIAL,
)
"""To know who reaches what by policies of projects and above."""
SECRET_MANAGER = (SECRETS, VERSIONS, LOCATIONS, SECRET_POLICY, *_ABOVE, LOGS, ACTIVITY)
KMS = (
    KEY_LOCATIONS,
    KEY_RINGS,
    KEY_RING_POLICY,
    KEYS,
    KEY_POLICY,
    KEY_VERSIONS,
    *_ABOVE,
    LOGS,
    ACTIVITY,
)
SERVICE_ACCOUNT_KEYS = (ACCOUNTS, ACCOUNT_KEYS)


def role_definition() -> str:
    """The custom role, as `gcloud iam roles create keyproof --organization=ID --file=FILE` takes it."""
    lines = [
        "title: keyproof",
        "description: Reads what is said about secrets, keys and service account keys, and never a value.",
        "stage: GA",
        "includedPermissions:",
        *(f"  - {right}" for right in sorted({*SECRET_MANAGER, *KMS, *SERVICE_ACCOUNT_KEYS})),
    ]
    return "\n".join(lines) + "\n"
