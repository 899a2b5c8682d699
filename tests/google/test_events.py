"""What single records of Google's audit logs tell."""

import json
from pathlib import Path
from typing import Any

import pytest

from keyproof.domain.access import AccessEvent
from keyproof.google.events import read_files
from keyproof.google.vocabulary import SECRETS
from tests.fakes.google import Item, logged

READ = "AccessSecretVersion"
AT = "2025-09-20T10:00:00Z"


def _events(folder: Path, *entries: Item) -> list[AccessEvent]:
    path = folder / "log.json"
    path.write_text(json.dumps(entries), encoding="utf-8")
    log = read_files([path], SECRETS, project="acme", recorded=True).log_of("db")
    return list(log.events) if log else []


def _by(who: dict[str, Any]) -> Item:
    entry = logged(READ, "secrets/db/versions/1", at=AT)
    entry["protoPayload"]["authenticationInfo"] = who
    return entry


@pytest.mark.parametrize(
    ("who", "principal"),
    [
        ({"principalEmail": "olga@acme.example"}, "user:olga@acme.example"),
        (
            {"principalEmail": "w@acme.iam.gserviceaccount.com"},
            "serviceAccount:w@acme.iam.gserviceaccount.com",
        ),
        (
            {"principalSubject": "principal://iam.googleapis.com/x/subject/s"},
            "principal://iam.googleapis.com/x/subject/s",
        ),
        ({}, "unknown"),
    ],
)
def test_who_asked_is_named_as_in_grants(tmp_path: Path, who: dict[str, Any], principal: str) -> None:
    assert [event.principal for event in _events(tmp_path, _by(who))] == [principal]


def test_records_of_other_things_are_left_out(tmp_path: Path) -> None:
    other = logged(READ, "secrets/db/versions/1", at=AT)
    other["protoPayload"]["serviceName"] = "storage.googleapis.com"
    undated = {**logged(READ, "secrets/db/versions/1", at=AT), "timestamp": "soon"}
    listed = logged("ListSecretVersions", "secrets/db", at=AT)
    assert _events(tmp_path, other, undated, listed, {}) == []


def test_without_a_read_nothing_is_covered(tmp_path: Path) -> None:
    assert _events(tmp_path, logged("UpdateSecret", "secrets/db", at=AT)) == []
