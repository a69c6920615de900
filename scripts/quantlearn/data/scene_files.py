"""Scenes on disk: one parquet file for all trials, one row group for each.

Columns: trial, quantifier (name), size, scene (max_size bytes of zone codes), truth; and where the
stage adds them, copy (balanced) and split. Trials are written and read one by one, so memory does
not grow with their number.
"""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from quantlearn.errors import QuantlearnError, damaged
from quantlearn.files import replacing
from quantlearn.semantics.scenes import LabelledScenes

__all__ = ["read_trials", "write_trials"]

_EXTRA = {"copy": pa.int32(), "split": pa.dictionary(pa.int8(), pa.string())}


def write_trials(
    path: str | Path,
    quantifiers: list[str],
    trials: Iterable[tuple[LabelledScenes, dict[str, np.ndarray]]],
) -> None:
    """Write the scenes of each trial, with extra columns by name, as one file.

    The file appears under its name only when it is complete.
    """
    with replacing(path) as beside, ExitStack() as open_files:
        writer = None
        for trial, (scenes, extra) in enumerate(trials):
            table = _table(trial, quantifiers, scenes, extra)
            if writer is None:
                writer = pq.ParquetWriter(beside, table.schema, compression="zstd")
                open_files.enter_context(writer)
            writer.write_table(table, row_group_size=max(len(scenes), 1))


def read_trials(
    path: str | Path, quantifiers: list[str]
) -> Iterator[tuple[LabelledScenes, dict[str, np.ndarray]]]:
    """The trials of a file that `write_trials` wrote, in order.

    Raises `QuantlearnError` when the file is not a whole parquet file or names other quantifiers.
    """
    try:
        with pq.ParquetFile(path) as file:
            for group in range(file.num_row_groups):
                yield _labelled(file.read_row_group(group), quantifiers)
    except (pa.ArrowInvalid, OSError, KeyError, ValueError) as fault:
        raise QuantlearnError(damaged(path, "a table of scenes", fault)) from fault


def _table(
    trial: int, quantifiers: list[str], scenes: LabelledScenes, extra: dict[str, np.ndarray]
) -> pa.Table:
    n, max_size = scenes.scenes.shape
    names = pa.DictionaryArray.from_arrays(
        pa.array(scenes.quantifiers, pa.int16()), pa.array(quantifiers)
    )
    packed = pa.FixedSizeBinaryArray.from_buffers(
        pa.binary(max_size), n, [None, pa.py_buffer(np.ascontiguousarray(scenes.scenes).tobytes())]
    )
    columns: dict[str, pa.Array] = {
        "trial": pa.array(np.full(n, trial), pa.int32()),
        "quantifier": names,
        "size": pa.array(scenes.sizes, pa.int16()),
        "scene": packed,
        "truth": pa.array(scenes.truth),
    }
    for name, values in extra.items():
        columns[name] = pa.array(values).cast(_EXTRA[name])
    return pa.table(columns)


def _labelled(
    table: pa.Table, quantifiers: list[str]
) -> tuple[LabelledScenes, dict[str, np.ndarray]]:
    table = table.combine_chunks()
    n = table.num_rows
    scene = table["scene"].combine_chunks()
    bytes_ = np.frombuffer(scene.buffers()[1], dtype=np.uint8)
    offset = scene.offset * scene.type.byte_width
    scenes = bytes_[offset : offset + n * scene.type.byte_width].reshape(n, scene.type.byte_width)
    names = table["quantifier"].combine_chunks()
    if isinstance(names, pa.ChunkedArray):
        names = names.chunk(0)
    position = np.array([quantifiers.index(name) for name in names.dictionary.to_pylist()])
    labelled = LabelledScenes(
        scenes,
        table["size"].to_numpy().astype(np.int64),
        position[names.indices.to_numpy()],
        table["truth"].to_numpy(),
    )
    extra = {
        name: table[name].to_pandas().to_numpy() for name in _EXTRA if name in table.schema.names
    }
    return labelled, extra
