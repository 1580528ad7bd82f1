"""Encodec and CLIP of transformers: encoders.py FOLDER encodec|clip THREADS, or encoders.py FOLDER write, which makes networks of the released sizes with random weights, and inputs."""
import os
import sys

import numpy
import torch
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection, EncodecConfig, EncodecModel

from serve import max_rss, serve

SAMPLES, PICTURES = 240000, 16
folder, kind = sys.argv[1], sys.argv[2]
place = lambda name: os.path.join(folder, name)
if kind == "write":
    torch.manual_seed(0)
    EncodecModel(EncodecConfig()).save_pretrained(place("encodec"))
    # Its defaults are ViT-B/32.
    CLIPVisionModelWithProjection(CLIPVisionConfig(projection_dim=512)).save_pretrained(place("clip"))
    (0.1 * torch.randn(SAMPLES)).numpy().tofile(place("encodec.in"))
    torch.randn(PICTURES, 224, 224, 3).numpy().tofile(place("clip.in"))
    sys.exit()
torch.set_num_threads(int(sys.argv[3]))
torch.set_flush_denormal(True)  # as TensorFlow does
loaded = max_rss()
given = torch.from_numpy(numpy.fromfile(place(f"{kind}.in"), dtype=numpy.float32))
if kind == "encodec":
    model, wave = EncodecModel.from_pretrained(place(kind)).eval().encoder, given.reshape(1, 1, SAMPLES)
    run = lambda: model(wave).transpose(1, 2)
else:
    model, pixels = CLIPVisionModelWithProjection.from_pretrained(place(kind)).eval(), given.reshape(PICTURES, 224, 224, 3).permute(0, 3, 1, 2).contiguous()
    run = lambda: model(pixels).image_embeds


@torch.inference_mode()
def step():
    return run().contiguous().numpy()


step().tofile(place(f"{kind}-transformers.out"))
serve(loaded, {}, step)
