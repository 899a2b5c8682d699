"""Numbers that Prometheus' own client reads."""

from typing import Any

from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as exposition

from keyproof.domain.policy import WaiverState
from keyproof.reporters.prometheus import PrometheusReporter
from tests.fakes import assessments
from tests.reporters.golden_file import assert_matches


def families(text: str) -> dict[str, Any]:
    read: Any = openmetrics
    return {family.name: family for family in read(text)}


def test_the_golden_assessment() -> None:
    assert_matches("golden.prom", PrometheusReporter().render(assessments.golden()))


def test_both_formats_read_the_same() -> None:
    text = PrometheusReporter().render(assessments.golden())
    older: Any = exposition
    samples = [
        [(s.name, s.labels, s.value) for f in read(text) for s in f.samples] for read in (older, openmetrics)
    ]
    assert samples[0] == samples[1]
    assert {family.type for family in families(text).values()} == {"gauge"}


def test_every_state_has_its_sample_even_at_zero() -> None:
    found = families(PrometheusReporter().render(assessments.empty()))
    assert len(found["keyproof_findings"].samples) == 6
    assert {sample.labels["state"] for sample in found["keyproof_waivers"].samples} == {
        s.value for s in WaiverState
    }
    assert [sample.value for sample in found["keyproof_complete"].samples] == [0]


def test_no_name_of_a_secret_becomes_a_series() -> None:
    golden = assessments.golden()
    text = PrometheusReporter().render(golden)
    assert [record.subject.name for record in golden.subjects if record.subject.name in text] == []


def test_what_the_numbers_say() -> None:
    found = families(PrometheusReporter().render(assessments.golden()))
    late = {s.labels["rule"]: s.value for s in found["keyproof_rule_most_overdue_days"].samples}
    assert (late["policy-reviewed"], late["database-rotation"], late["not-unused"]) == (75, 74, 0)
    (as_of,) = found["keyproof_as_of_timestamp_seconds"].samples
    assert as_of.value == assessments.AS_OF.timestamp()
