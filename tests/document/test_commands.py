"""Commands that a document shows: what their tools refuse, what is about something else, what asks too much."""

import pytest

from keyproof.document.commands import contradictions
from keyproof.document.reading import read_document

HEAD = "# Rotation\n\n"


def _told(body: str) -> list[str]:
    return [str(one) for one in contradictions(read_document(HEAD + body, path="p.md"))]


def _block(*lines: str, title: str = "## Steps") -> str:
    return "\n".join([title, "", "```sh", *lines, "```", ""])


def _kinds(body: str) -> list[str]:
    return [line.partition(":")[0] for line in _told(body)]


def test_what_a_tool_refuses_names_its_limit() -> None:
    body = _block(
        "aws secretsmanager describe-secret --secret-id acme/production/* \\",
        "  | jq '.RotationRules'",
        "aws secretsmanager rotate-secret --secret-id acme/db \\",
        "  --rotation-lambda-arn arn:aws:lambda:us-east-1:123456789:function:Rotate",
        "aws cloudtrail lookup-events --max-results 100",
    )
    assert _told(body) == [
        (
            "command: aws secretsmanager describe-secret: p.md:6 says --secret-id acme/production/*, AWS Secrets Manager "
            "says one name or ARN; no wildcard is understood there: list the secrets by a filter, then look at each"
        ),
        "command: ARN: p.md:8 says an account id of 9 digits, AWS says 12 digits; the command is refused as it stands",
        (
            "command: aws cloudtrail lookup-events: p.md:10 says --max-results 100, AWS CloudTrail says 50 at most; "
            "ask for pages, or the command is refused"
        ),
    ]


@pytest.mark.parametrize(
    "command",
    [
        "aws secretsmanager list-secrets --filters Key=name,Values=acme/*",
        "aws secretsmanager describe-secret --secret-id acme/db",
        "aws lambda invoke --function-name arn:aws:lambda:us-east-1:123456789012:function:Rotate",
        "aws cloudtrail lookup-events --max-results 50",
        "aws cloudtrail lookup-events --max-items 500",
        "vault login -method=oidc role=ops",
        "GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA public TO app;",
        "client = hvac.Client(url='https://vault:8200')",
        "client = hvac.Client(url='http://localhost:8200')",
    ],
)
def test_commands_in_order_are_told_by_nobody(command: str) -> None:
    assert _told(_block(command)) == []


def test_what_security_rules_speak_against() -> None:
    body = _block(
        "vault login <ROOT_TOKEN>",
        "client = hvac.Client(url='http://vault.acme.example:8200')",
        "GRANT ALL PRIVILEGES ON DATABASE app TO app_v2;",
        "GRANT ALL PRIVILEGES ON ALL TABLES IN SCHEMA public TO app_v2;",
    )
    assert [line.rpartition("; ")[0] for line in _told(body)] == [
        (
            "too-much: root token: p.md:6 says login with the root token, "
            "Vault production hardening says no root token outside the first set-up"
        ),
        (
            "in-clear: address of the secret manager: p.md:7 says http://vault.acme.example, "
            "Vault production hardening says TLS to the end"
        ),
        "too-much: rights of the new account: p.md:8 says GRANT ALL, NIST SP 800-53 AC-6 says least privilege",
    ]


def test_a_rule_of_the_document_itself_goes_before_a_standard() -> None:
    body = "## Rules\n\n- Secrets must be encrypted in transit\n- Implement least privilege\n\n" + _block(
        "client = hvac.Client(url='http://vault:8200')", "GRANT ALL ON DATABASE app TO app;"
    )
    assert [line.split(", ", 1)[1].rpartition("; ")[0] for line in _told(body)] == [
        "p.md:5 says Secrets must be encrypted in transit",
        "p.md:6 says Implement least privilege",
    ]


READER = (
    "def read(self, path):",
    "    return self.client.secrets.kv.v2.read_secret_version({})",
    "read('acme/production/openai')",
)


def test_a_mount_that_the_reader_takes_for_a_part_of_the_path() -> None:
    mounted = _block("vault secrets enable -path=acme kv-v2")
    reader = [line.format("path=path") for line in READER]
    assert _told(mounted + _block(*reader, title="## Read")) == [
        (
            "mount: acme/production/openai: p.md:6 says the engine is mounted at acme/, p.md:13 says read as "
            "acme/production/openai, without a mount; the client at line 12 looks below its default mount"
        )
    ]
    right = [line.format("path=path, mount_point='acme'") for line in READER]
    assert _told(mounted + _block(*right, title="## Read")) == []
    assert _told(mounted + _block(*reader[:2], title="## Read") + _block(reader[2], title="## AWS")) == []
    assert _told(_block("vault secrets enable -path=secret kv-v2") + _block(*reader, title="## Read")) == []


def test_a_step_that_names_one_store_and_changes_another() -> None:
    google = _block(
        "echo new | gcloud secrets versions add acme-db --data-file=-", title="## Update Kubernetes secret"
    )
    assert _told(google) == [
        (
            "step: Update Kubernetes secret: p.md:3 says a step in kubernetes, p.md:6 says a command for "
            "gcp-secret-manager; who follows the title changes something else, or nothing"
        )
    ]
    both = google.replace("```\n", "kubectl annotate externalsecret db force-sync=1\n```\n", 1)
    assert _told(both) == []
    assert _told(google.replace("Update Kubernetes secret", "Update the Google service account")) == []
    assert (
        _told(
            google.replace("Update Kubernetes secret", "Update Kubernetes secrets and Google Secret Manager")
        )
        == []
    )


def test_a_name_for_the_rotation_beside_the_name_that_stays() -> None:
    made = "kubectl create secret generic jwt-keys-new --from-file=k.pem"
    assert _kinds(_block(made, "kubectl get secret jwt-keys -o yaml")) == ["rotated-name"]
    assert _told(_block(made)) == []
    assert _told(_block(made, "kubectl delete secret jwt-keys")) == []
    assert _told(_block(made.replace("-new", ""), "kubectl get secret jwt-keys -o yaml")) == []


def test_one_account_with_two_passwords_repeats_neither() -> None:
    made = "CREATE ROLE app_new WITH LOGIN PASSWORD 'first_made_up';"
    (told,) = _told(_block(made, "psql postgresql://app_new:second_made_up@db/app"))
    assert told == (
        "two-values: app_new: p.md:6 says made with one password, p.md:7 says used with another; "
        "the second is not the password that was set"
    )
    assert _told(_block(made, "psql postgresql://app_new:first_made_up@db/app")) == []
    assert _told(_block(made, "psql postgresql://app_new:$PASSWORD@db/app")) == []
    assert _told(_block(made, "psql postgresql://other:second_made_up@db/app")) == []


def test_a_schedule_that_only_sends_a_message() -> None:
    assert _kinds("## Automation\n\n- Google Secret Manager automatic rotation\n") == ["message-only"]
    assert _told("## Automation\n\n- AWS Secrets Manager rotation lambdas\n") == []
