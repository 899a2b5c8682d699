import json
import os
from pathlib import Path

from keyproof.report import result


def test_the_published_schema_is_the_one_of_the_models(checkout: Path) -> None:
    path = checkout / "reports" / "schema" / "assessment.v1.schema.json"
    text = json.dumps(result.json_schema(), indent=2, ensure_ascii=False) + "\n"
    if os.environ.get("KEYPROOF_REGENERATE"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == text
