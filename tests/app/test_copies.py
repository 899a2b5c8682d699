"""Copies take the dates of their originals, and only where it is certain which these are."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from keyproof.app.copies import follow
from keyproof.domain.secret import Basis, Confidence, DatedFact, SecretMetadata

WRITTEN, COPIED = datetime(2025, 3, 1, tzinfo=UTC), datetime(2025, 10, 1, tzinfo=UTC)


def original(name: str, at: datetime = WRITTEN, *, source: str = "aws", **changed: Any) -> SecretMetadata:
    fact = DatedFact(at=at, basis=Basis.VERSION_CREATED, confidence=Confidence.EXACT)
    made = SecretMetadata(
        id=f"{source}://{name}", name=name, source=source, backend=source, scope="x", facts=(fact,)
    )
    return replace(made, **changed)


def copy(keys: str = "prod/db", **changed: Any) -> SecretMetadata:
    attributes: dict[str, Any] = {
        "remote-keys": keys,
        "refreshed-at": COPIED.isoformat(),
        "follows-rotation": True,
        "synced": True,
        **changed,
    }
    facts = (
        DatedFact(at=COPIED, basis=Basis.LAST_ROTATED, confidence=Confidence.UPPER_BOUND),
        DatedFact(at=WRITTEN, basis=Basis.RECORD_CREATED, confidence=Confidence.UPPER_BOUND),
    )
    return SecretMetadata(
        id="kubernetes://c/shop/db",
        name="shop/db",
        source="k8s",
        backend="kubernetes",
        scope="shop",
        facts=facts,
        attributes=attributes,
        unread={"facts": "old server"},
    )


def followed(*secrets: SecretMetadata) -> SecretMetadata:
    (found,) = [secret for secret in follow(secrets) if secret.source == "k8s"]
    return found


@pytest.mark.parametrize("name", ["prod/db", "kv/prod/db"])
def test_a_copy_is_as_old_as_its_original(name: str) -> None:
    found = followed(copy(), original(name), original("prod/other", COPIED))
    assert found.value_date == DatedFact(at=WRITTEN, basis=Basis.VERSION_CREATED, confidence=Confidence.EXACT)
    assert found.attributes["copy-of"] == f"aws://{name}"
    assert "facts" not in found.unread


def test_of_several_originals_the_oldest_speaks() -> None:
    newer = datetime(2025, 6, 1, tzinfo=UTC)
    found = followed(copy("a, b"), original("a", newer), original("b"))
    assert found.value_date is not None
    assert found.value_date.at == WRITTEN
    assert found.attributes["copy-of"] == "aws://a, aws://b"


def test_a_copy_of_an_older_version_is_stale() -> None:
    found = followed(copy(), original("prod/db", datetime(2025, 11, 1, tzinfo=UTC)))
    assert found.attributes["stale-copy"] is True
    assert found.facts == copy().facts


@pytest.mark.parametrize(
    "others",
    [
        [],
        [original("prod/db"), original("prod/db", source="vault")],
        [original("prod/db", source="k8s", id="kubernetes://c/prod/db")],
        [original("prod/db", facts=())],
        [
            original(
                "prod/db",
                facts=(DatedFact(at=WRITTEN, basis=Basis.RECORD_CREATED, confidence=Confidence.UPPER_BOUND),),
            )
        ],
    ],
    ids=["none", "two", "the same source", "undated", "only its record dated"],
)
def test_what_is_not_certain_changes_nothing(others: list[SecretMetadata]) -> None:
    first = follow([copy(), *others])[0]
    assert first == copy()


@pytest.mark.parametrize(
    "changed",
    [
        {"follows-rotation": False},
        {"synced": False},
        {"refreshed-at": ""},
        {"refreshed-at": "2025-10-01"},
        {"remote-keys": ""},
    ],
    ids=str,
)
def test_a_copy_that_does_not_follow_keeps_its_dates(changed: dict[str, Any]) -> None:
    assert followed(copy(**changed), original("prod/db")) == copy(**changed)


def test_order_is_kept_and_nothing_else_touched() -> None:
    secrets = [original("z"), copy("z"), original("a")]
    found = follow(secrets)
    assert [one.id for one in found] == [one.id for one in secrets]
    assert (found[0], found[2]) == (secrets[0], secrets[2])
    assert follow([original("z")]) == (original("z"),)
