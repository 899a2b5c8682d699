"""The other half of benchmarks/evaluation.py: runs in the environment of Cloud Custodian, and needs nothing of ours.

    PYTHON evaluation_custodian.py RESOURCES.jsonl POLICIES.yaml NOW

Dates are parsed before the clock starts, as the AWS SDK hands them over parsed, and moved by the time since
NOW: Custodian compares with the clock of the machine, and an age has to be what it is for the other half.
"""

import json
import resource
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import yaml
from c7n.config import Config
from c7n.policy import PolicyCollection
from c7n.resources import load_resources

_DATES = ("LastChangedDate", "CreatedDate", "ExpiresAt")


def main() -> None:
    """Print the measurement as one line of JSON."""
    since = datetime.now(UTC) - datetime.fromisoformat(sys.argv[3])
    lines = Path(sys.argv[1]).read_text("utf-8").splitlines()
    resources = [_parsed(json.loads(line), since) for line in lines]
    load_resources(("aws.secrets-manager",))
    config = Config.empty(region="eu-west-1", account_id="111122223333")
    policies = PolicyCollection.from_data(yaml.safe_load(Path(sys.argv[2]).read_text("utf-8")), config)
    before = _peak()
    begin, begin_cpu = time.perf_counter(), time.process_time()
    found = sum(len(policy.resource_manager.filter_resources(resources)) for policy in policies)
    seconds, cpu = time.perf_counter() - begin, time.process_time() - begin_cpu
    print(
        json.dumps({"seconds": seconds, "cpu": cpu, "megabytes": _peak(), "found": found, "before": before})
    )


def _parsed(one: dict[str, object], since: timedelta) -> dict[str, object]:
    dates = {key: datetime.fromisoformat(str(one[key])) + since for key in _DATES if key in one}
    return {**one, **dates}


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
