"""Reads the credentials of AWS IAM: access keys, passwords, keys of services, certificates; never one itself."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from keyproof.aws.calls import CallRefusedError
from keyproof.aws.config import AwsConfig
from keyproof.aws.credentials import (
    KIND,
    ROOT,
    Holder,
    PasswordRules,
    access_keys,
    password,
    report_rows,
    root_keys,
    shown,
    written,
)
from keyproof.aws.faults import FaultKind
from keyproof.aws.identities import AUTHORISATION
from keyproof.aws.reading import WHO, GoneError, Reading, chosen, connect
from keyproof.aws.tags import tags_of, utc
from keyproof.domain.assessment import Collected
from keyproof.domain.secret import SecretMetadata, SubjectKind
from keyproof.domain.verdict import Evidence
from keyproof.fields import StringsField
from keyproof.ports import Surroundings

KEYS, USED = "iam:ListAccessKeys", "iam:GetAccessKeyLastUsed"
GENERATE, REPORT = "iam:GenerateCredentialReport", "iam:GetCredentialReport"
SPECIFIC, SSH = "iam:ListServiceSpecificCredentials", "iam:ListSSHPublicKeys"
SIGNING, SERVER = "iam:ListSigningCertificates", "iam:ListServerCertificates"
PASSWORDS, SUMMARY = "iam:GetAccountPasswordPolicy", "iam:GetAccountSummary"
_POLLS, _PAUSE = 30, 2.0
"""How often and in what seconds to ask for a credential report that is being made."""
_NEVER = "AWS does not tell when it was used"


class AwsIamConfig(AwsConfig):
    """The keys of a source of kind `aws-iam`."""

    region: str = "us-east-1"
    """A region of the account's partition: IAM has none of its own."""
    include: StringsField = ("*",)
    """Globs over user names; the root user is `root`."""
    exclude: tuple[str, ...] = ()
    """Globs over user names; they win over `include`."""
    report: bool = True
    """Whether to have a credential report made, which tells of passwords and of the root user's keys."""
    other_credentials: bool = True
    """Whether to read service-specific credentials, SSH keys, signing and server certificates."""


class AwsIamCollector:
    """Collects the credentials of one account (see ports.Collector)."""

    kind: ClassVar[str] = KIND
    permissions: ClassVar[tuple[str, ...]] = (
        AUTHORISATION,
        KEYS,
        USED,
        GENERATE,
        REPORT,
        SUMMARY,
        PASSWORDS,
        SPECIFIC,
        SSH,
        SIGNING,
        SERVER,
        WHO,
        "sts:AssumeRole",
    )
    Config: ClassVar[type[AwsIamConfig]] = AwsIamConfig

    def __init__(self, source: str, config: AwsIamConfig, surroundings: Surroundings) -> None:
        self.source = source
        self.config = config
        self.surroundings = surroundings

    def scopes(self) -> Sequence[str]:
        """The region IAM is asked in."""
        return (self.config.region,)

    def collect(self, scope: str) -> Iterator[Collected]:
        """Yield every credential of the account. Raises CollectError when its users cannot be listed."""
        calls = connect(
            self.config, self.surroundings, region=scope, permissions=self.permissions, services=("iam",)
        )
        yield from _Reading(
            source=self.source,
            calls=calls,
            noun="users",
            config=self.config,
            surroundings=self.surroundings,
        ).run()


