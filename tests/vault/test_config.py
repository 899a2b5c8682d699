"""The keys of a source of kind vault."""

import pytest
from pydantic import ValidationError

from keyproof.vault.config import VaultConfig, checked_address


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("vault.example:8200", "is no address"),
        ("ftp://vault.example", "is no address"),
        ("https://", "is no address"),
        ("https://vault.example?x=1", "is no address"),
        ("https://user" + ":" + "word@vault.example", "must not carry credentials"),
    ],
)
def test_a_wrong_address_is_refused(address: str, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        VaultConfig(address=address)


def test_an_address_loses_its_last_slash() -> None:
    assert checked_address("https://vault.example:8200/") == "https://vault.example:8200"


@pytest.mark.parametrize(
    ("auth", "message"),
    [
        ({"method": "approle"}, "needs 'role-id'"),
        ({"method": "jwt"}, "needs 'role'"),
        ({"method": "ldap"}, "Input should be"),
        ({"method": "approle", "role-id": "x", "secret-id": "y"}, "Extra inputs"),
    ],
)
def test_an_incomplete_login_is_refused(auth: dict[str, str], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        VaultConfig.model_validate({"auth": auth})


def test_unknown_keys_and_impossible_times_are_refused() -> None:
    faults: tuple[dict[str, object], ...] = (
        {"adress": "x"},
        {"timeout": 0},
        {"max-wait": -1},
        {"include": []},
    )
    for broken in faults:
        with pytest.raises(ValidationError):
            VaultConfig.model_validate(broken)
