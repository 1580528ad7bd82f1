"""Python's loaders over the same Arrow files, numbers as they are stored: data.py FOLDER datasets-numpy|datasets-arrow|dataloader-WORKERS|versions."""
import json
import os
import sys

import numpy as np
import pyarrow as pa

from serve import max_rss, serve

folder, mode = sys.argv[1:3]


def versions():
    import datasets

    try:
        import torch

        return f"pyarrow {pa.__version__}, datasets {datasets.__version__}, PyTorch {torch.__version__}"
    except ImportError:
        return f"pyarrow {pa.__version__}, datasets {datasets.__version__}, no PyTorch"


if mode == "versions":
    print(versions())
    sys.exit()

with open(os.path.join(folder, "draws.json")) as file:
    case = json.load(file)
rows, width, draws = case["rows"], case["width"], case["draws"]


def table(path):
    """Mapped into memory, nothing copied: one row a latent, one record batch a clip."""
    return pa.ipc.open_file(pa.memory_map(path)).read_all()


def next_draw(state={"step": 0}):
    draw = draws[state["step"] % len(draws)]
    state["step"] += 1
    return draw


def with_datasets(kind):
    """Rows in numpy's format, or as Arrow tables, whose memory numpy looks at."""
    import datasets
    from datasets.table import InMemoryTable

    files = [datasets.Dataset(InMemoryTable(table(path))).with_format(kind) for path in case["files"]]

    def values(found):
        if kind == "numpy":
            return found["value"]
        return found.column("value").chunk(0).flatten().to_numpy(zero_copy_only=True).reshape(rows, width)

    return lambda: np.stack([values(files[shard][clip * rows : (clip + 1) * rows]) for shard, clip in next_draw()])


class Clips:
    """A map-style dataset as PyTorch wants it; files are opened by each worker for itself."""

    def __init__(self):
        self.tables = {}

    def __getitem__(self, place):
        import torch

        shard, clip = place
        if shard not in self.tables:
            self.tables[shard] = table(case["files"][shard]).column("value")
        values = self.tables[shard].chunk(clip).flatten().to_numpy(zero_copy_only=True)
        return torch.from_numpy(values.reshape(rows, width))


class Draws:
    def __iter__(self):
        while True:
            yield [tuple(place) for place in next_draw()]


def with_dataloader(workers):
    import torch
    from torch.utils.data import DataLoader

    torch.set_num_threads(1)
    batches = iter(DataLoader(Clips(), batch_sampler=Draws(), num_workers=workers))
    return lambda: next(batches).numpy()


def several():
    for _ in range(case["batches"]):
        read()


kind, how = mode.split("-")
read = with_datasets(how) if kind == "datasets" else with_dataloader(int(how))
first = read()
serve(max_rss(), {"sum": float(first.sum(dtype=np.float64))}, several)
os._exit(0)
