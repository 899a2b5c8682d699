"""What entries of an inventory have in common."""

from keyproof.domain.check import Inventory
from keyproof.domain.sharing import sharing
from tests.fakes.secrets import row, secret, utc


def test_live_secrets_are_grouped_and_rows_left_out() -> None:
    one = secret("a", environment="production", attributes={"digest": "d"})
    two = secret("b", environment="staging", attributes={"digest": "d"})
    three = secret("c", environment="staging")
    gone = secret("gone", environment="staging", deletion=utc("2025-10-01"))
    described = row("A", declares=(one.id,), attributes={"digest": "d"})
    both = row("B", declares=(one.id, two.id))
    found = sharing(
        Inventory(
            secrets=(one, two, three, gone, described, both),
            inventory_sources=frozenset({"table"}),
            live_sources=frozenset({"aws", "vault"}),
            complete_sources=frozenset({"aws"}),
        )
    )
    assert found.by_digest == {"d": (one, two)}
    assert set(found.by_id) == {one.id, two.id, three.id}
    assert found.sole_rows == {one.id: (described,)}
    assert dict(found.undigested) == {"staging": 1}
    assert found.unread_sources == ("vault",)


def test_it_is_worked_out_once_and_changes_no_equality() -> None:
    inventory, same = Inventory(secrets=(secret("a"),)), Inventory(secrets=(secret("a"),))
    assert sharing(inventory) is sharing(inventory)
    assert inventory == same
    assert "Sharing" not in repr(inventory)
