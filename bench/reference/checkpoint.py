"""What PyTorch's and safetensors' own writers take for the tensors of a file: checkpoint.py FILE ROUNDS FOLDER. Both block the training."""
import json
import os
import sys
import time

import torch
from safetensors.torch import load_file, save_file

source, rounds, folder = sys.argv[1], int(sys.argv[2]), sys.argv[3]
tensors = load_file(source)


def timed(write):
    path = os.path.join(folder, "written")
    start = time.perf_counter()
    write(path)
    written = time.perf_counter()
    with open(path, "rb+") as file:
        os.fsync(file.fileno())
    durable = time.perf_counter()
    os.remove(path)
    return [(written - start) * 1e3, (durable - start) * 1e3]


writers = {"torch.save": lambda path: torch.save(tensors, path), "safetensors.save_file": lambda path: save_file(tensors, path)}
print(json.dumps({name: [timed(write) for _ in range(rounds)] for name, write in writers.items()}))
