"""One client asks one server a number of times, in a process of its own, and says what it cost.

    python bench/peers.py CLIENT BASE_URL REQUESTS IN_FLIGHT

Prints one JSON line: answered, wall_s, cpu_s (user + system, of the asking alone), rss_mb (at the end).
Exit code 3: the client is not installed in this Python.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

Ask = Callable[[], Awaitable[bool]]
NOT_INSTALLED = 3
PROMPT = (
    "Answer with the shortest possible phrase, in plain text and without an explanation.\n\n"
    "In which town was the botanist Ada Lindqvist born, and in which year did she leave it?"
)
BODY = {
    "model": "bench",
    "messages": [{"role": "user", "content": PROMPT}],
    "max_tokens": 64,
    "temperature": 0,
}


async def pool(ask: Ask, requests: int, in_flight: int) -> int:
    """`in_flight` workers pull from one count until `requests` were made; returns how many were answered."""
    numbers: Iterator[int] = iter(range(requests))

    async def worker() -> int:
        return sum([await ask() for _ in numbers])

    return sum(await asyncio.gather(*(worker() for _ in range(in_flight))))


async def with_aiohttp(url: str, requests: int, in_flight: int) -> int:
    """Bare aiohttp: the floor that our gateway is compared with. No cache, no store, no retry."""
    import aiohttp

    target = f"{url}/chat/completions"
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def ask() -> bool:
            async with session.post(target, json=BODY) as answer:
                return bool((await answer.json())["choices"][0]["message"]["content"])

        return await pool(ask, requests, in_flight)


async def with_openai(url: str, requests: int, in_flight: int) -> int:
    """The openai SDK's async client, as its README shows it; retries off, so that a 429 would be counted."""
    from openai import AsyncOpenAI

    async with AsyncOpenAI(base_url=url, api_key="bench", max_retries=0, timeout=60) as client:

        async def ask() -> bool:
            answer = await client.chat.completions.create(**BODY)
            return bool(answer.choices[0].message.content)

        return await pool(ask, requests, in_flight)


async def with_litellm(url: str, requests: int, in_flight: int) -> int:
    """The acompletion of litellm over its OpenAI-compatible route."""
    import litellm

    litellm.suppress_debug_info = True

    async def ask() -> bool:
        answer = await litellm.acompletion(
            **{**BODY, "model": "openai/bench"}, api_base=url, api_key="bench", num_retries=0
        )
        return bool(answer.choices[0].message.content)

    return await pool(ask, requests, in_flight)


LM_EVAL_TASK = """\
task: bench
dataset_path: json
dataset_kwargs: {{data_files: {{test: {items}}}}}
test_split: test
output_type: generate_until
doc_to_text: "{{{{question}}}}"
doc_to_target: "{{{{target}}}}"
generation_kwargs: {{until: [], max_gen_toks: 64, temperature: 0}}
metric_list: [{{metric: exact_match, ignore_case: true, ignore_punctuation: true}}]
"""


def with_lm_eval(url: str, requests: int, in_flight: int) -> int:
    """A whole lm-eval run, as ours is one: a task from a file, chat endpoint, exact match, aggregation."""
    from lm_eval import simple_evaluate
    from lm_eval.tasks import TaskManager

    with tempfile.TemporaryDirectory() as folder:
        items = Path(folder, "items.jsonl")
        lines = (json.dumps({"question": f"{PROMPT} ({n})", "target": "Uppsala"}) for n in range(requests))
        items.write_text("\n".join(lines))
        Path(folder, "bench.yaml").write_text(LM_EVAL_TASK.format(items=items))
        result = simple_evaluate(
            model="local-chat-completions",
            model_args=f"base_url={url}/chat/completions,model=bench,num_concurrent={in_flight},tokenizer_backend=None",
            tasks=["bench"],
            task_manager=TaskManager(include_path=folder, include_defaults=False),
            apply_chat_template=True,
            bootstrap_iters=0,
            cache_requests=False,
        )
    return sum(bool(sample["resps"][0][0]) for sample in result["samples"]["bench"])


ASYNC_CLIENTS = {"aiohttp": with_aiohttp, "openai": with_openai, "litellm": with_litellm}
MODULES = {"aiohttp": "aiohttp", "openai": "openai", "litellm": "litellm", "lm-eval": "lm_eval"}


def measured(client: str, url: str, requests: int, in_flight: int) -> int:
    """Runs `client`; aiohttp on uvloop as in our gateway, the others as they come."""
    if client == "lm-eval":
        return with_lm_eval(url, requests, in_flight)
    work = ASYNC_CLIENTS[client](url, requests, in_flight)
    if client == "aiohttp":
        import uvloop

        return uvloop.run(work)
    return asyncio.run(work)


def main() -> int:
    """Imports the client first, so that only the asking is measured."""
    client, url, requests, in_flight = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    os.environ.update(
        OPENAI_API_KEY="bench", LITELLM_LOCAL_MODEL_COST_MAP="True", HF_HUB_OFFLINE="1", TQDM_DISABLE="1"
    )
    try:
        __import__(MODULES[client])
    except ImportError:
        return NOT_INSTALLED
    measured(client, url, min(requests, in_flight), in_flight)
    cpu, wall = time.process_time(), time.perf_counter()
    answered = measured(client, url, requests, in_flight)
    report = {
        "answered": answered,
        "wall_s": time.perf_counter() - wall,
        "cpu_s": time.process_time() - cpu,
        "rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    print(json.dumps(report))
    return 0


if __name__ == "__main__":
    sys.exit(main())
