"""What every check's parameters share: a strict document model that is itself the check."""

from collections.abc import Hashable
from typing import ClassVar

from pydantic import ConfigDict

from keyproof.domain.check import SECRET_KINDS, Context
from keyproof.domain.duration import Duration
from keyproof.domain.secret import SubjectKind
from keyproof.domain.subject import Subject
from keyproof.domain.verdict import Severity
from keyproof.fields import StrictModel


class CheckModel(StrictModel):
    """A check: its fields are the parameters under `with:`, its `evaluate` decides (see domain.check.Check).

    Keys are written in kebab-case and in no other way; the string below a field is its description.
    """

    model_config = ConfigDict(populate_by_name=False)

    kind: ClassVar[str]
    subjects: ClassVar[frozenset[SubjectKind]] = SECRET_KINDS
    base_severity: ClassVar[Severity] = Severity.MEDIUM
    attestable: ClassVar[bool] = False
    """Whether an attestation given for a rule of this kind counts as its evidence."""

    @property
    def rotation_period(self) -> Duration | None:
        """The rotation period this check demands; None unless a check is about one."""
        return None

    def grounds(self, subject: Subject, context: Context) -> Hashable | None:  # noqa: ARG002 (for those that have some)
        """See domain.check.Check; unless a check says otherwise, hardly two subjects have the same."""
        return None
