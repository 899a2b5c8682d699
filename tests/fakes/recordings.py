"""Runs ready to be recorded."""

from dataclasses import replace
from datetime import datetime

from keyproof.domain.assessment import Assessment
from keyproof.domain.leak import Leak
from keyproof.domain.ledger import Command, Recording
from keyproof.domain.secret import SecretMetadata
from keyproof.domain.snapshot import Snapshot
from keyproof.domain.subject import Repository


def snapshot_of(assessment: Assessment) -> Snapshot:
    """What the run must have read."""
    subjects = [record.subject for record in assessment.subjects]
    return Snapshot(
        taken_at=assessment.run.started,
        secrets=tuple(one for one in subjects if isinstance(one, SecretMetadata)),
        leaks=tuple(one for one in subjects if isinstance(one, Leak)),
        repositories=tuple(one for one in subjects if isinstance(one, Repository)),
        scopes=assessment.scopes,
        sources=assessment.sources,
        inventory_sources=frozenset({"table", "other", "third"}),
    )


def recording(assessment: Assessment, *, started: datetime | None = None) -> Recording:
    """The assessment as a scan's, read at `started`."""
    if started is not None:
        assessment = replace(assessment, run=replace(assessment.run, started=started, finished=started))
    return Recording(
        command=Command.SCAN,
        snapshot=snapshot_of(assessment),
        assessment=assessment,
        documents={"policy.yaml": "apiVersion: keyproof/v1\n"},
    )
