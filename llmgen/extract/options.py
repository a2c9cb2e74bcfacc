"""What a user may choose about extractors: each field is a flag, stored with the run."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from llmgen.types import Struct


class Options(Struct, forbid_unknown_fields=True):
    """Options of the extractors that ask a model."""

    xfinder_model: Annotated[
        Literal["qwen1505", "llama38it"],
        Meta(description="Published xFinder whose prompt is used (default: qwen1505)."),
    ] = "qwen1505"
    xfinder_url: Annotated[
        str | None, Meta(description="Server of an xFinder with /v1/completions, for example a vLLM.")
    ] = None
    xfinder_served_name: Annotated[
        str | None,
        Meta(description="Its name there (default: xFinder-MODEL); without URL a managed vLLM's name."),
    ] = None
    xfinder_weights: Annotated[
        str | None, Meta(description="xFinder in this process: folder or hub id of its weights.")
    ] = None
    xfinder_system: Annotated[
        Literal["released", "training"],
        Meta(description="System line of the released inference code (default) or of the training data."),
    ] = "released"
    xfinder_escape: Annotated[
        bool, Meta(description="Break up control tokens such as <|eot_id|> inside the texts that are read.")
    ] = False
    xfinder_instruction: Annotated[
        str | None, Meta(description="File whose text is put before the question.")
    ] = None
