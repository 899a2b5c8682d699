"""The PostgreSQL collector against a real server that the test starts."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest
from pydantic import ValidationError

from keyproof.collectors.postgresql import PostgresqlCollector
from keyproof.domain.access import AccessGrant, Action, AuditTrail
from keyproof.domain.assessment import Collected, Gap
from keyproof.domain.secret import Basis, Confidence, Encryption, SecretMetadata, SubjectKind
from keyproof.domain.verdict import Evidence
from keyproof.errors import AccessDeniedError, BackendUnreachableError
from keyproof.ports import Surroundings
from keyproof.postgresql.permissions import GRANTS
from keyproof.postgresql.roles import HbaRule, Memberships, Role, kept_as, methods, only_over_tls, trail
from keyproof.postgresql.server import host_of
from tests.fakes.ports import FixedClock
from tests.fakes.postgres_server import serve

PASSWORD = "pass" + "word-of-a-test"
server_test = pytest.mark.server


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    settings = ("track_commit_timestamp=on", "log_connections=on", "log_statement=all", "log_line_prefix=%u ")
    with serve(*settings) as url:
        with psycopg.connect(url, autocommit=True) as admin:
            _fill(admin)
        yield url


def _fill(admin: psycopg.Connection[Any]) -> None:
    for statement in (
        "create role keyproof login",
        "create role nobody_special login",
        f"create role app login password '{PASSWORD}' valid until '2025-12-01T00:00:00Z'",
        "create role forever login valid until 'infinity'",
        f"set password_encryption = md5; create role old login password '{PASSWORD}'; reset password_encryption",
        "create role owners nologin; grant app to owners; create role ana login; grant owners to ana with admin option",
        "create role maker login createrole",
        'create role "odd /%name" login',
        GRANTS,
    ):
        admin.execute(statement)


def _collector(address: str, user: str = "keyproof", **config: Any) -> PostgresqlCollector:
    parts = urlsplit(address)
    socket = parse_qs(parts.query)["host"][0]
    settings = PostgresqlCollector.Config.model_validate(
        {"address": f"postgresql://{user}@/postgres?host={socket}", **config}
    )
    here = Surroundings(root=Path("/"), environ={}, clock=FixedClock(), sleep=lambda _: None)
    return PostgresqlCollector("db", settings, here)


def _all(address: str, user: str = "keyproof", **config: Any) -> list[Collected]:
    return list(_collector(address, user, **config).collect("local:5432"))


def _secrets(items: list[Collected]) -> dict[str, SecretMetadata]:
    return {item.name: item for item in items if isinstance(item, SecretMetadata)}


def _gaps(items: list[Collected]) -> dict[str, str]:
    return {item.scope: item.reason for item in items if isinstance(item, Gap)}


@server_test
def test_every_login_role_is_a_credential(address: str) -> None:
    items = _all(address)
    found = _secrets(items)
    assert found.keys() == {
        "keyproof", "nobody_special", "app", "forever", "old", "ana", "maker", "odd /%name", "postgres",
    }  # fmt: skip
    assert found["odd /%name"].id == "postgresql://local:5432/odd%20%2F%25name"
    assert {one.kind for one in found.values()} == {SubjectKind.CREDENTIAL}
    assert _gaps(items) == {}
    evidence = {item.name: item.value for item in items if isinstance(item, Evidence)}
    assert evidence["identity"] == "postgresql://local:5432: keyproof"
    assert evidence["connection"] == "without TLS"
    assert evidence["settings"].startswith("ssl off, password_encryption scram-sha-256")
    assert "log_statement is all" in evidence["passwords in the log"]
    assert found["app"].attributes["new-password-kind"] == "scram-sha-256"
    assert _collector(address).scopes() == ["local:5432"]


@server_test
def test_how_long_and_how_well_a_password_is_kept(address: str) -> None:
    found = _secrets(_all(address))
    assert found["app"].expires_at == datetime(2025, 12, 1, tzinfo=UTC)
    assert found["forever"].expires_at is None
    assert found["app"].encryption == Encryption(encrypted=True, key="scram-sha-256")
    assert found["old"].encryption == Encryption(encrypted=False, key="md5")
    assert found["ana"].encryption is None
    assert found["ana"].attributes["empty"] is True
    assert found["postgres"].attributes["superuser"] is True


@server_test
def test_a_role_is_no_younger_than_its_last_change(address: str) -> None:
    before = _secrets(_all(address))["app"].value_date
    with psycopg.connect(address, autocommit=True) as admin:
        admin.execute(f"alter role app password '{PASSWORD}2'")
    after = _secrets(_all(address))["app"].value_date
    assert before is not None
    assert after is not None
    assert (after.basis, after.confidence) == (Basis.LAST_ROTATED, Confidence.UPPER_BOUND)
    assert before.at < after.at <= datetime.now(UTC) + timedelta(minutes=1)


@server_test
def test_who_may_act_as_a_role(address: str) -> None:
    grants = _secrets(_all(address))["app"].grants
    assert grants is not None
    assert set(grants) == {
        AccessGrant(principal="postgres", actions=tuple(sorted(Action)), via="superuser"),
        AccessGrant(principal="maker", actions=(Action.ADMIN, Action.WRITE), via="CREATEROLE"),
        AccessGrant(principal="owners", actions=(Action.READ,), via="member"),
        AccessGrant(
            principal="ana",
            actions=(Action.ADMIN, Action.READ, Action.WRITE),
            via="member of owners, a member",
        ),
    }


@server_test
def test_logins_are_recorded_and_travel_without_tls(address: str) -> None:
    found = _secrets(_all(address))["app"]
    assert found.audit == (AuditTrail(sink="server log (stderr)", enabled=True, covers_reads=True),)
    assert found.attributes["tls"] is False
    assert found.attributes["auth-methods"] == "trust"


@server_test
def test_each_missing_right_is_a_gap_and_nothing_else_is_lost(address: str) -> None:
    items = _all(address, "nobody_special")
    assert len(_secrets(items)) == 9
    gaps = _gaps(items)
    assert gaps.keys() == {"local:5432 (facts)", "local:5432 (encryption)", "local:5432 (tls)"}
    assert "permission denied for table pg_authid" in gaps["local:5432 (facts)"]
    app = _secrets(items)["app"]
    assert app.expires_at is not None
    assert {"facts", "encryption", "tls"} <= app.unread.keys()


@server_test
def test_a_server_without_the_function_or_the_times_says_so() -> None:
    with serve() as url:
        items = _all(url, "postgres")
        secret = _secrets(items)["postgres"]
        assert "track_commit_timestamp is off" in secret.unread["facts"]
        assert 'schema "keyproof" does not exist' in secret.unread["encryption"]
        assert secret.audit == ()


@server_test
def test_no_statement_reads_a_password(address: str) -> None:
    """By the server's own log of every statement."""
    items = _all(address)
    folder = Path(parse_qs(urlsplit(address).query)["host"][0])
    lines = (folder / "log").read_text("utf-8").splitlines()
    asked = [line for line in lines if line.startswith("keyproof ")]
    assert len([line for line in asked if "statement:" in line or "execute" in line]) >= 6
    assert not any("rolpassword" in line or "pg_shadow" in line for line in asked)
    assert PASSWORD not in repr(items)
    with (
        psycopg.connect(address.replace("postgres@", "keyproof@"), autocommit=True) as scanner,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        scanner.execute("select rolpassword from pg_authid")


@server_test
def test_include_and_exclude(address: str) -> None:
    items = _all(address, include=["a*"], exclude=["ana"])
    assert list(_secrets(items)) == ["app"]
    assert Evidence(name="left out", value="8 roles by include and exclude") in items


@server_test
def test_a_login_that_is_refused_and_a_server_that_is_not_there(address: str) -> None:
    with pytest.raises(AccessDeniedError, match="refuses the login"):
        _all(address, "unknown_person")
    with pytest.raises(BackendUnreachableError, match="cannot be reached"):
        _all("postgresql://x@/y?host=/nowhere")


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ("mysql://h/d", "postgresql://USER@HOST"),
        (f"postgresql://u:{PASSWORD}@h/d", "a password stands in the address"),
        (f"postgresql://u@h/d?password={PASSWORD}", "a password stands in the address"),
    ],
)
def test_an_address_without_a_password(wrong: str, words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        PostgresqlCollector.Config.model_validate({"address": wrong})


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("postgresql://u@db.example/x", "db.example:5432"),
        ("postgresql:///x?host=db.example&port=6432", "db.example:6432"),
        ("postgresql://u@/x?host=/run/postgresql", "local:5432"),
        ("postgresql://u@db:5433/x", "db:5433"),
    ],
)
def test_how_a_server_is_shown(address: str, shown: str) -> None:
    assert host_of(address) == shown


