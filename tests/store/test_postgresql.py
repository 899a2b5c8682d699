"""A team's ledger: reached by URL, with as few rights as it needs, and without a password in sight."""

import sys
from pathlib import Path

import psycopg
import pytest

from keyproof import config
from keyproof.errors import StoreError
from keyproof.store.ledger import Ledger
from keyproof.store.postgresql import PostgresDatabase
from keyproof.wiring.store import open_ledger
from tests.fakes import assessments
from tests.fakes.recordings import recording


@pytest.mark.server
def test_the_ledger_of_the_configuration_is_opened(postgres_url: str, tmp_path: Path) -> None:
    (tmp_path / "keyproof.yaml").write_text(
        f"version: 1\norganisation: Example Ltd\npolicies: [baseline]\nstore: '{postgres_url}'\n"
    )
    settings = config.load(tmp_path / "keyproof.yaml", {})
    with pytest.raises(StoreError, match="holds no run"):
        open_ledger(settings, readonly=True)
    ledger = open_ledger(settings)
    run = ledger.save(recording(assessments.golden()))
    ledger.close()
    again = open_ledger(settings, readonly=True)
    assert (again.runs(), again.verify()) == ([run], [])
    again.close()


@pytest.mark.server
def test_whoever_records_needs_no_right_to_change_anything(postgres_url: str) -> None:
    PostgresDatabase(postgres_url).close()
    with psycopg.connect(postgres_url, autocommit=True) as owner:
        owner.execute("CREATE ROLE recorder LOGIN")
        owner.execute("GRANT USAGE ON SCHEMA keyproof TO recorder")
        owner.execute("GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA keyproof TO recorder")
    database = PostgresDatabase(postgres_url.replace("postgres@", "recorder@"))
    store = Ledger(database)
    store.save(recording(assessments.golden()))
    assert store.save(recording(assessments.clean())).number == 2
    assert store.verify() == []
    with pytest.raises(StoreError, match="must be owner of relation run"):
        database.rows("DROP TRIGGER run_chained ON run")
    store.close()


@pytest.mark.server
def test_a_ledger_of_a_newer_version_is_left_alone(postgres_url: str) -> None:
    database = PostgresDatabase(postgres_url)
    database.rows("INSERT INTO version VALUES (99)")
    database.close()
    with pytest.raises(StoreError, match="was written by a newer keyproof"):
        PostgresDatabase(postgres_url)


@pytest.mark.server
def test_the_name_of_a_ledger_holds_no_user(postgres_url: str) -> None:
    database = PostgresDatabase(postgres_url)
    assert "postgres@" not in database.name
    database.close()


def test_a_server_that_cannot_be_reached_is_told(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be used: connection") as caught:
        PostgresDatabase(f"postgresql://me@/runs?host={tmp_path}")
    assert "--no-store" in caught.value.hint


def test_without_the_extra_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(StoreError, match="the 'postgres' extra is not installed") as caught:
        PostgresDatabase("postgresql://host/runs")
    assert caught.value.hint == 'run: pip install "keyproof[postgres]"'
