"""The run ledger as a person reads it in a terminal."""

from collections.abc import Iterator, Sequence

from keyproof.app.diff import Diff
from keyproof.app.episodes import Episode
from keyproof.app.lateness import Lateness
from keyproof.app.period import Period, Sample
from keyproof.domain.ledger import RunEntry
from keyproof.domain.snapshot import Snapshot
from keyproof.domain.wording import count, moment
from keyproof.report.visible import visible

_SHOWN = 20
"""Rows of secrets that are printed; JSON holds all of them."""


def run_list(runs: Sequence[RunEntry]) -> str:
    """One line a run, oldest first."""
    head = ("run", "read", "by", "exit", "pass", "fail", "waived", "not eval.", "digest", "")
    rows = [
        (
            str(run.number),
            moment(run.started),
            run.command.value,
            str(run.exit_code),
            *(str(run.counts[name]) for name in ("pass", "fail", "waived", "not_evaluated")),
            run.digest[:12],
            run.shortfall,
        )
        for run in runs
    ]
    return _lines(table(head, rows))


def run_page(run: RunEntry, snapshot: Snapshot, documents: Sequence[str]) -> str:
    """Everything the ledger says about one run."""
    facts = [
        ("run", f"{run.number} of {run.organisation}, by `keyproof {run.command}` {run.version}"),
        ("read", f"{moment(run.started)}, judged {moment(run.finished)} as of {moment(run.as_of)}"),
        ("exit code", str(run.exit_code)),
        (
            "findings",
            ", ".join(f"{number} {name.replace('_', ' ')}" for name, number in run.counts.items()),
        ),
        ("population", f"{count(run.secrets, 'secret')}, {count(run.leaks, 'leak')}"),
        ("complete", "yes" if run.whole else f"no: {run.shortfall}"),
        ("policy", run.policy_digest),
        ("configuration", run.config_digest),
        ("waivers", run.waivers_digest),
        *((f"{name} digest", digest) for name, digest in run.parts.items()),
        ("run before", run.previous),
        ("digest", run.digest),
    ]
    scopes = [
        (scope.source, scope.scope, scope.status.value, str(scope.subjects), scope.reason)
        for scope in snapshot.scopes
    ]
    return _lines(
        [
            *(f"{name:18} {visible(value)}" for name, value in facts),
            "",
            *table(("source", "scope", "status", "subjects", ""), scopes),
            "",
            "Judged by the files:",
            *(f"  {visible(name)}" for name in documents),
        ]
    )


def diff_page(found: Diff) -> str:
    """What changed, the new failures first."""
    before, after = found.before, found.after
    lines = [
        f"Run {before.number} ({moment(before.started)}) to run {after.number} ({moment(after.started)})"
    ]
    if found.policy_changed:
        lines.append("The policy changed between them.")
    if found.scope_changed:
        lines.append("keyproof.yaml changed between them.")
    if after.shortfall:
        lines.append(f"Run {after.number} is not complete: {after.shortfall}.")
    groups = (
        ("New", found.new),
        ("Still open", found.still_open),
        ("Not looked at", found.unseen),
        ("Closed", found.fixed),
    )
    for title, members in groups:
        lines += ["", f"{title}: {len(members)}", *_episodes(members, after)]
    return _lines(lines)


def _episodes(found: Sequence[Episode], until: RunEntry) -> Iterator[str]:
    rows = []
    for one in found:
        standing = one.standing
        told = f"{one.closing}: {one.evidence}" if one.closing else standing.reason
        accepted = (
            f" (accepted by {standing.accepted_by})" if standing.accepted_by and not one.closing else ""
        )
        rows.append(
            (
                f"  {standing.severity}",
                f"{one.days(until.started)} d",
                standing.name,
                f"{standing.pack}/{standing.rule}",
                standing.owner or "no owner",
                told + accepted,
            )
        )
    yield from table(("  severity", "open", "what", "rule", "owner", ""), rows) if rows else ()


