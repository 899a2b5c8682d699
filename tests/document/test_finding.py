"""Every contradiction of the five source documents, in them and in our restated ones, with both places."""

from collections.abc import Iterable, Mapping

import pytest

from keyproof.document.contradiction import Contradiction, Kind
from keyproof.document.facts import PolicyText
from keyproof.document.finding import contradictions

Texts = Mapping[str, PolicyText]


def told(
    found: Iterable[Contradiction], kind: Kind, *, document: str = "", between: bool = False
) -> list[str]:
    """`subject: first value @ place | second value @ place` of one kind, inside one document or between several."""
    return [
        f"{one.subject}: {one.first_value} @{one.first} | {one.second_value} @{one.second}"
        for one in found
        if one.kind is kind
        and (
            (one.first.path != one.second.path and one.second.line > 0)
            if between
            else one.first.path == document
        )
        and (between or not one.second.line or one.second.path == document)
    ]


class TestSourceDocuments:
    """The documents as they are: items 60 to 80 of the acceptance list."""

    pytestmark = pytest.mark.seeds

    @pytest.fixture
    def found(self, seeds: Texts) -> tuple[Contradiction, ...]:
        return contradictions(list(seeds.values()))

    def test_item_60_and_61_next_dates_of_the_tracking_table(self, found: tuple[Contradiction, ...]) -> None:
        assert told(found, Kind.NEXT_DATE, document="S0") == [
            "Google Service Account: 2025-12-15, 91 days after 2025-09-15 @S0:636 | 90 days @S0:21",
            "Notion API Key: 2025-12-01, 91 days after 2025-09-01 @S0:637 | 90 days @S0:22",
            "OpenAI API Key: 2025-11-10, 61 days after 2025-09-10 @S0:638 | 60 days @S0:23",
            "CRM API Key: 2025-11-20, 92 days after 2025-08-20 @S0:639 | 90 days @S0:24",
            "Platform API Key: 2025-11-20, 92 days after 2025-08-20 @S0:640 | 90 days @S0:25",
            "Database Password: 2025-10-01, 92 days after 2025-07-01 @S0:641 | 90 days @S0:26",
            "JWT Secret: 2026-06-01, 365 days after 2025-06-01 @S0:642 | 180 days @S0:28",
        ]
        reasons = [one.reason for one in found if one.kind is Kind.NEXT_DATE and one.first.path == "S0"]
        assert [reason.split(",")[0] for reason in reasons] == [
            "by the period it is due 2025-12-14",
            "by the period it is due 2025-11-30",
            "by the period it is due 2025-11-09",
            "by the period it is due 2025-11-18",
            "by the period it is due 2025-11-18",
            "by the period it is due 2025-09-29",
            "by the period it is due 2025-11-28",
        ]
        assert reasons[-1].endswith("so the stated date is 185 days too late, and the row is marked current")

    def test_item_62_one_day_early(self, found: tuple[Contradiction, ...]) -> None:
        assert told(found, Kind.NEXT_DATE, document="S3") == [
            "DATABASE_URL: 2026-05-01, 89 days after 2026-02-01 @S3:343 | 90 days @S3:49",
            "REDIS_PASSWORD: 2026-05-01, 89 days after 2026-02-01 @S3:344 | 90 days @S3:50",
        ]

    def test_item_63_no_day_makes_the_statuses_right(self, found: tuple[Contradiction, ...]) -> None:
        assert told(found, Kind.STATUS_ORDER, document="S0") == [
            "OpenAI API Key and CRM API Key: current, next 2025-11-10 @S0:638 | due-soon, next 2025-11-20 @S0:639",
            "OpenAI API Key and Platform API Key: current, next 2025-11-10 @S0:638 | due-soon, next 2025-11-20 @S0:640",
        ]

    def test_item_64_one_period_for_all_against_the_table(self, found: tuple[Contradiction, ...]) -> None:
        assert told(found, Kind.PERIOD, document="S0") == [
            "JWT Secret: 180 days @S0:28 | All secrets 90 days @S0:627",
            "Encryption Keys: 365 days @S0:29 | All secrets 90 days @S0:627",
            "Slack Webhook: 180 days @S0:32 | All secrets 90 days @S0:627",
        ]
        jwt = next(one for one in found if one.kind is Kind.PERIOD and one.subject == "JWT Secret")
        assert jwt.reason == "JWT Secret, rotated 2025-06-01, is due 2025-11-28 or 2025-08-30"
        assert told(found, Kind.STANDARD, document="S0") == [
            "All secrets: SOC 2 demands 90 days @S0:627 | no such period @SOC 2 (TSC 2017)",
            "Encryption keys: HIPAA demands annually @S0:629 | no such period @HIPAA (45 CFR 164)",
            "API keys: PCI DSS demands 90 days @S0:630 | no such period @PCI DSS 4.0.1",
        ]

    def test_item_65_a_flat_threshold(self, found: tuple[Contradiction, ...]) -> None:
        assert told(found, Kind.FLAT_THRESHOLD, document="S0") == [
            "OpenAI API Key: 90 days for all @S0:613 | 60 days @S0:23",
            "JWT Secret: 90 days for all @S0:613 | 180 days @S0:28",
            "Encryption Keys: 90 days for all @S0:613 | 365 days @S0:29",
            "Slack Webhook: 90 days for all @S0:613 | 180 days @S0:32",
        ]

    def test_item_66_what_tracking_and_storage_leave_out(self, found: tuple[Contradiction, ...]) -> None:
        assert told(found, Kind.NOT_TRACKED, document="S0") == [
            "Redis Password: rotates: 90 days @S0:27 | 7 rows, none for it @S0:634",
            "Encryption Keys: rotates: 365 days @S0:29 | 7 rows, none for it @S0:634",
            "CDN API Key: rotates: 90 days @S0:30 | 7 rows, none for it @S0:634",
            "Webhook Secrets: rotates: 90 days @S0:31 | 7 rows, none for it @S0:634",
            "Slack Webhook: rotates: 180 days @S0:32 | 7 rows, none for it @S0:634",
        ]
        assert [line.partition(":")[0] for line in told(found, Kind.NOT_STORED, document="S0")] == [
            "Redis Password",
            "CDN API Key",
            "Webhook Secrets",
            "Slack Webhook",
        ]

    def test_item_67_stored_under_one_name_replaced_under_another(
        self, found: tuple[Contradiction, ...]
    ) -> None:
        (line,) = told(found, Kind.ROTATED_NAME, document="S0")
        assert line.endswith(
            "database-password @S0:89 | replaced as halcytone/production/database-url @S0:487"
        )

    def test_item_68_commands_that_cannot_work(self, found: tuple[Contradiction, ...]) -> None:
        assert told(found, Kind.COMMAND, document="S0") == [
            "ARN: an account id of 9 digits @S0:139 | 12 digits @AWS",
            "aws cloudtrail lookup-events: --max-results 100 @S0:571 | 50 at most @AWS CloudTrail",
            (
                "aws secretsmanager describe-secret: --secret-id halcytone/production/* @S0:616 | "
                "one name or ARN @AWS Secrets Manager"
            ),
        ]

    def test_item_69_a_mount_an_address_and_a_root_token(self, found: tuple[Contradiction, ...]) -> None:
        assert told(found, Kind.MOUNT, document="S0") == [
            (
                "halcytone/production/openai: the engine is mounted at halcytone/ @S0:235 | "
                "read as halcytone/production/openai, without a mount @S0:273"
            )
        ]
        assert [line.rpartition(" | ")[0] for line in told(found, Kind.IN_CLEAR, document="S0")] == [
            "address of the secret manager: http://vault @S0:272"
        ]
        assert told(found, Kind.TOO_MUCH, document="S0")[0].startswith(
            "root token: login with the root token @S0:232"
        )

    def test_item_70_a_value_that_is_kept_beyond_its_rotation(self, found: tuple[Contradiction, ...]) -> None:
        assert told(found, Kind.CACHED, document="S0") == [
            "get_secret: what it read once it keeps @S0:115 | OpenAI API Key rotates: 60 days @S0:23"
        ]

    def test_item_73_base64_is_no_encryption(self, found: tuple[Contradiction, ...]) -> None:
        assert [line.rpartition(" | ")[0] for line in told(found, Kind.BASE64, document="S1")] == [
            "secrets of development and staging: Kubernetes secrets for K8s deployments @S1:31",
            "secrets of production: Backup: Kubernetes secrets (for K8s deployments) @S1:35",
        ]

    def test_item_74_names_steps_passwords_and_rights(self, found: tuple[Contradiction, ...]) -> None:
        assert told(found, Kind.STEP, document="S2") == [
            (
                "Update Kubernetes secret: a step in kubernetes @S2:83 | "
                "a command for gcp-secret-manager @S2:87"
            )
        ]
        assert told(found, Kind.ROTATED_NAME, document="S2") == [
            "jwt-keys: made as jwt-keys-new @S2:40 | used as jwt-keys @S2:64"
        ]
        assert told(found, Kind.TWO_VALUES, document="S2") == [
            "auth_new: made with one password @S2:77 | used with another @S2:87"
        ]
        assert told(found, Kind.TOO_MUCH, document="S2") == [
            "rights of the new account: GRANT ALL @S2:78 | least privilege @NIST SP 800-53 AC-6"
        ]
        assert [line.rpartition(" | ")[0] for line in told(found, Kind.MESSAGE_ONLY, document="S2")] == [
            "automatic rotation: Google Secret Manager automatic rotation @S2:221"
        ]

    def test_item_71_a_ladder_as_long_as_the_period(self, found: tuple[Contradiction, ...]) -> None:
        assert told(found, Kind.LADDER, document="S1") == [
            "High-Risk Secrets: an alert 30 days ahead @S1:111 | Monthly @S1:40"
        ]

    def test_item_72_two_classes_or_none(self, found: tuple[Contradiction, ...]) -> None:
        assert told(found, Kind.TWO_CLASSES, document="S1") == [
            (
                "DATADOG_API_KEY: External service API keys: Quarterly @S1:48 | "
                "Monitoring service keys: Bi-Annually @S1:51"
            )
        ]
        assert told(found, Kind.UNSCHEDULED, document="S1") == [
            "POSTGRES_READ_REPLICA_PASSWORD: listed as a secret @S1:10 | no entry of the schedule fits it @S1:40",
            "AWS_KMS_KEY_ID: listed as a secret @S1:16 | no entry of the schedule fits it @S1:40",
            "SLACK_WEBHOOK_URL: listed as a secret @S1:24 | no entry of the schedule fits it @S1:40",
        ]
        assert told(found, Kind.NOT_A_SECRET, document="S1") == [
            "AWS_ACCESS_KEY_ID: named among the secrets @S1:14 | an identifier or public key by its name @S1:46",
            "AWS_KMS_KEY_ID: named among the secrets @S1:16 | an identifier or public key by its name @S1:13",
        ]
        assert told(found, Kind.AMBIGUOUS_WORD, document="S1") == [
            "Low-Risk Secrets: Bi-Annually, as every 182 days @S1:50 | Bi-Annually, as every 730 days @S1:50"
        ]

    def test_item_75_an_event_is_no_expiration_date(self, found: tuple[Contradiction, ...]) -> None:
        assert told(found, Kind.EXPIRY, document="S3") == [
            "SENTRY_DSN: every secret has an expiration date @S3:30 | On compromise @S3:57",
            "SENTRY_DSN: every secret has an expiration date @S3:30 | next rotation: On compromise @S3:345",
        ]

    def test_item_76_storage_given_and_taken_back(self, found: tuple[Contradiction, ...]) -> None:
        pairs = {(one.first.line, one.second.line) for one in found if one.kind is Kind.STORAGE}
        production = {(47, 68), (48, 68), (50, 68), (92, 68), (95, 68)}
        plain_text = {(21, 254), (66, 254), (76, 254), (239, 254)}
        assert pairs == production | plain_text

    def test_item_77_a_mask_a_default_and_a_recipe(self, found: tuple[Contradiction, ...]) -> None:
        assert [
            line
            for kind in (Kind.MASK, Kind.DEFAULT, Kind.RECIPE)
            for line in told(found, kind, document="S3")
        ] == [
            "api_key[:8]: logs a part of the value @S3:327 | Log secret access (not values) @S3:242",
            "API_KEY: a value for when it is missing @S3:291 | Fail fast if secrets are missing @S3:245",
            "passwords: openssl rand -base64 24 @S3:422 | 4 kinds of characters @S3:139",
        ]

    def test_item_78_what_schedule_and_inventory_leave_out(self, found: tuple[Contradiction, ...]) -> None:
        assert told(found, Kind.NOT_SCHEDULED, document="S3") == [
            "Redis Password: 90 days @S3:50 | 4 rows, none for it @S3:148",
            "Encryption Keys: 180 days @S3:51 | 4 rows, none for it @S3:148",
            "Service account keys: 90 days @S3:60 | 4 rows, none for it @S3:148",
        ]
        assert told(found, Kind.NOT_TRACKED, document="S3") == [
            "Encryption Keys: rotates: 180 days @S3:51 | 5 rows, none for it @S3:339",
            "EMAIL_API_KEY: rotates: 90 days @S3:58 | 5 rows, none for it @S3:339",
            "SMS_API_KEY: rotates: 90 days @S3:59 | 5 rows, none for it @S3:339",
            "Service account keys: rotates: 90 days @S3:60 | 5 rows, none for it @S3:339",
        ]
        assert told(found, Kind.ENVIRONMENT, document="S3") == [
            "development: a rule for development @S3:66 | rows of production alone @S3:339",
            "staging: a rule for staging @S3:67 | rows of production alone @S3:339",
        ]

    def test_item_79_lead_times_public_keys_and_empty_contacts(
        self, found: tuple[Contradiction, ...]
    ) -> None:
        assert told(found, Kind.LADDER, document="S4") == [
            "Session Secret: an alert 90 days ahead @S4:140 | 90 days @S4:17",
            "Database Credential: an alert 30 days ahead @S4:140 | 30 days @S4:50",
            "Database Credential: an alert 60 days ahead @S4:140 | 30 days @S4:50",
            "Database Credential: an alert 90 days ahead @S4:140 | 30 days @S4:50",
        ]
        assert told(found, Kind.LADDER_MEANING, document="S4") == [
            "alerts: 30/60/90 days, as lead times @S4:140 | 30/60/90 days, as periods @S4:140"
        ]
        assert told(found, Kind.NOT_A_SECRET, document="S4") == [
            (
                "STRIPE_PUBLISHABLE_KEY: named among the secrets @S4:97 | "
                "an identifier or public key by its name @S4:95"
            )
        ]
        assert [line.rpartition("@")[2] for line in told(found, Kind.PLACEHOLDER, document="S4")] == [
            "S4:187",
            "S4:188",
            "S4:189",
        ]

    def test_item_80_between_the_documents(self, found: tuple[Contradiction, ...]) -> None:
        assert told(found, Kind.PERIOD, between=True) == [
            "openai: 60 days @S0:23 | Quarterly @S2:10",
            "database: 90 days @S0:26 | Monthly @S1:43",
            "database: 90 days @S0:26 | 30 days @S4:50",
            "jwt: 180 days @S0:28 | Monthly @S1:41",
            "jwt: 180 days @S0:28 | Annually @S2:11",
            "jwt: 180 days @S0:28 | 90 days @S3:47",
            "encryption: 365 days @S0:29 | 180 days @S3:51",
            "encryption: 365 days @S0:29 | 180 days @S4:104",
            "jwt: Monthly @S1:41 | Annually @S2:11",
            "jwt: Monthly @S1:41 | 90 days @S3:47",
            "database: Monthly @S1:43 | Quarterly @S2:10",
            "database: Monthly @S1:43 | 90 days @S3:49",
            "database: Quarterly @S2:10 | 30 days @S4:50",
            "jwt: Annually @S2:11 | 90 days @S3:47",
            "encryption: Annually @S2:11 | 180 days @S3:51",
            "encryption: Annually @S2:11 | 180 days @S4:104",
            "database: 90 days @S3:49 | 30 days @S4:50",
        ]
        assert told(found, Kind.NO_PERIOD, between=True) == [
            "openai: a procedure without a period @S4:89 | 60 days @S0:23",
            "openai: a procedure without a period @S4:89 | Quarterly @S2:10",
            "stripe: a procedure without a period @S4:95 | Quarterly @S2:10",
        ]
        assert told(found, Kind.ACCESS_REVIEW, between=True) == [
            "access review: monthly @S0:628 | quarterly @S1:125"
        ]
        assert told(found, Kind.DEADLINE, between=True) == [
            "replacement of a compromised secret: 15min @S0:550 | 5min @S3:185"
        ]
        assert told(found, Kind.DOCUMENT_REVIEW, between=True) == [
            "review of the document: 30d @S1:150 | 90d @S3:432"
        ]

    def test_a_document_alone_contradicts_no_other(self, seeds: Texts) -> None:
        for name, text in seeds.items():
            assert all(one.first.path == name for one in contradictions([text]))


