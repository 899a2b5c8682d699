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
)
"""Capability and path; KV2, KV1, MOUNT, METHOD and NAME stand for real names. The login needs no policy."""


def reader_policy(*, kv2: Sequence[str], kv1: Sequence[str] = (), namespace: str = "") -> str:
    """The smallest policy that lets a token read everything this collector reads, and no value.

    `kv2` and `kv1` are mount paths without the last slash; `namespace` is empty or ends in `/`. In HCL.
    """
    paths: dict[str, set[str]] = {}
    for line in PERMISSIONS:
        capabilities, _, path = line.partition(" ")
        if path in {"sys/health", "sys/internal/ui/mounts/MOUNT", "auth/METHOD/login"}:
            continue  # needs no token, or no right of its own
        kind = path.partition("/")[0]
        for mount in {"KV2": kv2, "KV1": kv1}.get(kind, ("",)):
            real = path.replace(kind, mount, 1) if mount else path
            real = namespace + real.replace("METHOD", "+").replace("NAME", "+")
            # Vault before 1.15 matches a listing against a pattern with `+` only with the slash at its end.
            for one in {real, f"{real}/"} if "+" in real and capabilities == "list" else {real}:
                paths.setdefault(one, set()).update(capabilities.split("+"))
    return "\n".join(_block(path, sorted(capabilities)) for path, capabilities in sorted(paths.items()))


def _block(path: str, capabilities: Sequence[str]) -> str:
    quoted = ", ".join(f'"{capability}"' for capability in capabilities)
    return f'path "{path}" {{\n  capabilities = [{quoted}]\n}}\n'
