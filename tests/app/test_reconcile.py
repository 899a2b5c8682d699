"""Joining inventory rows with live secrets."""

from dataclasses import replace
from datetime import UTC, datetime

from keyproof.app.reconcile import reconcile
from keyproof.domain.secret import Basis, Confidence, DatedFact, InventoryClaim, SecretMetadata, SourceLine

CLAIMED = DatedFact(
    at=datetime(2025, 9, 10, tzinfo=UTC), basis=Basis.INVENTORY, confidence=Confidence.DECLARED
)
WRITTEN = DatedFact(
    at=datetime(2025, 7, 1, tzinfo=UTC), basis=Basis.VERSION_CREATED, confidence=Confidence.EXACT
)


def row(name: str, *, environment: str = "", owner: str = "") -> SecretMetadata:
    claim = InventoryClaim(source="table", name=name, place=SourceLine(path="docs/secrets.md", line=7))
    return SecretMetadata(
        id=f"inventory://docs/secrets.md#{name}", name=name, source="table", backend="inventory", scope="docs/secrets.md",
        environment=environment, owner=owner, facts=(CLAIMED,), claims=(claim,),
    )  # fmt: skip


def live(name: str, *, environment: str = "") -> SecretMetadata:
    return SecretMetadata(
        id=f"vault://host/{name}", name=name, source="vault", backend="vault", scope="kv", environment=environment, facts=(WRITTEN,)
    )  # fmt: skip


def join(
    *secrets: SecretMetadata, aliases: dict[str, tuple[str, ...]] | None = None
) -> dict[str, SecretMetadata]:
    joined = reconcile(secrets, inventory_sources=frozenset({"table"}), aliases=aliases or {})
    return {secret.name: secret for secret in joined}


def test_a_stale_value_is_not_made_fresh_by_a_claim_in_a_table() -> None:
    joined = join(row("OpenAI API Key", owner="DevOps"), live("app/production/openai-api-key"))
    assert joined["OpenAI API Key"].value_date == WRITTEN
    assert joined["OpenAI API Key"].declares == ("vault://host/app/production/openai-api-key",)
    assert [claim.name for claim in joined["app/production/openai-api-key"].claims] == ["OpenAI API Key"]
    assert joined["app/production/openai-api-key"].owner == "DevOps"


def test_words_that_differ_are_not_joined_without_an_alias() -> None:
    secrets = (row("Google Service Account"), live("app/production/google-credentials"))
    assert join(*secrets)["Google Service Account"].declares == ()
    named = join(*secrets, aliases={"Google Service Account": ("*/google-credentials",)})
    assert named["Google Service Account"].declares == ("vault://host/app/production/google-credentials",)


def test_environments_that_contradict_keep_them_apart() -> None:
    joined = join(row("db", environment="production"), live("x/db", environment="staging"))
    assert joined["db"].declares == ()
    assert joined["x/db"].claims == ()


def test_of_several_live_secrets_the_oldest_value_speaks_for_the_row() -> None:
    fresh = replace(
        live("a/staging/db"),
        facts=(replace(WRITTEN, at=datetime(2025, 10, 1, tzinfo=UTC)),),
    )
    assert join(row("db"), fresh, live("a/production/db"))["db"].value_date == WRITTEN


def test_without_live_secrets_the_claim_is_all_there_is() -> None:
    assert join(row("db"))["db"].value_date == CLAIMED
