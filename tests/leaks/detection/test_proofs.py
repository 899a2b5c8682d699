"""Checksums and structures hold for what issuers make and for nothing else."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyproof.domain.leak import LeakConfidence
from keyproof.leaks.detection.digits import base_n
from keyproof.leaks.detection.examples import expand, gitlab_token
from keyproof.leaks.detection.proofs import PROOFS, armoured_body, crc32_base62, is_sample
from keyproof.leaks.detection.scanner import Scanner

_BODY = st.text("ABCabc0123", min_size=30, max_size=30)


def _made(template: str) -> bytes:
    return expand(template, "proofs").text


def test_the_checksum_is_the_one_published_for_npm() -> None:
    # A dummy published when npm changed its format; in two parts, so that no scanner takes it for a token.
    assert crc32_base62(b"qkJaB6MffYVzZXWqmcoF" + b"49yrUxP3wf") == b"0LsakP"


@given(_BODY, st.integers(0, 35), st.sampled_from("xyzXYZ789"))
def test_one_changed_character_breaks_a_github_checksum(body: str, at: int, other: str) -> None:
    token = body.encode() + crc32_base62(body.encode())
    assert PROOFS["github-crc32"](b"ghp_" + token)
    changed = token[:at] + other.encode() + token[at + 1 :]
    assert PROOFS["github-crc32"](b"ghp_" + changed) == (changed == token)


def test_a_routable_gitlab_token_is_proven(scanner: Scanner) -> None:
    token = gitlab_token("glpat", "seed")
    (match,) = scanner.scan(b"token: " + token)
    assert (match.detector, match.confidence) == ("gitlab-personal-access-token", LeakConfidence.PROVEN)
    (match,) = scanner.scan(b"token: " + token[:-1] + (b"0" if token[-1:] != b"0" else b"1"))
    assert match.confidence is LeakConfidence.LIKELY


@given(st.integers(0, 2**32 - 1))
def test_base_n_keeps_the_number(number: int) -> None:
    assert int(base_n(number, b"0123456789abcdefghijklmnopqrstuvwxyz", 7), 36) == number


@pytest.mark.parametrize(
    ("proof", "good", "bad"),
    [
        ("jwt", _made("{jwt}"), b"eyJhbGciOiJub25lIn0.e30."),
        ("jwt", _made("{jwt}"), b"eyJhbGciOiJub25lIn0.bm90anNvbg.c2lnbmF0dXJlc2lnbmF0dXJl"),
        ("basic-auth", _made("{basic}"), base64.b64encode(b"no colon here")),
        ("basic-auth", _made("{basic}"), base64.b64encode(b"user:")),
        ("basic-auth", _made("{basic}"), base64.b64encode(b"us\x00er:password")),
        ("basic-auth", _made("{basic}"), b"!!!!"),
        ("pem", _made("{der-key}"), base64.b64encode(b"not a key at all, only text of some length")),
        ("pem", _made("{openssh-key}"), b"put your own key here and keep it to yourself"),
        ("pem", _made("{pgp-key}\n=aB3d"), b"MIIE"),
        ("base64-pem", _made("{base64-pem}"), base64.b64encode(b"-----NOTHING")),
        ("nkey", _made("{nkey-seed}"), b"SU" + b"A" * 56),
        ("nkey", _made("{nkey-account-seed}"), b"SA!"),
        ("bech32", _made("{age-key}"), _made("AGE-SECRET-KEY-1{bech32:58}")),
        ("bech32", _made("{nsec}"), b"nsec1"),
        ("base58check", _made("{xprv}"), b"xprv" + b"9" * 107),
        ("base58check", _made("{xprv}"), b"xprv0"),
        ("der-key", _made("{bare-key}"), base64.b64encode(b"\x30\x82\x01\x2c\x30\x0d" + bytes(80))),
        ("der-key", _made("{bare-key}"), b"MII!"),
        (
            "pypi-macaroon",
            _made("{pypi}"),
            b"pypi-" + base64.urlsafe_b64encode(b"\x02\x01\x08pypi.com\x02" + bytes(40)),
        ),
        ("base64-pem", _made("{base64-pem}"), b"LS0tLS1CRUdJTi!"),
        ("azure-annotated", _made("{azure-function-key}"), b"!" * 20),
        ("azure-annotated", _made("{azure-registry-password}"), _made("{alnum:42}+ACRA{alnum:5}")),
        ("azure-common-annotated", _made("{azure-common-key}"), _made("{alnum:76}ACOG")),
        ("entra-checksum", _made("{entra-secret}"), _made("{alnum:3}7Q~{alnum:34}")),
        ("sentry-payload", _made("{sentry-org}"), b"sntrys_eyJ9"),
        ("sentry-payload", _made("{sentry-org}"), b"sntrys_" + base64.b64encode(b'{"url": 1}') + b"_tail"),
        ("sentry-payload", _made("{sentry-org}"), b"sntrys_" + base64.b64encode(b'["iat"]') + b"_tail"),
        ("sentry-payload", _made("{sentry-org}"), b"sntrys"),
    ],
)
def test_structure(proof: str, good: bytes, bad: bytes) -> None:
    assert PROOFS[proof](good)
    assert not PROOFS[proof](bad)


@pytest.mark.parametrize(
    ("proof", "run", "rest"),
    [
        ("azure-annotated", 76, b"+ASt" + b"5mnCaw=="),
        ("azure-annotated", 76, b"ACDb" + b"OpqrYA=="),
        ("azure-annotated", 42, b"AzSe" + b"CjhzCu"),
    ],
)
def test_keys_of_microsofts_own_tests_hold_and_are_samples(proof: str, run: int, rest: bytes) -> None:
    # https://github.com/microsoft/security-utilities, identifiable_scans.rs
    assert PROOFS[proof](b"a" * run + rest)
    assert is_sample(proof, b"a" * run + rest)


def test_the_key_nuget_documents_holds_and_is_a_sample() -> None:
    # https://github.com/NuGet/NuGetGallery, ApiKeyV5.cs
    key = b"a" * 52 + b"JQQJ99" + b"ALN5Z0000LZENeS003" + b"NUGT" + b"3OrW"
    assert PROOFS["azure-common-annotated"](key)
    assert is_sample("azure-common-annotated", key)


def test_the_client_secret_of_microsofts_own_tests_holds_and_is_a_sample() -> None:
    secret = b"zzz8Q~" + b"z" * 31 + b"blP"
    assert PROOFS["entra-checksum"](secret)
    assert is_sample("entra-checksum", secret)
    assert not is_sample("entra-checksum", _made("{entra-secret}"))


def test_a_sentry_token_with_a_placeholder_for_its_random_part_is_a_sample() -> None:
    issued = _made("{sentry-org}").rpartition(b"_")[0]
    assert PROOFS["sentry-payload"](issued + b"_" + b"x" * 43)
    assert is_sample("sentry-payload", issued + b"_" + b"x" * 43)
    assert not is_sample("sentry-payload", _made("{sentry-org}"))


_CHECKED = [
    ("atlassian-crc32", "{atlassian-token}"),
    ("atlassian-crc32", "{bitbucket-password}"),
    ("azure-annotated", "{azure-bus-key}"),
    ("azure-annotated", "{azure-search-key}"),
    ("azure-annotated", "{azure-storage-key}"),
    ("azure-common-annotated", "{azure-common-key}"),
    ("cloudflare-crc32", "cfut_{cloudflare-body}"),
    ("entra-checksum", "{entra-secret}"),
    ("github-crc32", "github_pat_{github-fine-grained-body}"),
    ("grafana-crc32", "{grafana-token}"),
    ("crc32-base62", "polar_oat_{polar-body}"),
    ("crc32-base62", "vcp_{vercel-body}"),
    ("packagist-crc32", "{packagist-token}"),
    ("azure-common-annotated", "{nuget-key}"),
]


@pytest.mark.parametrize(("proof", "template"), _CHECKED)
@given(st.integers(12, 30), st.sampled_from(b"bcd789"))
def test_one_changed_character_breaks_a_checksum(proof: str, template: str, at: int, other: int) -> None:
    token = _made(template)
    changed = token[:at] + bytes([other]) + token[at + 1 :]
    assert PROOFS[proof](token)
    assert PROOFS[proof](changed) == (changed == token)


def test_grafanas_own_example_holds() -> None:
    # The one of Grafana's documentation, in two parts so that no scanner takes it for a token.
    assert PROOFS["grafana-crc32"](b"glsa_yscW25imSKJIuav8zF37" + b"RZmnbiDvB05G_fcaaf58a")


def test_an_encrypted_key_is_not_proven() -> None:
    plain = _made("{der-key}")
    assert PROOFS["pem"](plain)
    assert not PROOFS["pem"](b"Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00FF\n\n" + plain)
    pbes2 = b"\x30\x82\x01\x2c\x30\x57\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0d" + bytes(range(200))
    assert not PROOFS["pem"](base64.b64encode(pbes2))


def test_a_key_has_one_body_however_it_is_written() -> None:
    plain = _made("{der-key}")
    escaped = plain.replace(b"\n", b"\\n")
    quoted = b'"' + plain.replace(b"\n", b'\\n" +\n  "') + b'"'
    indented = plain.replace(b"\n", b"\r\n    ")
    assert {armoured_body(text) for text in (plain, escaped, quoted, indented)} == {plain.replace(b"\n", b"")}


def test_tutorial_values_are_samples() -> None:
    assert is_sample("jwt", _made("{sample-jwt}"))
    assert not is_sample("jwt", _made("{jwt}"))
    header, _, signature = _made("{jwt}").split(b".")
    assert is_sample(
        "jwt", b".".join((header, base64.urlsafe_b64encode(b'{"test": "test"}').rstrip(b"="), signature))
    )
    assert is_sample("basic-auth", base64.b64encode(b"user:password"))
    assert not is_sample("basic-auth", _made("{basic}"))


@given(st.binary(max_size=200))
def test_no_bytes_make_a_proof_fail(secret: bytes) -> None:
    for proof in PROOFS.values():
        assert proof(secret) in {True, False}
    for name in PROOFS:
        is_sample(name, secret)
