"""Facts become rules with the line they rest on; what no check decides is kept with a reason."""

from collections.abc import Mapping
from typing import Any

import pytest

from keyproof.document.facts import PolicyText
from keyproof.document.reading import read_document
from keyproof.document.rules import Draft, draft
from keyproof.wiring.catalog import CHECKS

Texts = Mapping[str, PolicyText]


def drafted(text: PolicyText) -> Draft:
    return draft(text, kinds=CHECKS, inventory=True)


def of(text: str) -> Draft:
    return drafted(read_document(text, path="policy.md"))


def rules(made: Draft, check: str) -> dict[str, tuple[Any, ...]]:
    """Rule id → lines and parameters."""
    return {
        rule.id: (tuple(place.line for place in rule.places), dict(rule.with_))
        for rule in made.rules
        if rule.check == check
    }


@pytest.mark.seeds
class TestSourceDocuments:
    def test_items_1_and_9_first_document(self, seeds: Texts) -> None:
        made = drafted(seeds["S0"])
        periods = {one.title: (one.priority, one.schedules[0].shown) for one in made.classes}
        assert periods == {
            "Google Service Account": ("critical", "90 days"),
            "Notion API Key": ("critical", "90 days"),
            "OpenAI API Key": ("critical", "60 days"),
            "CRM API Key": ("critical", "90 days"),
            "Platform API Key": ("critical", "90 days"),
            "Database Password": ("critical", "90 days"),
            "Redis Password": ("high", "90 days"),
            "JWT Secret": ("critical", "180 days"),
            "Encryption Keys": ("critical", "365 days"),
            "CDN API Key": ("medium", "90 days"),
            "Webhook Secrets": ("medium", "90 days"),
            "Slack Webhook": ("low", "180 days"),
        }
        assert rules(made, "old-version-retired") == {
            "google-service-account-old-version-retired": ((331,), {"grace": "48h"}),
            "notion-api-key-old-version-retired": ((369,), {"grace": "24h"}),
            "openai-api-key-old-version-retired": ((416,), {"grace": "24h"}),
            "crm-api-key-old-version-retired": ((457,), {"grace": "48h"}),
            "platform-api-key-old-version-retired": ((457,), {"grace": "48h"}),
            "database-password-old-version-retired": ((498,), {"grace": "48h"}),
            "jwt-secret-old-version-retired": ((539,), {"grace": "7d"}),
        }
        assert rules(made, "rotated-after-leak") == {"rotated-after-leak": ((550,), {"deadline": "15min"})}
        assert rules(made, "rotation-enabled") == {
            "database-password-rotates-by-itself": ((140,), {"period": "90d"})
        }

    def test_items_2_8_11_and_19_second_document(self, seeds: Texts) -> None:
        made = drafted(seeds["S1"])
        assert rules(made, "max-age") == {
            "high-risk-secrets-rotation": (
                (40,),
                {"period": "30d", "alerts": {"10d": "warning", "7d": "critical", "0d": "emergency"}},
            ),
            "medium-risk-secrets-rotation": (
                (45,),
                {"period": "90d", "alerts": {"30d": "warning", "7d": "critical", "0d": "emergency"}},
            ),
            "low-risk-secrets-rotation": (
                (50,),
                {"period": "182d", "alerts": {"30d": "warning", "7d": "critical", "0d": "emergency"}},
            ),
        }
        assert rules(made, "storage") == {
            "development-storage": (
                (29, 30, 31),
                {"allowed": ["docker", "dotenv", "environment-variable*", "kubernetes"]},
            ),
            "production-storage": (
                (34, 35, 36),
                {"allowed": ["aws-secrets-manager", "encrypted-*", "kubernetes", "vault"]},
            ),
            "staging-storage": (
                (29, 30, 31),
                {"allowed": ["docker", "dotenv", "environment-variable*", "kubernetes"]},
            ),
        }
        about = seeds["S1"].about
        assert (str(about.updated), about.owner, about.approver) == (
            "2025-09-19",
            "DevOps Team",
            "Security Team",
        )
        assert about.review is not None
        assert about.review.text == "monthly"

    def test_item_3_third_document(self, seeds: Texts) -> None:
        made = drafted(seeds["S2"])
        assert rules(made, "max-age") == {
            "encryption-keys-rotation": ((11,), {"period": "365d"}),
            "jwt-keys-rotation": ((11,), {"period": "365d"}),
            "api-keys-rotation": ((10,), {"period": "90d"}),
            "passwords-rotation": ((10,), {"period": "90d"}),
        }
        assert rules(made, "old-version-retired") == {
            "jwt-keys-old-version-retired": ((58,), {"grace": "24h"})
        }

    def test_items_4_33_40_and_49_fourth_document(self, seeds: Texts) -> None:
        made = drafted(seeds["S3"])
        periods = {one.title: one.schedules[0].shown for one in made.classes}
        assert periods == {
            "JWT Secret Key": "90 days",
            "API Keys": "90 days",
            "Database Passwords": "90 days",
            "Redis Password": "90 days",
            "Encryption Keys": "180 days",
            "SENTRY_DSN": "On compromise",
            "EMAIL_API_KEY": "90 days",
            "SMS_API_KEY": "90 days",
            "Service account keys": "90 days",
        }
        all_roles = {"developer": "allow", "devops": "allow", "security-team": "allow", "admin": "allow"}
        lines = (213, 214, 215, 216)
        assert rules(made, "access") == {
            "development-access": (lines, {"roles": all_roles}),
            "staging-access": (lines, {"roles": all_roles}),
            "production-access": (lines, {"roles": {**all_roles, "developer": "deny"}}),
        }
        assert rules(made, "audit-logging") == {"access-logged": ((242, 385, 386), {"retention": "365d"})}
        assert rules(made, "rotated-after-leak") == {"rotated-after-leak": ((185,), {"deadline": "5min"})}
        assert rules(made, "policy-review") == {"document-review": ((3, 432, 434), {"approvers": 2})}
        assert rules(made, "old-version-retired") == {"any-old-version-retired": ((172,), {"grace": "48h"})}
        assert rules(made, "expires") == {"has-expiry": ((30,), {"required": True})}
        assert rules(made, "no-leak") == {"no-leak": ((17, 18, 19, 249, 252), {})}
        left = {part.place.line for part in made.unread}
        assert {26, 190, 195, 200, 250, 251, 387} <= left  # roles, later steps, habits, audits: no check

    def test_items_22_25_27_to_29_and_42_strength_transport_and_activities(self, seeds: Texts) -> None:
        fourth, second = drafted(seeds["S3"]), drafted(seeds["S1"])
        assert rules(fourth, "strength") == {
            "jwt-secret-key-strength": ((118,), {"bits": 256}),
            "api-keys-strength": ((131,), {"bits": 256}),
            "passwords-strength": ((138, 139), {"length": 16, "character-classes": 4}),
        }
        assert rules(second, "strength") == {"jwt-secret-strength": ((19,), {"bits": 256})}
        jwt = next(rule for rule in second.rules if rule.check == "strength")
        assert jwt.select["name"] == ["JWT_SECRET"]  # not the whole class of high risk
        assert rules(fourth, "naming") == {"api-keys-prefix": ((132,), {"value-prefix": ["api_live_*"]})}
        assert rules(fourth, "key-strength") == {
            "any-key-strength": ((37,), {"minimum": {"aes": 256, "rsa": 2048}})
        }
        assert rules(fourth, "encrypted") == {"encrypted-at-rest": ((35,), {})}
        assert rules(fourth, "transport") == {"encrypted-in-transit": ((36,), {})}
        assert rules(fourth, "isolation") == {"one-value-an-environment": ((120, 243, 253), {})}
        assert rules(fourth, "attested") == {"attested-line-388": ((388,), {"every": "365d"})}
        assert rules(second, "attested") == {"attested-line-126": ((126,), {"every": "30d"})}
        assert rules(second, "access-review") == {"access-reviewed": ((125,), {"every": "90d"})}
        assert rules(drafted(seeds["S0"]), "access-review") == {"access-reviewed": ((628,), {"every": "30d"})}

    def test_item_5_fifth_document(self, seeds: Texts) -> None:
        made = drafted(seeds["S4"])
        assert rules(made, "max-age") == {
            "session-secret-rotation": ((17,), {"period": "90d"}),
            "database-credential-rotation": ((50,), {"period": "30d"}),
            "encryption-key-rotation": ((104,), {"period": "180d"}),
        }
        session = next(rule for rule in made.rules if rule.id == "session-secret-rotation")
        assert session.select == {"class": "session-secret", "environment": "production"}
        assert rules(made, "old-version-retired") == {
            "session-secret-old-version-retired": ((44,), {"grace": "24h"})
        }
        events = [(part.place.line, part.text) for part in made.unread if "rotated on" in part.text]
        assert events == [
            (18, "Session Secret: rotated on compromise"),
            (19, "Session Secret: rotated on incident"),
            (51, "Database Credential: rotated on personnel-change"),
            (52, "Database Credential: rotated on incident"),
            (105, "Encryption Key: rotated on incident"),
        ]

    def test_every_place_is_a_line_of_its_document(self, seeds: Texts) -> None:
        for name, text in seeds.items():
            made = drafted(text)
            places = [place for rule in made.rules for place in rule.places] + [
                part.place for part in made.unread
            ]
            assert places
            assert all(place.path == name and place.line > 0 for place in places)
            assert all(rule.places for rule in made.rules)


