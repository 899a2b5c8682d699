"""The keys that every source of AWS has in keyproof.yaml."""

import re
from typing import Annotated

from pydantic import Field, field_validator

from keyproof.fields import StrictModel


class AwsConfig(StrictModel):
    """How to reach AWS; credentials come from the SDK's default chain."""

    profile: str = ""
    """A profile of ~/.aws/config; empty takes the SDK's default."""
    role_arn: str = ""
    """A role to assume first, e.g. in another account."""
    endpoint_url: str = ""
    """Another server for all services, e.g. one on loopback."""
    max_wait: Annotated[float, Field(ge=0, le=3600)] = 60.0
    """Seconds one call may wait in all while AWS throttles."""

    @field_validator("role_arn")
    @classmethod
    def _is_role(cls, text: str) -> str:
        if text and not re.fullmatch(r"arn:[a-z-]+:iam::[0-9]{12}:role/\S+", text):
            raise ValueError("a role is written arn:aws:iam::ACCOUNT:role/NAME")
        return text

    @field_validator("endpoint_url")
    @classmethod
    def _is_address(cls, text: str) -> str:
        if text and not re.fullmatch(r"https?://[^\s/?#]+\S*", text):
            raise ValueError("an endpoint is written http://HOST:PORT or https://HOST")
        return text
