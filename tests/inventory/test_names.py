"""When two names mean the same secret."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyproof.inventory.names import core, exact, may_be_same, stands_for_all


@pytest.mark.parametrize("name", ["JWT Secret", "jwt-secret", "JWT_SECRET", "🔑 Jwt Secret"])
def test_case_and_punctuation_do_not_tell_names_apart(name: str) -> None:
    assert exact(name) == "jwtsecret"


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("JWT Secret", "JWT Secret Key"),
        ("JWT Key", "JWT Secret Key"),
        ("API Keys", "API Key"),
        ("DB Password", "Database Passwords"),
        ("Redis", "REDIS_PASSWORD"),
        ("Slack Webhook", "Slack Webhook Secret"),
    ],
)
def test_plurals_and_extra_words_may_mean_the_same(one: str, two: str) -> None:
    assert may_be_same(one, two)


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("Database Password", "Database Key"),
        ("JWT Secret", "JWT Key"),
        ("API Key", "Email API Key"),
        ("Webhook Secrets", "Slack Webhook"),
        ("Secret Key", "Secret"),
        ("JWT Public Key", "JWT Private Key"),
        ("SMS key", "SM key"),
    ],
)
def test_names_that_say_something_different_are_different(one: str, two: str) -> None:
    assert not may_be_same(one, two)


@given(st.text(max_size=12), st.text(max_size=12))
def test_likeness_is_symmetric(one: str, two: str) -> None:
    assert may_be_same(one, two) == may_be_same(two, one)
    assert not may_be_same(one, two) or core(one) == core(two)


@pytest.mark.parametrize(
    "name", ["All Secrets", "all", "Any other key", "Every API key", "Others", "*All* secrets"]
)
def test_collective_names(name: str) -> None:
    assert stands_for_all(name)


@pytest.mark.parametrize(
    "name", ["ALL_PROXY_PASSWORD", "Allianz key", "Total Cost API key", "Anya's token", ""]
)
def test_names_of_one_secret(name: str) -> None:
    assert not stands_for_all(name)
