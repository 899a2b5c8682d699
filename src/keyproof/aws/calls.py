"""The calls of one AWS identity in one region: only those permitted, counted, retried, failures translated."""

import logging
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Any

from keyproof.aws.faults import Fault, FaultKind, fault_of, sdk_errors
from keyproof.errors import (
    AccessDeniedError,
    BackendProtocolError,
    BackendUnreachableError,
    MissingExtraError,
)
from keyproof.retry import RetryBudget, ThrottledError
from keyproof.value_operations import ValueOperationError, returns_value

if TYPE_CHECKING:
    from boto3.session import Session

_LOG = logging.getLogger(__name__)
PARALLEL = 8
"""Calls under way at once in one region."""
UNREADABLE = "unreadable answer"
"""The fault code of an answer that lacks what it must have."""
CONNECT_TIMEOUT, READ_TIMEOUT = 10.0, 30.0
"""Seconds."""
_PAGING = {"iam": ("Marker", "Marker"), "kms": ("NextMarker", "Marker")}
"""Service → the key of an answer that names the next page, and the parameter that asks for it."""
_OPERATIONS = {
    "s3:GetLifecycleConfiguration": "s3:GetBucketLifecycleConfiguration",
    "s3:GetBucketObjectLockConfiguration": "s3:GetObjectLockConfiguration",
}
"""Rights that are not called like their operation."""
_RIGHTS = {operation: right for right, operation in _OPERATIONS.items()}
_FINDS_BUCKET = "s3:HeadBucket"
"""What the SDK calls by itself to find a bucket of another region, where S3 does not name the region."""
_TRIES = 3
"""How often a call is tried while no usable answer comes; throttling is bounded by the budget instead."""


