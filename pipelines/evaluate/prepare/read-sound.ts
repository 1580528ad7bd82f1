import { readFile } from 'node:fs/promises';
import { decodeMedia } from '../../../datasets/media/decode.ts';
import { levelled } from '../../../datasets/media/level.ts';
import { readWav } from '../../../datasets/media/wav.ts';
import { orReason } from '../../video-to-audio/prepare/quarantine.ts';
import type { Protocol } from '../settings.ts';

/** Sound of a compressed file is decoded at this rate. */
const DECODED_RATE = 48_000;
/** Peak below which a sound counts as silent: levelling it would only bring out noise. */
const AUDIBLE = 1e-3;

export interface ReadSound {
  /** Mono, at the file's own rate. */
  readonly samples: Float32Array;
  readonly sampleRate: number;
  readonly channels: number;
}

/** Reads a sound of any kind as the mean of its channels; gives the reason for one that cannot be used. */
export async function readSound(path: string, { leastSeconds }: Protocol, signal: AbortSignal): Promise<ReadSound | { reason: string }> {
  const read = await orReason(() => decoded(path, signal));
  if ('reason' in read) return read;
  const { samples, sampleRate } = read.value;
  const wrong = samples.reduce((count, value) => count + (Number.isFinite(value) ? 0 : 1), 0);
  if (wrong > 0) return { reason: `${wrong} of ${samples.length} samples are no finite numbers` };
  if (samples.length < leastSeconds * sampleRate)
    return { reason: `${(samples.length / sampleRate).toFixed(3)} s, shorter than ${leastSeconds} s` };
  return read.value;
}

async function decoded(path: string, signal: AbortSignal): Promise<ReadSound> {
  const bytes = await readFile(path);
  // By content: in a store a file has no ending.
  if (bytes.subarray(0, 4).toString('latin1') !== 'RIFF') {
    const { audio, probe } = await decodeMedia(path, { streams: 'audio', sampleRate: DECODED_RATE, signal });
    return { samples: audio ?? new Float32Array(0), sampleRate: DECODED_RATE, channels: probe.audio?.channels ?? 1 };
  }
  const { samples, channels, sampleRate } = readWav(bytes, path);
  const mono = new Float32Array(Math.floor(samples.length / channels));
  mono.forEach((_, i) => {
    let sum = 0;
    for (let channel = 0; channel < channels; channel++) sum += samples[i * channels + channel] ?? 0;
    mono[i] = sum / channels;
  });
  return { samples: mono, sampleRate, channels };
}

/** A sound as it is judged: exactly `seconds` long, levelled if the protocol says so; silence is all zeros. */
export function prepared(
  { samples, sampleRate }: ReadSound,
  seconds: number,
  { level }: Protocol,
): { samples: Float32Array; silent: boolean } {
  const out = new Float32Array(Math.round(seconds * sampleRate));
  const kept = samples.slice(0, out.length);
  const silent = !kept.some((value) => Math.abs(value) >= AUDIBLE);
  if (!silent) out.set(level === 'peak' ? levelled(kept) : kept);
  return { samples: out, silent };
}
