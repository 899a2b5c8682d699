"""The run ledger as JSON data: `--format json` of the `runs` commands."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from keyproof.app.diff import Diff
from keyproof.app.episodes import Episode
from keyproof.app.lateness import Lateness
from keyproof.app.period import Period, Sample
from keyproof.domain.ledger import RunEntry
from keyproof.domain.snapshot import Snapshot


def to_json(data: Any) -> str:
    """The text of `data`, with times in RFC 3339, UTC."""
    return json.dumps(data, indent=2, default=_plain) + "\n"


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return str(value)


def run(entry: RunEntry) -> dict[str, Any]:
    """One line of the ledger."""
    return {
        "number": entry.number,
        "id": entry.id,
        "command": entry.command,
        "organisation": entry.organisation,
        "version": entry.version,
        "started": entry.started,
        "finished": entry.finished,
        "as_of": entry.as_of,
        "exit_code": entry.exit_code,
        "counts": dict(entry.counts),
        "secrets": entry.secrets,
        "leaks": entry.leaks,
        "scopes": entry.scopes,
        "gaps": entry.gaps,
        "complete": entry.whole,
        "shortfall": entry.shortfall,
        "narrowed": entry.narrowed,
        "policy_digest": entry.policy_digest,
        "config_digest": entry.config_digest,
        "waivers_digest": entry.waivers_digest,
        "parts": dict(entry.parts),
        "previous": entry.previous,
        "digest": entry.digest,
    }


def run_in_full(entry: RunEntry, snapshot: Snapshot, documents: Sequence[str]) -> dict[str, Any]:
    """The same with its scopes and the files it was judged by."""
    scopes = [
        {
            "source": scope.source,
            "scope": scope.scope,
            "status": scope.status,
            "subjects": scope.subjects,
            "reason": scope.reason,
        }
        for scope in snapshot.scopes
    ]
    return {**run(entry), "scope_table": scopes, "documents": list(documents)}


def diff(found: Diff) -> dict[str, Any]:
    """What changed between two runs."""
    until = found.after
    return {
        "before": run(found.before),
        "after": run(until),
        "policy_changed": found.policy_changed,
        "configuration_changed": found.scope_changed,
        "new": [_episode(one, until.started) for one in found.new],
        "still_open": [_episode(one, until.started) for one in found.still_open],
        "not_looked_at": [_episode(one, until.started) for one in found.unseen],
        "closed": [_episode(one, until.started) for one in found.fixed],
    }


def _episode(one: Episode, until: datetime) -> dict[str, Any]:
    standing = one.standing
    return {
        "finding": one.finding,
        "rule": standing.rule,
        "pack": standing.pack,
        "subject": standing.subject,
        "name": standing.name,
        "owner": standing.owner,
        "severity": standing.severity,
        "reason": standing.reason,
        "due": standing.due,
        "waiver": standing.waiver,
        "baseline": standing.baseline,
        "opened": one.opened.started,
        "opened_by_run": one.opened.number,
        "last_seen_by_run": one.last_seen.number,
        "closed": one.closed.started if one.closed else None,
        "closed_by_run": one.closed.number if one.closed else None,
        "closing": one.closing,
        "evidence": one.evidence,
        "days_open": one.days(until),
        "runs_that_could_not_look": one.unseen,
    }


def period(found: Period) -> dict[str, Any]:
    """A period with everything its page says, and every secret."""
    asked = found.asked
    return {
        "organisation": found.organisation,
        "from": asked.first,
        "to": asked.last,
        "until": found.until,
        "cadence": {
            "every": asked.every.text,
            "kept": found.cadence_kept,
            "silences": [{"from": one.first, "to": one.last, "days": one.days} for one in found.silences],
            "runs_that_do_not_count": [{"run": one.number, "because": one.shortfall} for one in found.short],
        },
        "runs": [run(one) for one in found.runs],
        "exceptions": [_episode(one, found.end) for one in found.exceptions],
        "lateness": [_lateness(line) for line in found.lateness],
        "policies": [{"digest": digest, "since": since} for digest, since in found.policies],
        "configurations": [{"digest": digest, "since": since} for digest, since in found.configurations],
        "samples": {
            "seed": asked.seed,
            "method": "the items with the smallest sha256 of the seed, a line feed and the item",
            "runs": _sample(found.run_sample),
            "secrets": _sample(found.secret_sample),
        },
    }


def _lateness(line: Lateness) -> dict[str, Any]:
    return {
        "subject": line.subject,
        "name": line.name,
        "owner": line.owner,
        "rule": line.rule,
        "period": line.period,
        "rotations": line.rotations,
        "days_overdue": line.overdue,
        "days_known": line.known,
        "days_not_known": line.unknown,
        "versions_listed": line.exact,
    }


def _sample(sample: Sample) -> dict[str, Any]:
    return {"population": sample.population, "items": sample.items}
