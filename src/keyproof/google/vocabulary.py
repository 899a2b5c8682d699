"""What the permissions and methods of Google's services are to a secret, and what the predefined roles hold."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from keyproof.domain.access import Action

_ABOVE = {
    "resourcemanager.projects.setIamPolicy": Action.ADMIN,
    "resourcemanager.folders.setIamPolicy": Action.ADMIN,
    "resourcemanager.organizations.setIamPolicy": Action.ADMIN,
}
"""Who may write the policies above grants himself the rest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """One service, as its policies and audit configurations speak of it."""

    service: str
    """As in audit configurations and logs, e.g. `secretmanager.googleapis.com`."""
    actions: Mapping[str, Action]
    """Permission → what it is to the secret; others are of no concern."""
    known: Mapping[str, frozenset[str]]
    """Predefined role → its permissions, to go by where `iam.roles.get` is missing."""
    methods: Mapping[str, Action]
    """Method in audit logs, without its interface → what it is to the secret."""
    resource: re.Pattern[str]
    """The beginning of a resource's name in audit logs; its groups name the secret within its project."""

    def action_set(self, permissions: Iterable[str]) -> tuple[Action, ...]:
        """What some permissions are together, sorted."""
        return tuple(sorted({self.actions[one] for one in permissions if one in self.actions}))


def _basic(actions: Mapping[str, Action]) -> dict[str, frozenset[str]]:
    """The basic roles: an editor neither reads values nor writes policies."""
    reading = {right for right, action in actions.items() if action is Action.READ}
    governing = {right for right in actions if right.endswith(".setIamPolicy")}
    return {
        "roles/owner": frozenset(actions),
        "roles/editor": frozenset(set(actions) - reading - governing),
        "roles/viewer": frozenset(right for right, action in actions.items() if action is Action.LIST),
    }


_SECRETS = {
    "secretmanager.versions.access": Action.READ,
    "secretmanager.secrets.get": Action.LIST,
    "secretmanager.secrets.list": Action.LIST,
    "secretmanager.versions.get": Action.LIST,
    "secretmanager.versions.list": Action.LIST,
    "secretmanager.versions.add": Action.WRITE,
    "secretmanager.versions.enable": Action.WRITE,
    "secretmanager.secrets.update": Action.WRITE,
    "secretmanager.versions.disable": Action.ADMIN,
    "secretmanager.versions.destroy": Action.ADMIN,
    "secretmanager.secrets.delete": Action.ADMIN,
    "secretmanager.secrets.setIamPolicy": Action.ADMIN,
}
_SECRETS_LISTED = frozenset(right for right, action in _SECRETS.items() if action is Action.LIST)

SECRETS = Vocabulary(
    service="secretmanager.googleapis.com",
    actions=_SECRETS | _ABOVE,
    known={
        **_basic(_SECRETS | _ABOVE),
        "roles/secretmanager.admin": frozenset(_SECRETS),
        "roles/secretmanager.secretAccessor": frozenset({"secretmanager.versions.access"}),
        "roles/secretmanager.viewer": _SECRETS_LISTED,
        "roles/secretmanager.secretVersionAdder": frozenset({"secretmanager.versions.add"}),
        "roles/secretmanager.secretVersionManager": _SECRETS_LISTED
        | {
            "secretmanager.versions.add",
            "secretmanager.versions.enable",
            "secretmanager.versions.disable",
            "secretmanager.versions.destroy",
        },
    },
    methods={
        "AccessSecretVersion": Action.READ,
        "CreateSecret": Action.WRITE,
        "AddSecretVersion": Action.WRITE,
        "EnableSecretVersion": Action.WRITE,
        "UpdateSecret": Action.WRITE,
        "DisableSecretVersion": Action.ADMIN,
        "DestroySecretVersion": Action.ADMIN,
        "DeleteSecret": Action.ADMIN,
        "SetIamPolicy": Action.ADMIN,
    },
    resource=re.compile(r"projects/[^/]+/(?:locations/([^/]+)/)?secrets/([^/]+)"),
)
"""Secret Manager: https://cloud.google.com/secret-manager/docs/access-control and …/docs/audit-logging."""

