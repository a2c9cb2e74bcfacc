"""The process that holds llama.cpp: `python -m llmgen.gateway.engines.llama_child` serves one GGUF file.

It prints the address once the model is loaded, and ends when its parent does, however that ends: the
kernel kills it (Linux), and its standard input closes (everywhere).
"""

from __future__ import annotations

import argparse
import ctypes
import os
import signal
import sys

import xllamacpp

_PR_SET_PDEATHSIG = 1
_WARNINGS = 2  # llama.cpp's level: below it, every request would leave seven lines in the log


def main() -> None:
    """Parses the command line of embedded.py, serves until standard input closes."""
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    for name in ("--parent", "--port", "--slots", "--context", "--threads"):
        parser.add_argument(name, type=int, required=True)
    parser.add_argument("--alias", required=True)
    arguments = parser.parse_args()
    _die_with(arguments.parent)
    address_to = os.dup(1)
    os.dup2(2, 1)  # whatever the C++ side prints is log
    server = xllamacpp.Server(_params(arguments))
    os.write(address_to, f"{server.listening_address}\n".encode())
    sys.stdin.read()
    os._exit(0)  # no waiting for requests that nobody will read


def _params(arguments: argparse.Namespace) -> xllamacpp.CommonParams:
    params = xllamacpp.CommonParams()
    params.model.path = arguments.model
    params.model_alias = {arguments.alias}
    params.port = arguments.port
    params.n_parallel = arguments.slots
    params.n_ctx = arguments.slots * arguments.context
    params.verbosity = _WARNINGS
    # what a request leaves open is drawn from the model's own distribution, as other engines do it
    params.sampling.temp, params.sampling.top_k = 1.0, 0
    params.sampling.top_p, params.sampling.min_p = 1.0, 0.0
    params.ui = False
    params.endpoint_slots = False  # it would show the prompts of others
    params.cache_prompt = False  # what was asked before must not change the rounding of this answer
    params.cache_idle_slots = False
    params.cache_ram_mib = 0  # old prompts would take up to 8 GiB
    for pool in (params.cpuparams, params.cpuparams_batch):
        pool.n_threads = arguments.threads
        pool.poll = 0  # idle threads sleep: the machine is shared with the asker
    return params


def _die_with(parent: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before we asked to be told
        os._exit(1)


if __name__ == "__main__":
    main()
