"""Steps of sampling with guidance in PyTorch: sample.py FOLDER eager|compiled THREADS. The folder is written by bench/flow/case.ts."""
import json
import os
import sys

import torch
from safetensors.torch import load_file

from network import Network
from serve import max_rss, serve

folder, mode, threads = sys.argv[1], sys.argv[2], int(sys.argv[3])
torch.set_num_threads(threads)
torch.set_flush_denormal(True)  # as TensorFlow does
loaded = max_rss()
with open(os.path.join(folder, "case.json")) as file:
    case = json.load(file)
network = Network(case["network"], load_file(os.path.join(folder, "weights.safetensors")))
batch = load_file(os.path.join(folder, "batch.safetensors"))
noise, times = batch.pop("noise"), batch.pop("times")
batch.pop("latents")
twice = {name: torch.cat((x, torch.zeros_like(x) if name in ("text", "video") else x)) for name, x in batch.items()}
predict = torch.compile(network.__call__) if mode == "compiled" else network


@torch.inference_mode()
def velocity(x, time):
    conditional, unconditional = predict(torch.cat((x, x)), time.expand(2 * x.shape[0]), **twice).chunk(2)
    return conditional + case["strength"] * (conditional - unconditional)


@torch.inference_mode()
def step():
    return noise + velocity(noise, times[0]) / case["steps"]


velocity(noise, times[0]).numpy().tofile(os.path.join(folder, f"pytorch-{mode}.f32"))
serve(loaded, {}, step)