class TestRestatedDocuments:
    """The same facts in other words and another order give the same contradictions."""

    @pytest.fixture
    def found(self, own: Texts) -> tuple[Contradiction, ...]:
        return contradictions(list(own.values()))

    def test_inside_the_content_platform(self, found: tuple[Contradiction, ...]) -> None:
        counts = {kind: len(told(found, kind, document="S0")) for kind in Kind}
        assert {kind: number for kind, number in counts.items() if number} == {
            Kind.FLAT_THRESHOLD: 4,
            Kind.NEXT_DATE: 7,
            Kind.NOT_STORED: 4,
            Kind.NOT_TRACKED: 5,
            Kind.PERIOD: 3,
            Kind.ROTATED_NAME: 1,
            Kind.STANDARD: 3,
            Kind.STATUS_ORDER: 2,
        }
        assert told(found, Kind.NEXT_DATE, document="S0")[-1] == (
            "JWT Secret: 2026-06-01, 365 days after 2025-06-01 @S0:107 | 180 days @S0:14"
        )
        assert told(found, Kind.ROTATED_NAME, document="S0") == [
            (
                "acme/production/database-url: stored as acme/production/database-password @S0:31 | "
                "replaced as acme/production/database-url @S0:68"
            )
        ]

    def test_inside_the_match_simulator(self, found: tuple[Contradiction, ...]) -> None:
        assert [
            line
            for kind in (
                Kind.LADDER,
                Kind.TWO_CLASSES,
                Kind.UNSCHEDULED,
                Kind.NOT_A_SECRET,
                Kind.AMBIGUOUS_WORD,
            )
            for line in told(found, kind, document="S1")
        ] == [
            "High-Risk Credentials: an alert 30 days ahead @S1:51 | Monthly @S1:36",
            (
                "DATADOG_API_KEY: External service API keys: Quarterly @S1:44 | "
                "Monitoring service keys: Bi-Annually @S1:47"
            ),
            "POSTGRES_READ_REPLICA_PASSWORD: listed as a secret @S1:7 | no entry of the schedule fits it @S1:36",
            "AWS_KMS_KEY_ID: listed as a secret @S1:13 | no entry of the schedule fits it @S1:36",
            "SLACK_WEBHOOK_URL: listed as a secret @S1:21 | no entry of the schedule fits it @S1:36",
            "AWS_ACCESS_KEY_ID: named among the secrets @S1:11 | an identifier or public key by its name @S1:42",
            "AWS_KMS_KEY_ID: named among the secrets @S1:13 | an identifier or public key by its name @S1:10",
            "Low-Risk Credentials: Bi-Annually, as every 182 days @S1:46 | Bi-Annually, as every 730 days @S1:46",
        ]

    def test_the_learning_platform_agrees_with_itself(self, own: Texts) -> None:
        assert contradictions([own["S2"]]) == ()

    def test_inside_the_customer_policy(self, found: tuple[Contradiction, ...]) -> None:
        counts = {kind: len(told(found, kind, document="S3")) for kind in Kind}
        assert {kind: number for kind, number in counts.items() if number} == {
            Kind.ENVIRONMENT: 2,
            Kind.EXPIRY: 2,
            Kind.NEXT_DATE: 2,
            Kind.NOT_SCHEDULED: 3,
            Kind.NOT_TRACKED: 4,
            Kind.STORAGE: 6,
        }
        assert told(found, Kind.NEXT_DATE, document="S3") == [
            "DATABASE_URL: 2026-05-01, 89 days after 2026-02-01 @S3:102 | 90 days @S3:28",
            "REDIS_PASSWORD: 2026-05-01, 89 days after 2026-02-01 @S3:103 | 90 days @S3:29",
        ]

    def test_inside_the_session_application(self, found: tuple[Contradiction, ...]) -> None:
        assert [
            line
            for kind in (Kind.NOT_A_SECRET, Kind.PLACEHOLDER)
            for line in told(found, kind, document="S4")
        ] == [
            (
                "STRIPE_PUBLISHABLE_KEY: named among the secrets @S4:27 | "
                "an identifier or public key by its name @S4:25"
            ),
            "contacts: contacts are kept current @S4:39 | [contact information] @S4:42",
        ]
        assert len(told(found, Kind.LADDER, document="S4")) == 4

    def test_between_the_documents_as_between_the_sources(self, found: tuple[Contradiction, ...]) -> None:
        assert len(told(found, Kind.PERIOD, between=True)) == 17
        assert told(found, Kind.DEADLINE, between=True) == [
            "replacement of a compromised secret: 15min @S0:82 | 5min @S3:71"
        ]
        assert told(found, Kind.ACCESS_REVIEW, between=True) == [
            "access review: monthly @S0:93 | quarterly @S1:58"
        ]
        assert told(found, Kind.DOCUMENT_REVIEW, between=True) == [
            "review of the document: 30d @S1:64 | 90d @S3:113"
        ]


def test_every_contradiction_stands_once_and_in_one_order(own: Texts) -> None:
    texts = list(own.values())
    found = contradictions(texts)
    assert len(set(found)) == len(found)
    assert found == contradictions(texts)
    assert set(found) == {one for text in texts for one in contradictions([text])} | {
        one for one in found if one.second.line and one.first.path != one.second.path
    }
