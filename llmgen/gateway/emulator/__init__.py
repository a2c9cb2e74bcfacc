"""A vendor in a box: a real HTTP server that speaks the vendors' dialects and fails as they do, on request.

`with running() as emulator:` serves from a thread; `python -m llmgen.gateway.emulator` from a process of its
own. Base URLs are `emulator.url("together")` and so on: the first part of the path picks the vendor's shapes.
"""