def _role(oid: int, name: str, **flags: bool) -> Role:
    every = {"login": True, "superuser": False, "createrole": False, "replication": False, "bypassrls": False}
    return Role(oid=oid, name=name, valid_until=None, **{**every, **flags})


def test_from_version_16_createrole_rules_over_nobody_by_itself() -> None:
    roles = [_role(1, "app"), _role(2, "maker", createrole=True)]
    assert [one.via for one in Memberships(roles, [], version=15).on(roles[0])] == ["CREATEROLE"]
    assert Memberships(roles, [], version=16).on(roles[0]) == ()


def test_members_in_a_circle_end() -> None:
    roles = [_role(1, "a"), _role(2, "b")]
    grants = Memberships(roles, [(1, 2, False), (2, 1, False), (1, 99, True)], version=16).on(roles[0])
    assert [one.principal for one in grants] == ["b"]


def test_how_a_role_may_log_in() -> None:
    rules = [
        HbaRule(type="local", users=("all",), method="peer"),
        HbaRule(type="hostssl", users=("app", "+staff"), method="scram-sha-256"),
        HbaRule(type="host", users=("/^ci_",), method="md5"),
        HbaRule(type="hostnossl", users=("all",), method="reject"),
    ]
    assert methods(rules, "app") == ("peer", "scram-sha-256")
    assert (only_over_tls(rules, "app"), only_over_tls(rules, "ci_1")) == (True, False)
    assert kept_as("other") == Encryption(encrypted=False, key="other")
    assert trail({"log_connections": "off"}) == ()


def test_the_statements_of_the_docs_are_those_that_are_tested(checkout: Path) -> None:
    assert (checkout / "docs/how-to/postgresql-reader.sql").read_text("utf-8").endswith(GRANTS)