@dataclass(slots=True, kw_only=True)
class _Reading(Reading):
    """One pass over one account."""

    config: AwsIamConfig
    surroundings: Surroundings
    rows: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """User → row of the credential report."""
    rules: PasswordRules = field(default_factory=PasswordRules)
    """The account's password policy."""

    def read(self) -> Iterator[Collected]:
        """Passwords, the credentials of every user, certificates of servers (see Reading)."""
        yield from self.report()
        pages = self.calls.pages(AUTHORISATION, "UserDetailList", Filter=["User"], MaxItems=1000)
        for found in self.each((self._chosen(page["UserDetailList"]) for page in pages), self._user):
            yield from found
        yield from self.server_certificates()

    def report(self) -> Iterator[Collected]:
        """Passwords and the root user's keys, by the credential report."""
        if not self.config.report:
            return
        yield from self._password_policy()
        try:
            content = self._report()
            self.rows = report_rows(content)
        except CallRefusedError as refusal:
            yield self.gap(refusal.action, self.why(refusal))
            yield from self._summary()
            return
        except (ValueError, TimeoutError) as error:
            yield self.gap(REPORT, str(error))
            return
        root = self.rows.get(ROOT)
        if root is None:
            yield self.gap(REPORT, "the credential report has no row of the root user")
            yield from self._summary()
        elif chosen("root", self.config.include, self.config.exclude):
            holder = Holder(account=self.account, name="", arn=root.get("arn", ""))
            yield from root_keys(holder, root, source=self.source, scope=self.region)
            if kept := password(holder, root, self.rules, source=self.source, scope=self.region):
                yield kept

    def _report(self) -> bytes:
        """The report; AWS makes one at most every four hours and gives the last one until then."""
        for _ in range(_POLLS):
            if self.calls.call(GENERATE, "State")["State"] == "COMPLETE":
                return bytes(self.calls.call(REPORT, "Content")["Content"])
            self.surroundings.sleep(_PAUSE)
        raise TimeoutError(f"the credential report was not ready after {_POLLS * _PAUSE:g} s")

    def _password_policy(self) -> Iterator[Collected]:
        policy: Mapping[str, Any] = {}
        try:
            policy = self.calls.call(PASSWORDS, "PasswordPolicy")["PasswordPolicy"]
        except CallRefusedError as refusal:
            if refusal.fault.kind is not FaultKind.GONE:
                self.rules = PasswordRules.unknown(self.why(refusal))
                yield self.gap(PASSWORDS, self.why(refusal))
                return
        self.rules = PasswordRules.of(policy)
        told = ", ".join(f"{name}: {value}" for name, value in sorted(policy.items()))
        yield Evidence(name="password policy", value=told or "none")

    def _summary(self) -> Iterator[Collected]:
        """At least whether the root user has keys, where the report does not say."""
        try:
            found = self.calls.call(SUMMARY, "SummaryMap")["SummaryMap"]
        except CallRefusedError as refusal:
            yield self.gap(SUMMARY, self.why(refusal))
            return
        if found.get("AccountAccessKeysPresent") and chosen("root", self.config.include, self.config.exclude):
            holder = Holder(account=self.account, name="", arn=f"arn:aws:iam::{self.account}:root")
            why = "only the credential report dates the keys of the root user"
            yield holder.credential(
                self.source,
                self.region,
                "access-key-1",
                type="access-key",
                attributes={"active": True},
                unread={"facts": why, "last_accessed_at": why},
            )

    def _chosen(self, users: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        return [one for one in users if chosen(one["UserName"], self.config.include, self.config.exclude)]

    def _user(self, user: Mapping[str, Any]) -> list[SecretMetadata]:
        name = str(user["UserName"])
        holder = Holder(
            account=self.account, name=name, arn=str(user["Arn"]), tags=tags_of(user.get("Tags") or ())
        )
        try:
            found = [*self._keys(holder)]
            if row := self.rows.get(name):
                kept = password(holder, row, self.rules, source=self.source, scope=self.region)
                found += [kept] if kept else []
            if self.config.other_credentials:
                found += self._others(holder)
        except GoneError:
            return []
        return found

    def _entries(self, action: str, required: str, name: str) -> list[dict[str, Any]]:
        """What a call lists of a user; empty where it was refused, which is noted."""
        try:
            pages = self.calls.pages(action, required, UserName=name)
            return [entry for page in pages for entry in page[required]]
        except CallRefusedError as refusal:
            self.refused(refusal, name)
            return []

    def _keys(self, holder: Holder) -> Iterator[SecretMetadata]:
        entries = self._entries(KEYS, "AccessKeyMetadata", holder.name)
        used: dict[str, Mapping[str, Any] | None] = {}
        unread: dict[str, str] = {}
        for entry in entries:
            key = str(entry["AccessKeyId"])
            try:
                used[key] = self.calls.call(USED, "AccessKeyLastUsed", AccessKeyId=key)["AccessKeyLastUsed"]
            except CallRefusedError as refusal:
                used[key] = None
                unread["last_accessed_at"] = self.refused(refusal, holder.name)
        yield from access_keys(holder, entries, used, source=self.source, scope=self.region, unread=unread)

    def _others(self, holder: Holder) -> Iterator[SecretMetadata]:
        """Credentials whose use AWS does not tell."""
        listed = (
            (SPECIFIC, "ServiceSpecificCredentials", "ServiceSpecificCredentialId", "CreateDate", "service-credential"),
            (SSH, "SSHPublicKeys", "SSHPublicKeyId", "UploadDate", "ssh-key"),
            (SIGNING, "Certificates", "CertificateId", "UploadDate", "signing-certificate"),
        )  # fmt: skip
        for action, required, identifier, date, kind in listed:
            for entry in self._entries(action, required, holder.name):
                service = {"service": str(entry["ServiceName"])} if entry.get("ServiceName") else {}
                yield holder.credential(
                    self.source,
                    self.region,
                    f"{kind}-{shown(str(entry[identifier]))}",
                    type=kind,
                    created_at=utc(entry.get(date)),
                    facts=written(entry.get(date)),
                    expires_at=utc(entry.get("ExpirationDate")),
                    attributes={"active": entry.get("Status") == "Active", **service},
                    unread={"last_accessed_at": _NEVER},
                )

    def server_certificates(self) -> Iterator[Collected]:
        """Certificates of servers kept in IAM."""
        if not self.config.other_credentials:
            return
        try:
            pages = list(self.calls.pages(SERVER, "ServerCertificateMetadataList"))
        except CallRefusedError as refusal:
            yield self.gap(SERVER, self.why(refusal))
            return
        for entry in (entry for page in pages for entry in page["ServerCertificateMetadataList"]):
            yield SecretMetadata(
                id=f"{KIND}://{self.account}/server-certificate/{entry['ServerCertificateName']}",
                name=str(entry["ServerCertificateName"]),
                source=self.source,
                backend=KIND,
                scope=self.region,
                kind=SubjectKind.CERTIFICATE,
                type="server-certificate",
                created_at=utc(entry.get("UploadDate")),
                facts=written(entry.get("UploadDate")),
                expires_at=utc(entry.get("Expiration")),
                attributes={"arn": str(entry["Arn"])},
                unread={"last_accessed_at": _NEVER},
            )
