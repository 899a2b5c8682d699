"""What errors of the AWS SDK mean."""

from typing import Any

import pytest
from botocore import exceptions as sdk
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError
from hypothesis import given
from hypothesis import strategies as st

from keyproof.aws.faults import Fault, FaultKind, fault_of, sdk_errors


def _answer(code: str, status: int, message: str = "", headers: dict[str, str] | None = None) -> ClientError:
    response: Any = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status, "HTTPHeaders": headers or {}},
    }
    return ClientError(response, "ListSecrets")


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("ThrottlingException", 400, FaultKind.THROTTLED),
        ("TooManyRequestsException", 400, FaultKind.THROTTLED),
        ("RequestLimitExceeded", 503, FaultKind.THROTTLED),
        ("SlowDown", 503, FaultKind.THROTTLED),
        ("429", 429, FaultKind.THROTTLED),
        ("AccessDeniedException", 400, FaultKind.DENIED),
        ("403", 403, FaultKind.DENIED),
        ("", 401, FaultKind.DENIED),
        ("ExpiredTokenException", 400, FaultKind.CREDENTIALS),
        ("ExpiredToken", 403, FaultKind.CREDENTIALS),
        ("InvalidClientTokenId", 403, FaultKind.CREDENTIALS),
        ("UnrecognizedClientException", 400, FaultKind.CREDENTIALS),
        ("SignatureDoesNotMatch", 403, FaultKind.CREDENTIALS),
        ("ResourceNotFoundException", 400, FaultKind.GONE),
        ("InvalidRequestException", 400, FaultKind.REFUSED),
        ("InternalServiceError", 500, FaultKind.BROKEN),
        ("", 503, FaultKind.BROKEN),
        ("UnknownOperationException", 400, FaultKind.UNKNOWN),
        ("InvalidAction", 400, FaultKind.UNKNOWN),
        ("InternalFailure", 501, FaultKind.UNKNOWN),
        ("500", 500, FaultKind.BROKEN),
    ],
)
def test_answers(code: str, status: int, kind: FaultKind) -> None:
    assert fault_of(_answer(code, status)).kind is kind


def test_only_the_emulators_bare_failure_means_that_it_knows_no_such_operation() -> None:
    emulator = {"server": "Werkzeug/3.1.9 Python/3.11.7"}
    assert fault_of(_answer("500", 500, headers=emulator)).kind is FaultKind.UNKNOWN
    assert fault_of(_answer("InternalServiceError", 500, headers=emulator)).kind is FaultKind.BROKEN
    assert fault_of(_answer("502", 502, headers=emulator)).kind is FaultKind.BROKEN


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (sdk.NoCredentialsError(), FaultKind.CREDENTIALS),
        (sdk.PartialCredentialsError(provider="env", cred_var="x"), FaultKind.CREDENTIALS),
        (sdk.ProfileNotFound(profile="x"), FaultKind.CREDENTIALS),
        (sdk.TokenRetrievalError(provider="sso", error_msg="expired"), FaultKind.CREDENTIALS),
        (sdk.UnauthorizedSSOTokenError(), FaultKind.CREDENTIALS),
        (sdk.EndpointConnectionError(endpoint_url="x"), FaultKind.UNREACHABLE),
        (sdk.ConnectTimeoutError(endpoint_url="x"), FaultKind.UNREACHABLE),
        (sdk.ReadTimeoutError(endpoint_url="x"), FaultKind.UNREACHABLE),
        (sdk.SSLError(endpoint_url="x", error=OSError("certificate")), FaultKind.UNREACHABLE),
        (sdk.ProxyConnectionError(proxy_url="x"), FaultKind.UNREACHABLE),
        (sdk.ConnectionClosedError(endpoint_url="x"), FaultKind.UNREACHABLE),
        (sdk.InvalidRegionError(region_name="x y"), FaultKind.BROKEN),
        (ResponseParserError("body"), FaultKind.BROKEN),
        (ValueError("Invalid endpoint: x"), FaultKind.BROKEN),
        (AttributeError("'str' object has no attribute 'get'"), FaultKind.BROKEN),
        (KeyError("ListUsersResult"), FaultKind.BROKEN),
    ],
)
def test_errors_of_the_sdk(error: Exception, kind: FaultKind) -> None:
    assert isinstance(error, sdk_errors())
    assert fault_of(error).kind is kind


def test_only_failures_that_may_pass_are_transient() -> None:
    transient = {kind for kind in FaultKind if Fault(kind=kind, code="", detail="").transient}
    assert transient == {FaultKind.UNREACHABLE, FaultKind.BROKEN}


def test_a_body_that_cannot_be_parsed_is_not_repeated() -> None:
    assert "planted" not in fault_of(ResponseParserError("Unable to parse: planted")).detail


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("3", 3.0), ("0", 0.0), ("", None), ("Wed, 21 Oct 2026 07:28:00 GMT", None), ("-1", None), ("٣", None)],
)
def test_retry_after(header: str, seconds: float | None) -> None:
    assert fault_of(_answer("SlowDown", 503, headers={"retry-after": header})).retry_after == seconds


@given(code=st.text(), status=st.integers(0, 999), message=st.text())
def test_every_answer_means_something(code: str, status: int, message: str) -> None:
    fault = fault_of(_answer(code, status, message * 100))
    assert fault.code == code
    assert len(fault.detail) <= 400
    assert "\n" not in fault.detail