_KEYS = {
    "cloudkms.cryptoKeyVersions.useToDecrypt": Action.READ,
    "cloudkms.cryptoKeyVersions.useToDecryptViaDelegation": Action.READ,
    "cloudkms.cryptoKeyVersions.useToSign": Action.READ,
    "cloudkms.cryptoKeyVersions.useToDecapsulate": Action.READ,
    "cloudkms.cryptoKeys.get": Action.LIST,
    "cloudkms.cryptoKeys.list": Action.LIST,
    "cloudkms.cryptoKeyVersions.get": Action.LIST,
    "cloudkms.cryptoKeyVersions.list": Action.LIST,
    "cloudkms.cryptoKeyVersions.useToEncrypt": Action.WRITE,
    "cloudkms.cryptoKeyVersions.useToEncryptViaDelegation": Action.WRITE,
    "cloudkms.cryptoKeyVersions.create": Action.WRITE,
    "cloudkms.cryptoKeyVersions.destroy": Action.ADMIN,
    "cloudkms.cryptoKeyVersions.restore": Action.ADMIN,
    "cloudkms.cryptoKeyVersions.update": Action.ADMIN,
    "cloudkms.cryptoKeys.update": Action.ADMIN,
    "cloudkms.cryptoKeys.setIamPolicy": Action.ADMIN,
    "cloudkms.keyRings.setIamPolicy": Action.ADMIN,
}
_KEYS_LISTED = frozenset(right for right, action in _KEYS.items() if action is Action.LIST)
_DECRYPT, _ENCRYPT = "cloudkms.cryptoKeyVersions.useToDecrypt", "cloudkms.cryptoKeyVersions.useToEncrypt"
_SIGN = frozenset({"cloudkms.cryptoKeyVersions.useToSign"})

KEYS = Vocabulary(
    service="cloudkms.googleapis.com",
    actions=_KEYS | _ABOVE,
    known={
        **_basic(_KEYS | _ABOVE),
        "roles/cloudkms.admin": frozenset(
            right for right in _KEYS if ".useTo" not in right or right.endswith("ViaDelegation")
        ),
        "roles/cloudkms.viewer": _KEYS_LISTED,
        "roles/cloudkms.cryptoKeyDecrypter": frozenset({_DECRYPT}),
        "roles/cloudkms.cryptoKeyEncrypter": frozenset({_ENCRYPT}),
        "roles/cloudkms.cryptoKeyEncrypterDecrypter": frozenset({_DECRYPT, _ENCRYPT}),
        "roles/cloudkms.signer": _SIGN,
        "roles/cloudkms.signerVerifier": _SIGN,
    },
    methods={
        "Decrypt": Action.READ,
        "RawDecrypt": Action.READ,
        "AsymmetricDecrypt": Action.READ,
        "AsymmetricSign": Action.READ,
        "MacSign": Action.READ,
        "Decapsulate": Action.READ,
        "CreateCryptoKey": Action.WRITE,
        "CreateCryptoKeyVersion": Action.WRITE,
        "ImportCryptoKeyVersion": Action.WRITE,
        "DestroyCryptoKeyVersion": Action.ADMIN,
        "RestoreCryptoKeyVersion": Action.ADMIN,
        "UpdateCryptoKey": Action.ADMIN,
        "UpdateCryptoKeyPrimaryVersion": Action.ADMIN,
        "UpdateCryptoKeyVersion": Action.ADMIN,
        "SetIamPolicy": Action.ADMIN,
    },
    resource=re.compile(r"projects/[^/]+/locations/([^/]+)/keyRings/([^/]+)/cryptoKeys/([^/]+)"),
)
"""Cloud KMS, where to read is to do what only the key can, as decrypting and signing:
https://cloud.google.com/kms/docs/reference/permissions-and-roles and …/docs/audit-logging."""
