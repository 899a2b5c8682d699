"""Keys of .env files: what is a key, and that no value gets out."""

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keyproof.dotenv.file import DotenvKey, DotenvKeys, names_secret, read_keys


def keys(tmp_path: Path, text: str | bytes) -> DotenvKeys:
    path = tmp_path / ".env"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_keys(path)


def lines(found: DotenvKeys) -> dict[str, int]:
    return {key.key: key.line for key in found.keys}


def one(tmp_path: Path, text: str) -> DotenvKey:
    (key,) = keys(tmp_path, text).keys
    return key


def test_every_form_of_assignment(tmp_path: Path) -> None:
    text = (
        "# A comment=1\n"
        "PLAIN=a b # note\n"
        "\n"
        "  export  EXPORTED = 'x # y'\n"
        "YAMLISH: value\n"
        "camelCase.dotted-key=1\n"
        "no assignment\n"
        "https://example.org/?NOT=1\n"
        'LAST="no newline"'
    )
    found = keys(tmp_path, text)
    assert lines(found) == {"PLAIN": 2, "EXPORTED": 4, "YAMLISH": 5, "camelCase.dotted-key": 6, "LAST": 9}
    assert found.unread == ()


@pytest.mark.parametrize("quote", ["'", '"', "`"])
def test_a_quoted_value_may_span_lines_that_look_like_keys(tmp_path: Path, quote: str) -> None:
    text = f"A={quote}first\nINNER_SECRET=x\nescaped \\{quote} too\n{quote} # note\nB=2\r\nC=3\rD=4"
    assert lines(keys(tmp_path, text)) == {"A": 1, "B": 5, "C": 6, "D": 7}


def test_an_unquoted_pem_block_is_followed_to_its_end(tmp_path: Path) -> None:
    text = "KEY=-----BEGIN " + "PRIVATE KEY-----\nMIIabc\nSECRET=\n-----END " + "PRIVATE KEY-----\nB=1\n"
    found = keys(tmp_path, text)
    assert lines(found) == {"KEY": 1, "B": 5}
    assert [key.holds_password for key in found.keys] == [True, False]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("A='open\nB_SECRET=1\n", "a quote that never closes: the rest of the file was not read"),
        (
            "A=-----BEGIN " + "PRIVATE KEY-----\nB_SECRET=1\n",
            "a PEM block without its END line: the rest of the file was not read",
        ),
        ('A="x"y\n', "text after the closing quote"),
    ],
)
def test_broken_quoting_is_told_and_nothing_behind_it_is_taken_for_a_key(
    tmp_path: Path, text: str, reason: str
) -> None:
    found = keys(tmp_path, text)
    assert lines(found) == {"A": 1}
    assert found.unread == ((1, reason),)


@pytest.mark.parametrize("text", ["A=", "A=''", 'A=""', "A= # note", "A=#note", "A=\n"])
def test_an_empty_value(tmp_path: Path, text: str) -> None:
    assert one(tmp_path, text).empty


@pytest.mark.parametrize(
    "value",
    [
        "$OTHER",
        "${OTHER}",
        '"${OTHER}"',
        "${OTHER:?must be set}",
        "${OTHER:-}",
        "$(op read x)",
        "op://vault/item/field",
        "'op://v/i/f'",
        "vault://kv/app#key",
        "vault:kv/data/app#key",
        "ref+vault://kv/app",
    ],
)
def test_a_reference_names_where_the_value_is(tmp_path: Path, value: str) -> None:
    key = one(tmp_path, f"A={value}")
    assert (key.reference, key.empty) == (True, False)


@pytest.mark.parametrize(
    "value", ["'$OTHER'", "${OTHER:-fallback}", "x$OTHER", "https://example.org", "$12", "plain"]
)
def test_what_only_resembles_a_reference_is_none(tmp_path: Path, value: str) -> None:
    assert not one(tmp_path, f"A={value}").reference


