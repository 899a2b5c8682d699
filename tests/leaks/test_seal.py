"""Sealing: fingerprints that last, and not one byte of a secret left."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from keyproof.domain.leak import LeakConfidence, Occurrence
from keyproof.leaks.blob import Match
from keyproof.leaks.seal import Sealer
from keyproof.leaks.sighting import Sighting


@dataclass(frozen=True, slots=True)
class Facts:
    id: str
    title: str = "Token"
    secret_class: str = "api-key"
    advice: str = "Rotate it."
    public_prefix: str = ""


def judge(match: Match, paths: Sequence[str]) -> tuple[LeakConfidence, str | None]:
    return (LeakConfidence.POSSIBLE if paths == ("docs/f",) else match.confidence), match.marker


SEALER = Sealer(
    key=b"k" * 32,
    detectors={"plain": Facts("plain"), "known": Facts("known", public_prefix="AB_")},
    judge=judge,
)


def match(secret: bytes, detector: str = "plain", *, marker: str | None = None) -> Match:
    return Match(
        detector=detector, secret=secret, line=1, column=2, end_line=1, confidence=LeakConfidence.LIKELY,
        marker=marker,
    )  # fmt: skip


def sighting(one: Match, path: str = "f", *, where: str = "history", commit: str | None = None) -> Sighting:
    occurrence = Occurrence(path=path, line=1, column=2, end_line=1, commit=commit, where=where)
    return Sighting(match=one, occurrence=occurrence, versions=(one,), decisive=(one,))


def test_a_leak_tells_of_its_detector_and_nothing_of_its_value() -> None:
    (leak,) = SEALER.seal("app", [sighting(match(b"AB_geheim-1234", "known"))])
    assert (leak.detector, leak.title, leak.secret_class, leak.advice) == (
        "known", "Token", "api-key", "Rotate it.",
    )  # fmt: skip
    assert leak.preview == "known (14 characters, AB_…)"
    assert (leak.id, len(leak.fingerprint)) == (f"leak://app/{leak.fingerprint}", 16)
    assert "geheim" not in repr(leak)


def test_a_prefix_is_shown_only_where_the_value_has_it() -> None:
    (leak,) = SEALER.seal("app", [sighting(match("geheim-ü".encode(), "known"))])
    assert leak.preview == "known (8 characters)"


@given(st.binary(min_size=9, max_size=60), st.binary(min_size=32, max_size=40))
def test_no_part_of_a_secret_is_left(secret: bytes, key: bytes) -> None:
    sealer = replace(SEALER, key=key)
    text = secret.hex()
    (leak,) = sealer.seal("app", [sighting(match(text.encode()))])
    shown = repr(replace(leak, fingerprint=""))
    assert not any(text[at : at + 9] in shown for at in range(len(text) - 8))
    assert key.hex() not in repr(sealer)


@given(st.binary(min_size=1), st.binary(min_size=1))
def test_the_fingerprint_follows_the_value_and_the_key(one: bytes, other: bytes) -> None:
    assert (SEALER.fingerprint(one) == SEALER.fingerprint(other)) == (one == other)
    assert SEALER.fingerprint(one) != replace(SEALER, key=b"x" * 32).fingerprint(one)


def test_leaks_are_grouped_by_secret_and_sorted() -> None:
    sightings = [
        sighting(match(b"one"), "b"), sighting(match(b"two"), "f"), sighting(match(b"one"), "a"),
        sighting(match(b"one", "known"), "a"), sighting(match(b"one"), "a"),
    ]  # fmt: skip
    leaks = SEALER.seal("app", sightings)
    assert leaks == SEALER.seal("app", reversed(sightings))
    assert [leak.id for leak in leaks] == sorted({leak.id for leak in leaks})
    assert sorted((leak.detector, *[one.path for one in leak.occurrences]) for leak in leaks) == [
        ("known", "a", "b"), ("plain", "f"),
    ]  # fmt: skip


def test_occurrences_that_differ_only_in_what_is_missing_are_sorted() -> None:
    one = match(b"one")
    (leak,) = SEALER.seal(
        "app", [sighting(one, where="worktree"), sighting(one, commit="c"), sighting(one, where="index")]
    )
    assert [place.where for place in leak.occurrences] == ["history", "index", "worktree"]


def test_the_surest_place_and_version_decides_the_confidence() -> None:
    proven = replace(match(b"one"), confidence=LeakConfidence.PROVEN)
    docs, code = sighting(match(b"one"), "docs/f"), sighting(match(b"one"), "src/f")
    versions = replace(code, versions=(match(b"one"), proven))
    confidences = [
        SEALER.seal("app", places)[0].confidence for places in ([docs], [docs, code], [docs, versions])
    ]
    assert confidences == [LeakConfidence.POSSIBLE, LeakConfidence.LIKELY, LeakConfidence.PROVEN]


def test_a_leak_is_allowed_only_when_every_place_is() -> None:
    allowed, other, open_ = (match(b"one", marker=marker) for marker in ("fine", "also", None))
    assert SEALER.seal("app", [sighting(allowed)])[0].allowed == "fine"
    assert SEALER.seal("app", [sighting(allowed), sighting(other, "g")])[0].allowed == "also; fine"
    assert SEALER.seal("app", [sighting(allowed), sighting(open_, "g")])[0].allowed is None


def test_a_place_nothing_reaches_does_not_undo_an_acceptance() -> None:
    allowed, open_ = match(b"one", marker="fine"), match(b"one")
    lost = sighting(open_, "g", where="unreachable")
    assert SEALER.seal("app", [sighting(allowed), lost])[0].allowed == "fine"
    assert SEALER.seal("app", [lost])[0].allowed is None


def test_a_path_that_is_no_file_says_nothing_of_the_secret() -> None:
    (leak,) = SEALER.seal("app", [replace(sighting(match(b"one"), "docs/f"), named=False)])
    assert leak.confidence is LeakConfidence.LIKELY


def test_dates_survive_the_seal() -> None:
    when = datetime(2024, 1, 2, tzinfo=UTC)
    one = sighting(match(b"one"))
    dated = replace(one, occurrence=replace(one.occurrence, introduced_at=when))
    assert SEALER.seal("app", [dated])[0].introduced_at == when
