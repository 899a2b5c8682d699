"""CloudTrail's records, from log files."""

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from keyproof.audit import records
from keyproof.audit.files import LogFileError
from keyproof.aws.events import EventLog, principal_of, read_files
from keyproof.domain.access import AccessEvent, Action

REGION, ACCOUNT = "eu-west-1", "123456789012"
ARN = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:prod/db-AbCdEf"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/app"


def record(name: str = "GetSecretValue", at: str = "2025-10-01T10:00:00Z", **more: Any) -> dict[str, Any]:
    session = {"sessionIssuer": {"arn": ROLE}}
    return {
        "eventSource": "secretsmanager.amazonaws.com",
        "eventName": name,
        "eventTime": at,
        "awsRegion": REGION,
        "userIdentity": {"type": "AssumedRole", "arn": f"{ROLE}/x", "sessionContext": session},
        "requestParameters": {"secretId": "prod/db"},
        **more,
    }


def written(path: Path, *records: Any) -> Path:
    text = json.dumps({"Records": records})
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text, encoding="utf-8")
    return path


def uses(log: EventLog) -> list[tuple[str, Action, bool]]:
    found = log.log_of(ARN, "prod/db")
    return [(event.principal, event.action, event.allowed) for event in found.events] if found else []


@pytest.mark.parametrize("name", ["a.json.gz", "a.json"])
@pytest.mark.parametrize("chunk", [1, 7, 1 << 20])
def test_records_are_read_one_by_one_however_the_file_is_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, chunk: int
) -> None:
    monkeypatch.setattr(records, "_CHUNK", chunk)
    monkeypatch.setattr(records, "_HEAD", 16)
    path = written(
        tmp_path / name,
        record(at="2025-10-02T10:00:00Z", note='ü "] }'),
        record("PutSecretValue"),
        record(eventSource="s3.amazonaws.com", at="2025-09-01T00:00:00Z"),
        record(at="2025-10-02T11:00:00Z"),
    )  # fmt: skip
    log = read_files([path], region=REGION)
    assert log.uses.records == 4
    assert (log.uses.since, log.uses.until) == (
        datetime(2025, 9, 1, tzinfo=UTC),
        datetime(2025, 10, 2, 11, tzinfo=UTC),
    )
    found = log.log_of(ARN, "prod/db")
    assert found is not None
    assert found.events == (
        AccessEvent(at=datetime(2025, 10, 1, 10, tzinfo=UTC), principal=ROLE, action=Action.WRITE),
        AccessEvent(at=datetime(2025, 10, 2, 11, tzinfo=UTC), principal=ROLE, action=Action.READ),
    )


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"requestParameters": {"secretId": ARN}}, [(ROLE, Action.READ, True)]),
        ({"requestParameters": {"secretId": ARN.removesuffix("-AbCdEf")}}, [(ROLE, Action.READ, True)]),
        ({"requestParameters": None, "resources": [{"ARN": ARN}]}, [(ROLE, Action.READ, True)]),
        ({"requestParameters": {"secretId": "prod/other"}}, []),
        ({"awsRegion": "us-east-1"}, []),
        ({"errorCode": "AccessDenied"}, [(ROLE, Action.READ, False)]),
        ({"errorCode": "AccessDeniedException"}, [(ROLE, Action.READ, False)]),
        ({"errorCode": "ResourceNotFoundException"}, []),
        ({"eventName": "DescribeSecret"}, [(ROLE, Action.LIST, True)]),
        ({"eventName": "DeleteSecret"}, [(ROLE, Action.ADMIN, True)]),
        ({"eventName": "CreateSecret"}, []),
        (
            {"eventName": "BatchGetSecretValue", "requestParameters": {"secretIdList": ["prod/db", "x"]}},
            [(ROLE, Action.READ, True)],
        ),
    ],
)
def test_which_secret_was_used_how(tmp_path: Path, more: dict[str, Any], expected: list[Any]) -> None:
    assert uses(read_files([written(tmp_path / "a.json", record(**more))], region=REGION)) == expected


@pytest.mark.parametrize(
    ("identity", "principal"),
    [
        ({"type": "IAMUser", "arn": f"arn:aws:iam::{ACCOUNT}:user/ann"}, f"arn:aws:iam::{ACCOUNT}:user/ann"),
        ({"type": "Root", "arn": f"arn:aws:iam::{ACCOUNT}:root"}, f"arn:aws:iam::{ACCOUNT}:root"),
        ({"type": "AWSService", "invokedBy": "rds.amazonaws.com"}, "rds.amazonaws.com"),
        ({"type": "AWSAccount", "accountId": ACCOUNT}, f"arn:aws:iam::{ACCOUNT}:root"),
        ({"type": "IdentityCenterUser"}, "IdentityCenterUser"),
        ({}, "unknown"),
    ],
)
def test_who_it_was(identity: dict[str, Any], principal: str) -> None:
    assert principal_of(identity) == principal


@pytest.mark.parametrize("content", [b"", b"{}", b'{"Records": [', b'{"Records": [{}]}', b'{"Records": [1]}'])
def test_what_is_no_log_file_is_said(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "odd.json"
    path.write_bytes(content)
    with pytest.raises(LogFileError, match=r"odd\.json: "):
        read_files([path], region=REGION)
    cut = written(tmp_path / "cut.json.gz", record(), record())
    cut.write_bytes(cut.read_bytes()[:-20])
    with pytest.raises(LogFileError, match=r"cut\.json\.gz: "):
        read_files([cut], region=REGION)


def test_files_without_records_cover_no_time(tmp_path: Path) -> None:
    log = read_files([written(tmp_path / "a.json")], region=REGION)
    assert log.log_of(ARN, "prod/db") is None
