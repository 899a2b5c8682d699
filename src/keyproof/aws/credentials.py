"""The credentials of IAM users in keyproof's words: access keys, passwords, keys of services, certificates.

Field meanings: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_getting-report.html.
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from keyproof.aws.tags import told_by, utc
from keyproof.domain.secret import (
    Basis,
    Confidence,
    DatedFact,
    SecretMetadata,
    SecretVersion,
    SubjectKind,
    VersionState,
)

KIND = "aws-iam"
ROOT = "<root_account>"
_NOTHING = frozenset({"", "N/A", "no_information", "not_supported"})
_SHOWN_OF_ID = 4
_DEFAULT_LENGTH = 8
_ROOT_UNDATED = "AWS does not tell when the password of the root user changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """The user that credentials belong to."""

    account: str
    name: str
    """Empty for the account's root user."""
    arn: str
    tags: Mapping[str, str] = field(default_factory=dict)

    def credential(self, source: str, scope: str, name: str, **details: Any) -> SecretMetadata:
        """A credential `name` of this user."""
        owner = f"user/{quote(self.name, safe='+=,.@_-')}" if self.name else "root"
        said = told_by(self.tags)
        if not said["owner"]:
            said["owner"] = self.name or "root"
        attributes: dict[str, str | int | bool] = {
            "arn": self.arn,
            "user": self.name or "root",
            "root": not self.name,
        }
        return SecretMetadata(
            id=f"{KIND}://{self.account}/{owner}/{name}",
            name=f"{self.name or 'root'}/{name}",
            source=source,
            backend=KIND,
            scope=scope,
            kind=details.pop("kind", SubjectKind.CREDENTIAL),
            tags=self.tags,
            **said,
            attributes={**attributes, **details.pop("attributes", {})},
            **details,
        )


def written(at: datetime | None, basis: Basis = Basis.VERSION_CREATED) -> tuple[DatedFact, ...]:
    """The age of a credential that is replaced, never changed: its creation."""
    when = utc(at)
    return (DatedFact(at=when, basis=basis, confidence=Confidence.EXACT),) if when else ()


def shown(identifier: str) -> str:
    """The end of an id, enough to find it in the console, and no text that looks like a leaked key."""
    return identifier[-_SHOWN_OF_ID:]


def access_keys(
    holder: Holder,
    entries: Sequence[Mapping[str, Any]],
    used: Mapping[str, Mapping[str, Any] | None],
    *,
    source: str,
    scope: str,
    unread: Mapping[str, str],
) -> Iterator[SecretMetadata]:
    """The access keys ListAccessKeys lists; the newest active one has the others as its older versions.

    `used` is what GetAccessKeyLastUsed says of each; None where it could not be read.
    """
    active = [entry for entry in entries if entry.get("Status") == "Active"]
    newest = max(active, key=lambda entry: entry["CreateDate"], default=None)
    for entry in entries:
        key = str(entry["AccessKeyId"])
        last = used.get(key)
        yield holder.credential(
            source,
            scope,
            f"access-key-{shown(key)}",
            type="access-key",
            created_at=utc(entry.get("CreateDate")),
            facts=written(entry.get("CreateDate")),
            versions=_versions(entries, newest) if entry is newest else None,
            last_accessed_at=utc(last.get("LastUsedDate")) if last else None,
            attributes={
                "active": entry.get("Status") == "Active",
                "active-keys-of-user": len(active),
                **(
                    {"last-used-service": str(last["ServiceName"])}
                    if last and last.get("LastUsedDate")
                    else {}
                ),
            },
            unread=unread if last is None else {},
        )


def _versions(entries: Sequence[Mapping[str, Any]], newest: Mapping[str, Any]) -> tuple[SecretVersion, ...]:
    def state(entry: Mapping[str, Any]) -> VersionState:
        if entry is newest:
            return VersionState.CURRENT
        return VersionState.PREVIOUS if entry.get("Status") == "Active" else VersionState.DELETED

    ordered = sorted(entries, key=lambda entry: entry["CreateDate"], reverse=True)
    return tuple(
        SecretVersion(
            id=shown(str(entry["AccessKeyId"])), state=state(entry), created_at=utc(entry["CreateDate"])
        )
        for entry in ordered
    )


def report_rows(content: bytes) -> dict[str, dict[str, str]]:
    """User → row of the credential report; cells that say nothing are left out. Raises ValueError."""
    rows = {}
    for row in csv.DictReader(io.StringIO(content.decode("utf-8"))):
        if "user" not in row:
            raise ValueError("the credential report has no column user")
        rows[row["user"]] = {
            name: cell for name, cell in row.items() if cell is not None and cell not in _NOTHING
        }
    return rows


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordRules:
    """What the account's password policy says of the passwords of its users; it does not bind the root user."""

    stated: Mapping[str, int] = field(default_factory=dict)
    """`minimum-length`, `passwords-remembered`, and `maximum-age-days` where passwords expire."""
    unread: Mapping[str, str] = field(default_factory=dict)
    """The same names → why they are not known."""

    @classmethod
    def of(cls, policy: Mapping[str, Any]) -> "PasswordRules":
        """The rules of a policy, empty where the account has none: then AWS's own default holds.

        See https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_passwords_account-policy.html.
        """
        days = {"maximum-age-days": int(policy["MaxPasswordAge"])} if policy.get("MaxPasswordAge") else {}
        return cls(
            stated={
                "minimum-length": int(policy.get("MinimumPasswordLength") or _DEFAULT_LENGTH),
                "passwords-remembered": int(policy.get("PasswordReusePrevention") or 0),
                **days,
            }
        )

    @classmethod
    def unknown(cls, why: str) -> "PasswordRules":
        """The rules of a policy that could not be read."""
        return cls(unread=dict.fromkeys(("minimum-length", "passwords-remembered"), why))


def password(
    holder: Holder, row: Mapping[str, str], rules: PasswordRules, *, source: str, scope: str
) -> SecretMetadata | None:
    """The console password of a row of the report; None where the user has none. Root's is not dated by AWS."""
    if holder.name and row.get("password_enabled") != "true":
        return None
    stated, unread = (rules.stated, rules.unread) if holder.name else ({}, {})
    changed = moment(row.get("password_last_changed"))
    return holder.credential(
        source,
        scope,
        "console-password",
        type="console-password",
        created_at=moment(row.get("user_creation_time")),
        facts=written(changed),
        last_accessed_at=moment(row.get("password_last_used")),
        attributes={"active": True, "mfa": row.get("mfa_active") == "true", **stated},
        unread={**unread, **({} if changed else {"facts": _ROOT_UNDATED})},
    )


def root_keys(holder: Holder, row: Mapping[str, str], *, source: str, scope: str) -> Iterator[SecretMetadata]:
    """The access keys of the root user, which only the credential report tells of."""
    for number in ("1", "2"):
        if row.get(f"access_key_{number}_active") == "true":
            yield holder.credential(
                source,
                scope,
                f"access-key-{number}",
                type="access-key",
                facts=written(moment(row.get(f"access_key_{number}_last_rotated"))),
                last_accessed_at=moment(row.get(f"access_key_{number}_last_used_date")),
                attributes={"active": True, "mfa": row.get("mfa_active") == "true"},
            )


def moment(text: str | None) -> datetime | None:
    """A time of the report. Raises ValueError for a cell that is none."""
    return datetime.fromisoformat(text).astimezone(UTC) if text else None
