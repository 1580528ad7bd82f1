"""A training step of the roll predictor in PyTorch: roll.py FOLDER eager|channels-last|channels-last-bf16 THREADS. The folder is written by bench/roll/case.ts."""
import json
import os
import sys

import torch
import torch.nn.functional as F
from safetensors.torch import load_file

from serve import max_rss, serve

folder, mode, threads = sys.argv[1], sys.argv[2], int(sys.argv[3])
torch.set_num_threads(threads)
torch.set_flush_denormal(True)  # as TensorFlow does
loaded = max_rss()
with open(os.path.join(folder, "case.json")) as file:
    case = json.load(file)
w = load_file(os.path.join(folder, "weights.safetensors"))
batch = load_file(os.path.join(folder, "batch.safetensors"))
windows, target = batch["windows"].permute(0, 3, 1, 2), batch["target"]
layout = torch.channels_last if mode.startswith("channels-last") else torch.contiguous_format
windows = windows.contiguous(memory_format=layout)
for name, weight in w.items():
    if weight.ndim == 4:
        w[name] = weight.contiguous(memory_format=layout)
running = ("running_mean", "running_var")
trained = [weight.requires_grad_() for name, weight in w.items() if not name.endswith(running)]


def conv(name, x, stride=1, padding=0):
    return F.conv2d(x, w[f"{name}.weight"], w.get(f"{name}.bias"), stride, padding)


def norm(name, x):
    estimates = (w[f"{name}.{part}"] for part in running)
    return F.batch_norm(x, *estimates, w[f"{name}.weight"], w[f"{name}.bias"], training=True)


def linear(name, x):
    return F.linear(x, w[f"{name}.weight"], w[f"{name}.bias"])


def block(name, x, stride):
    y = F.relu(norm(f"{name}.bn1", conv(f"{name}.conv1", x, stride, 1)))
    y = norm(f"{name}.bn2", conv(f"{name}.conv2", y, 1, 1))
    short = norm(f"{name}.downsample.1", conv(f"{name}.downsample.0", x, stride)) if stride > 1 else x
    return F.relu(y + short)


def residual_layer(i, x):
    return block(f"layer{i}.1", block(f"layer{i}.0", x, 1 if i == 1 else 2), 1)


def transform(name, x, halves):
    y = conv(f"{name}.conv0", x, 1, 1)
    inner = F.relu(norm(f"{name}.bn1", conv(f"{name}.conv1", y, 1, 1)))
    y = conv(f"{name}.conv2", inner, 1, 1) + y
    return F.avg_pool2d(y, 2, 2) if halves else F.avg_pool2d(y, 3, 1)


def refine(name, lower, upper):
    means = torch.cat((lower.mean((2, 3)), upper.mean((2, 3))), 1)
    return lower * torch.sigmoid(linear(f"{name}.fc2", F.relu(linear(f"{name}.fc1", means))))[:, :, None, None]


def network(x):
    # Sizes of the cases are 32k + 4, so that no border is missing.
    x = F.max_pool2d(F.relu(norm("bn1", conv("conv1", x, 2, 4))), 3, 2, 1)
    x2 = residual_layer(2, residual_layer(1, x))
    x3 = residual_layer(3, x2)
    x4 = residual_layer(4, x3)
    top = F.relu(norm("toplayer_bn", conv("toplayer", x4)))
    p4 = refine("FRB4", transform("FTB4", x4, False), top)
    p3 = refine("FRB3", transform("FTB3", x3, True), p4)
    p2 = refine("FRB2", transform("FTB2_2", transform("FTB2_1", x2, True), True), p3)
    attended = torch.softmax((p2 * p3).flatten(2), -1).reshape(p2.shape) * p4
    return linear("fc", (conv("conv2", attended) + p4).mean((2, 3)))


def predict():
    with torch.autocast("cpu", torch.bfloat16, enabled=mode.endswith("bf16")):
        return torch.sigmoid(network(windows).float())


saved = {name: weight.clone() for name, weight in w.items() if name.endswith(running)}
with torch.no_grad():
    prediction = predict()
    for name, weight in saved.items():
        w[name].copy_(weight)
prediction.numpy().tofile(os.path.join(folder, f"pytorch-{mode}.f32"))
optimiser = torch.optim.Adam(trained, lr=case["rate"], fused=True)


def step():
    optimiser.zero_grad()
    loss = ((predict() - target) ** 2).mean()
    loss.backward()
    total = torch.nn.utils.clip_grad_norm_(trained, 1)
    optimiser.step()
    return {"loss": loss.item(), "norm": total.item()}


serve(loaded, step(), step)
