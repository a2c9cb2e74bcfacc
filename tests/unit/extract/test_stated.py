"""What a free answer states, where the range is only described."""

import pytest

from llmgen.extract.pinpoint.stated import stated_text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("The answer is Shigeru Ishiba.", "Shigeru Ishiba"),
        ("Hmm, two candidates.\nThe final answer is: Isis Pharma", "Isis Pharma"),
        ("Port Sable\n\nLet me know if you need anything else!", "Port Sable"),
        ("First I recall the strait.\nPort Sable\n\nExplanation: the strait ends there.", "Port Sable"),
        ("Port Sable\n### Why\nIt is the last harbour.\nNothing lies behind it.", "Port Sable"),
        ("港口\n希望对你有帮助", "港口"),
        ("I hope it is Port Sable.", "I hope it is Port Sable"),
        ("The words are: ant bee cow", "ant bee cow"),
        ("Sorted list:\n- ant\n- bee", "ant bee"),
        ("", None),
    ],
)
def test_stated(text, said):
    assert stated_text(text, []) == said