def test_the_restated_documents_give_the_same_periods_and_graces(own: Texts) -> None:
    assert rules(drafted(own["S0"]), "max-age")["openai-api-key-rotation"] == ((9, 49), {"period": "60d"})
    assert rules(drafted(own["S0"]), "old-version-retired") == {
        "google-service-account-old-version-retired": ((44,), {"grace": "48h"}),
        "openai-api-key-old-version-retired": ((52,), {"grace": "24h"}),
        "crm-api-key-old-version-retired": ((59,), {"grace": "48h"}),
        "platform-api-key-old-version-retired": ((59,), {"grace": "48h"}),
        "database-password-old-version-retired": ((69,), {"grace": "48h"}),
        "jwt-secret-old-version-retired": ((77,), {"grace": "7d"}),
    }
    assert rules(drafted(own["S4"]), "max-age") == {
        "session-secret-rotation": ((6,), {"period": "90d"}),
        "database-credential-rotation": ((17,), {"period": "30d"}),
        "encryption-key-rotation": ((32,), {"period": "180d"}),
    }


def test_a_secret_of_two_classes_is_put_in_neither(own: Texts) -> None:
    made = drafted(own["S1"])
    assert not any("DATADOG_API_KEY" in one.patterns for one in made.classes)
    assert any(part.text == "DATADOG_API_KEY" for part in made.unread)


