"""What single records of a vault's diagnostic log tell."""

from typing import Any

import pytest

from keyproof.azure.events import VaultLogs

SHOP = "https://shop.vault.azure.net"


def _logs(**said: Any) -> VaultLogs:
    logs = VaultLogs(sink="files")
    properties = {"id": f"{SHOP}/secrets/db/1", "httpStatusCode": 200, **said}
    record = {
        "time": "2025-09-02T10:00:00Z",
        "category": "AuditEvent",
        "operationName": "SecretGet",
        "properties": properties,
    }
    logs.add(record)
    return logs


def _allowed(logs: VaultLogs) -> list[bool]:
    uses = logs.of(SHOP)
    log = uses.log_of("secrets/db") if uses else None
    return [event.allowed for event in log.events] if log else []


@pytest.mark.parametrize(
    ("status", "allowed"),
    [
        (200, [True]),
        ("200", [True]),
        ("403", [False]),
        (403.0, [False]),
        (404, []),
        (None, [True]),
        ("ok", [True]),
    ],
)
def test_a_use_that_was_not_refused_counts(status: object, allowed: list[bool]) -> None:
    assert _allowed(_logs(httpStatusCode=status)) == allowed


def test_the_usual_port_is_no_other_vault() -> None:
    assert _allowed(_logs(id="https://Shop.vault.azure.net:443/secrets/db/1")) == [True]
    assert _allowed(_logs(id="https://other.vault.azure.net/secrets/db/1")) == []
