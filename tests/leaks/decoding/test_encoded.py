"""A secret that stands in a line in another encoding is found where the line is."""

from base64 import b64encode, urlsafe_b64encode
from random import Random
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keyproof.domain.leak import LeakConfidence
from keyproof.leaks.blob import Match
from keyproof.leaks.decoding.encoded import ENCODINGS, runs
from keyproof.leaks.detection.compiled import prefilters
from keyproof.leaks.detection.engine import RegexEngine
from keyproof.leaks.detection.examples import expand
from keyproof.leaks.detection.scanner import Scanner
from tests.leaks.git.test_packs import SCANNER, both, pack_all, repository, versions

TOKEN = expand("[[ghp_{github-body}]]", "encoded").text
REGEX = Scanner(
    list(SCANNER.detectors.values()),
    RegexEngine(prefilters(list(SCANNER.detectors.values()))),
    digest="",
)


def seen(content: bytes) -> list[tuple[str, bytes, int, int, str]]:
    matches = SCANNER.scan(content)
    assert REGEX.scan(content) == matches
    return [(one.detector, one.secret, one.line, one.column, " ".join(one.chain)) for one in matches]


@pytest.mark.parametrize("before", ["", " ", "  ", "export T="])
@pytest.mark.parametrize("encode", [b64encode, urlsafe_b64encode])
def test_base64_at_every_place(before: str, encode: type[bytes]) -> None:
    run = encode(before.encode() + TOKEN + b" and \xff\xfe more")
    assert seen(b"one\ndata: " + run + b"\n") == [("github-personal-access-token", TOKEN, 2, 7, "base64")]
    assert seen(b"data: " + run.rstrip(b"=")) == [("github-personal-access-token", TOKEN, 1, 7, "base64")]


def test_base64_in_base64_and_hex() -> None:
    twice = b64encode(b"token: " + b64encode(TOKEN))
    assert [chain for *_, chain in seen(twice)] == ["base64 base64"]
    assert seen(b"x = 0x" + TOKEN.hex().encode()) == [("github-personal-access-token", TOKEN, 1, 7, "hex")]
    assert [chain for *_, chain in seen(b"'" + TOKEN.hex().upper().encode() + b"'")] == ["hex"]


def test_a_named_value_in_base64_and_in_percent_escapes() -> None:
    value = b"qT7" + b"vXw2Lm9Rk4"
    assert [
        (secret, chain) for _, secret, *_, chain in seen(b64encode(b"DB_PASSWORD='" + value + b"'\n"))
    ] == [(value, "base64")]
    url = b"next=" + quote("postgres://app:" + value.decode() + "@db.internal-net.io/x", safe="").encode()
    assert [(secret, chain) for _, secret, *_, chain in seen(url)] == [(value, "percent")]


def test_what_the_text_shows_already_is_told_once() -> None:
    assert [chain for *_, chain in seen(b"https://host.io/?next=https%3A%2F%2Fa.io&t=" + TOKEN)] == [""]
    assert [chain for *_, chain in seen(b"https://host.io/?next=https%3A%2F%2Fa.io%2F%3Ft%3D" + TOKEN)] == [
        "percent"
    ]


def test_the_surer_of_a_manifest_and_what_it_encodes_is_told_beside_it() -> None:
    key = expand("[[{base64-pem}]]", "manifest").text
    manifest = b"kind: Secret\ndata:\n  pepper: " + b64encode(b"a" * 30) + b"\n  tls.key: " + key + b"\n"
    told = [(one.detector, one.confidence, one.line, one.end_line) for one in SCANNER.scan(manifest)]
    assert told == [
        ("kubernetes-secret-manifest", LeakConfidence.POSSIBLE, 3, 4),
        ("private-key-pem", LeakConfidence.PROVEN, 4, 4),
    ]


def test_a_marker_on_the_line_accepts_what_it_encodes() -> None:
    (match,) = SCANNER.scan(b"data: " + b64encode(TOKEN + b"\n") + b" # keyproof:allow")
    assert match.marker == "keyproof:allow"


def test_what_encodes_no_text_is_left() -> None:
    """A picture, say, in which a form stands by chance."""
    noise = Random(7).randbytes(501)
    for encoded, number in (
        (b64encode(noise + TOKEN + noise), 0),
        ((noise + TOKEN + noise).hex().encode(), 1),
    ):
        hits = [hit for hit in SCANNER._engine.hits(encoded) if hit[0] >= SCANNER._encoded_from]
        assert {index - SCANNER._encoded_from for index, _ in hits} == {number}
        assert list(runs(encoded, [(number, end) for _, end in hits])) == []
        assert seen(encoded) == []


def test_layers_are_bounded() -> None:
    made, found = TOKEN + b"  ", []
    for _ in range(5):
        made = b64encode(b"token: " + made)
        found.append(TOKEN in {secret for _, secret, *_ in seen(made)})
    assert found == [True] * 3 + [False] * 2


def test_a_run_ends_with_its_line_and_its_reach() -> None:
    long = b64encode(b"line of text " * 200_000 + TOKEN)
    assert [chain for *_, chain in seen(b"a" * 10 + b"\n" + long)] == ["base64"]
    assert seen(b64encode(TOKEN)[:20] + b"\n" + b64encode(TOKEN)[20:]) == []


LINES = [
    "plain words of a text",
    b64encode(b" " + TOKEN).decode(),
    b64encode(TOKEN)[:24].decode(),
    "a: " + TOKEN.hex(),
    "password%3D",
    "",
]
EDITS = st.lists(
    st.tuples(st.integers(0, 40), st.integers(0, 2), st.lists(st.sampled_from(LINES), max_size=2)), max_size=4
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.sampled_from(LINES), min_size=2, max_size=9), st.lists(EDITS, min_size=2, max_size=8))
def test_the_walk_over_packs_finds_encoded_text_as_the_stream_does(
    document: list[str], edits: list[list[tuple[int, int, list[str]]]]
) -> None:
    with repository() as repo:
        pack_all(repo, versions(document, edits, b""))
        both(repo, SCANNER)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200), st.lists(st.tuples(st.integers(0, 2), st.integers(0, 200)), max_size=5))
def test_runs_are_stretches_of_the_text(text: bytes, hits: list[tuple[int, int]]) -> None:
    for run in runs(text, [(encoding, min(end, len(text))) for encoding, end in hits]):
        assert 0 <= run.start <= run.end <= len(text)
        assert run.encoding in ENCODINGS
        assert b"\n" not in text[run.start : run.end]


def test_plaintext_stays_hidden() -> None:
    found: tuple[Match, ...] = SCANNER.scan(b64encode(TOKEN))
    assert TOKEN.decode() not in repr(found) + repr(list(runs(b64encode(TOKEN), [(0, 8)])))
