"""Control-C in the middle of a real run: what was read is judged and reported, exit 130."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.fakes.aws_server import CREDENTIALS, aws_server
from tests.fakes.fault_proxy import Fault, Slow, fault_proxy


def _hear_interrupts() -> None:
    """A suite that was started in the background hands down that SIGINT is ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.server
def test_an_interrupt_keeps_the_finished_scopes(tmp_path: Path) -> None:
    with (
        aws_server() as server,
        fault_proxy(server.address, Fault(then=Slow(), region="eu-west-1")) as proxy,
    ):
        server.client("secretsmanager").create_secret(Name="app/one", SecretString="x")
        (tmp_path / "policy.yaml").write_text(
            "apiVersion: keyproof/v1\nkind: PolicyPack\n"
            "metadata: {id: house, title: House, version: 1.0.0, owner: A, reviewed: 2026-01-01}\n"
            "rules: [{id: age, title: Age, check: max-age, with: {period: 90d}}]\n",
            encoding="utf-8",
        )
        (tmp_path / "keyproof.yaml").write_text(
            "version: 1\norganisation: Example Ltd\npolicies: [./policy.yaml]\n"
            f'sources: [{{id: aws, kind: aws-secrets-manager, regions: [us-east-1, eu-west-1], endpoint-url: "{proxy.address}"}}]\n',
            encoding="utf-8",
        )
        process = subprocess.Popen(
            [sys.executable, "-m", "keyproof", "scan", "--out", "reports"],
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"], **CREDENTIALS},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=_hear_interrupts,  # noqa: PLW1509 (it takes no lock)
        )
        for _ in range(600):  # until the slow region is asked, and the other had time to be read
            if any(request.region == "eu-west-1" for request in proxy.seen):
                break
            time.sleep(0.05)
        time.sleep(3)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    scopes = json.loads((tmp_path / "reports" / "keyproof.json").read_text("utf-8"))["scopes"]
    assert {scope["scope"]: scope["status"] for scope in scopes} == {
        "us-east-1": "ok",
        "eu-west-1": "skipped",
    }
    assert "interrupted" in out
