"""A training step in PyTorch: train.py FOLDER eager|compiled|bf16 THREADS. The folder is written by bench/flow/case.ts."""
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
weights = load_file(os.path.join(folder, "weights.safetensors"))
batch = load_file(os.path.join(folder, "batch.safetensors"))
frozen = "transformer.time_cond_mlp.0.weights"
trained = [w.requires_grad_() for name, w in weights.items() if name != frozen]
network = Network(case["network"], weights)
latents, noise, times = batch.pop("latents"), batch.pop("noise"), batch.pop("times")
t = times[:, None, None]
target, point = latents - noise, (1 - t) * noise + t * latents


def predict():
    with torch.autocast("cpu", torch.bfloat16, enabled=mode == "bf16"):
        return network(point, times, **batch).float()


def loss_of():
    return ((predict() - target) ** 2).mean()


with torch.no_grad():
    prediction = predict()
prediction.numpy().tofile(os.path.join(folder, f"pytorch-{mode}.f32"))
forward = torch.compile(loss_of) if mode == "compiled" else loss_of
optimiser = torch.optim.Adam(trained, lr=case["rate"], fused=True)


def step():
    optimiser.zero_grad()
    loss = forward()
    loss.backward()
    norm = torch.nn.utils.clip_grad_norm_(trained, case["clipNorm"])
    optimiser.step()
    return {"loss": loss.item(), "norm": norm.item()}


serve(loaded, step(), step)