def test_a_check_that_is_not_there_is_told_and_not_written(own: Texts) -> None:
    made = draft(own["S3"], kinds={"max-age"}, inventory=True)
    assert {rule.check for rule in made.rules} == {"max-age"}
    assert any(part.reason == "this version has no check 'access'" for part in made.unread)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Rotate API keys every 90 days.", {"api-keys-rotation": ((1,), {"period": "90d"})}),
        ("Database passwords must be rotated every six months.", {"database-passwords-rotation": ((1,), {"period": "6mo"})}),
        ("# Rotation schedule\n\nTokens: every 12 weeks\n", {"tokens-rotation": ((3,), {"period": "84d"})}),
        ("# Rotation\n\n## When\n\nRotate every 45 days:\n\n* Build token\n* Deploy key\n",
         {"build-token-deploy-key-rotation": ((5,), {"period": "45d"})}),
        ("## Signing Key Rotation\n\n**Rotation period:** every 2 years\n", {"signing-key-rotation": ((3,), {"period": "730d"})}),
        ("All secrets are rotated every 30 days.", {"all-secrets-rotation": ((1,), {"period": "30d"})}),
        ("Access is reviewed every 30 days.", {}),
        ("Rotate logs every 7 days is not meant: keep old logs 90 days.", {}),
        ("Reports are generated monthly.", {}),
    ],
)  # fmt: skip
def test_periods_in_prose(text: str, expected: Mapping[str, Any]) -> None:
    assert rules(of(text), "max-age") == expected


def test_an_alert_longer_than_a_third_of_the_period_is_shortened() -> None:
    made = of(
        "Rotate API keys every 60 days.\n\n## Alerts\n\n- 30 days before expiry: warning\n- Day of expiry: emergency\n"
    )
    assert rules(made, "max-age")["api-keys-rotation"][1]["alerts"] == {"20d": "warning", "0d": "emergency"}


def test_a_general_period_does_not_hide_the_classes() -> None:
    made = of("All secrets are rotated every 90 days.\n\nThe JWT secret is rotated every 30 days.\n")
    assert list(rules(made, "max-age")) == ["jwt-secret-rotation"]
    assert any(part.text == "All secrets: 90 days" for part in made.unread)
