"""The demo's Vault: a real OpenBao server on loopback with secrets, policies and people."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from keyproof.demo.openbao import OpenBaoServer, find_binary
from keyproof.vault.permissions import reader_policy

_SECRETS = {
    "production/payment-gateway": {"owner": "Payments", "environment": "production"},
    "production/session-signing": {"owner": "Security", "environment": "production"},
    "staging/payment-gateway": {"owner": "Payments", "environment": "staging"},
}
_POLICIES = {
    "content-generator": 'path "kv/data/production/*" { capabilities = ["read"] }',
    # The mistake the demo is about: the second line lets developers read production.
    "developers": (
        'path "kv/data/staging/*" { capabilities = ["read"] }\n'
        'path "kv/data/production/session-signing" { capabilities = ["read"] }'
    ),
    "keyproof": reader_policy(kv2=["kv"]),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Vault:
    """Where the server listens, and a token that may look but not read a value."""

    address: str
    token: str


@contextmanager
def serve(folder: Path) -> Iterator[Vault | None]:
    """Run the server with its files in `folder` while the block runs; yields None where no binary is installed."""
    if find_binary() is None:
        yield None
        return
    with OpenBaoServer(folder) as server:
        server.mount("kv")
        for path, metadata in _SECRETS.items():
            server.put("kv", path, metadata={"custom_metadata": metadata})
        for name, text in _POLICIES.items():
            server.policy(name, text)
        server.auth("approle")
        server.call("POST", "auth/approle/role/content-generator", {"token_policies": ["content-generator"]})
        server.auth("userpass")
        # A password for a user of a server that lives for seconds; it opens nothing.
        server.call(
            "POST", "auth/userpass/users/dev-ana", {"password": "demo", "token_policies": ["developers"]}
        )
        yield Vault(address=server.address, token=server.token("keyproof"))
