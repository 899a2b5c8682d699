"""`keyproof baseline`: give what fails today a time to be put in order, so that only new failures fail the run."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated

import typer

from keyproof.app.assess import assess
from keyproof.cli import options
from keyproof.cli.evaluate import request
from keyproof.cli.output import write_file
from keyproof.cli.session import Session
from keyproof.domain.assessment import Assessment
from keyproof.domain.baseline import BaselineEntry
from keyproof.domain.finding import Finding
from keyproof.errors import ConfigError
from keyproof.policy.baseline import baseline_text, load_baseline

_DAYS = 90


def baseline(
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", help="The baseline file: written, or updated when it exists.", metavar="FILE"
        ),
    ],
    snapshots: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Files written by `keyproof collect`; without any every source is read.",
            metavar="[SNAPSHOT…]",
            show_default=False,
        ),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option("--until", help=f"Last day of new entries; default: in {_DAYS} days.", metavar="DATE"),
    ] = None,
    owner: Annotated[
        str, typer.Option("--owner", help="Owner of new entries whose subject states none.", metavar="NAME")
    ] = "",
    reason: Annotated[
        str, typer.Option("--reason", help="Why new entries are given time.", metavar="TEXT")
    ] = "failed before keyproof was adopted",
    config: options.Config = None,
    as_of: options.AsOf = None,
    jobs: options.Jobs = 8,
    no_progress: options.NoProgress = False,
) -> None:
    """Write every failure nobody has accepted yet to a file for review; pass it on with `--baseline FILE`.

    Updating keeps the owner, end and reason of entries that still fail, ended ones included, and drops
    the others: an end is only ever moved by a person.
    """
    gate = options.Gate.asked(as_of=as_of, allow_incomplete=True)
    end = _end(until, gate.as_of.date())
    kept = {entry.id: entry for entry in (load_baseline(output) if output.exists() else ())}
    session = Session.open(config)
    snapshot = session.snapshot(snapshots, jobs=jobs, progress=not no_progress)
    judged = assess(
        snapshot, session.policy, request(session, gate), finished=session.surroundings.clock.now()
    )
    entries = _entries(judged, kept, end=end, owner=owner, reason=reason)
    write_file(output, baseline_text(entries))
    old = sum(entry.id in kept for entry in entries)
    typer.echo(
        f"{output}: {len(entries)} accepted, {len(entries) - old} of them new until {end}; "
        f"{len(kept) - old} removed"
    )


def _end(text: str | None, today: date) -> date:
    if text is None:
        return today + timedelta(days=_DAYS)
    try:
        end = date.fromisoformat(text)
    except ValueError:
        raise ConfigError(f"--until: '{text}' is not a day", hint="write for example 2026-03-31") from None
    if end < today:
        raise ConfigError(f"--until: {end} lies before {today}", hint="write a day to come")
    return end


def _entries(
    judged: Assessment, kept: Mapping[str, BaselineEntry], *, end: date, owner: str, reason: str
) -> list[BaselineEntry]:
    owners = {record.subject.id: record.subject.owner for record in judged.subjects}
    failing = {finding.id: finding for finding in judged.findings if finding.gates}
    orphans = [
        finding
        for finding in failing.values()
        if finding.id not in kept and not (owners.get(finding.subject) or owner).strip()
    ]
    if orphans:
        raise ConfigError(_unowned(orphans), hint="name who is to put it in order with --owner")
    return [
        kept.get(finding.id)
        or BaselineEntry(
            id=finding.id,
            rule=f"{finding.pack}/{finding.rule}",
            subject=finding.subject,
            owner=(owners.get(finding.subject) or owner).strip(),
            until=end,
            reason=reason,
        )
        for finding in failing.values()
    ]


def _unowned(findings: Sequence[Finding]) -> str:
    first, others = findings[0].subject, len(findings) - 1
    return f"{first}{f' and {others} more' if others else ''} fails and states no owner"
