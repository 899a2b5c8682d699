"""Trying a policy on made-up subjects: the same evaluation as a run's, compared with what a person expects."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from keyproof.app.environment import placed
from keyproof.app.evaluate import classes_by_subject, evaluate
from keyproof.app.reconcile import reconcile
from keyproof.app.waive import waive
from keyproof.domain.assessment import Scope, ScopeStatus
from keyproof.domain.case import NOT_SELECTED, Case, CaseResult, RuleCoverage, Suite, SuiteResult
from keyproof.domain.finding import Finding
from keyproof.domain.leak import Leak
from keyproof.domain.policy import Policy, PolicyPack, Rule
from keyproof.domain.secret import SecretMetadata, SubjectKind
from keyproof.domain.snapshot import Snapshot
from keyproof.domain.subject import Document, Repository, Subject

INVENTORY = "inventory"
"""Kind of the backend whose secrets are a person's declarations."""
_NOWHERE: Mapping[str, tuple[str, ...]] = {}


def run_suite(suite: Suite) -> SuiteResult:
    """Judge every case of `suite` by its pack, and count the cases of each of the pack's own rules."""
    (pack,) = suite.policy.packs
    results = tuple(run_case(case, suite.policy, suite.environments) for case in suite.cases)
    tried = Counter(case.rule for case in suite.cases)
    coverage = tuple(
        RuleCoverage(rule=rule.id, pack=pack.id, place=rule.place, cases=tried[rule.id])
        for rule in own_rules(pack)
    )
    return SuiteResult(suite=suite, results=results, coverage=coverage)


def own_rules(pack: PolicyPack) -> tuple[Rule, ...]:
    """The rules that stand in the pack's own file, not in one it extends."""
    place = pack.document.place
    return tuple(rule for rule in pack.rules if not (place and rule.place) or rule.place.path == place.path)


def run_case(
    case: Case, policy: Policy, environments: Mapping[str, tuple[str, ...]] = _NOWHERE
) -> CaseResult:
    """Judge one case by the only pack of `policy`, which has the rule."""
    pack = _as_stated(policy.packs[0], case)
    snapshot = _snapshot(case, environments)
    subject = _in_snapshot(case, snapshot, pack)
    findings = evaluate([pack], snapshot, now=case.as_of, keep_rule=lambda rule: rule.id == case.rule)
    classes = classes_by_subject([pack], [subject])
    findings, _ = waive(
        findings,
        policy.waivers if case.with_waivers else (),
        subjects={subject.id: subject},
        classes=classes,
        today=case.as_of.date(),
    )
    rule = next(rule for rule in pack.rules if rule.id == case.rule)
    finding = next((f for f in findings if f.subject == subject.id and _is_about(rule, subject)), None)
    secret_class = classes.get(subject.id, ("", ""))[0]
    return CaseResult(
        case=case,
        faults=tuple(_faults(case, finding, secret_class)),
        reason=finding.reason if finding else "",
    )


def _is_about(rule: Rule, subject: Subject) -> bool:
    """A rule that met nothing has a finding on the pack's document, which is not a verdict on it."""
    return not isinstance(subject, Document) or SubjectKind.DOCUMENT in rule.check.subjects


def _faults(case: Case, finding: Finding | None, secret_class: str) -> Iterator[str]:
    expected = case.expected
    found = finding.outcome.value if finding else NOT_SELECTED
    if found != expected.outcome:
        yield _fault("outcome", expected.outcome, found + (f": {finding.reason}" if finding else ""))
    if expected.secret_class is not None and expected.secret_class != secret_class:
        yield _fault("class", expected.secret_class or "none", secret_class or "none")
    if finding is None:
        return
    if expected.reason.lower() not in finding.reason.lower():
        yield _fault("reason", f"'{expected.reason}'", f"'{finding.reason}'")
    if expected.due not in {None, finding.due} and not (expected.due_if_any and finding.due is None):
        yield _fault("due", str(expected.due), str(finding.due or "none"))
    if expected.severity is not None and expected.severity is not finding.severity:
        yield _fault("severity", expected.severity, f"{finding.severity} ({finding.severity_reason})")
    if expected.alert is not None and expected.alert != finding.alert:
        yield _fault("alert", expected.alert or "none", finding.alert or "none")
    if expected.waived is not None and expected.waived != (finding.waiver is not None):
        words = {True: "accepted by a waiver", False: "not accepted by a waiver"}
        shown = f"accepted by {finding.waiver}" if finding.waiver else words[False]
        yield f"expected to be {words[expected.waived]}, found {shown}"


def _fault(what: str, expected: str, found: str) -> str:
    return f"expected {what} {expected}, found {found}"


def _as_stated(pack: PolicyPack, case: Case) -> PolicyPack:
    """The pack as the case describes it: as a document, and with what is attested for the rule."""
    if isinstance(case.subject, Document):
        pack = replace(pack, document=case.subject)
    if case.attestations is None:
        return pack
    rules = (
        replace(rule, attestations=case.attestations) if rule.id == case.rule else rule for rule in pack.rules
    )
    return replace(pack, rules=tuple(rules))


def _in_snapshot(case: Case, snapshot: Snapshot, pack: PolicyPack) -> Subject:
    """The subject after rows and live secrets were joined."""
    if isinstance(case.subject, Document):
        return pack.document
    return next((s for s in snapshot.secrets if s.id == case.subject.id), case.subject)


def _snapshot(case: Case, environments: Mapping[str, tuple[str, ...]]) -> Snapshot:
    subjects = (case.subject, *case.beside)
    secrets = [placed(subject, environments) for subject in subjects if isinstance(subject, SecretMetadata)]
    rows = frozenset(secret.source for secret in secrets if secret.backend == INVENTORY)
    return Snapshot(
        taken_at=case.as_of,
        secrets=reconcile(secrets, inventory_sources=rows, aliases={}),
        leaks=tuple(sorted((s for s in subjects if isinstance(s, Leak)), key=lambda leak: leak.id)),
        repositories=tuple(s for s in subjects if isinstance(s, Repository)),
        scopes=tuple(_scopes(secrets, case.unreadable)),
        inventory_sources=rows,
    )


def _scopes(secrets: Sequence[SecretMetadata], unreadable: Sequence[str]) -> Iterator[Scope]:
    """One scope a source, read in full unless the case says otherwise."""
    kinds = {secret.source: secret.backend for secret in secrets}
    for source in sorted({*kinds, *unreadable}):
        denied = source in unreadable
        yield Scope(
            source=source,
            kind=kinds.get(source, ""),
            scope=source,
            status=ScopeStatus.DENIED if denied else ScopeStatus.OK,
            subjects=sum(secret.source == source for secret in secrets),
            reason="denied in this case" if denied else "",
        )
