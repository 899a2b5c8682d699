"""The keys that every source behind a REST interface has in keyproof.yaml."""

from urllib.parse import urlsplit

from pydantic import Field, PositiveFloat

from keyproof.fields import StrictModel, StringsField


class RestConfig(StrictModel):
    """Which names are read, and how patiently."""

    include: StringsField = ("*",)
    """Globs over names."""
    exclude: tuple[str, ...] = ()
    """Globs over names; they win over `include`."""
    ca_cert: str = ""
    """PEM file with the authorities to trust instead of the well-known ones."""
    timeout: PositiveFloat = 30.0
    """Seconds per request."""
    max_wait: float = Field(default=60.0, ge=0)
    """Seconds to wait per request for a server that is busy or limits its clients."""


def checked_address(address: str) -> str:
    """The address without a slash at its end. Raises ValueError when it is none or carries credentials."""
    try:
        parts = urlsplit(address)
        whole = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:  # of a port that is no number, or of brackets without an end
        whole = False
    if not whole or parts.query or parts.fragment:
        raise ValueError(f"{address!r} is no address; write for example https://host.example")
    if parts.username is not None or parts.password is not None:
        raise ValueError("the address must not carry credentials")
    return address.rstrip("/")
