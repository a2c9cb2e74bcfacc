"""Matrices of responses, models x items, from files and back: npz, and Parquet long or wide.

npz: `responses` int8 of 1, 0, -1 (missing); optional names `models` (or `subjects`) and `items`.
Parquet long: columns `model`, `item`, `value`, one row an answer, NULL or -1 is missing.
Parquet wide: one column an item, one row a model, an optional first column of text naming the models.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from llmgen.errors import UsageError
from llmgen.store.cells import Matrix, Reading, dense

LONG = {"model", "item", "value"}
_FORMATS = "an .npz with `responses`, or a .parquet with model, item, value or one column an item"
_SHOWN = 3
_CELLS = """SELECT model, item, nullif(CAST(value AS DOUBLE), -1) AS value, file_row_number AS position
    FROM file WHERE model IS NOT NULL AND item IS NOT NULL"""
_NUMBERS = frozenset({"BOOLEAN", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "FLOAT", "DOUBLE"})


def read_matrix(path: Path, how: Reading) -> Matrix:
    """The matrix in a file. Raises UsageError when the file is missing, damaged or holds something else."""
    if not path.is_file():
        raise UsageError(f"no file {path}", hint=f"give {_FORMATS}")
    if path.suffix == ".npz":
        return _from_npz(path, how)
    if path.suffix == ".parquet":
        return _from_parquet(path, how)
    raise UsageError(f"{path.name} is neither .npz nor .parquet", hint=f"give {_FORMATS}")


def write_arrays(path: Path, arrays: Mapping[str, Any]) -> None:
    """Writes an npz file of named arrays. Raises UsageError when that cannot be done."""
    try:
        with path.open("wb") as file:  # a name without .npz stays as it is
            np.savez_compressed(file, allow_pickle=False, **{key: np.asarray(x) for key, x in arrays.items()})
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}", hint="name another file") from error


def _from_npz(path: Path, how: Reading) -> Matrix:
    try:
        with (
            path.open("rb") as opened,
            np.load(opened, allow_pickle=False) as file,
        ):  # closed when damaged, too
            if "responses" not in file.files:
                raise UsageError(
                    f"{path.name} has no array `responses` but {', '.join(file.files[:_SHOWN]) or 'nothing'}",
                    hint="models x items, int8, 1, 0 or -1 (missing)",
                )
            responses = file["responses"]
            names = {key: file[key] for key in ("models", "subjects", "items") if key in file.files}
    except (OSError, ValueError, TypeError, zipfile.BadZipFile, EOFError) as error:
        raise UsageError(f"cannot read {path.name}: {error}", hint=f"give {_FORMATS}") from error
    responses = cut(responses, how)
    shape = (*responses.shape, 0, 0)
    models = names.get("models", names.get("subjects"))
    return Matrix(
        responses=responses,
        models=_named(path, "models", models, shape[0]),
        items=_named(path, "items", names.get("items"), shape[1]),
    )


def _named(path: Path, what: str, names: NDArray[Any] | None, n: int) -> tuple[str, ...]:
    if names is None:
        return tuple(map(str, range(n)))
    if names.shape != (n,):
        raise UsageError(
            f"{path.name} names {names.size} {what} for {n} of them", hint="names are optional, one each"
        )
    return tuple(map(str, names))


def _from_parquet(path: Path, how: Reading) -> Matrix:
    with duckdb.connect() as con:
        try:
            con.read_parquet(str(path), file_row_number=True).create_view("file")
            types = {row[0]: row[1] for row in con.execute("DESCRIBE file").fetchall()}
            del types["file_row_number"]
            if set(types) >= LONG:
                return dense(con, _CELLS, how)
            return _wide(con, path, types, how)
        except duckdb.Error as error:
            text = str(error).split("\n", 1)[0]
            raise UsageError(f"cannot read {path.name}: {text}", hint=f"give {_FORMATS}") from error


def _wide(con: duckdb.DuckDBPyConnection, path: Path, types: Mapping[str, str], how: Reading) -> Matrix:
    named = [name for name, kind in types.items() if kind == "VARCHAR"]
    items = [name for name in types if name not in named]
    if not items or len(named) > 1 or not _NUMBERS.issuperset(types[name] for name in items):
        columns = ", ".join(f"{name} {kind}" for name, kind in list(types.items())[:_SHOWN])
        raise UsageError(f"{path.name} has columns {columns}, ...", hint=f"give {_FORMATS}")
    rows = con.execute("SELECT * FROM file ORDER BY file_row_number").fetchnumpy()
    values = np.stack([np.ma.filled(rows[name].astype(float), -1.0) for name in items], axis=1)
    responses = cut(values, how)
    models = rows[named[0]] if named else np.arange(values.shape[0])
    return Matrix(responses=responses, models=tuple(map(str, models)), items=tuple(items))


def cut(values: NDArray[Any], how: Reading) -> NDArray[Any]:
    """Grades at the threshold to 1 and 0; what is negative stays missing, NaN stays to be refused."""
    if how.threshold is None or values.dtype.kind != "f" or np.isnan(values).any():
        return values
    return np.where(values < 0, -1, values >= how.threshold).astype(np.int8)
