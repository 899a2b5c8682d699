import json

from hypothesis import given
from hypothesis import strategies as st

from keyproof.report.json_text import json_text


@given(st.text(st.characters(exclude_categories=())))
def test_whatever_the_text_it_has_bytes_and_is_read_back(text: str) -> None:
    written = json_text({"name": text})
    assert json.loads(written.encode().decode()) == json.loads(json.dumps({"name": text}))


def test_a_name_stays_readable_where_it_can() -> None:
    assert json_text(["schlüssel-鍵"]) == '[\n  "schlüssel-鍵"\n]\n'
