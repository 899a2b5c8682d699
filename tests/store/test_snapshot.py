"""Snapshots: what is written is read back exactly, and foreign files are refused."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from keyproof.domain.access import AccessEvent, AccessGrant, AccessLog, Action, AuditTrail
from keyproof.domain.assessment import Scope, ScopeStatus, SourceRecord
from keyproof.domain.duration import parse_duration
from keyproof.domain.leak import Coverage, Leak, LeakConfidence, Occurrence
from keyproof.domain.secret import (
    Basis,
    Confidence,
    DatedFact,
    InventoryClaim,
    Rotation,
    SecretMetadata,
    SecretVersion,
    SourceLine,
    VersionState,
)
from keyproof.domain.snapshot import Snapshot, merge
from keyproof.domain.subject import Repository
from keyproof.domain.verdict import Evidence
from keyproof.errors import ConfigError
from keyproof.store.snapshot import dump, load

AT = datetime(2025, 10, 5, 12, 30, tzinfo=UTC)
COVERAGE = Coverage(
    repository="app", mode="history", blobs_scanned=7, blobs_skipped={"size": 1}, problems=("shallow",)
)
SECRET = SecretMetadata(
    id="vault://host/kv/a", name="kv/a", source="vault", backend="vault", scope="kv/", tags={"team": "x"},
    facts=(DatedFact(at=AT, basis=Basis.VERSION_CREATED, confidence=Confidence.EXACT),),
    versions=(SecretVersion(id="1", state=VersionState.CURRENT, created_at=AT),),
    rotation=Rotation(enabled=True, interval=timedelta(days=30)),
    grants=(AccessGrant(principal="auth/approle/role/ci", actions=(Action.READ,), via="policy ci"),),
    audit=(AuditTrail(sink="file/", enabled=True, retention=timedelta(days=365)),),
    access_log=AccessLog(sink="file/", since=AT, until=AT, events=(AccessEvent(at=AT, principal="ci", allowed=False),)),
    claims=(InventoryClaim(source="t", name="A", place=SourceLine(path="t.md", line=3), period=parse_duration("on compromise")),),
    attributes={"cas": True, "max": 10, "text": "x"}, unread={"expiry": "denied"},
)  # fmt: skip
LEAK = Leak(
    fingerprint="00112233aabbccdd", detector="aws-access-key", title="AWS", secret_class="aws-access-key", repository="app",
    confidence=LeakConfidence.LIKELY, preview="aws-access-key (20)",
    occurrences=(Occurrence(path="a\nb.py", line=1, column=2, end_line=1, introduced_at=AT),),
)  # fmt: skip
SNAPSHOT = Snapshot(
    taken_at=AT, secrets=(SECRET,), leaks=(LEAK,), repositories=(Repository(name="app", coverage=COVERAGE, leaks=1),),
    scopes=(Scope(source="vault", kind="vault", scope="kv/", status=ScopeStatus.OK, subjects=1, evidence=(Evidence(name="identity", value="me"),), coverage=COVERAGE),),
    inventory_sources=frozenset({"t"}),
)  # fmt: skip


def test_it_comes_back_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "s.json").write_text(dump(SNAPSHOT), encoding="utf-8")
    assert load(tmp_path / "s.json") == SNAPSHOT
    assert dump(load(tmp_path / "s.json")) == dump(SNAPSHOT)


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", '{"schema": "keyproof.snapshot/v1"}', '{"schema": "other"}']
)
def test_another_file_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "s.json").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load(tmp_path / "s.json")
    assert "keyproof collect -o" in str(caught.value.problems[0])


def test_merging_with_itself_changes_only_the_scopes() -> None:
    merged = merge([SNAPSHOT, SNAPSHOT])
    assert (merged.secrets, merged.leaks, merged.repositories) == (
        SNAPSHOT.secrets,
        SNAPSHOT.leaks,
        SNAPSHOT.repositories,
    )


def test_a_snapshot_of_before_sources_were_kept_is_read(tmp_path: Path) -> None:
    source = SourceRecord(id="vault", kind="vault", permissions=("read sys/mounts",))
    given = Snapshot(
        taken_at=datetime(2025, 10, 5, tzinfo=UTC),
        secrets=(),
        leaks=(),
        repositories=(),
        scopes=(),
        sources=(source,),
    )
    data = json.loads(dump(given))
    del data["snapshot"]["sources"]
    path = tmp_path / "old.json"
    path.write_text(json.dumps(data), encoding="utf-8")
    assert load(path) == replace(given, sources=())
    assert merge([load(path), given]) == given
