"""What is said of requests that were not answered as asked."""

import http.client
import ssl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyproof.rest.refusals import unreachable, words

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["error", "message", "messages"]), inner),
)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"error": {"message": "no\n way"}}, "no way"),
        ({"error": "invalid"}, "invalid"),
        ({"message": "plain", "error": "Kind"}, "plain"),
        ({"messages": ["one", "two"]}, "one; two"),
        ({"message": {"an": "object"}}, "no reason given"),
        ({"message": " \n"}, "no reason given"),
        ({"message": "half \ud800"}, "half ?"),
        ({}, "no reason given"),
        (["no", "object"], "no reason given"),
        (None, "no reason given"),
    ],
)
def test_the_words_of_an_error(body: object, said: str) -> None:
    assert words(body) == said


@given(_JSON)
def test_words_are_one_line_of_a_bounded_length(body: object) -> None:
    said = words(body)
    assert 0 < len(said) <= 300
    assert said == " ".join(said.split())


@pytest.mark.parametrize(
    ("error", "what", "hint"),
    [
        (ConnectionRefusedError(), "cannot be reached", "whether the server runs"),
        (TimeoutError(), "does not answer in time", "raise timeout"),
        (ssl.SSLError(), "does not agree on TLS", "whether the server runs"),
        (http.client.IncompleteRead(b""), "breaks off in the middle", "whether the server runs"),
    ],
)
def test_what_failed_is_named(error: Exception, what: str, hint: str) -> None:
    told = unreachable(error, server="Store", scope="all", authorities="name it")
    assert told.message.startswith(f"Store {what}")
    assert hint in told.hint


def test_a_certificate_that_is_not_trusted_says_where_to_name_its_authority() -> None:
    error = ssl.SSLCertVerificationError()
    error.verify_message = "self-signed certificate"
    told = unreachable(error, server="Store", scope="all", authorities="name it")
    assert "not trusted (self-signed certificate)" in told.message
    assert told.hint == "name it"
