"""The audit log of an API server, read as who used which Secret."""

import gzip
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from keyproof.audit.files import LogFileError
from keyproof.domain.access import AccessEvent, Action
from keyproof.kubernetes.audit_log import AuditLog, read_logs

START = datetime(2025, 10, 1, 12, tzinfo=UTC)


def event(minutes: float = 0, **changed: Any) -> dict[str, Any]:
    at = (START + timedelta(minutes=minutes)).isoformat().replace("+00:00", "Z")
    return {
        "kind": "Event",
        "apiVersion": "audit.k8s.io/v1",
        "level": "Metadata",
        "stage": "ResponseComplete",
        "requestURI": "/api/v1/namespaces/shop/secrets/db",
        "verb": "get",
        "user": {"username": "alice"},
        "userAgent": "kubectl/v1.31",
        "objectRef": {"resource": "secrets", "namespace": "shop", "name": "db", "apiVersion": "v1"},
        "responseStatus": {"code": 200},
        "requestReceivedTimestamp": at,
        "stageTimestamp": at,
        **changed,
    }


def write(path: Path, *events: Any) -> Path:
    text = "".join(f"{one if isinstance(one, str) else json.dumps(one)}\n" for one in events)
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


def read(tmp_path: Path, *events: Any, scanner: str = "") -> AuditLog:
    return read_logs([write(tmp_path / "audit.log", *events)], scanner=scanner)


def uses(log: AuditLog, namespace: str = "shop", name: str = "db") -> tuple[AccessEvent, ...]:
    found = log.log_of(namespace, name)
    assert found is not None
    return found.events


def test_who_did_what_and_when(tmp_path: Path) -> None:
    log = read(tmp_path, event(), event(60, user={"username": "bob"}, verb="patch"))
    assert uses(log) == (
        AccessEvent(at=START, principal="alice", action=Action.READ),
        AccessEvent(at=START + timedelta(hours=1), principal="bob", action=Action.WRITE),
    )
    found = log.log_of("shop", "db")
    assert found is not None
    assert (found.since, found.until) == (START, START + timedelta(hours=1))
    assert found.sink == "audit log (audit.log)"
    assert uses(log, name="other") == ()


def test_a_listing_is_a_reading_of_everything_it_covers(tmp_path: Path) -> None:
    space = {"resource": "secrets", "namespace": "shop"}
    log = read(
        tmp_path,
        event(verb="list", objectRef=space),
        event(verb="watch", objectRef={"resource": "secrets"}, user={"username": "operator"}),
    )
    assert [one.principal for one in uses(log, name="anything")] == ["alice", "operator"]
    assert [one.principal for one in uses(log, namespace="bare")] == ["operator"]
    assert {one.action for one in uses(log)} == {Action.READ}


@pytest.mark.parametrize("selector", ["metadata.name%3Ddb", "type%3DOpaque%2Cmetadata.name%3D%3Ddb"])
def test_a_listing_of_one_name_is_a_reading_of_that_one(tmp_path: Path, selector: str) -> None:
    uri = f"/api/v1/namespaces/shop/secrets?fieldSelector={selector}&limit=500"
    space = {"resource": "secrets", "namespace": "shop"}
    log = read(tmp_path, event(verb="watch", objectRef=space, requestURI=uri))
    assert [one.principal for one in uses(log)] == ["alice"]
    assert uses(log, name="other") == ()


def test_our_own_listings_are_no_readings_but_only_ours(tmp_path: Path) -> None:
    space = {"resource": "secrets", "namespace": "shop"}
    ours: dict[str, Any] = {"verb": "list", "objectRef": space, "userAgent": "keyproof"}
    log = read(tmp_path, event(**ours, user={"username": "scan"}), event(**ours), scanner="scan")
    assert {(one.principal, one.action) for one in uses(log)} == {
        ("scan", Action.LIST),
        ("alice", Action.READ),
    }


@pytest.mark.parametrize(("code", "allowed"), [(401, False), (403, False), (200, True)])
def test_a_refusal_is_no_use(tmp_path: Path, code: int, allowed: bool) -> None:
    (one,) = uses(read(tmp_path, event(responseStatus={"code": code})))
    assert one.allowed is allowed


@pytest.mark.parametrize(
    "changed",
    [
        {"responseStatus": {"code": 404}},
        {"stage": "RequestReceived"},
        {"stage": "ResponseStarted"},
        {
            "objectRef": {
                "resource": "secrets",
                "apiGroup": "other.example",
                "namespace": "shop",
                "name": "db",
            }
        },
        {"objectRef": {"resource": "configmaps", "namespace": "shop", "name": '"secrets"'}},
        {"verb": "unheard-of"},
    ],
    ids=str,
)
def test_what_is_no_use_of_a_secret(tmp_path: Path, changed: dict[str, Any]) -> None:
    log = read(tmp_path, event(**changed), event(1, user={"username": "bob"}))
    assert [one.principal for one in uses(log)] == ["bob"]


def test_a_watch_counts_when_it_begins(tmp_path: Path) -> None:
    assert len(uses(read(tmp_path, event(verb="watch", stage="ResponseStarted")))) == 1


def test_equal_uses_of_a_day_are_one_with_the_last_time(tmp_path: Path) -> None:
    log = read(tmp_path, event(0), event(90), event(30), event(24 * 60))
    assert [one.at for one in uses(log)] == [START + timedelta(minutes=90), START + timedelta(days=1)]


def test_files_are_read_together_also_compressed(tmp_path: Path) -> None:
    first = write(tmp_path / "audit-1.log.gz", event(-600))
    second = write(tmp_path / "audit-2.log", event(0, objectRef={"resource": "pods"}))
    log = read_logs([first, second], scanner="")
    assert (log.since, log.until) == (START - timedelta(minutes=600), START)
    assert log.lines == 2


def test_a_log_without_any_secret_shows_nothing(tmp_path: Path) -> None:
    log = read(tmp_path, event(objectRef={"resource": "pods"}))
    assert log.log_of("shop", "db") is None


def test_lines_that_are_no_events_are_counted(tmp_path: Path) -> None:
    log = read(tmp_path, event(), "half of a li", '{"secrets": "secrets"}', "[]", event(1))
    assert (log.unreadable_lines, log.unreadable) == (3, ["audit.log:2", "audit.log:3", "audit.log:4"])


def test_a_line_that_is_being_written_is_left_for_the_next_scan(tmp_path: Path) -> None:
    path = write(tmp_path / "audit.log", event())
    with path.open("a", encoding="utf-8") as log:
        log.write(json.dumps(event(5))[:200])
    found = read_logs([path], scanner="")
    assert (found.unreadable_lines, found.until) == (0, START)


def test_files_that_cannot_be_read_at_all(tmp_path: Path) -> None:
    with pytest.raises(LogFileError, match="no line is an event"):
        read(tmp_path, "text")
    with pytest.raises(LogFileError, match="No such file"):
        read_logs([tmp_path / "none"], scanner="")
    (tmp_path / "a.gz").write_bytes(gzip.compress(b"{}" * 900)[:20])
    with pytest.raises(LogFileError):
        read_logs([tmp_path / "a.gz"], scanner="")
