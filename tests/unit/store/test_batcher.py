"""The writer thread: everything is written, in order, and a failed write is not kept secret."""

import threading

import pytest

from llmgen.store.batcher import Batcher


def test_writes_everything_in_order():
    written = []
    batcher = Batcher(written.extend, name="test")
    for number in range(1000):
        batcher.add(number)
    batcher.close()
    assert written == list(range(1000))


def test_flush_waits_for_what_was_added_before():
    written = []
    batcher = Batcher(written.extend, name="test", beat_s=60.0)
    batcher.add("a")
    batcher.flush()
    assert written == ["a"]
    batcher.close()


def test_a_full_batch_does_not_wait_for_the_beat():
    done = threading.Event()
    batcher = Batcher(lambda items: done.set(), name="test", full_at=10, beat_s=60.0)  # noqa: ARG005
    for number in range(10):
        batcher.add(number)
    assert done.wait(10)
    batcher.close()


def test_an_error_is_raised_by_whatever_comes_next():
    def fail(_items):
        raise OSError(28, "No space left on device")

    batcher = Batcher(fail, name="test")
    batcher.add("a")
    with pytest.raises(OSError, match="No space"):
        batcher.flush()
    with pytest.raises(OSError, match="No space"):
        batcher.add("b")
    with pytest.raises(OSError, match="No space"):
        batcher.close()


def test_items_of_several_threads_all_arrive():
    written = []
    batcher = Batcher(written.extend, name="test")
    threads = [
        threading.Thread(target=lambda start=start: [batcher.add(start + n) for n in range(500)])
        for start in (0, 1000, 2000)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    batcher.close()
    assert sorted(written) == [start + n for start in (0, 1000, 2000) for n in range(500)]
