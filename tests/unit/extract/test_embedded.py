"""An extractor from a plain function says what time of the processor its readings took."""

import threading

from llmgen.extract import EXTRACTORS
from llmgen.extract.embedded import embedded
from llmgen.types import Answer, Sample

SAMPLE = Sample(id="s", question="?", answer_type="alphabet_option", choices=("red", "blue"))


async def test_time_in_which_the_thread_does_nothing_is_not_counted():
    def read(sample, text):
        threading.Event().wait(0.2)
        return Answer(kind="answered", value=text, extractor=sample.id)

    answer = await embedded(read)(SAMPLE, "B")
    assert (answer.value, answer.extractor) == ("B", "s")
    assert answer.elapsed_us < 100_000


async def test_work_is_counted():
    def read(sample, text):
        value = sum(range(2_000_000))
        return Answer(kind="answered", value=str(value), extractor=sample.id, raw=text)

    assert (await embedded(read)(SAMPLE, "")).elapsed_us > 1_000


async def test_extractors_that_ask_nobody_say_their_time():
    for name in ("pinpoint", "first-option"):
        assert (await EXTRACTORS.load(name)()(SAMPLE, "The answer is (B).")).elapsed_us is not None
