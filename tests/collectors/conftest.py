"""An AWS server for the collectors that read AWS, and a proxy before it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.aws_server import CREDENTIALS, AwsServer, aws_server
from tests.fakes.fault_proxy import FaultProxy, fault_proxy


@pytest.fixture(scope="module")
def server() -> Iterator[AwsServer]:
    with aws_server() as running:
        yield running


@pytest.fixture
def aws(server: AwsServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AwsServer:
    """The server, empty, with credentials in the environment and no configuration files."""
    server.reset()
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_PROFILE", "AWS_DEFAULT_REGION", "AWS_REGION", "http_proxy", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    return server


@pytest.fixture
def proxy(aws: AwsServer) -> Iterator[FaultProxy]:
    with fault_proxy(aws.address) as running:
        yield running


@pytest.fixture
def as_user(aws: AwsServer, monkeypatch: pytest.MonkeyPatch) -> Iterator["BecomeUser"]:
    """Be an IAM user with just these rights, while the server enforces them."""
    yield BecomeUser(aws, monkeypatch)
    aws.trust_everyone()


class BecomeUser:
    """Called with rights, or with a whole policy, it makes the user and enforces IAM."""

    def __init__(self, aws: AwsServer, monkeypatch: pytest.MonkeyPatch) -> None:
        self._aws = aws
        self._monkeypatch = monkeypatch

    def __call__(self, *actions: str, policy: dict[str, object] | None = None) -> None:
        statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
        credentials = self._aws.user("scan", policy or {"Version": "2012-10-17", "Statement": [statement]})
        self._monkeypatch.delenv("AWS_SESSION_TOKEN")
        for name, value in credentials.items():
            self._monkeypatch.setenv(name, value)
        self._aws.enforce_iam()
