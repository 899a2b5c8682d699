"""OSCAL assessment results (NIST, 1.2): observations, findings by control, and accepted risks, for GRC tools."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time
from typing import Any, ClassVar
from uuid import UUID, uuid5

from keyproof.domain.assessment import Assessment, ControlResult, SubjectRecord
from keyproof.domain.finding import Finding
from keyproof.domain.verdict import Outcome
from keyproof.report import overview
from keyproof.report.acceptance import Papers
from keyproof.report.json_text import json_text
from keyproof.report.overview import State
from keyproof.report.visible import visible

_VERSION = "1.2.1"
_IDS = UUID("0b1f7d62-55a1-5e0c-9b7b-3d9f4a6e2c10")
"""Namespace of every id: the same assessment gives the same document."""
_NS = "https://github.com/keyproof/keyproof/ns/oscal"
_NO_TOKEN = re.compile(r"[^A-Za-z0-9._-]")
_METHODS = {State.MANUAL: "INTERVIEW"}
"""A duty that a person attests was not tested; everything else was."""
_TARGETS = {
    Outcome.FAIL: ("not-satisfied", "fail"),
    Outcome.PASS: ("satisfied", "pass"),
    Outcome.MANUAL: ("satisfied", "other"),
}
"""State and reason of a control's target. A control that could not be evaluated has no finding: OSCAL knows no third state."""


class OscalReporter:
    """One observation a finding and a gap, one finding a control that could be judged, one risk an accepted failure.

    `satisfied` means that these procedures found no exception, as the remarks say; it does not certify.
    """

    format: ClassVar[str] = "oscal"
    filename: ClassVar[str] = "keyproof.oscal.json"

    def render(self, assessment: Assessment) -> str:
        """The document, indented, with a newline at its end."""
        document = _Document(overview.arranged(assessment)).whole()
        return json_text({"assessment-results": document})


