"""One verdict of several aspects of a subject: the worst decides, and no reason is lost."""

from collections.abc import Sequence
from dataclasses import replace

from keyproof.domain.verdict import Outcome, Verdict

_WORST_FIRST = (
    Outcome.FAIL,
    Outcome.NOT_EVALUATED,
    Outcome.MANUAL,
    Outcome.PASS,
    Outcome.NOT_APPLICABLE,
)


def join(aspects: Sequence[Verdict]) -> Verdict:
    """The worst outcome with every reason for it; a failure also names what could not be evaluated.

    Evidence of all is kept; the due date is that of the first aspect that has one. Raises ValueError
    for no aspects: nothing looked at is never fine.
    """
    if not aspects:
        raise ValueError("no aspect was judged")
    if len(aspects) == 1:
        return aspects[0]
    worst = min((aspect.outcome for aspect in aspects), key=_WORST_FIRST.index)
    telling = [aspect for aspect in aspects if aspect.outcome is worst]
    if worst is Outcome.FAIL:
        telling += [aspect for aspect in aspects if aspect.outcome is Outcome.NOT_EVALUATED]
    dated = next((aspect for aspect in aspects if aspect.due is not None), aspects[0])
    return replace(
        dated,
        outcome=worst,
        reason="; ".join(dict.fromkeys(aspect.reason for aspect in telling)),
        evidence=tuple(dict.fromkeys(item for aspect in aspects for item in aspect.evidence)),
    )