class CallRefusedError(Exception):
    """AWS answered one call with a no that need not end the scan of the region."""

    def __init__(self, action: str, fault: Fault) -> None:
        super().__init__(f"{action}: {fault.code}")
        self.action = action
        self.fault = fault

    def why(self, identity: str) -> str:
        """The refusal in words; `identity` is who asked."""
        match self.fault.kind:
            case FaultKind.DENIED:
                return f"{self.action} is denied to {identity}"
            case FaultKind.UNKNOWN:
                return f"{self.action} is not known to the server"
            case FaultKind.OUTDATED:
                return f"{self.fault.detail} does not know {self.action} (install a newer boto3)"
            case _:
                return f"{self.action} failed: {self.fault.code}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """How to reach one region."""

    region: str
    permissions: frozenset[str]
    """IAM actions; any other call is a bug and raises RuntimeError before it is sent."""
    services: tuple[str, ...] = ("secretsmanager",)
    """Whose operations are called, beside those of STS; the first is the one `endpoint` tells the address of."""
    profile: str = ""
    role_arn: str = ""
    endpoint_url: str = ""


@dataclass(slots=True, kw_only=True)
class AwsCalls:
    """Makes calls to the services of `access` and to STS; usable from several threads."""

    access: Access
    budget: RetryBudget
    counts: Counter[str] = field(default_factory=Counter)
    """IAM action → requests sent, retries included."""
    _clients: dict[str, Any] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    @classmethod
    def connect(cls, access: Access, budget: RetryBudget) -> "AwsCalls":
        """Find credentials by the SDK's default chain and assume the role, if one is named.

        Raises AccessDeniedError, BackendUnreachableError, MissingExtraError.
        """
        try:
            from boto3.session import Session  # noqa: PLC0415 (only the aws extra has it)
        except ImportError:
            raise MissingExtraError(scope=access.region, extra="aws") from None
        calls = cls(access=access, budget=budget)
        try:
            session = Session(profile_name=access.profile or None, region_name=access.region)
        except sdk_errors() as error:
            raise calls._fatal("reading the AWS configuration", fault_of(error)) from error
        calls._open(session)
        if access.role_arn:
            calls._assume(Session)
        return calls

    @property
    def endpoint(self) -> str:
        """The address the first service is asked at, whether configured, from the environment, or AWS's own."""
        return str(self._clients[self.access.services[0]].meta.endpoint_url)

    def close(self) -> None:
        """Let go of the connections."""
        for client in self._clients.values():
            client.close()

    def call(self, action: str, required: str, **parameters: Any) -> dict[str, Any]:
        """Make one call, e.g. `secretsmanager:DescribeSecret`, until it is answered or the budget is spent.

        The answer has the key `required`: a body cut short is parsed to an empty answer by the SDK. Raises
        CallRefusedError when AWS says no to this call alone; AccessDeniedError for unusable
        credentials; BackendUnreachableError when no answer comes or throttling does not end.
        """
        from botocore import xform_name  # noqa: PLC0415 (only where the SDK is in use)

        service, operation = _OPERATIONS.get(action, action).split(":")
        method = getattr(self._clients[service], xform_name(operation), None)
        if method is None:
            raise CallRefusedError(action, _outdated(operation))
        tried = 0
        fault: Fault | None = None

        def once() -> dict[str, Any]:
            nonlocal tried, fault
            tried += 1
            _LOG.debug("%s in %s", action, self.access.region)
            try:
                answer: dict[str, Any] = method(**parameters)
            except sdk_errors() as error:
                fault = fault_of(error)
            else:
                if required in answer:
                    return answer
                fault = Fault(kind=FaultKind.BROKEN, code=UNREADABLE, detail=f"{required} is missing")
            if fault.kind is FaultKind.THROTTLED or (fault.transient and tried < _TRIES):
                raise ThrottledError(fault.code, after=fault.retry_after)
            raise self._failure(action, fault)

        try:
            return self.budget.call(once)
        except ThrottledError:
            assert fault is not None
            raise self._failure(action, fault) from None

    def pages(self, action: str, required: str, **parameters: Any) -> Iterator[dict[str, Any]]:
        """Every page of a paginated call. Raises like `call`, and BackendProtocolError for paging without end."""
        given, asked = _PAGING.get(action.partition(":")[0], ("NextToken", "NextToken"))
        token: dict[str, str] = {}
        seen: set[str] = set()
        while True:
            page = self.call(action, required, **parameters, **token)
            yield page
            following = page.get(given)
            if not following:
                return
            if following in seen:
                raise BackendProtocolError(
                    f"{self.access.region}: {action} gave the same page token twice", scope=self.access.region
                )
            seen.add(following)
            token = {asked: following}

    def fatal(self, refusal: CallRefusedError, identity: str) -> Exception:
        """The error that ends the region because the call refused is one nothing can be read without."""
        fault, region = refusal.fault, self.access.region
        what = f"{region}: {refusal.action}"
        match fault.kind:
            case FaultKind.DENIED:
                return AccessDeniedError(
                    f"{what} is denied to {identity}{_in_words(fault)}",
                    scope=region,
                    hint=f"allow {refusal.action} to {identity}",
                )
            case FaultKind.BROKEN if fault.code != UNREADABLE:
                return BackendUnreachableError(f"{what} keeps failing: {fault.code}", scope=region)
            case _:
                return BackendProtocolError(
                    f"{what} got an answer it cannot use: {fault.code}{_in_words(fault)}", scope=region
                )

    def _open(self, session: "Session") -> None:
        """Make the clients of `session`, guarded."""
        from botocore.config import Config  # noqa: PLC0415 (only where the SDK is in use)

        config = Config(
            retries={"total_max_attempts": 1, "mode": "standard"},
            connect_timeout=CONNECT_TIMEOUT,
            read_timeout=READ_TIMEOUT,
            max_pool_connections=PARALLEL,
            user_agent_extra="keyproof",
        )
        make: Any = session.client  # its stubs want the name of a service as a literal
        for service in (*self.access.services, "sts"):
            try:
                client = make(service, endpoint_url=self.access.endpoint_url or None, config=config)
            except sdk_errors() as error:
                raise self._fatal(f"preparing calls to {service}", fault_of(error)) from error
            client.meta.events.register("before-call", self._guard)
            self._clients[service] = client

    def _assume(self, session_type: "type[Session]") -> None:
        try:
            answer = self.call(
                "sts:AssumeRole", "Credentials", RoleArn=self.access.role_arn, RoleSessionName="keyproof"
            )
        except CallRefusedError as refusal:
            raise self.fatal(refusal, f"the caller of {self.access.role_arn}") from refusal
        given = answer["Credentials"]
        self._open(
            session_type(
                aws_access_key_id=given["AccessKeyId"],
                aws_secret_access_key=given["SecretAccessKey"],
                aws_session_token=given["SessionToken"],
                region_name=self.access.region,
            )
        )

    def _guard(self, model: Any, **_: object) -> None:
        """Stop every call outside the permissions before it leaves the machine, and count the others."""
        action = f"{model.service_model.service_name}:{model.name}"
        if action == _FINDS_BUCKET:
            fault = Fault(
                kind=FaultKind.REFUSED, code=model.name, detail="the region of the bucket is not told"
            )
            raise CallRefusedError(action, fault)
        action = _RIGHTS.get(action, action)
        if action not in self.access.permissions:
            raise RuntimeError(f"{action} is not among the permissions of this collector")
        if returns_value(action):
            raise ValueOperationError(action)
        with self._lock:
            self.counts[action] += 1

    def _failure(self, action: str, fault: Fault) -> Exception:
        match fault.kind:
            case FaultKind.THROTTLED | FaultKind.CREDENTIALS | FaultKind.UNREACHABLE:
                return self._fatal(action, fault)
            case _:
                return CallRefusedError(action, fault)

    def _fatal(self, doing: str, fault: Fault) -> Exception:
        region = self.access.region
        match fault.kind:
            case FaultKind.THROTTLED:
                return BackendUnreachableError(
                    f"{region}: AWS kept throttling {doing} for {self.budget.total:g} s",
                    scope=region,
                    hint="raise max-wait of this source, or scan at a quieter hour",
                )
            case FaultKind.CREDENTIALS:
                return AccessDeniedError(
                    f"{region}: the AWS credentials cannot be used: {fault.code}{_in_words(fault)}",
                    scope=region,
                    hint=_next_step(fault, region),
                )
            case FaultKind.UNREACHABLE:
                return BackendUnreachableError(
                    f"{region}: {doing} got no answer: {fault.code}{_in_words(fault)}",
                    scope=region,
                    hint="check the network, the proxy and endpoint-url",
                )
            case _:
                return BackendProtocolError(
                    f"{region}: {doing} failed: {fault.code}{_in_words(fault)}",
                    scope=region,
                    hint="check regions and endpoint-url of this source",
                )


def _outdated(operation: str) -> Fault:
    from botocore import __version__  # noqa: PLC0415 (only where the SDK is in use)

    return Fault(kind=FaultKind.OUTDATED, code=operation, detail=f"botocore {__version__}")


def _in_words(fault: Fault) -> str:
    return f" ({fault.detail})" if fault.detail else ""


def _next_step(fault: Fault, region: str) -> str:
    if fault.code == "ProfileNotFound":
        return "check `profile` of this source against ~/.aws/config"
    if "Expired" in fault.code:
        return "renew the credentials, e.g. `aws sso login`, and run again"
    if fault.code in {"NoCredentialsError", "PartialCredentialsError"}:
        return (
            "set AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run where a role is attached"
        )
    return f"renew the credentials, check this machine's clock, and that {region} is enabled for the account"
