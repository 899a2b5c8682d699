"""What makes two secrets alike to a check, and what does not."""

from dataclasses import replace
from typing import Any

import pytest

from keyproof.domain.grounds import grounds
from keyproof.domain.secret import Encryption
from tests.fakes.secrets import context, document, row, secret, utc

ONE = secret("one", attributes={"tracked": True}, encryption=Encryption(encrypted=True))
TODAY = context("2025-10-05", ONE, tables=["table"])


def test_secrets_are_alike_whatever_no_check_of_the_fields_looks_at() -> None:
    other = replace(ONE, id="x://other", name="other", owner="Ana", tags={"team": "core"})
    assert grounds(other, TODAY, "encryption") == grounds(ONE, TODAY, "encryption") is not None


@pytest.mark.parametrize(
    "change",
    [
        {"encryption": None},
        {"backend": "vault"},
        {"unread": {"encryption": "no right"}},
        {"attributes": {}},
        {"attributes": {"tracked": 1}},
    ],
)
def test_secrets_differ_in_what_is_looked_at(change: dict[str, Any]) -> None:
    assert grounds(replace(ONE, **change), TODAY, "encryption") != grounds(ONE, TODAY, "encryption")


def test_what_is_no_living_secret_is_judged_itself() -> None:
    assert grounds(row(), TODAY) is None
    assert grounds(replace(ONE, deletion=utc("2025-10-01")), TODAY) is None
    assert grounds(document(), TODAY) is None
