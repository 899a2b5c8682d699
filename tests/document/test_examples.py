"""Code that a document shows as an example, held against the demands of the same document."""

import pytest

from keyproof.document.examples import contradictions
from keyproof.document.reading import read_document

CODE = "\n## Code\n\n```python\n{}\n```\n"
TABLE = (
    "# P\n\n| Secret Type | Rotation Period |\n|---|---|\n| JWT Secret | 180 days |\n| API Key | 60 days |\n"
)


def _told(text: str) -> list[str]:
    return [str(one) for one in contradictions(read_document(text, path="p.md"))]


def test_a_reader_that_keeps_what_it_read() -> None:
    code = "@lru_cache(maxsize=128)\ndef get_secret(self, name):\n    return client.read(name)"
    assert _told(TABLE + CODE.format(code)) == [
        (
            "cached: get_secret: p.md:11 says what it read once it keeps, p.md:6 says API Key rotates: 60 days; "
            "a new value is not seen before the next start; let the cache end, or restart after each rotation"
        )
    ]


@pytest.mark.parametrize(
    "code",
    [
        "@cached(cache, ttl=300)\ndef get_secret(name):\n    ...",
        "@lru_cache\ndef parse_date(text):\n    ...",
        "@retry\ndef get_secret(name):\n    ...",
        "def get_secret(name):\n    ...",
    ],
)
def test_readers_that_see_the_new_value(code: str) -> None:
    assert _told(TABLE + CODE.format(code)) == []
    assert _told("# P\n" + CODE.format("@lru_cache\ndef get_secret(name):\n    ...")) == []


LOGGING = "# P\n\n## Practices\n\n- Log secret access (not values)\n"


def test_a_mask_that_shows_a_part() -> None:
    code = '# GOOD\nlogger.info(f"Using API key: {api_key[:8]}...")'
    assert _told(LOGGING + CODE.format(code)) == [
        (
            "mask: api_key[:8]: p.md:11 says logs a part of the value, p.md:5 says Log secret access (not values); "
            "a part is the value to whoever guesses the rest; log its name"
        )
    ]


@pytest.mark.parametrize(
    "code",
    [
        '# BAD - never do this\nlogger.info(f"Using API key: {api_key[:8]}...")',
        'logger.info("API key loaded")',
        'logger.info(f"Using {names[:8]}")',
        "head = api_key[:8]",
    ],
)
def test_logs_without_a_part_of_a_value(code: str) -> None:
    assert _told(LOGGING + CODE.format(code)) == []


FAST = "# P\n\n## Practices\n\n- Fail fast if secrets are missing\n"


@pytest.mark.parametrize(
    "code",
    [
        'API_KEY = get_secret("API_KEY", default="dev-key")',
        'API_KEY = os.getenv("API_KEY", "dev-key")',
        'API_KEY = get_secret("API_KEY", required=False, default="dev-key")',
        "const key = process.env.API_KEY || 'dev-key'",
    ],
)
def test_a_default_for_what_must_not_be_missing_is_not_repeated(code: str) -> None:
    assert _told(FAST + CODE.format(code)) == [
        (
            "default: API_KEY: p.md:10 says a value for when it is missing, p.md:5 says Fail fast if secrets are missing; "
            "with a default it is never missing, and the default is known to all"
        )
    ]
    assert _told("# P\n" + CODE.format(code)) == []


def test_a_lookup_without_default_and_a_port_are_in_order() -> None:
    assert _told(FAST + CODE.format('API_KEY = get_secret("API_KEY", required=True)')) == []
    assert _told(FAST + CODE.format('PORT = os.getenv("PORT", "8080")')) == []
    assert _told(FAST + CODE.format('read = get_secret("db_password", "production")')) == []


PASSWORDS = "# P\n\n## Passwords\n\n- Mix of uppercase, lowercase, numbers, symbols\n"


def test_a_recipe_that_does_not_promise_the_kinds_of_characters() -> None:
    code = "# Generate strong password\nopenssl rand -base64 24"
    assert _told(PASSWORDS + CODE.format(code)) == [
        (
            "recipe: passwords: p.md:11 says openssl rand -base64 24, p.md:5 says 4 kinds of characters; "
            "base64 of random bytes does not promise them"
        )
    ]
    assert _told(PASSWORDS + CODE.format("# Generate JWT secret\nopenssl rand -hex 32")) == []
    assert _told("# P\n" + CODE.format(code)) == []
