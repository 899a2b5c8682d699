"""Moto's AWS server on loopback, real HTTP, with ways to fill and back-date its Secrets Manager."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from urllib.request import Request, urlopen

from boto3.session import Session
from botocore import xform_name
from botocore.stub import Stubber

from keyproof.demo.aws_server import ACCOUNT, CREDENTIALS, serve, stored_secret
from tests.fakes.fault_proxy import Answer

__all__ = ["ACCOUNT", "CREDENTIALS", "AwsServer", "aws_server", "modelled", "refusal"]


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
        return stored_secret(name, region)

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


def modelled(operation: str, answer: Mapping[str, Any], service: str = "secretsmanager") -> Answer:
    """An answer of a JSON service for what the server cannot store, checked against AWS's own service model."""
    Stubber(_modelling_client(service)).add_response(xform_name(operation), dict(answer))
    body = json.dumps(answer, default=datetime.timestamp)
    return Answer(status=200, body=body.encode(), headers={"Content-Type": "application/x-amz-json-1.1"})


@cache
def _modelling_client(service: str) -> Any:
    session: Any = Session(aws_access_key_id="testing", aws_secret_access_key="testing")
    return session.client(service, region_name="us-east-1")


def refusal(code: str, message: str = "", *, status: int = 400) -> Answer:
    """An error of Secrets Manager in the form AWS sends it."""
    body = json.dumps({"__type": code, "Message": message})
    return Answer(status=status, body=body.encode(), headers={"Content-Type": "application/x-amz-json-1.1"})


@contextmanager
def aws_server() -> Iterator[AwsServer]:
    """Run a server on a free port of loopback while the block runs."""
    with serve() as address:
        running = AwsServer(address=address)
        try:
            yield running
        finally:
            running.reset()