def test_ciphertext_and_passwords_are_told_by_shape(tmp_path: Path) -> None:
    assert one(tmp_path, 'A="encrypted:BAkl"').encrypted
    assert one(tmp_path, "A=postgres" + "://app:pw@db/x").holds_password
    assert one(tmp_path, "A='redis" + "://:pw@cache:6379'").holds_password
    assert not one(tmp_path, "A=postgres://app@db:5432/x").holds_password
    assert not one(tmp_path, "A=https://example.org/a:b@c").holds_password


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_byte_order_mark_is_no_part_of_the_first_key(tmp_path: Path, encoding: str) -> None:
    assert lines(keys(tmp_path, "A_KEY=ü\nB=1".encode(encoding))) == {"A_KEY": 1, "B": 2}


def test_bytes_that_are_no_text_do_not_stop_the_reading(tmp_path: Path) -> None:
    assert lines(keys(tmp_path, b"A_KEY=\xff\xfe\x00\nB=1")) == {"A_KEY": 1, "B": 2}


def test_only_regular_files_of_sane_size_are_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.env")
    with pytest.raises(OSError, match="not a regular file"):
        read_keys(tmp_path / "pipe.env")
    with pytest.raises(ValueError, match="larger than 5,000,000 bytes"):
        keys(tmp_path, b"A=" + b"x" * 5_000_000)
    with pytest.raises(FileNotFoundError):
        read_keys(tmp_path / "gone.env")


QUOTED = st.sampled_from(
    ["{}", "'{}'", '"{}"', "`{}`", "  {}  ", "'{}' # note", "postgres://u:{}@h", "${{X:-{}}}"]
)


@settings(deadline=None)  # files and parsers of a busy machine take their time
@given(
    planted=st.lists(
        st.tuples(st.text("abcDEF0123+/=", min_size=12, max_size=40), QUOTED), min_size=1, max_size=5
    ),
    multiline=st.booleans(),
)
def test_no_part_of_a_value_is_in_what_is_returned(
    tmp_path_factory: pytest.TempPathFactory, planted: list[tuple[str, str]], multiline: bool
) -> None:
    folder = tmp_path_factory.mktemp("env")
    texts = [
        f"K{number}_SECRET="
        + form.format(("MARK" + value).replace("+", "+\n" if multiline and "'" in form else "+"))
        for number, (value, form) in enumerate(planted)
    ]
    found = keys(folder, "\n".join(texts))
    assert [key.key for key in found.keys] == [f"K{number}_SECRET" for number in range(len(planted))]
    shown = f"{found!r} {found}"
    assert "MARK" not in shown
    assert not any(value[at : at + 8] in shown for value, _ in planted for at in range(len(value) - 7))


@settings(deadline=None)  # files and parsers of a busy machine take their time
@given(st.binary(max_size=200))
def test_any_bytes_can_be_read(tmp_path_factory: pytest.TempPathFactory, raw: bytes) -> None:
    found = keys(tmp_path_factory.mktemp("env"), raw)
    assert all(key.line >= 1 for key in found.keys)


SECRET = """
JWT_SECRET API_KEY apiKey DB_PASSWORD SMTP_PASS REDIS_AUTH SENTRY_DSN SLACK_WEBHOOK_URL GITHUB_PAT
AWS_SECRET_ACCESS_KEY SECRET_KEY_BASE CREDENTIALS stripeSecretKey
"""
OTHER = """
PORT DATABASE_URL STRIPE_PUBLISHABLE_KEY JWT_PUBLIC_KEY AWS_ACCESS_KEY_ID AWS_KMS_KEY_ID TOKEN_TTL TOKEN_URL
PASSWORD_MIN_LENGTH OPENAI_MAX_TOKENS SSH_KEY_PATH DB_PASSWORD_FILE KEYCLOAK_REALM AUTH_ENABLED
JWT_EXPIRES_IN MONKEY BYPASS _
"""


@pytest.mark.parametrize("key", SECRET.split())
def test_names_of_secrets(key: str) -> None:
    assert names_secret(key)


@pytest.mark.parametrize("key", OTHER.split())
def test_names_about_secrets(key: str) -> None:
    assert not names_secret(key)
