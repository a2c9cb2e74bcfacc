"""What did the model answer? One file and one row per extractor: `module:attribute` of a factory."""

from llmgen.registry import Registry

EXTRACTORS = Registry("extractor", {"whole": "llmgen.extract.whole:build"})
