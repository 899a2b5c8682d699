"""The scanner says what it found, where, once, and the same with either engine."""

import base64
import hashlib
import logging
import pickle
import subprocess
import sys
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keyproof import resources
from keyproof.domain.leak import LeakConfidence
from keyproof.leaks.blob import Match
from keyproof.leaks.detection.detector import anchors
from keyproof.leaks.detection.detectors import read_models, rule_files
from keyproof.leaks.detection.examples import expand
from keyproof.leaks.detection.scanner import Scanner

_TOKEN = expand("ghp_{github-body}", "scanner").text
_OTHER = expand("ghp_{github-body}", "other").text
_TEMPLATES = [
    (text, model.id)
    for file, _ in read_models(rule_files(resources.policies() / "detectors"))
    for model in file.detectors
    for text in (*model.examples, *model.non_examples)
]


def _places(matches: Sequence[Match]) -> list[tuple[int, int, int]]:
    return [(match.line, match.column, match.end_line) for match in matches]


@pytest.mark.parametrize(
    ("before", "line", "column"),
    [
        (b"", 1, 1),
        (b"key = ", 1, 7),
        (b"\n\nkey = ", 3, 7),
        (b"a\r\nb\r\n", 3, 1),
        ("a\n\u00e9\u00e9 \U0001f511 = ".encode(), 2, 8),
        (b"a\n\xe9\xe9 = ", 2, 6),  # Latin-1
        (b"\xef\xbb\xbfx ", 1, 3),  # UTF-8 with its mark
        (b"old Mac\rline ", 1, 14),
    ],
)
def test_place_is_counted_in_characters_from_one(
    scanner: Scanner, before: bytes, line: int, column: int
) -> None:
    matches = scanner.scan(before + _TOKEN + b" tail\n")
    assert _places(matches) == [(line, column, line)]
    assert matches[0].secret == _TOKEN


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_is_searched_with_and_without_a_mark(scanner: Scanner, encoding: str) -> None:
    text = "first line of the file\n\u00fc\U0001f511 = " + _TOKEN.decode() + "\r\n"
    matches = scanner.scan(text.encode(encoding))
    assert _places(matches) == [(2, 6, 2)]
    assert matches[0].secret == _TOKEN


def test_a_secret_that_is_not_ascii_is_handed_over_as_utf_8(scanner: Scanner) -> None:
    value = "Zürich8#Qx2Lm"
    expected = [value.encode()]
    for encoding in ("utf-8", "latin-1", "utf-16"):
        assert [one.secret for one in scanner.scan(f'password = "{value}"'.encode(encoding))] == expected


def test_every_occurrence_is_reported_in_the_order_of_the_text(scanner: Scanner) -> None:
    matches = scanner.scan(b"a " + _TOKEN + b" " + _OTHER + b"\n" + _TOKEN)
    assert _places(matches) == [(1, 3, 1), (1, 44, 1), (2, 1, 2)]
    assert [match.secret for match in matches] == [_TOKEN, _OTHER, _TOKEN]


def test_a_secret_is_found_wherever_it_stands_in_a_line_of_any_length(scanner: Scanner) -> None:
    filler = b"var a=1;" * 400_000
    content = filler + b'token:"' + _TOKEN + b'";' + filler
    matches = scanner.scan(content)
    assert [(match.detector, match.column) for match in matches] == [
        ("github-personal-access-token", len(filler) + 8)
    ]


def test_the_most_specific_of_overlapping_detectors_is_kept(scanner: Scanner) -> None:
    matches = scanner.scan(b'password = "https://user:' + _TOKEN + b'@git.corp.internal/r"')
    assert [match.detector for match in matches] == ["github-personal-access-token"]


def test_a_key_in_lines_is_one_match_to_its_last_line(scanner: Scanner) -> None:
    key = expand("{der-key}", "k").text
    content = b"# keys\n-----BEGIN RSA PRIVATE KEY-----\n" + key + b"\n-----END RSA PRIVATE KEY-----\n"
    matches = scanner.scan(content)
    assert _places(matches) == [(2, 1, 2 + key.count(b"\n") + 2)]
    assert matches[0].confidence is LeakConfidence.PROVEN


def test_two_keys_in_one_file_are_two_secrets(scanner: Scanner) -> None:
    keys = [expand("{der-key}", seed).text for seed in ("one", "two")]
    content = b"".join(
        b"-----BEGIN PRIVATE KEY-----\n" + key + b"\n-----END PRIVATE KEY-----\n" for key in keys
    )
    matches = scanner.scan(content)
    assert [match.detector for match in matches] == ["private-key-pem"] * 2
    assert len({match.secret for match in matches}) == 2


def test_the_same_key_in_json_and_in_a_file_is_one_secret(scanner: Scanner) -> None:
    key = expand("{der-key}", "same").text
    file = b"-----BEGIN PRIVATE KEY-----\n" + key + b"\n-----END PRIVATE KEY-----\n"
    json = b'{"k": "' + file.replace(b"\n", b"\\n") + b'"}'
    assert scanner.scan(file)[0].secret == scanner.scan(json)[0].secret


def test_a_key_of_the_largest_size_is_found(scanner: Scanner) -> None:
    key = b"\n".join([b"MII" + expand("{base64:61}", "long").text] + [expand("{base64:64}", "l").text] * 900)
    matches = scanner.scan(b"-----BEGIN PRIVATE KEY-----\n" + key + b"\n-----END PRIVATE KEY-----\n")
    assert [match.detector for match in matches] == ["private-key-pem"]


