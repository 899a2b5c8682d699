"""Moto's AWS server on loopback, real HTTP, with ways to fill and back-date its Secrets Manager."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from logging import WARNING, getLogger
from typing import Any
from unittest.mock import patch
from urllib.request import Request, urlopen

from boto3.session import Session
from botocore import xform_name
from botocore.stub import Stubber

from tests.fakes.fault_proxy import Answer

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

    def client(self, service: str, region: str = "us-east-1") -> Any:
        """A client of the test's own, to prepare what a collector will find."""
        session: Any = Session(aws_access_key_id="testing", aws_secret_access_key="testing")
        return session.client(service, region_name=region, endpoint_url=self.address)

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


def modelled(operation: str, answer: Mapping[str, Any]) -> Answer:
    """An answer of Secrets Manager for what the server cannot store, checked against AWS's own service model."""
    Stubber(_modelling_client()).add_response(xform_name(operation), dict(answer))
    body = json.dumps(answer, default=datetime.timestamp)
    return Answer(status=200, body=body.encode(), headers={"Content-Type": "application/x-amz-json-1.1"})


@cache
def _modelling_client() -> Any:
    session = Session(aws_access_key_id="testing", aws_secret_access_key="testing")
    return session.client("secretsmanager", region_name="us-east-1")


def refusal(code: str, message: str = "", *, status: int = 400) -> Answer:
    """An error of Secrets Manager in the form AWS sends it."""
    body = json.dumps({"__type": code, "Message": message})
    return Answer(status=status, body=body.encode(), headers={"Content-Type": "application/x-amz-json-1.1"})


@contextmanager
def aws_server() -> Iterator[AwsServer]:
    """Run a server on a free port of loopback while the block runs."""
    from moto.server import ThreadedMotoServer  # noqa: PLC0415 (slow to import)

    with _versions_keep_their_dates():
        yield from _serve(ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False))


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


def _serve(server: Any) -> Iterator[AwsServer]:
    getLogger("werkzeug").setLevel(WARNING)  # one line a request otherwise
    server.start()
    host, port = server.get_host_and_port()
    running = AwsServer(address=f"http://{host}:{port}")
    try:
        yield running
    finally:
        running.reset()
        server.stop()
        server._server.server_close()  # what stop() leaves open
