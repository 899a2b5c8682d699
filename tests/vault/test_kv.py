"""What metadata answers mean, Vault's own shapes among them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyproof.domain.secret import Basis, VersionState
from keyproof.vault.kv import go_duration, go_time, read_metadata

NOW = datetime(2026, 3, 1, tzinfo=UTC)
MOUNT = {"cas_required": False, "delete_version_after": "0s", "max_versions": 0}


def _version(
    created: str = "2026-01-02T03:04:05.123456789Z", deletion: str = "", *, destroyed: bool = False
) -> dict[str, Any]:
    return {"created_time": created, "deletion_time": deletion, "destroyed": destroyed}


def _answer(*versions: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """The answer of `GET secret/metadata/x` as Vault Enterprise 1.19 gives it."""
    return {
        "cas_required": False,
        "created_time": "2025-12-31T23:59:59.5Z",
        "current_version": len(versions),
        "custom_metadata": None,
        "delete_version_after": "0s",
        "last_updated_by": {"actor": "x", "client_id": "y", "operation": "write"},
        "max_versions": 0,
        "oldest_version": 0,
        "updated_time": "2026-02-28T00:00:00Z",
        "versions": {str(number): version for number, version in enumerate(versions, 1)},
        **fields,
    }


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-01-02T03:04:05.123456789Z", datetime(2026, 1, 2, 3, 4, 5, 123456, tzinfo=UTC)),
        ("2026-01-02T03:04:05Z", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("2026-01-02T03:04:05.5+02:00", datetime(2026, 1, 2, 1, 4, 5, 500000, tzinfo=UTC)),
        ("0001-01-01T00:00:00Z", None),
        ("", None),
        (None, None),
    ],
)
def test_go_times_become_utc(text: str | None, at: datetime | None) -> None:
    assert go_time(text) == at


@pytest.mark.parametrize("text", ["2026-01-02", "2026-01-02T03:04:05", "now", 5, "2026-13-01T00:00:00Z"])
def test_what_is_no_go_time_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match=r"."):
        go_time(text)


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("2160h0m0s", timedelta(days=90)),
        ("1h30m", timedelta(minutes=90)),
        ("1.5s", timedelta(seconds=1.5)),
        ("-1s", timedelta(seconds=-1)),
        ("500ms", timedelta(seconds=0.5)),
        ("0s", timedelta()),
        ("0", timedelta()),
        (3600, timedelta(hours=1)),
        (None, timedelta()),
    ],
)
def test_go_durations(text: object, span: timedelta) -> None:
    assert go_duration(text) == span


@pytest.mark.parametrize("text", ["90d", "soon", "h", "9" * 40 + "h", [], float("nan")])
def test_what_is_no_go_duration_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match=r"."):
        go_duration(text)


@given(
    st.timedeltas(min_value=timedelta(), max_value=timedelta(days=20_000)).map(
        lambda span: span - timedelta(microseconds=span.microseconds)
    )
)
def test_durations_read_as_written(span: timedelta) -> None:
    seconds = int(span.total_seconds())
    assert go_duration(f"{seconds // 3600}h{seconds % 3600 // 60}m{seconds % 60}s") == span


def test_versions_are_ordered_by_number_not_by_text() -> None:
    found = read_metadata(_answer(*[_version()] * 11), mount=MOUNT, now=NOW)
    assert [version.id for version in found.versions] == [str(number) for number in range(1, 12)]
    assert found.versions[-1].state is VersionState.CURRENT


def test_updated_time_is_no_evidence() -> None:
    found = read_metadata(_answer(_version()), mount=MOUNT, now=NOW)
    assert {fact.basis: fact.at for fact in found.facts} == {
        Basis.VERSION_CREATED: datetime(2026, 1, 2, 3, 4, 5, 123456, tzinfo=UTC),
        Basis.RECORD_CREATED: datetime(2025, 12, 31, 23, 59, 59, 500000, tzinfo=UTC),
    }


def test_a_deletion_to_come_is_an_expiry() -> None:
    found = read_metadata(_answer(_version(deletion="2026-03-01T00:00:01Z")), mount=MOUNT, now=NOW)
    assert found.expires_at == datetime(2026, 3, 1, 0, 0, 1, tzinfo=UTC)
    assert found.versions[0].expires_at == found.expires_at
    assert (found.deletion, found.versions[0].state) == (None, VersionState.CURRENT)


def test_a_deletion_that_was_is_a_deletion() -> None:
    found = read_metadata(_answer(_version(deletion="2026-03-01T00:00:00Z")), mount=MOUNT, now=NOW)
    assert found.expires_at is None
    assert (found.deletion, found.versions[0].state) == (NOW, VersionState.DELETED)


def test_an_earlier_version_deleted_does_not_delete_the_secret() -> None:
    found = read_metadata(
        _answer(_version(deletion="2026-02-01T00:00:00Z"), _version()), mount=MOUNT, now=NOW
    )
    assert found.deletion is None
    assert [version.state for version in found.versions] == [VersionState.DELETED, VersionState.CURRENT]


def test_the_earlier_of_server_and_owner_ends_it() -> None:
    for stated, expected in (("2026-03-05", 5), ("2026-03-25T10:00:00+00:00", 20)):
        answer = _answer(_version(deletion="2026-03-20T00:00:00Z"), custom_metadata={"Expires": stated})
        found = read_metadata(answer, mount=MOUNT, now=NOW)
        assert found.expires_at == datetime(2026, 3, expected, tzinfo=UTC)


@pytest.mark.parametrize("stated", ["2026-02-30", "01.02.2026", "0001-01-01T00:00:00Z"])
def test_a_bad_owner_date_hides_the_other(stated: str) -> None:
    answer = _answer(_version(deletion="2026-03-20T00:00:00Z"), custom_metadata={"expiry": stated})
    found = read_metadata(answer, mount=MOUNT, now=NOW)
    assert found.expires_at is None
    assert stated in found.unread["expires_at"]


@pytest.mark.parametrize(
    ("own", "mounts", "in_force"),
    [
        ("0s", "0s", "never"),
        ("2h", "0s", "7200s"),
        ("0s", "2h", "7200s"),
        ("3h", "2h", "7200s"),
        ("3h", "-1s", "10800s"),
    ],
)
def test_the_smaller_limit_set_is_in_force(own: str, mounts: str, in_force: str) -> None:
    found = read_metadata(
        _answer(_version(), delete_version_after=own),
        mount={**MOUNT, "delete_version_after": mounts},
        now=NOW,
    )
    assert found.attributes["delete_version_after"] == in_force
    assert found.expires_at is None


def test_limits_are_not_claimed_when_the_mount_is_unread() -> None:
    assert read_metadata(_answer(_version()), mount=None, now=NOW).attributes == {"kv_version": 2}
    whole = read_metadata(
        _answer(_version(), max_versions=3), mount={**MOUNT, "cas_required": True}, now=NOW
    ).attributes
    assert whole == {
        "kv_version": 2,
        "max_versions": 3,
        "cas_required": True,
        "delete_version_after": "never",
    }


def test_words_are_taken_whatever_their_case_and_odd_priorities_left_as_tags() -> None:
    found = read_metadata(
        _answer(_version(), custom_metadata={"OWNER": " ops ", "Priority": "urgent"}), mount=MOUNT, now=NOW
    )
    assert (found.owner, found.priority) == ("ops", "")
    assert found.tags["Priority"] == "urgent"


@pytest.mark.parametrize(
    "broken",
    [
        {"versions": [1]},
        {"versions": {"one": _version()}},
        {"versions": {"1": None}},
        {"versions": {"1": _version(created="yesterday")}},
        {"current_version": "1"},
        {"custom_metadata": ["a"]},
        {"delete_version_after": "often"},
        {"created_time": 7},
    ],
)
def test_another_shape_is_a_value_error(broken: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_metadata({**_answer(_version()), **broken}, mount=MOUNT, now=NOW)
