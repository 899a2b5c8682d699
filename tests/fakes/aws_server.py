"""Moto's AWS server on loopback, real HTTP, with ways to fill and back-date its Secrets Manager."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from logging import WARNING, getLogger
from typing import Any
from urllib.request import Request, urlopen

from boto3.session import Session

ACCOUNT = "123456789012"
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_SESSION_TOKEN": "testing",
    "AWS_EC2_METADATA_DISABLED": "true",
}
"""The environment that makes the SDK ask nobody for credentials."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsServer:
    """A running server."""

    address: str

    def client(self, service: str, region: str = "us-east-1", **credentials: str) -> Any:
        """A client of the test's own, to prepare what a collector will find."""
        keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing", **credentials}
        return Session(**keys).client(service, region_name=region, endpoint_url=self.address)  # type: ignore[call-overload]  # the overloads want literal names

    def stored(self, name: str, region: str = "us-east-1") -> Any:
        """The server's own object of a secret, to set what no call can set."""
        from moto.backends import get_backend  # noqa: PLC0415 (starts a hundred services)

        return get_backend("secretsmanager")[ACCOUNT][region].secrets[name]

    def back_date(self, name: str, at: datetime, region: str = "us-east-1") -> None:
        """Let the secret and all its versions have been written at `at`."""
        stored, seconds = self.stored(name, region), int(at.timestamp())
        stored.created_date = stored.last_changed_date = seconds
        for version in stored.versions.values():
            version["createdate"] = seconds

    def enforce_iam(self) -> None:
        """From now on let IAM policies decide about every call."""
        self._post("reset-auth", b"0")

    def trust_everyone(self) -> None:
        """Undo `enforce_iam`."""
        self._post("reset-auth", b"inf")

    def reset(self) -> None:
        """Forget everything stored."""
        self._post("reset", b"")

    def user(self, name: str, policy: Mapping[str, Any]) -> dict[str, str]:
        """Make an IAM user with one policy; gives its credentials as environment variables."""
        iam = self.client("iam")
        iam.create_user(UserName=name)
        iam.put_user_policy(UserName=name, PolicyName="scan", PolicyDocument=json.dumps(policy))
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return {
            "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
            "AWS_SESSION_TOKEN": "",
        }

    def _post(self, path: str, body: bytes) -> None:
        headers = {"Content-Type": "text/plain"}
        request = Request(f"{self.address}/moto-api/{path}", data=body, headers=headers, method="POST")
        with urlopen(request, timeout=10):
            pass


@contextmanager
def aws_server() -> Iterator[AwsServer]:
    """Run a server on a free port of loopback while the block runs."""
    from moto.server import ThreadedMotoServer  # noqa: PLC0415 (slow to import)

    getLogger("werkzeug").setLevel(WARNING)  # one line a request otherwise
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    running = AwsServer(address=f"http://{host}:{port}")
    try:
        yield running
    finally:
        running.reset()
        server.stop()
