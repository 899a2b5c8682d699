"""CloudTrail's trails: whether they record who reads, and how long the records are kept."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from keyproof.aws.calls import AwsCalls, CallRefusedError
from keyproof.domain.access import AuditTrail

TRAILS, STATUS = "cloudtrail:DescribeTrails", "cloudtrail:GetTrailStatus"
SELECTORS, LIFECYCLE = "cloudtrail:GetEventSelectors", "s3:GetLifecycleConfiguration"
PERMISSIONS = (TRAILS, STATUS, SELECTORS, LIFECYCLE)
UNENDING = timedelta(days=36_500)
"""The retention of a bucket that deletes nothing: a hundred years."""
_NO_LIFECYCLE = "NoSuchLifecycleConfiguration"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trails:
    """The trails that record what happens in one region."""

    trails: tuple[AuditTrail, ...] | None
    """None when they could not be read."""
    attributes: Mapping[str, bool]
    """`multi-region-trail` and `log-file-validation` of the trails that are on and record reads."""
    unread: str = ""
    """Why `trails` is None."""
    gaps: tuple[tuple[str, str], ...] = ()
    """Action and reason of what was refused."""


def read_trails(calls: AwsCalls, *, event_source: str, identity: str) -> Trails:
    """The trails of the region of `calls`; whether each records reads of `event_source`, e.g. `kms.amazonaws.com`.

    `identity` is who asks. Raises what `AwsCalls.call` raises but for refusals.
    """
    try:
        listed = calls.call(TRAILS, "trailList", includeShadowTrails=True)["trailList"]
    except CallRefusedError as refusal:
        why = refusal.why(identity)
        return Trails(trails=None, attributes={}, unread=why, gaps=((TRAILS, why),))
    gaps: dict[str, str] = {}
    found: list[AuditTrail] = []
    good: list[Mapping[str, Any]] = []
    for trail in sorted(listed, key=lambda one: str(one.get("TrailARN"))):
        told = _trail(calls, trail, event_source, identity, gaps)
        found.append(told)
        if told.enabled and told.covers_reads:
            good.append(trail)
    return Trails(
        trails=tuple(found),
        attributes={
            "multi-region-trail": any(trail.get("IsMultiRegionTrail") is True for trail in good),
            "log-file-validation": any(trail.get("LogFileValidationEnabled") is True for trail in good),
        },
        gaps=tuple(gaps.items()),
    )


def _trail(
    calls: AwsCalls, trail: Mapping[str, Any], event_source: str, identity: str, gaps: dict[str, str]
) -> AuditTrail:
    arn = str(trail["TrailARN"])
    status, selectors = {}, None
    try:
        status = calls.call(STATUS, "IsLogging", Name=arn)
    except CallRefusedError as refusal:
        gaps[STATUS] = refusal.why(identity)
    try:
        selectors = calls.call(SELECTORS, "TrailARN", TrailName=arn)
    except CallRefusedError as refusal:
        gaps[SELECTORS] = refusal.why(identity)
    covers = covers_reads(selectors, event_source) if selectors is not None else None
    return AuditTrail(
        sink=arn,
        # Whether it is on is as unknown as what it records; a trail that is off records nothing for certain.
        enabled=status.get("IsLogging") is not False,
        covers_reads=covers if status or covers is False else None,
        retention=_retention(calls, trail),
    )


def covers_reads(selectors: Mapping[str, Any], event_source: str) -> bool | None:
    """Whether a trail with these selectors records management events that read; None where that is not clear.

    Reads of secrets are management events; a trail for writes only misses them.
    """
    answers: list[bool | None] = [_basic(one, event_source) for one in selectors.get("EventSelectors") or ()]
    answers += [_advanced(one, event_source) for one in selectors.get("AdvancedEventSelectors") or ()]
    if True in answers:
        return True
    return None if None in answers else False


def _basic(selector: Mapping[str, Any], event_source: str) -> bool:
    return (
        selector.get("IncludeManagementEvents", True) is True
        and selector.get("ReadWriteType", "All") in {"All", "ReadOnly"}
        and event_source not in (selector.get("ExcludeManagementEventSources") or ())
    )


def _advanced(selector: Mapping[str, Any], event_source: str) -> bool | None:
    fields = {str(one["Field"]): one for one in selector.get("FieldSelectors") or ()}
    if "Management" not in (fields.pop("eventCategory", {}).get("Equals") or ()):
        return False
    read_only = fields.pop("readOnly", {}).get("Equals") or ["true"]
    source = fields.pop("eventSource", {})
    if "true" not in read_only or event_source in (source.get("NotEquals") or ()):
        return False
    if source.get("Equals") and event_source not in source["Equals"]:
        return False
    return None if fields or set(source) - {"Field", "Equals", "NotEquals"} else True


def _retention(calls: AwsCalls, trail: Mapping[str, Any]) -> timedelta | None:
    """How long the bucket keeps log files; None when that cannot be read, as of a bucket of another account."""
    bucket = trail.get("S3BucketName")
    if not bucket:
        return None
    try:
        rules = calls.call(LIFECYCLE, "Rules", Bucket=bucket)["Rules"]
    except CallRefusedError as refusal:
        return UNENDING if refusal.fault.code == _NO_LIFECYCLE else None
    prefix = f"{trail['S3KeyPrefix']}/AWSLogs/" if trail.get("S3KeyPrefix") else "AWSLogs/"
    return min(_spans(rules, prefix), default=UNENDING)


def _spans(rules: Iterable[Mapping[str, Any]], prefix: str) -> Iterator[timedelta]:
    """After how long each rule deletes log files; a rule on other properties than the name may delete them all."""
    for rule in rules:
        chosen = rule.get("Filter") or {}
        about = str(
            rule.get("Prefix") or chosen.get("Prefix") or (chosen.get("And") or {}).get("Prefix") or ""
        )
        days = (rule.get("Expiration") or {}).get("Days")
        if (
            rule.get("Status") == "Enabled"
            and days
            and (prefix.startswith(about) or about.startswith(prefix))
        ):
            yield timedelta(days=int(days))
