"""The keys of a source of kind vault in keyproof.yaml."""

from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, PositiveFloat, field_validator, model_validator

from keyproof.fields import StrictModel, StringsField

_KUBERNETES_TOKEN = "/var/run/secrets/kubernetes.io/serviceaccount/token"  # noqa: S105 (a path, not a token)


class AuthConfig(StrictModel):
    """How to log in when no token is at hand; secret parts come from the environment or a file."""

    method: Literal["approle", "kubernetes", "jwt"]
    mount: str = ""
    """Path of the auth method; empty takes the method's own name."""
    role: str = ""
    role_id: str = ""
    secret_id_env: str = "VAULT_SECRET_ID"  # noqa: S105 (a name, not a secret)
    """Name of the environment variable that holds the AppRole secret id."""
    jwt_env: str = "VAULT_JWT"
    """Name of the environment variable that holds the JWT of method jwt."""
    jwt_file: str = _KUBERNETES_TOKEN
    """Service account token of method kubernetes."""

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.method == "approle" and not self.role_id:
            raise ValueError("auth method approle needs 'role-id'")
        if self.method != "approle" and not self.role:
            raise ValueError(f"auth method {self.method} needs 'role'")
        return self


class VaultConfig(StrictModel):
    """Keys of a source of kind vault."""

    address: str = ""
    """Empty takes BAO_ADDR or VAULT_ADDR."""
    mounts: tuple[str, ...] = ()
    """Mounts to read; empty takes every mount of `sys/mounts` whose engine is read."""
    namespace: str = ""
    """Empty takes BAO_NAMESPACE or VAULT_NAMESPACE, else the root namespace."""
    namespaces: tuple[str, ...] = ()
    """Several namespaces; `["*"]` takes `namespace` and everything below it."""
    include: StringsField = ("*",)
    """Globs over MOUNT/PATH."""
    exclude: tuple[str, ...] = ()
    """Globs over MOUNT/PATH; they win over `include`."""
    auth: AuthConfig | None = None
    """None takes BAO_TOKEN, VAULT_TOKEN or ~/.vault-token."""
    ca_cert: str = ""
    """PEM file; empty takes BAO_CACERT or VAULT_CACERT, else the well-known authorities."""
    access: bool = True
    """Whether to read policies, roles and groups, to know who reaches each secret."""
    audit: bool = True
    """Whether to read the audit devices."""
    database: bool = True
    """Whether to read database engines: static and dynamic roles, and the accounts of connections."""
    pki: bool = True
    """Whether to read PKI engines: issuers, roles and certificates that are neither expired nor revoked."""
    transit: bool = True
    """Whether to read transit engines: keys and their versions."""
    approle: bool = False
    """Whether to read the secret ids of AppRole by accessor; needs `update` on the lookup."""
    tokens: bool = False
    """Whether to read the tokens by accessor; needs `sudo`, and a server may have very many."""
    leases: bool = False
    """Whether to read the leases that engines gave; needs `sudo`, and a server may have very many."""
    audit_log: tuple[str, ...] = ()
    """Globs over files of an audit device (JSON lines, also with gzip), to know who used each secret."""
    timeout: PositiveFloat = 30.0
    """Seconds per request."""
    max_wait: float = Field(default=60.0, ge=0)
    """Seconds to wait per request for a server that throttles."""

    @field_validator("address")
    @classmethod
    def _is_address(cls, address: str) -> str:
        if address:
            checked_address(address)
        return address


def checked_address(address: str) -> str:
    """The address without a slash at its end. Raises ValueError when it is none or carries credentials."""
    parts = urlsplit(address)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ValueError(f"{address!r} is no address; write for example https://vault.example:8200")
    if parts.username is not None or parts.password is not None:
        raise ValueError("the address must not carry credentials")
    return address.rstrip("/")
