"""The xFinder path for real: prompt, gateway, transformers with a small Qwen2, reading."""

import pytest

from llmgen.assets import asset_dir
from llmgen.config import Settings
from llmgen.errors import UsageError
from llmgen.extract.base import ExtractContext
from llmgen.extract.options import Options
from llmgen.extract.xfinder.extractor import build
from llmgen.gateway.engines.torch_model import TorchModel
from llmgen.lines import open_gateway
from llmgen.prompts import Prompts
from llmgen.types import Sample

OPTIONS = Sample(id="s", question="Which?", answer_type="alphabet_option", choices=("3", "4"))


@pytest.fixture
async def xfinder(tmp_path):
    """Builds the extractor over the options, behind a gateway that is closed after the test."""
    async with open_gateway(Settings(home=str(tmp_path)), "off") as gateway:

        async def open_line(model_id, base_urls=()):
            return await gateway.open(model_id, {"drop_unsupported": True}, base_urls)

        async def opened(**options):
            prompts = Prompts(asset_dir("prompts"))
            context = ExtractContext(options=Options(**options), open_line=open_line, fill=prompts.fill)
            return await build(context)

        yield opened


async def test_a_reply_is_read_with_its_confidence(tiny_qwen2, xfinder):
    extract = await xfinder(xfinder_weights=str(tiny_qwen2({":": "B"})))
    answer = await extract(OPTIONS, "It must be (B).")
    assert (answer.kind, answer.value, answer.raw) == ("answered", "B", "B")
    assert answer.confidence == pytest.approx(1.0, abs=1e-3)
    name, version = answer.method.split("@")
    assert (name, len(version)) == ("xfinder", 8)


async def test_a_reply_without_end_is_an_error(tiny_qwen2, xfinder):
    extract = await xfinder(xfinder_weights=str(tiny_qwen2({":": "B", "B": "B"})))
    answer = await extract(OPTIONS, "It must be (B).")
    assert (answer.kind, answer.value, answer.reason) == ("error", None, "extractor_truncated")
    assert answer.raw == "B" * 256


async def test_a_model_that_ends_at_once_said_nothing(tiny_qwen2, xfinder):
    extract = await xfinder(xfinder_weights=str(tiny_qwen2({})))
    answer = await extract(OPTIONS, "It must be (B).")
    assert (answer.kind, answer.reason) == ("error", "empty_reply")


async def test_an_output_beyond_the_context_is_elided(tiny_qwen2, xfinder):
    extract = await xfinder(xfinder_weights=str(tiny_qwen2({":": "B"}, context=1024)))
    answer = await extract(OPTIONS, "word " * 2000 + "So it is (B).")
    assert (answer.kind, answer.value, answer.reason) == ("answered", "B", "elided")


async def test_the_llama_form_is_asked_too_with_one_bos(tiny_qwen2, xfinder):
    folder = tiny_qwen2({"Ċ": "A"}, bos=True)
    extract = await xfinder(xfinder_weights=str(folder), xfinder_model="llama38it")
    assert (await extract(OPTIONS, "It is (A).")).value == "A"
    tokens = TorchModel(str(folder)).text_tokens("<|start_header_id|>system")
    assert tokens.count(tokens[0]) == 1
    assert len(tokens) == 1 + len("<|start_header_id|>system")


async def test_weights_that_are_not_there(tmp_path, xfinder):
    with pytest.raises(UsageError, match="cannot load"):
        await xfinder(xfinder_weights=str(tmp_path / "nothing"))


async def test_no_way_to_a_model(xfinder):
    with pytest.raises(UsageError, match="has no model") as error:
        await xfinder()
    assert "--xfinder-weights" in error.value.hint
