"""What an error of the AWS SDK means for a scan: throttled, denied, unreachable, or something else."""

from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from botocore.exceptions import BotoCoreError, ClientError


class FaultKind(Enum):
    """What can be done about a failed call."""

    THROTTLED = auto()
    """Wait and ask again."""
    DENIED = auto()
    """The identity is known and may not do this."""
    CREDENTIALS = auto()
    """There is no identity: credentials are missing, expired or wrong."""
    UNREACHABLE = auto()
    """No answer came back."""
    BROKEN = auto()
    """The server failed, or its answer cannot be read."""
    GONE = auto()
    """The resource does not exist."""
    UNKNOWN = auto()
    """The server does not know the operation."""
    OUTDATED = auto()
    """The installed SDK does not know the operation."""
    REFUSED = auto()
    """The request is not possible in the state the resource is in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One failed call."""

    kind: FaultKind
    code: str
    """AWS's error code, or the name of the SDK's exception."""
    detail: str
    """In AWS's or the SDK's own words."""
    retry_after: float | None = None
    """Seconds the server asked to wait."""

    @property
    def transient(self) -> bool:
        """Whether the same call may well work in a moment."""
        return self.kind in {FaultKind.UNREACHABLE, FaultKind.BROKEN}


_THROTTLED = frozenset({
    "BandwidthLimitExceeded", "PriorRequestNotComplete", "ProvisionedThroughputExceededException",
    "RequestLimitExceeded", "RequestThrottled", "RequestThrottledException", "SlowDown", "Throttling",
    "ThrottledException", "ThrottlingException", "TooManyRequestsException",
})  # fmt: skip
"""As in the SDK's own retry rules, https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html."""
_CREDENTIALS = frozenset({
    "AuthFailure", "ExpiredToken", "ExpiredTokenException", "IncompleteSignature", "IncompleteSignatureException",
    "InvalidAccessKeyId", "InvalidClientTokenId", "InvalidSignatureException", "InvalidToken",
    "MissingAuthenticationToken", "MissingAuthenticationTokenException", "NotAuthorized", "OptInRequired",
    "RequestExpired", "RequestTimeTooSkewed", "SignatureDoesNotMatch", "UnrecognizedClientException",
})  # fmt: skip
_DENIED = frozenset({
    "AccessDenied", "AccessDeniedException", "AuthorizationError", "UnauthorizedAccess", "UnauthorizedOperation",
})  # fmt: skip
_LONGEST_DETAIL = 400
_GONE = frozenset({
    "InvalidResourceId", "NoSuchBucket", "NoSuchEntity", "NotFoundException", "ResourceNotFoundException",
    "TrailNotFoundException",
})  # fmt: skip
_UNKNOWN = frozenset({"InvalidAction", "NotImplemented", "UnknownOperation", "UnknownOperationException"})
"""As AWS's protocols name what they have no operation for."""
_EMULATOR = "werkzeug"
"""The server of moto, whose only answer to what it does not know is a bare 500."""
_CREDENTIAL_ERRORS = (
    "ConfigNotFound", "ConfigParseError", "CredentialRetrievalError", "InfiniteLoopConfigError", "InvalidConfigError",
    "LoginError", "MetadataRetrievalError", "MissingDependencyException", "NoAuthTokenError", "NoCredentialsError",
    "PartialCredentialsError", "ProfileNotFound", "RefreshWithMFAUnsupportedError", "SSOError",
    "TokenRetrievalError", "UnknownCredentialError",
)  # fmt: skip
_UNREACHABLE_ERRORS = ("ConnectionError", "EndpointProviderError", "HTTPClientError", "UnknownEndpointError")


def sdk_errors() -> tuple[type[Exception], ...]:
    """Everything the SDK raises for a call that failed or cannot be made; the SDK must be installed."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 (only where the SDK is in use)
    from botocore.parsers import ResponseParserError  # noqa: PLC0415 (same)

    # The last three are its parsers' on JSON or XML of another shape than the operation's.
    return (BotoCoreError, ClientError, ResponseParserError, ValueError, AttributeError, KeyError, TypeError)


def fault_of(error: Exception) -> Fault:
    """Classify one of `sdk_errors()`."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 (only where the SDK is in use)

    match error:
        case ClientError():
            return _of_answer(error)
        case BotoCoreError():
            return _of_sdk(error)
        case ValueError():  # how the SDK refuses an endpoint address
            return Fault(kind=FaultKind.BROKEN, code="ValueError", detail=str(error))
        case _:
            return Fault(
                kind=FaultKind.BROKEN, code=type(error).__name__, detail="the answer cannot be parsed"
            )


def _of_answer(error: "ClientError") -> Fault:
    """An answer that says no: the code decides, else the HTTP status."""
    stated = error.response.get("Error", {})
    about = error.response.get("ResponseMetadata", {})
    code, status = str(stated.get("Code", "")), int(about.get("HTTPStatusCode", 0))
    detail = " ".join(str(stated.get("Message", "")).split())
    headers = about.get("HTTPHeaders", {})
    bare = code == str(status) == "500" and headers.get("server", "").lower().startswith(_EMULATOR)
    return Fault(
        kind=FaultKind.UNKNOWN if bare else _kind(code, status),
        code=code,
        detail=detail[:_LONGEST_DETAIL],
        retry_after=_seconds(headers.get("retry-after", "")),
    )


def _kind(code: str, status: int) -> FaultKind:
    for kind, codes in (
        (FaultKind.THROTTLED, _THROTTLED),
        (FaultKind.CREDENTIALS, _CREDENTIALS),
        (FaultKind.DENIED, _DENIED),
        (FaultKind.GONE, _GONE),
        (FaultKind.UNKNOWN, _UNKNOWN),
    ):
        if code in codes:
            return kind
    match status:
        case 429:
            return FaultKind.THROTTLED
        case 401 | 403:
            return FaultKind.DENIED
        case 501:
            return FaultKind.UNKNOWN
        case _:
            return FaultKind.BROKEN if status >= 500 else FaultKind.REFUSED


def _of_sdk(error: "BotoCoreError") -> Fault:
    """No answer from AWS: the class of the SDK's exception decides."""
    names = [cls.__name__ for cls in type(error).__mro__]
    if any(name in _CREDENTIAL_ERRORS for name in names):
        kind = FaultKind.CREDENTIALS
    elif any(name in _UNREACHABLE_ERRORS for name in names):
        kind = FaultKind.UNREACHABLE
    else:
        kind = FaultKind.BROKEN
    return Fault(kind=kind, code=names[0], detail=" ".join(str(error).split()))


def _seconds(text: str) -> float | None:
    """The wait a Retry-After header asks for; a date in it is left to our own backoff."""
    return float(text) if text.isascii() and text.isdigit() and len(text) <= 4 else None
