import json

from keyproof.reporters.sarif import SarifReporter
from keyproof.reporters.sarif_github import SarifGithubReporter
from tests.fakes import assessments
from tests.reporters.validating import validate


def test_accepted_failures_are_left_out_and_counted() -> None:
    golden = assessments.golden()
    text = SarifGithubReporter().render(golden)
    validate("sarif-github", text)
    log = json.loads(text)
    (kept,), (whole,) = log["runs"], json.loads(SarifReporter().render(golden))["runs"]
    assert kept["results"] == [result for result in whole["results"] if not result["suppressions"]]
    assert len(whole["results"]) - len(kept["results"]) == golden.summary.waived > 0
    assert kept["properties"]["counts"]["waived"] == golden.summary.waived
