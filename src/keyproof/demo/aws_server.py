"""Moto's AWS server on loopback, mended where it forgets the age of a secret and its policies' names."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from logging import WARNING, getLogger
from typing import Any
from unittest.mock import patch

ACCOUNT = "123456789012"
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_SESSION_TOKEN": "testing",
    "AWS_EC2_METADATA_DISABLED": "true",
}
"""The environment that makes the SDK ask nobody for credentials: words moto accepts, no credentials."""


@contextmanager
def serve() -> Iterator[str]:
    """Run the server on a free port of loopback while the block runs; yields its address."""
    from moto.server import ThreadedMotoServer  # noqa: PLC0415 (only the demo extra has it, and slow to import)

    getLogger("werkzeug").setLevel(WARNING)  # one line a request otherwise
    server: Any = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    with _versions_keep_their_dates(), _policies_are_listed():
        server.start()
        host, port = server.get_host_and_port()
        try:
            yield f"http://{host}:{port}"
        finally:
            server.stop()
            server._server.server_close()  # noqa: SLF001 (stop() leaves the socket open)


def stored_secret(name: str, region: str) -> Any:
    """The server's own object of a secret, to set what no call can set: its dates."""
    from moto.backends import get_backend  # noqa: PLC0415 (starts a hundred services)

    return get_backend("secretsmanager")[ACCOUNT][region].secrets[name]


@contextmanager
def _versions_keep_their_dates() -> Iterator[None]:
    """Moto 5.2 answers ListSecretVersionIds with the present as CreatedDate; AWS gives when each was written."""
    from moto.secretsmanager.models import SecretsManagerBackend  # noqa: PLC0415 (slow to import)

    original = SecretsManagerBackend.list_secret_version_ids

    def dated(self: Any, secret_id: str) -> str:
        answer = json.loads(original(self, secret_id))
        stored = self.secrets[secret_id].versions
        for version in answer["Versions"]:
            version["CreatedDate"] = stored[version["VersionId"]]["createdate"]
            version.pop("LastAccessedDate")
        return json.dumps(answer)

    with patch.object(SecretsManagerBackend, "list_secret_version_ids", dated):
        yield


@contextmanager
def _policies_are_listed() -> Iterator[None]:
    """Moto 5.2 does not know ListResourcePolicies; it keeps the default policy only."""
    from moto.secretsmanager.responses import SecretsManagerResponse  # noqa: PLC0415 (slow to import)

    def listed(self: Any) -> str:
        kept = json.loads(self.backend.get_resource_policy(self._get_param("SecretId")))
        return json.dumps(
            {"ResourcePolicies": [{"PolicyName": "default"}] if "ResourcePolicy" in kept else []}
        )

    with patch.object(SecretsManagerResponse, "list_resource_policies", listed, create=True):
        yield
