"""What comes of a server for tokens that answers, and gives none."""

from pathlib import Path
from typing import Any, NoReturn

import pytest
from google.auth.exceptions import RefreshError

from keyproof.errors import AccessDeniedError, BackendUnreachableError, CollectError
from keyproof.google.config import GoogleConfig
from keyproof.google.connection import GoogleCloud
from keyproof.ports import Surroundings
from tests.fakes.ports import FixedClock


class _Credentials:
    valid = False

    def __init__(self, *, retryable: bool) -> None:
        self._retryable = retryable

    def refresh(self, _: object) -> NoReturn:
        made: Any = RefreshError  # not typed
        raise made("the server said no", retryable=self._retryable)


@pytest.mark.parametrize(
    ("retryable", "error", "words"),
    [
        (True, BackendUnreachableError, "server for tokens is busy"),
        (False, AccessDeniedError, "gives no token: the server said no"),
    ],
)
def test_a_busy_server_for_tokens_is_no_refusal(
    *, retryable: bool, error: type[CollectError], words: str
) -> None:
    here = Surroundings(root=Path("/"), environ={}, clock=FixedClock(), sleep=lambda _: None)
    config = GoogleConfig.model_validate({"projects": "acme", "address": "http://127.0.0.1:9"})
    cloud = GoogleCloud(source="google", config=config, surroundings=here, permissions=("x.y.list",))
    cloud._credentials = _Credentials(retryable=retryable)
    client = cloud.client("acme")
    with pytest.raises(error, match=words):
        client.get("http://127.0.0.1:9/v1/x", need="x.y.list")