def period_page(period: Period) -> str:
    """The period as evidence that the control operated, gaps and exceptions named."""
    asked = period.asked
    lines = [
        f"{period.organisation}: {asked.first} to {period.until}"
        + (f" (asked to {asked.last}, which is not over)" if period.until < asked.last else ""),
        "",
        *_cadence(period),
        "",
        *_exceptions(period),
        "",
        *_lateness(period.lateness, (period.until - asked.first).days + 1),
        "",
        *_changes("policy", period.policies),
        *_changes("keyproof.yaml", period.configurations),
        "",
        *_sample("runs", period.run_sample, asked.seed),
        *_sample("secrets", period.secret_sample, asked.seed),
    ]
    return _lines(lines)


def _cadence(period: Period) -> Iterator[str]:
    every = period.asked.every.text
    kept = "kept" if period.cadence_kept else "not kept"
    yield f"Cadence: {count(len(period.runs), 'run')}, asked for {every}: {kept}"
    for silence in period.silences:
        stretch = f"on {silence.first}" if silence.days == 1 else f"from {silence.first} to {silence.last}"
        yield f"  no complete run {stretch} ({count(silence.days, 'day')})"
    for run in period.short:
        yield f"  run {run.number} of {run.started.date()} does not count: {run.shortfall}"


def _exceptions(period: Period) -> Iterator[str]:
    still = len(period.still_open)
    yield f"Exceptions: {len(period.exceptions)}, {still} open at the end"
    rows = []
    for one in period.exceptions:
        standing = one.standing
        closed = str(one.closed.started.date()) if one.closed else "open"
        told = f"{one.closing} by run {one.closed.number}: {one.evidence}" if one.closed else standing.reason
        if standing.accepted_by:
            told += f" (accepted by {standing.accepted_by})"
        if one.unseen:
            told += f" (not looked at by {count(len(one.unseen), 'run')})"
        days = f"{one.days(period.end)} d"
        rows.append(
            (f"  {one.opened.started.date()}", closed, days, standing.severity.value, standing.name,
             f"{standing.pack}/{standing.rule}", standing.owner or "no owner", told)
        )  # fmt: skip
    head = ("  opened", "closed", "open", "severity", "what", "rule", "owner", "evidence")
    yield from table(head, rows) if rows else ()


def _lateness(found: Sequence[Lateness], days: int) -> Iterator[str]:
    late = [line for line in found if line.overdue]
    yield (
        f"Overdue by version history, of {count(days, 'day')}: "
        f"{len(late)} of {len(found)} secrets with a rotation period"
    )
    rows = [
        (
            f"  {line.name}",
            line.rule,
            line.period,
            f"{line.overdue} d",
            ", ".join(str(at.date()) for at in line.rotations) or "none",
            "; ".join(
                note
                for note in (
                    f"{count(line.unknown, 'day')} not known" if line.unknown else "",
                    "" if line.exact else "no version list: rotations between runs may be missing",
                )
                if note
            ),
        )
        for line in found
        if line.overdue or line.unknown
    ]
    head = ("  secret", "rule", "period", "overdue", "rotated", "")
    yield from table(head, rows[:_SHOWN]) if rows else ()
    if len(rows) > _SHOWN:
        yield f"  and {len(rows) - _SHOWN} more: --format json"


def _changes(what: str, versions: Sequence[tuple[str, object]]) -> Iterator[str]:
    for digest, since in versions:
        yield f"{what} {digest[:16]} from {since}"


def _sample(what: str, sample: Sample, seed: str) -> Iterator[str]:
    yield f"Sample of {what}: {len(sample.items)} of {sample.population}, seed {visible(seed)}"
    yield from (f"  {visible(item)}" for item in sample.items)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Aligned columns; the last takes what it needs, and what no row fills is left out."""
    shown = [head, *([visible(cell) for cell in row] for row in rows)]
    widths = [max(len(row[place]) for row in shown) for place in range(len(head))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in shown
    ]


def _lines(lines: Sequence[str]) -> str:
    return "\n".join(lines) + "\n"
