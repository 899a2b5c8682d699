"""The demo's AWS Secrets Manager: moto's server on loopback, filled and back-dated."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from keyproof.demo import aws_server, fakes
from keyproof.demo.aws_server import ACCOUNT, stored_secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """One secret of the demo."""

    name: str
    age: int
    """Days since its current version was written."""
    owner: str
    region: str = "us-east-1"
    readers: tuple[str, ...] = ("role/content-generator",)
    previous: bool = False
    """Whether an older version can still be read."""
    tags: dict[str, str] = field(default_factory=dict)


SECRETS = (
    Planted(name="content/production/openai-api-key", age=75, owner="DevOps"),
    Planted(name="content/production/notion-api-key", age=34, owner="DevOps"),
    Planted(name="content/production/crm-api-key", age=63, owner="DevOps"),
    Planted(name="content/production/platform-api-key", age=46, owner="DevOps", previous=True),
    Planted(name="content/production/google-service-account", age=20, owner="DevOps"),
    Planted(name="content/production/database-password", age=96, owner="DBA", readers=("role/content-generator", "role/developer-ana")),
    Planted(name="content/production/jwt-secret", age=126, owner="Security"),
    Planted(name="content/production/encryption-keys", age=290, owner="Security"),
    Planted(name="content/production/redis-password", age=12, owner="DevOps"),
    Planted(name="content/production/slack-webhook", age=140, owner=""),
    Planted(name="content/staging/database-password", age=40, owner="DBA", readers=("role/developer-ana",), region="eu-west-1"),
    Planted(name="content/staging/openai-api-key", age=15, owner="DevOps", region="eu-west-1"),
)  # fmt: skip


@contextmanager
def serve(now: datetime) -> Iterator[str]:
    """Run the filled server while the block runs; yields its address."""
    with aws_server.serve() as address:
        for planted in SECRETS:
            _plant(planted, address, now)
        yield address


def _plant(planted: Planted, address: str, now: datetime) -> None:
    import boto3  # noqa: PLC0415 (only the aws extra has it)

    client: Any = boto3.client(
        "secretsmanager",
        region_name=planted.region,
        endpoint_url=address,
        aws_access_key_id="testing",
        aws_secret_access_key="testing",  # noqa: S106 (a word moto accepts)
    )
    tags = {**({"owner": planted.owner} if planted.owner else {}), **planted.tags}
    client.create_secret(
        Name=planted.name,
        SecretString=fakes.letters(planted.name, 32),
        Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
    )
    if planted.previous:
        client.put_secret_value(SecretId=planted.name, SecretString=fakes.letters(planted.name + "2", 32))
    client.put_resource_policy(SecretId=planted.name, ResourcePolicy=_policy(planted.readers))
    _back_date(planted, now)


def _policy(readers: tuple[str, ...]) -> str:
    principals = [f"arn:aws:iam::{ACCOUNT}:{reader}" for reader in readers]
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": principals},
        "Action": "secretsmanager:GetSecretValue",
        "Resource": "*",
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _back_date(planted: Planted, now: datetime) -> None:
    """Give the stored secret its age: the server has no call for it."""
    stored = stored_secret(planted.name, planted.region)
    written = int((now - timedelta(days=planted.age)).timestamp())
    first = int((now - timedelta(days=planted.age + 90)).timestamp())
    stored.created_date = first
    stored.last_changed_date = written
    for version in stored.versions.values():
        version["createdate"] = written if "AWSCURRENT" in version["version_stages"] else first
