"""A secret says whose it is, what it is and until when it lives."""

from collections.abc import Hashable
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, Field, WithJsonSchema

from keyproof.check_model import CheckModel
from keyproof.domain.aspects import join
from keyproof.domain.check import Context
from keyproof.domain.declared import is_row
from keyproof.domain.deletion import not_kept
from keyproof.domain.grounds import written
from keyproof.domain.secret import SecretMetadata
from keyproof.domain.subject import Subject
from keyproof.domain.verdict import Severity, Verdict
from keyproof.domain.wording import listed
from keyproof.strict_yaml import did_you_mean

_FIELDS = ("owner", "class", "expiry", "contact", "environment", "priority", "description")
_TAG = "tag:"
_NAME = {"anyOf": [{"enum": list(_FIELDS)}, {"type": "string", "pattern": f"^{_TAG}.+$"}]}
_SCHEMA = {"anyOf": [_NAME, {"type": "array", "items": _NAME, "minItems": 1}]}


def _known(name: Any) -> Any:
    if isinstance(name, str) and name not in _FIELDS and not name.removeprefix(_TAG) != name:
        raise ValueError(f"'{name}' is no field of a secret; {did_you_mean(name, (*_FIELDS, 'tag:NAME'))}")
    if name == _TAG:
        raise ValueError("'tag:' names no tag; write for example tag:team")
    return name


def _several(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


class RequiredMetadata(CheckModel):
    """The secret states everything the rule asks for.

    `class` is the class the rule's pack gives it; a pack without classes is not concerned. `expiry` is its
    expiration date, for a row of an inventory also its next rotation. `contact` and `description` are tags
    or attributes of that name.
    """

    kind: ClassVar[str] = "required-metadata"
    base_severity: ClassVar[Severity] = Severity.LOW

    fields: Annotated[
        tuple[Annotated[str, BeforeValidator(_known)], ...],
        BeforeValidator(_several),
        Field(min_length=1),
        WithJsonSchema(_SCHEMA),
    ]
    """owner, class, expiry, contact, environment, priority, description, or `tag:NAME`."""

    def evaluate(self, subject: Subject, context: Context) -> Verdict:
        """Name what is missing."""
        if not isinstance(subject, SecretMetadata):
            return Verdict.not_applicable("only a secret has to state these")
        if gone := not_kept(subject, context.now):
            return gone
        concerned = [name for name in self.fields if name != "class" or context.has_classes]
        if not concerned:
            return Verdict.not_applicable("the pack has no classes")
        missing = [name for name in concerned if not _value(name, subject, context)]
        unread = {name: why for name in missing if (why := _unread(name, subject))}
        aspects = []
        if lacking := [name for name in missing if name not in unread]:
            aspects.append(Verdict.failed(f"it states no {listed(lacking, shown=len(lacking))}"))
        if unread:
            shown = "; ".join(f"{name} ({why})" for name, why in unread.items())
            aspects.append(Verdict.not_evaluated(f"could not be read: {shown}"))
        if not aspects:
            facts = {name: _value(name, subject, context) for name in concerned}
            shown = ", ".join(f"{name} {value}" for name, value in facts.items())
            aspects.append(Verdict.passed(f"it states {shown}", **facts))
        return join(aspects)

    def grounds(self, subject: Subject, context: Context) -> Hashable | None:
        """What it states of all this."""
        if not isinstance(subject, SecretMetadata) or subject.deletion is not None:
            return None
        return (written(subject.unread), *[_value(name, subject, context) for name in self.fields])


def _value(name: str, secret: SecretMetadata, context: Context) -> str:
    match name:
        case "owner" | "environment" | "priority":
            return str(getattr(secret, name)).strip()
        case "class":
            return context.secret_class
        case "expiry":
            return _expiry(secret, context)
        case "contact" | "description":
            return _tag(secret, name) or _attribute(secret, name)
        case _:
            return secret.tags.get(name.removeprefix(_TAG), "").strip()


def _expiry(secret: SecretMetadata, context: Context) -> str:
    if secret.expires_at is not None:
        return f"{secret.expires_at:%Y-%m-%d}"
    days = [claim.next_rotation for claim in secret.claims if claim.next_rotation]
    return str(min(days)) if days and is_row(secret, context) else ""


def _tag(secret: SecretMetadata, name: str) -> str:
    return next((value.strip() for key, value in sorted(secret.tags.items()) if key.lower() == name), "")


def _attribute(secret: SecretMetadata, name: str) -> str:
    """The attribute itself, or that the backend has one whose text is not read."""
    if secret.attributes.get(f"has-{name}") is True:
        return "present"
    return str(secret.attributes.get(name, "")).strip()


def _unread(name: str, secret: SecretMetadata) -> str:
    keys = {"expiry": ("expires_at",), "class": ()}.get(name, (name.removeprefix(_TAG), "tags"))
    return next((secret.unread[key] for key in keys if key in secret.unread), "")
