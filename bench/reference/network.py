"""The flow network of models/network in plain PyTorch operators, with the same names of weights. Nothing is tuned by hand."""
import math

import torch
import torch.nn.functional as F


def linear(w, prefix, x):
    return F.linear(x, w[f"{prefix}.weight"], w.get(f"{prefix}.bias"))


def rms_norm(x, gain):
    return F.normalize(x, dim=-1, eps=1e-12) * math.sqrt(x.shape[-1]) * gain


def conv(w, prefix, x):
    kernel = w[f"{prefix}.weight"]
    y = F.conv1d(x.transpose(1, 2), kernel, w[f"{prefix}.bias"], padding=kernel.shape[-1] // 2, groups=kernel.shape[0])
    return F.silu(y.transpose(1, 2))


def feed_forward(w, prefix, x):
    value, gate = linear(w, f"{prefix}.ff.0.proj", x).chunk(2, dim=-1)
    return linear(w, f"{prefix}.ff.2", value * F.gelu(gate))


def rotate(x, cosine, sine):
    even, odd = x[..., 0::2], x[..., 1::2]
    return torch.stack((even * cosine - odd * sine, odd * cosine + even * sine), dim=-1).flatten(-2)


class Network:
    def __init__(self, config, weights):
        self.config, self.w, self.tables = config, weights, {}

    def rotary(self, tokens, width):
        if (tokens, width) not in self.tables:
            frequencies = 10000.0 ** (-torch.arange(0, width, 2, dtype=torch.float32) / width)
            angles = torch.arange(tokens, dtype=torch.float32)[:, None] * frequencies
            self.tables[tokens, width] = (angles.cos(), angles.sin())
        return self.tables[tokens, width]

    def attention(self, prefix, x, context, stream, mask=None):
        """Self-attention with rotary positions if `context` is None."""
        heads, width, clamp = stream["heads"], stream["headWidth"], self.config["softClamp"]
        source = x if context is None else context
        split = lambda name, y: linear(self.w, f"{prefix}.{name}", y).unflatten(-1, (heads, width)).transpose(1, 2)
        q, k, v = split("to_q", x), split("to_k", source), split("to_v", source)
        if context is None:
            table = self.rotary(x.shape[1], width)
            q, k = rotate(q, *table), rotate(k, *table)
        logits = clamp * torch.tanh(q @ k.transpose(-1, -2) * (width**-0.5 / clamp))
        if mask is not None:
            logits = logits.masked_fill(mask[:, None, None, :] == 0, -1e9)
        gate = torch.sigmoid(linear(self.w, f"{prefix}.to_v_head_gate", x)).transpose(1, 2)[..., None]
        return linear(self.w, f"{prefix}.to_out", (torch.softmax(logits, -1) @ v * gate).transpose(1, 2).flatten(-2))

    def side_layer(self, i, index, x, stream):
        p, w = f"transformer.layers.{i}.{index}", self.w
        x = x + conv(w, f"{p}.0.dw_conv1d.0", x)
        x = x + self.attention(f"{p}.2", rms_norm(x, w[f"{p}.1.g"]), None, stream)
        return x + feed_forward(w, f"{p}.4", rms_norm(x, w[f"{p}.3.g"]))

    def audio_layer(self, i, x, condition, text, text_mask):
        p, w, audio = f"transformer.layers.{i}.0", self.w, self.config["audio"]
        gain = lambda k: 1 + linear(w, f"{p}.{k}.to_gamma", condition)[:, None]
        gate = lambda k: torch.sigmoid(linear(w, f"{p}.{k}.to_gamma", condition))[:, None]
        x = x + conv(w, f"{p}.1.dw_conv1d.0", x)
        x = x + gate(4) * self.attention(f"{p}.3", rms_norm(x, gain(2)), None, audio)
        x = x + gate(7) * self.attention(f"{p}.6", rms_norm(x, gain(5)), text, audio, text_mask)
        return x + gate(10) * feed_forward(w, f"{p}.9", rms_norm(x, gain(8)))

    def map_streams(self, i, last, audio, video, extra):
        name, w = lambda part: f"transformer.layers.{i}.1.5.{part}", self.w
        if extra is None:
            told = audio + linear(w, name("text_to_audio"), torch.cat((audio, video), -1))
            return told, video if last else video + linear(w, name("audio_to_text"), torch.cat((audio, video), -1)), None
        told = audio + linear(w, name("text_frames_to_audio"), torch.cat((audio, video, extra), -1))
        if last:
            return told, video, extra
        return (
            told,
            video + linear(w, name("audio_to_text"), torch.cat((audio, video), -1)),
            extra + linear(w, name("audio_to_frames"), torch.cat((audio, extra), -1)),
        )

    def __call__(self, latents, time, text, textMask=None, video=None, roll=None):
        w, config = self.w, self.config
        batch, frames = latents.shape[:2]
        angles = time[:, None] * w["transformer.time_cond_mlp.0.weights"] * 2 * math.pi
        condition = F.silu(linear(w, "transformer.time_cond_mlp.1", torch.cat((time[:, None], angles.sin(), angles.cos()), -1)))
        if "proj_text.weight" in w:
            text = linear(w, "proj_text", text)
        start = lambda stream, x: torch.cat((w[f"transformer.{stream}registers"].expand(batch, -1, -1), x), 1)
        audio = start("", linear(w, "proj_in", latents) + w["transformer.abs_pos_emb.weight"][:frames])
        if video is not None:
            video = start("text_", linear(w, "proj_video", video) if "proj_video.weight" in w else video)
        extra = None if roll is None else start("frames_", linear(w, "proj_frames", roll))
        skips, depth = [], config["depth"]
        for i in range(depth):
            if video is not None:
                video = self.side_layer(i, 1, video, config["video"])
            if extra is not None:
                extra = self.side_layer(i, 2, extra, config["extra"])
            if video is not None:
                audio, video, extra = self.map_streams(i, i == depth - 1, audio, video, extra)
            if i < depth // 2:
                skips.append(audio)
            else:
                audio = linear(w, f"transformer.layers.{i}.0.0", torch.cat((audio, skips.pop()), -1))
            audio = self.audio_layer(i, audio, condition, text, textMask)
        return linear(w, "to_pred", rms_norm(audio[:, config["registers"] :], w["transformer.final_norm.g"]))
