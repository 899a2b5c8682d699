"""Values known by their name: literals from references, made ones from shown ones."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyproof.domain.leak import LeakConfidence
from keyproof.leaks.detection import model
from keyproof.leaks.detection.features import NAMES, Assignment, numbers
from keyproof.leaks.detection.generic import judge
from keyproof.leaks.detection.placeholders import entropy, is_filler, is_placeholder, is_wordy, looks_random
from keyproof.leaks.detection.scanner import Scanner

_LIKELY, _POSSIBLE, _EXAMPLE = LeakConfidence.LIKELY, LeakConfidence.POSSIBLE, LeakConfidence.EXAMPLE


@pytest.mark.parametrize(
    "text",
    [
        'password = "Tr0ub4dor&%dx"',
        "DB_PASSWORD=Xk9$mPq%dvL!7",
        "spring.datasource.password=G7h%dkLm9Qw",
        "define('DB_PASSWORD', 'kJ8#mN%d$pQ5');",
        "$config['api_key'] = 'a8f5f167f44f4964e6c998dee82711%dc';",
        'String apiKey = "x7Kp%dmNq9RtVw4YzBcDf";',
        "secret_key: 4f3c2b1a9e8d7c6b5a4f3e2d1c0b9a%df",
        '<add key="ApiSecret" value="Zx8Kq%dLm9Np4Rt6V" />',
        "<password>h7Gk%dpLq9X</password>",
        'login(username="bob", password="Zq8-kkW%dmm9")',
        'api_key = "/aB3dE5fG7hJ9kL1mN3pQ5rS%dtU9vW1x+Yz="',
        'if (password == "g8Kd%dmXqL")',
        "PGPASSWORD=Hx%dkd91LQ psql -h db",
        '{"refresh_token":"AGEhc0b9T6KExyDTGsWcJVvF%dIxyxqoNbmuMa8j0V5Lu0"}',
        '    "secret" : "Qk3%dbVr8-Xw_pL5tNz",',
        "const token = `b3k9s8d7f6g%dh4j3k2l1`;",
        "tool --api-key=Qk3%dbVr8Xw5pL5tNz",
        "aws_secret=Qk3%dbVr8Xw5pL5tNz",
    ],
)
def test_a_made_value_is_likely(scanner: Scanner, text: str) -> None:
    # The digit is put in here so that this file holds no value of its own.
    assert [match.confidence for match in scanner.scan((text.replace("%d", "2")).encode())] == [_LIKELY]


@pytest.mark.parametrize(
    "text",
    [
        'password = os.environ["DB_PASSWORD"]',
        "password = getpass.getpass()",
        "password: ${DB_PASSWORD}",
        'password: "{{ vault_password }}"',
        'password = "#{ENV[:x]}"',
        "password=$1",
        "PASSWORD=%PASSWORD%",
        "token = request.headers.token",
        "token = self._token",
        "api_key: config.api_key",
        'secret_file = "/run/secrets/db"',
        "private_key: ./keys/server.pem",
        'token_url = "https://auth.corp.internal/oauth/token"',
        'password_field = "user_password_input"',
        'primary_key = "8f14e45fceea167a5a36"',
        'password_hash = "8f14e45fceea167a5a36dedd4bea2543"',
        'author = "A1b2C3d4E5f6G7h8"',
        'passenger = "A1b2C3d4E5f6G7h8"',
        'public_key = "A1b2C3d4E5f6G7h8"',
        'label = "Enter your new password: "',
        'password = "Please enter your password"',
        "password: !vault",
        "password: ENC[AES256_GCM,data:Tr7o1ZnQ8w,iv:Qk3bVr8Xw5pL5tNz,type:str]",
        '"hashed_secret": "8f14e45fceea167a5a36dedd4bea2543afbcd0a1",',
        "password: op://vault/item/field",
        'integrity_token = "sha512-A1b2C3d4E5f6G7h8"',
        "token = match.group(1)",
        'key: "settings.password.label"',
        "if token == nil",
        "auth: true",
        'secret = "2024-01-31"',
        'password = "127.0.0.1:8080"',
        "PWD_REPLY: '257 \"%s\"'",
        "# x-mac is also identified as windows-1255",
        '"license": {"key": "lgpl-3.0"}',
        "compile 'io.jsonwebtoken:jjwt-orgjson:0.11.2'",
        "    ERROR_WRONG_PASSWORD = 0x0000052B,",
        '"timePasswordChanged": 1515902330602,',
        "password.since = 1515902330602",
        "docker run ghcr.io/owasp/wrongsecrets-pr:pr-2400-7391231",
        "Codes.STATUS_PWD_TOO_LONG = 3221226106 -> Codes",
        'params.put("oauth_timestamp", "1569750981")',
        'OAuthClientId = "0120e057bd645470c1ed"',
        "ADMIN_SHA256_PASSWORD=8c6976e5b5410415bde908bd4dee15dfb167a9c873fc4bb8a81f6f2ab448a918",
        "'Enter password.' => 'Zadajte heslo.'",
    ],
)
def test_a_reference_is_no_match(scanner: Scanner, text: str) -> None:
    assert scanner.scan(text.encode()) == ()


@pytest.mark.parametrize(
    "text",
    [
        'password = "changeme"',
        'password = "password123"',
        'API_KEY = "your-api-key-here"',
        'API_KEY = "xxxxxxxxxxxxxxxx"',
        'token = "<your token>".strip()  # token = "0000000000000000"',
        "SECRET_KEY=dev-secret-key-change-in-production",
        'secret = "abcdefghijklmnop"',
        'secret = "1234567890abcdef"',
        'password = "NEW_SECURE_PASSWORD"',
        'token = "deadbeefdeadbeefdeadbeef"',
        'api_key = "test_api_key"',
        'secret = "****************"',
        '"roomPassword": "heslo"',
        'password: "parola"',
        "password: 123456",
        "password: 121212",
        "secretKey := []byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}",
    ],
)
def test_a_value_made_to_be_shown_is_an_example(scanner: Scanner, text: str) -> None:
    assert [match.confidence for match in scanner.scan(text.encode())] == [_EXAMPLE]


def _assignment(name: bytes, value: bytes, *, quoted: bool = True, around: bytes = b"") -> Assignment:
    before = around + name + (b' = "' if quoted else b" = ")
    return Assignment(name=name, value=value, before=before, after=b'"' * quoted, quoted=quoted)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        (b"api_key", b"3f2504e0-4f89-11d3-9a0c-0305e82c3301", _POSSIBLE),
        (b"token", b"blueberry", None),
        (b"password", b"Zaboravljena" + b" Lozinka", _POSSIBLE),
        (b"GMAIL_PASSWORD", b"Pass!" + b"98765", _LIKELY),
        (b"mail_password", b"sunflower" + b"1987", _POSSIBLE),
        (b"password", b"password", None),
        (b"author", b"Xk9$mPq" + b"2dvL!7", None),
    ],
)
def test_judgement(name: bytes, value: bytes, expected: LeakConfidence | None) -> None:
    assert judge(_assignment(name, value))[0] is expected


@given(st.binary(min_size=1, max_size=120), st.binary(max_size=30), st.booleans())
def test_every_value_is_judged(value: bytes, name: bytes, quoted: bool) -> None:
    assert judge(_assignment(name, value, quoted=quoted))[0] in {None, *LeakConfidence}
    is_placeholder(value)


@given(st.binary(min_size=1, max_size=120), st.binary(max_size=30))
def test_every_number_has_its_name(value: bytes, name: bytes) -> None:
    assert len(numbers(_assignment(name, value), model.load().language)) == len(NAMES)


@given(st.from_regex(rb"[a-zA-Z0-9!$_-]{8,40}", fullmatch=True))
def test_the_reasons_given_are_those_of_the_probability(value: bytes) -> None:
    weights = model.load()
    one = _assignment(b"db_password", value)
    moved = dict(weights.reasons(one, count=len(NAMES)))
    assert 0 < weights.probability(one) < 1
    assert moved.keys() <= set(NAMES)


@pytest.mark.parametrize(
    "value",
    [
        b"passwordHistory,omitempty",
        b"SomeKindOfPassword123!@#",
        b"PassWordMustBeAtLeast6Chars.",
        b"settings.token.label",
    ],
)
def test_phrases_are_wordy(value: bytes) -> None:
    assert is_wordy(value)


@pytest.mark.parametrize(
    "value", [b"Tr0ub4dor&2x", b"x7Kp2mNq9RtVw4YzBcDf", b"tUoGpglagGpgxKpE", b"12345678", b""]
)
def test_generated_values_are_not_wordy(value: bytes) -> None:
    assert value == b"" or not is_wordy(value)


def test_in_a_binary_file_a_name_and_a_value_prove_little() -> None:
    value = b"Xk9$mPq" + b"2dvL!7"
    assert judge(_assignment(b"password", value, around=b"text around "))[0] is _LIKELY
    assert judge(_assignment(b"password", value, around=b"\x00\x01 around "))[0] is _POSSIBLE


@pytest.mark.parametrize(
    "value",
    [b"getUserPasswordFromRequest", b"application-configuration", b"settings_token", b"com.example.package"],
)
def test_words_do_not_look_random(value: bytes) -> None:
    assert not looks_random(value)


@pytest.mark.parametrize(
    "value", [b"x7Kp2mNq9RtVw4YzBcDf", b"8f14e45fceea167a", b"tUoGpglagGpgxKpE", b"Hx72kd91LQ"]
)
def test_generated_values_look_random(value: bytes) -> None:
    assert looks_random(value)


@pytest.mark.parametrize(
    "value", [b"aaaaaa1", b"abcabcabcabc", b"xxxx-real", b"7654321", b"<api key>", b"REDACTED"]
)
def test_placeholders(value: bytes) -> None:
    assert is_placeholder(value)


@pytest.mark.parametrize("value", [b"my_secret_key", b"admin123", b"test", b"rootroot", b"12345678"])
def test_fillers(value: bytes) -> None:
    assert is_filler(value)


@given(st.binary(min_size=1, max_size=50))
def test_entropy_is_bounded_by_the_length(value: bytes) -> None:
    assert -1e-9 <= entropy(value) <= 5.7
