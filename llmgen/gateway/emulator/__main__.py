"""`python -m llmgen.gateway.emulator`: the emulator as a process. Prints its address, serves until killed."""

from __future__ import annotations

import argparse
import asyncio

from llmgen.gateway.emulator.plan import rates
from llmgen.gateway.emulator.running import start
from llmgen.gateway.emulator.server import Emulator


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m llmgen.gateway.emulator", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0: a free one")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds added to every answer")
    parser.add_argument("--rpm", type=float, help="requests a minute; more get a 429")
    parser.add_argument("--burst", type=int, default=50, help="requests at once under --rpm")
    parser.add_argument("--retry-after", default="1", help="the 429's Retry-After")
    parser.add_argument("--text", help="the answer (default: an echo)")
    parser.add_argument(
        "--fault", action="append", default=[], metavar="NAME=SHARE", help="for example 503=0.1"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the faults")
    return parser.parse_args()


async def _main(arguments: argparse.Namespace) -> None:
    emulator = Emulator()
    emulator.latency_s = arguments.latency
    emulator.retry_after = arguments.retry_after
    emulator.reply_text = arguments.text
    if arguments.rpm:
        emulator.limit(arguments.rpm, arguments.burst)
    shares = dict(part.split("=", 1) for part in arguments.fault)
    if shares:
        emulator.plan = rates({name: float(share) for name, share in shares.items()}, arguments.seed)
    await start(emulator, port=arguments.port)
    print(emulator.address, flush=True)  # noqa: T201  # this is how its starter learns the port
    await asyncio.Event().wait()


if __name__ == "__main__":
    try:
        import uvloop
    except ImportError:
        asyncio.run(_main(_arguments()))
    else:
        uvloop.run(_main(_arguments()))