@pytest.mark.parametrize(
    ("text", "marker"),
    [
        (b"t = %s  # pragma: allowlist secret", "pragma: allowlist secret"),
        (b"t = %s  // gitleaks:allow", "gitleaks:allow"),
        (b"# pragma: allowlist nextline secret\nt = %s", "pragma: allowlist nextline secret"),
        (b"t = %s\n# gitleaks:allow", None),
        (b"x = 1  # pragma: allowlist nextline secret\nt = %s", None),
        (b"# pragma: allowlist nextline secret\n\nt = %s", None),
        (b"# gitleaks:allow\nt = %s", None),
    ],
)
def test_markers_hold_for_their_line_only(scanner: Scanner, text: bytes, marker: str | None) -> None:
    assert [match.marker for match in scanner.scan(text % _TOKEN)] == [marker]


def test_a_marker_on_the_first_or_last_line_of_a_key_covers_it(scanner: Scanner) -> None:
    key = expand("{der-key}", "k").text
    first = b"-----BEGIN PRIVATE KEY-----\\n" + key + b"\n-----END PRIVATE KEY----- # gitleaks:allow\n"
    assert [match.marker for match in scanner.scan(first)] == ["gitleaks:allow"]


def test_nothing_written_about_a_match_shows_the_secret(
    scanner: Scanner, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    (match,) = scanner.scan(b"x = " + _TOKEN)
    written = f"{match} {match!r} {scanner!r} {caplog.text}"
    assert not any(_TOKEN.decode()[at : at + 6] in written for at in range(4, 34))


def test_published_examples_are_examples(scanner: Scanner) -> None:
    published = {
        "aws-access-key-id": b"AKIA" + b"IOSFODNN7" + b"EXAMPLE",
        "aws-secret-access-key": b"aws_secret_access_key=wJalrXUtnFEMI/K7MDENG/" + b"bPxRfiCYEXAMPLEKEY",
        "azure-storage-account-key": b"".join(
            [
                b"AccountKey=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/",
                b"K1SZFPTOtr/KBHBeksoGMGw==",
            ]
        ),
        "stripe-test-key": b"sk_test_" + b"4eC39HqLyjWDarjtT1zdp7dc",
    }
    for detector, text in published.items():
        matches = scanner.scan(text)
        assert [(one.detector, one.confidence) for one in matches] == [(detector, LeakConfidence.EXAMPLE)]


def test_what_the_history_scanner_relies_on(scanner: Scanner) -> None:
    assert scanner.longest <= 2048
    multiline = [one for one in scanner.detectors.values() if one.multiline]
    assert multiline
    for text, name in _TEMPLATES:
        if scanner.detectors[name].multiline and (matches := scanner.scan(expand(text, name).text)):
            lowered = expand(text, name).text.lower()
            assert any(anchor.text.encode() in lowered for anchor in anchors(scanner.detectors.values())), (
                matches
            )
            longest = max(len(match.secret) for match in matches)
            assert scanner.look(expand(text, name).text)[1] >= longest


def test_detectors_can_be_sent_to_another_process(scanner: Scanner) -> None:
    sent = pickle.loads(pickle.dumps(dict(scanner.detectors)))
    assert sent == dict(scanner.detectors)


_LINES = st.lists(
    st.one_of(
        st.sampled_from(_TEMPLATES).map(lambda one: expand(*one).text),
        st.text(max_size=40).map(str.encode),
        st.binary(max_size=30),
        st.sampled_from([b"password = ", b'token: "', b"-----BEGIN ", b"# gitleaks:allow", b"\r"]),
    ),
    max_size=12,
)


@settings(max_examples=150, deadline=None)
@given(_LINES, st.sampled_from([b"\n", b" ", b"\r\n", b""]))
def test_both_engines_find_the_same(
    scanner: Scanner, regex_scanner: Scanner, lines: list[bytes], joint: bytes
) -> None:
    content = joint.join(lines)
    assert scanner.scan(content) == regex_scanner.scan(content)


@settings(max_examples=100, deadline=None)
@given(_LINES)
def test_a_match_within_a_line_is_the_same_in_any_window_of_whole_lines(
    scanner: Scanner, lines: list[bytes]
) -> None:
    content = b"\n".join([*lines, b""])
    lines = content.split(b"\n")
    for match in scanner.scan(content):
        if not scanner.detectors[match.detector].multiline:
            alone = scanner.scan(lines[match.line - 1])
            assert (match.detector, match.secret, match.column) in {
                (one.detector, one.secret, one.column) for one in alone
            }


def test_importing_the_scanner_loads_no_heavy_library() -> None:
    code = (
        "import sys, keyproof.leaks.detection.scanner, keyproof.leaks.detection.compiled;"
        "print(sorted({'yaml', 'pydantic', 'detect_secrets', 'hyperscan', 'requests', 'importlib.metadata'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("host", ["%s:%d", "${HOST}", "{host}:5432"])
def test_a_password_for_a_server_filled_in_later_need_not_be_live(scanner: Scanner, host: str) -> None:
    found = scanner.scan(f"postgres://app:q8{'Zk2'}vR7xPw@{host}/app".encode())

    assert [(one.detector, one.confidence) for one in found] == [("database-url", LeakConfidence.POSSIBLE)]


def test_a_word_beside_a_key_does_not_make_it_a_placeholder(scanner: Scanner) -> None:
    material = base64.b64encode(hashlib.shake_256(b"key").digest(600)).decode()
    begin, end = ("-----" + word + " RSA PRIVATE KEY-----" for word in ("BEGIN", "END"))

    told = scanner.scan(f"{begin} fake\n{material}\n{end}\n".encode())
    repeated = scanner.scan(f"{begin}\n{'s3cr3t' * 100}\n{end}\n".encode())

    assert [one.confidence for one in told] == [LeakConfidence.POSSIBLE]
    assert [one.confidence for one in repeated] == [LeakConfidence.EXAMPLE]
