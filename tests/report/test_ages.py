"""The age histogram and the forecast of the HTML report."""

from inline_snapshot import snapshot

from keyproof.domain.secret import SecretMetadata
from keyproof.report.page import Page
from keyproof.report.sections import ahead
from tests.fakes import assessments


def test_every_secret_is_in_one_band() -> None:
    bands = Page(assessments.golden()).ages
    secrets = [r for r in assessments.golden().subjects if isinstance(r.subject, SecretMetadata)]
    assert sum(band.number for band in bands) == len(secrets)
    assert [(band.title, band.number, band.overdue) for band in bands] == snapshot(
        [
            ("up to 30 days", 2, 0),
            ("31 to 60 days", 2, 0),
            ("61 to 90 days", 2, 0),
            ("91 to 180 days", 4, 2),
            ("181 to 365 days", 2, 1),
            ("1 to 2 years", 0, 0),
            ("over 2 years", 1, 0),
            ("not known", 1, 0),
        ]
    )
    assert all(band.title in band.bar for band in bands)


def test_a_population_without_secrets_has_no_histogram() -> None:
    assert Page(assessments.empty()).ages == []


def test_the_forecast_names_what_ends_and_who_acts() -> None:
    page = Page(assessments.golden())
    assert [(str(one.day), one.what, one.who, one.after) for one in page.coming] == snapshot(
        [
            (
                "2026-03-19",
                "payments/production/search-api-key",
                "Platform Team",
                "API keys are replaced every 180 days: becomes an exception",
            ),
            (
                "2026-03-20",
                "kv/production/schlüssel-für-zürich-鍵-\u202egnp.encryption-key",
                "Platform Team",
                "Encryption keys are replaced every year: becomes an exception",
            ),
            ("2026-03-25", "Waiver W-2026-02", "Data Team", "1 accepted so far become open again"),
            (
                "2026-05-02",
                "kv/production/bell\x07 escape\x1b nul\x00 cdata]]> non\ufffe-database",
                "Platform Team",
                "Database passwords are replaced every 90 days: becomes an exception",
            ),
            (
                "2026-05-04",
                "payments/production/stripe-api-key",
                "Billing Team",
                "API keys are replaced every 180 days: becomes an exception",
            ),
            (
                "2026-05-21",
                "payments/staging/database-password",
                "Dana Whitfield",
                "Database passwords are replaced every 90 days: becomes an exception",
            ),
        ]
    )
    assert page.coming_within == snapshot([(7, 2), (30, 3), (90, 6)])


def test_the_forecast_leaves_out_what_is_open_already() -> None:
    golden = assessments.golden()
    page = Page(golden)
    failing = {f"#finding-{f.id}" for f in golden.findings if f.gates}
    assert failing.isdisjoint(one.href for one in page.coming)
    assert all(0 <= (one.day - golden.today).days <= ahead.DAYS for one in page.coming)
