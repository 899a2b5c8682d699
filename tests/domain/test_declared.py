"""Rows of an inventory beside the live secrets they declare."""

from keyproof.domain.declared import is_row, judged_elsewhere, live_secrets, live_sources
from keyproof.domain.verdict import Outcome
from tests.fakes.secrets import context, row, secret

LIVE = secret("acme/production/openai-api-key")
OTHER = secret("acme/production/crm-api-key")


def test_a_row_is_known_by_its_source() -> None:
    known = context("2025-10-05", LIVE, tables=["table"])
    assert is_row(row(), known)
    assert not is_row(LIVE, known)


def test_the_live_secrets_of_a_row_are_those_that_were_read() -> None:
    known = context("2025-10-05", OTHER, LIVE, tables=["table"])
    described = row(declares=(OTHER.id, "aws-secrets-manager://gone", LIVE.id))
    assert live_secrets(described, known) == (OTHER, LIVE)
    assert live_secrets(row(), known) == ()


def test_a_source_that_gave_nothing_still_counts_as_live() -> None:
    known = context("2025-10-05", LIVE, row(), tables=["table"])
    assert live_sources(known) == {"aws"}
    silent = context("2025-10-05", row(), tables=["table"], live=["vault"])
    assert live_sources(silent) == {"vault"}


def test_a_row_is_left_to_its_live_secret_only_where_it_has_one() -> None:
    judged = judged_elsewhere(row(declares=(LIVE.id,)), "grants")
    assert judged.outcome is Outcome.NOT_APPLICABLE
    assert LIVE.id in judged.reason
    assert judged_elsewhere(row(), "grants").outcome is Outcome.NOT_EVALUATED
