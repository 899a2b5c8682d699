"""Who used what in a key vault, asked of the Log Analytics workspaces that keep its diagnostic log.

The question is put to the vault itself, so no other resource's records come:
https://learn.microsoft.com/azure/azure-monitor/logs/api/azure-resource-queries. Workspaces that may not be read are left
out without a word, so what is covered begins with a record and not with the time that was asked for.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from keyproof.azure import permissions as need
from keyproof.azure.events import OBJECT_ID, VaultLogs
from keyproof.rest.cloud import CloudClient

LATE = timedelta(hours=1)
"""Later records may not have arrived yet."""
_VERSION = "2018-03-01-preview"
_WHO = f'"{OBJECT_ID}"'
_COLUMN = "identity_claim_http_schemas_microsoft_com_identity_claims_objectidentifier_g"
_RECORDS = f"""union isfuzzy=true
(datatable(time: datetime, operation: string, id: string, uri: string, status: int, who: string) []),
(AZKVAuditLogs
| project time = TimeGenerated, operation = OperationName, id = column_ifexists("Id", column_ifexists("ID", "")),
  uri = RequestUri, status = toint(HttpStatusCode),
  who = coalesce(tostring(Identity.claim[{_WHO}]), tostring(Identity.claim.oid), tostring(Identity.claim.appid))),
(AzureDiagnostics
| where ResourceType == "VAULTS" and Category == "AuditEvent"
| project time = TimeGenerated, operation = OperationName, id = column_ifexists("id_s", ""),
  uri = column_ifexists("requestUri_s", ""), status = toint(column_ifexists("httpStatusCode_d", 0)),
  who = coalesce(column_ifexists("{_COLUMN}", ""), column_ifexists("identity_claim_oid_g", ""),
    column_ifexists("identity_claim_appid_g", "")))"""
"""Of the vault's own table and of the one that all resources share; one that is not there has no rows:
https://learn.microsoft.com/azure/azure-monitor/reference/tables/azkvauditlogs."""

Item = Mapping[str, Any]


def look_up(
    client: CloudClient, vault: str, management: str, *, now: datetime, days: int, most: int, recorded: bool
) -> VaultLogs:
    """Ask for the records of the last days, newest first, at most `most` of them; `vault` is the resource's id.

    `recorded` tells that the log goes to a workspace today. Raises CollectError.
    """
    url, start = (
        f"{management}{vault}/providers/microsoft.insights/logs?api-version={_VERSION}",
        now - timedelta(days=days),
    )
    logs = VaultLogs(sink="Log Analytics")
    rows = list(_rows(client, url, f"where time >= datetime({start.isoformat()})\n| top {most} by time desc"))
    for row in rows:
        logs.add(_record(row))
    older = f"where time < datetime({start.isoformat()})\n| top 1 by time desc"
    before = bool(rows) and len(rows) < most and any(True for _ in _rows(client, url, older))
    for uses in logs.vaults.values():
        if uses.since is not None and uses.until is not None:
            until = max(uses.until, now - LATE) if recorded else uses.until
            uses.cover(start if before else uses.since, until)
    return logs


def _rows(client: CloudClient, url: str, chosen: str) -> Iterator[Item]:
    """The rows of the answer, by the names of its columns; a part of an answer is none."""
    body = client.post(url, {"query": f"{_RECORDS}\n| {chosen}"}, need=need.LOGS)
    tables = body.get("tables")
    if body.get("error") or not isinstance(tables, list):
        raise client.strange(url, "answers with a part of what was asked for, or with no table", need.LOGS)
    for table in tables[:1]:
        names = [str(column.get("name")) for column in table.get("columns") or ()]
        for row in table.get("rows") or ():
            yield dict(zip(names, row, strict=True))


def _record(row: Item) -> Item:
    """A row as the files of a storage account have it."""
    said = {"id": row.get("id"), "requestUri": row.get("uri"), "httpStatusCode": row.get("status")}
    return {
        "time": row.get("time"),
        "category": "AuditEvent",
        "operationName": row.get("operation"),
        "identity": {"claim": {OBJECT_ID: row.get("who")}},
        "properties": said,
    }
