"""The rights needed to read a server's metadata, and the policy that grants exactly those."""

from collections.abc import Sequence

from keyproof.vault.holders import LISTS, READS

PERMISSIONS = (
    "read sys/health",
    "read auth/token/lookup-self",
    "read sys/mounts",
    "read sys/internal/ui/mounts/MOUNT",
    "list sys/namespaces",
    "read KV2/config",
    "list KV2/detailed-metadata/*",
    "list KV2/metadata/*",
    "read KV2/metadata/*",
    "list KV1/*",
    "read+sudo sys/audit",
    "list sys/policies/acl",
    "read sys/policies/acl/*",
    "read sys/auth",
    *(f"list auth/METHOD/{folder}" for folder in LISTS),
    *(f"read auth/METHOD/{folder}/NAME" for folder in READS),
    "list identity/group/id",
    "read identity/group/id/*",
    "list identity/entity/id",
    "read identity/entity/id/*",
    "update auth/METHOD/login",
    "list DATABASE/static-roles",
    "read DATABASE/static-roles/NAME",
    "list DATABASE/roles",
    "read DATABASE/roles/NAME",
    "list DATABASE/config",
    "read DATABASE/config/NAME",
    "list TRANSIT/keys",
    "read TRANSIT/keys/NAME",
    "list PKI/issuers",
    "read PKI/issuer/NAME",
    "list PKI/roles",
    "read PKI/roles/NAME",
    "list PKI/certs",
    "list PKI/certs/detailed",
    "list PKI/certs/revoked",
    "read PKI/cert/NAME",
    "list auth/APPROLE/role",
    "list auth/APPROLE/role/NAME/secret-id",
    "update auth/APPROLE/role/NAME/secret-id-accessor/lookup",
    "list+sudo auth/token/accessors",
    "update auth/token/lookup-accessor",
    "list+sudo sys/leases/lookup/",
    "list+sudo sys/leases/lookup/*",
    "update sys/leases/lookup",
)
"""Capability and path; names in capitals stand for real ones. The login needs no policy."""

_FREE = frozenset(
    {
        "sys/health",
        "sys/internal/ui/mounts/MOUNT",
        "auth/METHOD/login",
        "PKI/issuers",
        "PKI/cert/NAME",
    }
)
"""Paths that need no token, or no right of their own."""
_ON_DEMAND = {
    "approle": ("auth/APPROLE/",),
    "tokens": ("auth/token/accessors", "auth/token/lookup-accessor"),
    "leases": ("sys/leases/",),
}
"""Switch of the configuration → its paths, which nothing else needs."""


def reader_policy(  # noqa: PLR0913 (one keyword for each engine)
    *,
    kv2: Sequence[str] = (),
    kv1: Sequence[str] = (),
    database: Sequence[str] = (),
    transit: Sequence[str] = (),
    pki: Sequence[str] = (),
    approle: Sequence[str] = (),
    tokens: bool = False,
    leases: bool = False,
    namespace: str = "",
) -> str:
    """The smallest policy that lets a token read everything this collector reads, and no value.

    Every engine is given by its mount paths without the last slash, AppRole without `auth/`; `namespace` is
    empty or ends in `/`. In HCL.
    """
    mounts = {
        "KV2": kv2,
        "KV1": kv1,
        "DATABASE": database,
        "TRANSIT": transit,
        "PKI": pki,
        "APPROLE": approle,
    }
    wanted = {"approle": bool(approle), "tokens": tokens, "leases": leases}
    closed = tuple(path for switch, on in wanted.items() if not on for path in _ON_DEMAND[switch])
    paths: dict[str, set[str]] = {}
    for line in PERMISSIONS:
        capabilities, _, path = line.partition(" ")
        if path in _FREE or path.startswith(closed):
            continue
        kind = next((part for part in path.split("/") if part in mounts), "")
        for mount in mounts.get(kind, ("",)):
            real = path.replace(kind, mount, 1) if mount else path
            real = namespace + real.replace("METHOD", "+").replace("NAME", "+")
            # Vault before 1.15 matches a listing against a pattern with `+` only with the slash at its end.
            for one in {real, f"{real}/"} if "+" in real and capabilities == "list" else {real}:
                paths.setdefault(one, set()).update(capabilities.split("+"))
    return "\n".join(_block(path, sorted(capabilities)) for path, capabilities in sorted(paths.items()))


def _block(path: str, capabilities: Sequence[str]) -> str:
    quoted = ", ".join(f'"{capability}"' for capability in capabilities)
    return f'path "{path}" {{\n  capabilities = [{quoted}]\n}}\n'
