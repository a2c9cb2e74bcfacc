"""`python export_child.py FILE.gguf FOLDER`: run by any interpreter with transformers, llmgen not needed."""

from __future__ import annotations

import sys
from pathlib import Path

import accelerate  # noqa: F401  # transformers asks for it, in words that name no package to a program
import gguf  # noqa: F401  # the same
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer


def main() -> None:
    """Loads the GGUF in bfloat16 and saves it as safetensors."""
    source, target = Path(sys.argv[1]), Path(sys.argv[2])
    where = {"pretrained_model_name_or_path": str(source.parent), "gguf_file": source.name}
    model = AutoModelForCausalLM.from_pretrained(**where, dtype=torch.bfloat16)
    # save_pretrained refuses a model that says it is quantised; these weights no longer are
    marks = ((model, "hf_quantizer"), (model, "is_quantized"), (model.config, "quantization_config"))
    for owner, name in marks:
        if hasattr(owner, name):
            delattr(owner, name)
    model.save_pretrained(target)
    AutoTokenizer.from_pretrained(**where).save_pretrained(target)


if __name__ == "__main__":
    main()
