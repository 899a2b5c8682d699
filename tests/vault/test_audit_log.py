"""Uses of secrets from audit log files: in OpenBao's order of keys and in Vault's, whole and broken."""

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from inline_snapshot import snapshot

from keyproof.audit.files import LogFileError, log_files
from keyproof.domain.access import AccessEvent, Action
from keyproof.vault.audit_log import AuditLog, read_logs
from keyproof.vault.uses import kv_uses

APP = kv_uses(version=2, mount="team/kv/", path="app")
DIGEST = "hmac-sha256:" + "0" * 64


def _entry(
    *,
    at: str = "2026-03-01T10:00:00.123456789Z",
    kind: str = "response",
    operation: str = "read",
    path: str = "kv/data/app",
    error: str = "",
    **auth: Any,
) -> dict[str, Any]:
    who = {"display_name": "approle", "metadata": {"role_name": "ci"}, "client_token": DIGEST, **auth}
    request = {"id": "1", "operation": operation, "namespace": {"id": "x", "path": "team/"}, "path": path}
    entry: dict[str, Any] = {"time": at, "type": kind, "auth": who, "request": request}
    if kind == "response":
        entry["response"] = {"data": {"data": {"value": DIGEST}}}
    if error:
        entry["error"] = error
    return entry


def _write(path: Path, *entries: dict[str, Any], vault: bool = False, prefix: str = "") -> Path:
    lines = [prefix + json.dumps(one, separators=(",", ":"), sort_keys=vault) + "\n" for one in entries]
    path.write_text("".join(lines), "utf-8")
    return path


def _events(log: AuditLog) -> list[tuple[str, Action, bool]]:
    found = log.log_of(APP)
    assert found is not None
    return [(event.principal, event.action, event.allowed) for event in found.events]


@pytest.mark.parametrize("vault", [False, True])
def test_a_request_and_its_response_are_one_use(tmp_path: Path, *, vault: bool) -> None:
    late = "2026-03-01T12:00:00Z"
    file = _write(
        tmp_path / "a.log",
        _entry(kind="request"),
        _entry(),
        _entry(kind="request", at=late),
        _entry(at=late),
        vault=vault,
    )
    log = read_logs([file])
    found = log.log_of(APP)
    assert found is not None
    at = datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert found.events == (AccessEvent(at=at, principal="auth/approle/role/ci"),)
    assert (found.since, found.until) == (datetime(2026, 3, 1, 10, 0, 0, 123456, tzinfo=UTC), at)
    assert (log.lines, log.requests, log.unreadable_lines) == (4, 2, 0)
    assert found.sink == "audit log (a.log)"


def test_a_refusal_is_an_attempt_even_without_a_response(tmp_path: Path) -> None:
    error = "1 error occurred:\n\t* permission denied\n\n"
    file = _write(tmp_path / "a.log", _entry(kind="request", operation="delete", error=error))
    assert _events(read_logs([file])) == [("auth/approle/role/ci", Action.ADMIN, False)]


def test_a_request_that_failed_for_another_reason_is_no_use(tmp_path: Path) -> None:
    file = _write(
        tmp_path / "a.log", _entry(error="internal error"), _entry(kind="request", error="internal error")
    )
    assert _events(read_logs([file])) == []


def test_other_secrets_namespaces_and_listings_are_not_told(tmp_path: Path) -> None:
    above = _entry()
    above["request"]["namespace"] = {"id": "root"}
    file = _write(
        tmp_path / "a.log",
        above,
        _entry(path="kv/data/app2"),
        _entry(path="kv/metadata/", operation="list"),
        _entry(path="auth/token/lookup-self"),
    )
    log = read_logs([file])
    assert _events(log) == []
    assert log.requests == 2


@pytest.mark.parametrize(
    ("auth", "principal"),
    [
        ({}, "auth/approle/role/ci"),
        (
            {"display_name": "userpass-dev-anna", "metadata": {"username": "dev-anna"}},
            "auth/userpass/users/dev-anna",
        ),
        ({"display_name": "kubernetes-shop-web", "metadata": {"role": "web"}}, "kubernetes-shop-web"),
        ({"display_name": "root", "metadata": None}, "root"),
        ({"display_name": "", "metadata": None}, "unknown"),
    ],
)
def test_a_principal_is_named_as_in_grants_where_the_entry_tells(
    tmp_path: Path, auth: dict[str, Any], principal: str
) -> None:
    assert _events(read_logs([_write(tmp_path / "a.log", _entry(**auth))])) == [
        (principal, Action.READ, True)
    ]


@pytest.mark.parametrize(
    ("path", "operation", "action"),
    [
        ("kv/data/app", "create", Action.WRITE),
        ("kv/data/app", "patch", Action.WRITE),
        ("kv/metadata/app", "read", Action.LIST),
        ("kv/metadata/app", "delete", Action.ADMIN),
        ("kv/destroy/app", "update", Action.ADMIN),
        ("kv/subkeys/app", "read", Action.LIST),
    ],
)
def test_each_path_has_its_action(tmp_path: Path, path: str, operation: str, action: Action) -> None:
    file = _write(tmp_path / "a.log", _entry(path=path, operation=operation))
    assert _events(read_logs([file])) == [("auth/approle/role/ci", action, True)]


def test_prefixed_and_packed_files_are_read(tmp_path: Path) -> None:
    plain = _write(tmp_path / "a.log", _entry(), prefix="@cee: ")
    packed = tmp_path / "a.log.1.gz"
    packed.write_bytes(gzip.compress(_write(tmp_path / "b", _entry(at="2026-02-01T00:00:00Z")).read_bytes()))
    files = log_files(["a.log*"], tmp_path, key="audit-log")
    assert files == [plain, packed]
    log = read_logs(files)
    assert log.since == datetime(2026, 2, 1, tzinfo=UTC)
    assert len(_events(log)) == 2


def test_broken_lines_are_counted_but_not_the_one_being_written(tmp_path: Path) -> None:
    file = _write(tmp_path / "a.log", _entry())
    with file.open("a") as log:
        log.write('nonsense\n{"time":1,"type":"response"}\n{"time":"2026-03')
    read = read_logs([file])
    assert (read.unreadable_lines, read.unreadable) == (2, ["a.log:2", "a.log:3"])


def test_no_file_and_no_entry_are_errors(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    for files, said in (
        ([tmp_path / "empty"], snapshot("no line is an entry of an audit device (0 lines read)")),
    ):
        with pytest.raises(LogFileError) as raised:
            read_logs(files)
        assert str(raised.value) == said
    with pytest.raises(LogFileError, match="No such file"):
        read_logs([tmp_path / "gone"])


def test_what_a_raw_log_holds_is_not_kept(tmp_path: Path) -> None:
    raw = _entry()
    raw["response"]["data"]["data"]["value"] = "canary-" + "in-the-log"
    assert "canary" not in repr(read_logs([_write(tmp_path / "a.log", raw)]))
