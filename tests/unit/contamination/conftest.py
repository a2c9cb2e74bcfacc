"""Evidence about one item, made of texts."""

import pytest

from llmgen.evidence import Evidence
from llmgen.types import Draw, Sample

SAMPLE = Sample(id="s1", question="Write add.", answer_type="code", target="return a + b")


@pytest.fixture
def evidence():
    """Builds evidence: a text, a Draw or None (not returned) for each answer."""

    def draw(answer):
        if isinstance(answer, Draw):
            return answer
        return Draw(text=answer, reason="not_returned" if answer is None else "")

    def build(greedy, draws, *, n_asked=None, about=None, **fields):
        return Evidence(
            sample=about or SAMPLE,
            greedy=None if greedy is None else draw(greedy),
            draws=tuple(draw(answer) for answer in draws),
            n_asked=len(draws) if n_asked is None else n_asked,
            **fields,
        )

    return build