class _Document:
    """The parts that refer to each other by ids derived from the run and from what each part is about."""

    def __init__(self, assessment: Assessment) -> None:
        self.assessment = assessment
        self.papers = Papers(assessment)
        self.records = overview.subjects_by_id(assessment)
        self.collected = _moment(assessment.run.as_of)
        self.by_control: dict[str, list[Finding]] = defaultdict(list)
        for finding in assessment.findings:
            for edge in finding.controls:
                self.by_control[edge.id].append(finding)

    def whole(self) -> dict[str, Any]:
        run = self.assessment.run
        plan = self.id("plan")
        return {
            "uuid": self.id("results"),
            "metadata": {
                "title": _line(f"Secrets compliance assessment of {run.organisation}"),
                "last-modified": self.collected,
                "version": run.id,
                "oscal-version": _VERSION,
                "props": [_prop("keyproof-version", run.version), _prop("policy-sha256", run.policy_digest)],
            },
            "import-ap": {
                "href": f"#{plan}",
                "remarks": "The plan is the set of policy packs that were applied.",
            },
            "results": [self.result()],
            "back-matter": {"resources": [self.plan(plan)]},
        }

    def plan(self, identifier: str) -> dict[str, Any]:
        packs = [
            _prop("policy-pack", f"{pack.id} {pack.version}, sha256 {pack.digest}")
            for pack in self.assessment.packs
        ]
        resource: dict[str, Any] = {
            "uuid": identifier,
            "title": "Policy packs",
            "description": "Every rule is a procedure: what it selects, how it is checked, and its parameters.",
        }
        return resource | _some("props", packs)

    def result(self) -> dict[str, Any]:
        run = self.assessment.run
        items = _some("inventory-items", [*map(self.item, self.assessment.subjects)])
        headline = overview.headline(self.assessment)
        counts = [
            _prop(f"findings-{state.value}", str(number))
            for state, number in overview.counts(self.assessment.summary)
        ]
        return {
            "uuid": self.id("result"),
            "title": f"Assessment as of {self.assessment.today}",
            "description": _line(f"{headline.standing}: {headline.sentence}."),
            "start": _moment(min(run.started, run.as_of)),
            "end": _moment(max(run.finished, run.as_of)),
            "props": [*counts, _prop("exit-code", str(self.assessment.summary.exit_code))],
            **({"local-definitions": items} if items else {}),
            "reviewed-controls": {"control-selections": self.selections()},
            **_some("attestations", [*self.attestations()]),
            **_some("observations", [*map(self.observation, self.assessment.findings), *self.gaps()]),
            **_some("risks", [*self.risks()]),
            **_some("findings", [*self.findings()]),
        }

    def selections(self) -> list[dict[str, Any]]:
        frameworks: dict[str, list[ControlResult]] = defaultdict(list)
        for result in self.assessment.controls:
            frameworks[result.control.framework].append(result)
        titles = {framework.id: framework for framework in self.assessment.frameworks}
        if not frameworks:
            return [{"description": "No framework was asked for.", "include-all": {}}]
        return [
            {
                "description": _line(
                    f"{titles[name].title} {titles[name].edition}" if name in titles else name
                ),
                "include-controls": [{"control-id": _token(result.control.id)} for result in results],
            }
            for name, results in frameworks.items()
        ]

    def item(self, record: SubjectRecord) -> dict[str, Any]:
        subject = record.subject
        detector = getattr(subject, "detector", "")
        given = {
            "subject-id": subject.id,
            "kind": subject.kind.value,
            "source": subject.source,
            "class": record.secret_class,
            "environment": subject.environment,
            "owner": subject.owner,
            "detector": detector,
        }
        return {
            "uuid": self.id("item", subject.id, detector),
            "description": _line(subject.name),
            "props": [_prop(name, value) for name, value in given.items() if value.strip()],
        }

    def observation(self, finding: Finding) -> dict[str, Any]:
        state = overview.state_of(finding)
        record = self.records.get(finding.subject)
        evidence = [{"description": _line(f"{fact.name}: {fact.value}")} for fact in finding.evidence]
        evidence += [
            {"description": _line(f"place: {place.path}:{place.line}")} for place in finding.locations
        ]
        given = {
            "finding-id": finding.id,
            "result": state.value,
            "severity": finding.severity.value,
            "pack": finding.pack,
            "rule": finding.rule,
            "check": finding.check,
            "due": str(finding.due or ""),
        }
        subjects = []
        if record is not None:
            detector = getattr(record.subject, "detector", "")
            subjects = [
                {
                    "subject-uuid": self.id("item", record.subject.id, detector),
                    "type": "inventory-item",
                    "title": _line(record.subject.name),
                }
            ]
        accepted = self.papers.accepting(finding)
        observation: dict[str, Any] = {
            "uuid": self.observation_id(finding),
            "title": _line(finding.rule_title),
            "description": _line(finding.reason),
            "props": [_prop(name, value) for name, value in given.items() if value],
            "methods": [_METHODS.get(state, "TEST")],
            "types": ["finding" if finding.outcome is Outcome.FAIL else "control-objective"],
            **_some("subjects", subjects),
            **_some("relevant-evidence", evidence),
            "collected": self.collected,
        }
        if accepted:
            observation["remarks"] = _line(f"Accepted by {accepted}")
        elif state is State.NOT_EVALUATED:
            observation["remarks"] = "This could not be evaluated, so no finding rests on it."
        return observation

    def gaps(self) -> Iterator[dict[str, Any]]:
        for scope in overview.gaps(self.assessment):
            yield {
                "uuid": self.id("gap", scope.source, scope.scope),
                "title": "A scope was not read in full",
                "description": _line(overview.gap_in_words(scope)),
                "props": [_prop("result", "gap"), _prop("scope-status", scope.status.value)],
                "methods": ["UNKNOWN"],
                "collected": self.collected,
            }

    def attestations(self) -> Iterator[dict[str, Any]]:
        for finding in self.assessment.findings:
            if finding.outcome is Outcome.MANUAL:
                part = {
                    "uuid": self.id("attestation", finding.id),
                    "name": "assertion",
                    "title": _line(finding.rule_title),
                    "prose": _line(finding.reason),
                }
                yield {"parts": [part]}

    def risks(self) -> Iterator[dict[str, Any]]:
        ends: dict[str, date] = {record.waiver.id: record.waiver.until for record in self.assessment.waivers}
        ends |= {record.entry.id: record.entry.until for record in self.assessment.baseline}
        for finding in self.assessment.findings:
            if overview.state_of(finding) is not State.WAIVED:
                continue
            until = ends.get(finding.waiver or finding.baseline or "")
            risk: dict[str, Any] = {
                "uuid": self.id("risk", finding.id),
                "title": _line(f"Accepted: {finding.rule_title}"),
                "description": _line(finding.reason),
                "statement": _line(f"Accepted by {self.papers.accepting(finding)}"),
                "status": "deviation-approved",
                "related-observations": [{"observation-uuid": self.observation_id(finding)}],
            }
            if until:
                risk["deadline"] = _moment(datetime.combine(until, time.max.replace(microsecond=0), UTC))
            yield risk

    def findings(self) -> Iterator[dict[str, Any]]:
        for result in self.assessment.controls:
            if result.outcome not in _TARGETS:
                continue
            about = self.by_control[result.control.id]
            state, reason = _TARGETS[result.outcome]
            observed = [{"observation-uuid": self.observation_id(finding)} for finding in about]
            risks = [
                {"risk-uuid": self.id("risk", finding.id)}
                for finding in about
                if overview.state_of(finding) is State.WAIVED
            ]
            yield {
                "uuid": self.id("finding", result.control.id),
                "title": _line(f"{result.control.id} {result.control.title}"),
                "description": _line(_description(result)),
                "props": [_prop("control", result.control.id)],
                "target": {
                    "type": "objective-id",
                    "target-id": _token(result.control.id),
                    "status": {"state": state, "reason": reason, "remarks": _line(result.note or "No note.")},
                },
                **_some("related-observations", observed),
                **_some("related-risks", risks),
            }

    def observation_id(self, finding: Finding) -> str:
        # two detectors can see one value: their findings share an id, not their reason
        return self.id("observation", finding.id, finding.reason)

    def id(self, *parts: str) -> str:
        name = "\0".join((self.assessment.run.id, *parts))
        return str(uuid5(_IDS, name.encode(errors="replace").decode()))


def _description(result: ControlResult) -> str:
    counts = ", ".join(
        f"{number} {name.replace('_', ' ')}" for name, number in result.counts.items() if number
    )
    blind = result.control.scan_cannot_show or "nothing is stated"
    return f"Of the findings mapped to it: {counts or 'none'}. What a scan cannot show: {blind}."


def _prop(name: str, value: str) -> dict[str, str]:
    return {"name": name, "ns": _NS, "value": _line(value)}


def _line(text: str) -> str:
    """One line without blanks at its ends, never empty, as OSCAL's strings are."""
    return visible(text).strip() or "none"


def _token(text: str) -> str:
    """A control's id as an OSCAL token: `soc2_CC6.1`."""
    return _NO_TOKEN.sub("_", text if text[:1].isalpha() else f"_{text}")


def _some(name: str, items: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The list under its name; nothing where it is empty, because OSCAL knows no empty list."""
    return {name: [*items]} if items else {}


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
