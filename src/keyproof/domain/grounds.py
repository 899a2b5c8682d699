"""What verdicts rest on, so that of many secrets that are alike in it only one is judged."""

from collections.abc import Hashable, Mapping

from keyproof.domain.check import Context
from keyproof.domain.declared import is_row
from keyproof.domain.secret import SecretMetadata
from keyproof.domain.subject import Subject


def grounds(subject: Subject, context: Context, *fields: str) -> Hashable | None:
    """The grounds of a check that looks at `fields` of a living secret, its backend, attributes and what is unread.

    None for a row of an inventory, which is judged by other secrets, and for what is no living secret.
    """
    if not isinstance(subject, SecretMetadata) or subject.deletion is not None or is_row(subject, context):
        return None
    looked_at = [getattr(subject, field) for field in fields]
    return (subject.backend, written(subject.attributes), written(subject.unread), *looked_at)


def written(mapping: Mapping[str, object]) -> str:
    """What stands in a mapping, as a value to compare; `True` and `1`, which are equal, differ in it."""
    return repr(dict(mapping)) if mapping else ""
