"""The environment of a secret: what its source states, in the words of the field, or else the first glob that fits."""

import pytest

from keyproof.app.environment import placed
from tests.fakes.secrets import secret

GLOBS = {"production": ("*/production/*",), "staging": ("*/staging/*", "*/production/*")}


@pytest.mark.parametrize(
    ("name", "stated", "environment"),
    [
        ("app/production/db", "", "production"),
        ("app/staging/db", "", "staging"),
        ("app/other/db", "", ""),
        ("app/staging/db", "Prod", "production"),
        ("app/x/db", "Sandbox", "sandbox"),
    ],
)
def test_environments_come_from_the_source_or_from_globs(name: str, stated: str, environment: str) -> None:
    assert placed(secret(name, environment=stated), GLOBS).environment == environment


def test_a_short_word_stays_where_it_is_an_environment_of_its_own() -> None:
    assert placed(secret("db", environment="prod"), {"prod": ()}).environment == "prod"
    assert placed(secret("db", environment="stg"), {}).environment == "staging"
