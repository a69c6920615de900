"""Checkpoints on disk: what is read is what was written, or it is told why it is not used."""

import logging
import os
import signal

import numpy as np
import pytest

from quantlearn.training.checkpoints import (
    CheckpointError,
    Checkpoints,
    read_checkpoint,
    write_checkpoint,
)
from quantlearn.training.job import Stopped, StopSignals

FINGERPRINT = {"settings": "a1", "data": "b2", "code": "c3"}
GENERATOR = np.random.default_rng(5).bit_generator.state
KNOWN = {
    "step": 31,
    "generator": GENERATOR,
    "reasons": ["", "patience"],
    "optimiser": {"step": np.float32(31), "moment": np.arange(6.0).reshape(2, 3), "buffer": None},
    "none left": np.empty((0, 64), dtype=np.float32),
    "flags": np.array([True, False]),
    "loss": np.array([np.nan, np.inf, 0.1]),
}
KNOWN["optimiser"]["step"] = np.array(31, dtype=np.float32)  # torch counts steps so


@pytest.fixture
def path(tmp_path):
    write_checkpoint(tmp_path / "0.safetensors", KNOWN, FINGERPRINT)
    return tmp_path / "0.safetensors"


def test_what_is_known_comes_back_to_the_bit(path):
    back = read_checkpoint(path, FINGERPRINT)
    np.testing.assert_equal(back, KNOWN)
    assert back["optimiser"]["step"].shape == ()
    assert back["loss"].tobytes() == KNOWN["loss"].tobytes()
    assert back["none left"].shape == (0, 64)
    # A generator's state has numbers of 128 bits.
    rng = np.random.default_rng()
    rng.bit_generator.state = back["generator"]
    assert rng.random() == np.random.default_rng(5).random()


def test_every_cut_and_every_flipped_bit_is_noticed(path):
    whole = path.read_bytes()
    rng = np.random.default_rng(1)
    for length in (0, 1, 7, 8, 100, *rng.integers(len(whole), size=50), len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(CheckpointError, match="cannot be read"):
            read_checkpoint(path, FINGERPRINT)
    for bit in rng.integers(8 * len(whole), size=400):
        spoilt = bytearray(whole)
        spoilt[bit // 8] ^= 1 << (bit % 8)
        path.write_bytes(spoilt)
        with pytest.raises(CheckpointError, match=r"cannot be read|damaged"):
            read_checkpoint(path, FINGERPRINT)


@pytest.mark.parametrize("content", [b"", b"not a checkpoint at all", bytes(1000)])
def test_a_file_of_another_kind_is_noticed(path, content):
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match="cannot be read"):
        read_checkpoint(path, FINGERPRINT)


def test_a_checkpoint_of_something_else_is_named(path):
    with pytest.raises(CheckpointError, match=r"written with other data and code$"):
        read_checkpoint(path, FINGERPRINT | {"data": "other", "code": "other"})


def test_the_log_says_what_became_of_a_checkpoint(path, caplog):
    caplog.set_level(logging.INFO)
    assert Checkpoints(path, FINGERPRINT, 60).restore()["step"] == 31
    assert caplog.messages == [f"{path}: going on from this checkpoint"]
    caplog.clear()
    assert Checkpoints(path, FINGERPRINT | {"settings": "other"}, 60).restore() is None
    path.write_bytes(path.read_bytes()[:-9])
    assert Checkpoints(path, FINGERPRINT, 60).restore() is None
    path.unlink()
    assert Checkpoints(path, FINGERPRINT, 60).restore() is None
    other, cut = caplog.messages
    assert other == (
        f"{path}: checkpoint not used: it was written with other settings; "
        "training starts from the beginning"
    )
    assert cut.startswith(f"{path}: checkpoint not used: it cannot be read (")


def test_a_checkpoint_of_another_kind_of_processor_is_used_and_named(tmp_path, monkeypatch, caplog):
    kinds = ("one", "two", "two")
    for place, kind in enumerate(kinds):
        monkeypatch.setattr("quantlearn.training.checkpoints.processor_kind", lambda: kind)  # noqa: B023
        job = Checkpoints(tmp_path / "c", FINGERPRINT, 1e-9)
        caplog.clear()
        assert (job.restore() is None) == (place == 0)
        assert ("written on another kind of processor (one)" in caplog.text) == (place == 1)
        assert job.processors == list(dict.fromkeys(kinds[: place + 1]))
        job.offer(lambda: {"step": 1})


def test_checkpoints_are_written_at_intervals_of_time(tmp_path, monkeypatch):
    now = 1000.0
    monkeypatch.setattr("quantlearn.training.checkpoints.time.monotonic", lambda: now)
    checkpoints = Checkpoints(tmp_path / "c", FINGERPRINT, 60)
    written = []
    for now in range(1000, 1200, 7):
        checkpoints.offer(lambda: {"at": now})  # noqa: B023 - called at once
        if (tmp_path / "c").exists():
            written.append(read_checkpoint(tmp_path / "c", FINGERPRINT)["at"])
    assert sorted(set(written)) == [1063, 1126, 1189]
    assert checkpoints.save()
    assert read_checkpoint(tmp_path / "c", FINGERPRINT)["at"] == now
    checkpoints.discard()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("seconds", [0, None])
def test_without_an_interval_nothing_is_written(tmp_path, seconds):
    checkpoints = Checkpoints(tmp_path / "c", FINGERPRINT, seconds)
    checkpoints.offer(lambda: {})
    assert not checkpoints.save()
    assert not list(tmp_path.iterdir())


def test_a_disk_that_takes_no_checkpoint_does_not_end_training(path, caplog, monkeypatch):
    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("quantlearn.training.checkpoints.os.fsync", full)
    before = path.read_bytes()
    checkpoints = Checkpoints(path, FINGERPRINT, 1e-9)
    checkpoints.offer(lambda: {"step": 32})
    (line,) = caplog.messages
    assert line.startswith(f"{path}: checkpoint not written: ")
    assert "No space left on device" in line
    assert not checkpoints.save()
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_a_signal_counts_once_and_not_within_a_deferring_block():
    before = signal.getsignal(signal.SIGINT)
    with StopSignals() as signals:
        with pytest.raises(Stopped, match="SIGINT"), signals.deferred():  # noqa: PT012
            os.kill(os.getpid(), signal.SIGINT)
            reached = True
        assert reached
        os.kill(os.getpid(), signal.SIGTERM)  # while the checkpoint is written
    assert signal.getsignal(signal.SIGINT) is before
