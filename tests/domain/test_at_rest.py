"""Encryption at rest, for every check that asks about it."""

import pytest

from keyproof.domain.at_rest import at_rest, holds_no_value
from keyproof.domain.secret import Encryption
from keyproof.domain.verdict import Outcome
from tests.fakes.secrets import secret


@pytest.mark.parametrize(
    ("encryption", "customer_key", "outcome"),
    [
        (None, False, Outcome.NOT_EVALUATED),
        (Encryption(encrypted=False, customer_managed=True), True, Outcome.FAIL),
        (Encryption(encrypted=True), False, Outcome.PASS),
        (Encryption(encrypted=True), True, Outcome.NOT_EVALUATED),
        (Encryption(encrypted=True, customer_managed=False), True, Outcome.FAIL),
        (Encryption(encrypted=True, customer_managed=True), True, Outcome.PASS),
    ],
)
def test_what_is_not_known_is_no_pass(
    encryption: Encryption | None, customer_key: bool, outcome: Outcome
) -> None:
    assert at_rest(secret(encryption=encryption), customer_key=customer_key).outcome is outcome


def test_an_entry_without_a_value_is_told_from_others() -> None:
    assert holds_no_value(secret()) is None
    for name in ("empty", "reference"):
        found = holds_no_value(secret(attributes={name: True}))
        assert found is not None
        assert found.outcome is Outcome.NOT_APPLICABLE
