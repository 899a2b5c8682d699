"""What the HTML pages call a state of findings."""

from keyproof.report.overview import State

WORDS = {
    State.FAIL: "Exception",
    State.WAIVED: "Accepted",
    State.NOT_EVALUATED: "Not evaluated",
    State.MANUAL: "Attested",
    State.PASS: "No exception",
    State.NOT_APPLICABLE: "Does not apply",
}
"""What a state is called beside its shape."""
NOUNS = {
    State.FAIL: ("exception", "exceptions"),
    State.WAIVED: ("accepted exception", "accepted exceptions"),
    State.NOT_EVALUATED: ("not evaluated", "not evaluated"),
    State.MANUAL: ("attested, not tested", "attested, not tested"),
    State.PASS: ("no exception found", "no exception found"),
    State.NOT_APPLICABLE: ("does not apply", "do not apply"),
}
"""What stands behind a number of findings: one, and any other number."""
