"""A line to a model that answers as the test says."""

import pytest

from llmgen.assets import asset_dir
from llmgen.prompts import Prompts
from llmgen.types import Completion


class ScriptedLine:
    """Answers every request by `reply(request)`: a Completion, a text, or an error to raise."""

    endpoint = "scripted"
    model = "m"

    def __init__(self, reply, max_stop=None, *, json_schema=False):
        self.reply = reply
        self.max_stop = max_stop
        self.json_schema = json_schema
        self.asked = []

    async def ready(self, request):
        """Always."""

    async def __call__(self, request):
        self.asked.append(request)
        reply = self.reply(request) if callable(self.reply) else self.reply
        if isinstance(reply, BaseException):
            raise reply
        if isinstance(reply, str):
            return Completion(texts=(reply,), finish_reasons=("stop",), model="m")
        return reply


@pytest.fixture
def scripted():
    return ScriptedLine


@pytest.fixture(scope="session")
def fill():
    return Prompts(asset_dir("prompts")).fill
