import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect } from 'vitest';
import { decodeMedia } from '../../../datasets/media/decode.ts';
import type { Check, Kind } from '../kind.ts';
import { openTensors, type StoredTensors } from '../stored-tensors.ts';

interface Expected {
  streams: unknown[];
  video_pts?: number[];
  decoded_frames?: number;
  decoded_size_wh?: [number, number];
  audio_24k: { samples: number; rms: number | null; samples_aligned_to_t0?: number };
  [frames: `frames_after_fps_filter_${number}`]: number;
}
/** Samples by which versions of ffmpeg differ at the end of a sound. */
const TAIL = 1100;
const rms = (samples: Float32Array) => Math.sqrt(samples.reduce((sum, value) => sum + value * value, 0) / samples.length);

async function checkFrames(file: string, wanted: Expected, colours: Float64Array | undefined): Promise<void> {
  const { frames } = await decodeMedia(file, { streams: 'video' });
  expect([frames?.width, frames?.height]).toEqual(wanted.decoded_size_wh);
  expect(frames?.count).toBe(wanted.decoded_frames);
  const times = wanted.video_pts ?? [];
  expect(frames?.times.length).toBe(times.length);
  frames?.times.forEach((time, i) => {
    expect(Math.abs(time - (times[i] ?? Number.NaN))).toBeLessThan(1e-6);
  });
  if (!frames || !colours) return;
  const size = frames.width * frames.height;
  colours.forEach((colour, i) => {
    const [frame, channel] = [Math.floor(i / 3), i % 3];
    let sum = 0;
    for (let pixel = 0; pixel < size; pixel++) sum += frames.data[(frame * size + pixel) * 3 + channel] ?? Number.NaN;
    expect(Math.abs(sum / size - colour), `frame ${frame}`).toBeLessThan(1.5);
  });
}

async function checkRates(file: string, wanted: Expected): Promise<void> {
  for (const [key, count] of Object.entries(wanted)) {
    const rate = key.match(/^frames_after_fps_filter_(\d+)$/)?.[1];
    if (rate === undefined) continue;
    const size = { width: 16, height: 12, fit: 'stretch' } as const;
    const { frames } = await decodeMedia(file, { streams: 'video', framesPerSecond: Number(rate), size });
    expect(frames?.count, key).toBe(count);
  }
}

async function checkSound(file: string, { audio_24k: wanted }: Expected, reference: Float64Array | undefined): Promise<void> {
  const { audio } = await decodeMedia(file, { streams: 'audio' });
  if (!audio) expect.fail('no sound');
  expect(Math.abs(audio.length - (wanted.samples_aligned_to_t0 ?? Number.NaN))).toBeLessThanOrEqual(TAIL);
  // Silence that alignment adds has no energy, so compare energies.
  const energy = (wanted.rms ?? 0) ** 2 * wanted.samples;
  expect(Math.abs(Math.sqrt((rms(audio) ** 2 * audio.length) / energy) - 1)).toBeLessThan(0.01);
  if (!reference) return;
  const difference = Float32Array.from(audio.subarray(0, reference.length), (value, i) => value - (reference[i] ?? 0));
  expect(rms(difference) / rms(Float32Array.from(reference))).toBeLessThan(0.01);
}

const DAMAGED = /^(?:damaged|broken)_/;

function checksOf(file: string, name: string, wanted: Expected, stored: StoredTensors): [string, Check][] {
  if (wanted.streams.length === 0)
    return [['is refused', () => expect(decodeMedia(file)).rejects.toMatchObject({ code: 'MEDIA_UNREADABLE' })]];
  const array = (part: string) => (stored.has(`${name}.${part}`) ? stored.array(`${name}.${part}`).data : undefined);
  const [hasVideo, hasSound] = [(wanted.decoded_frames ?? 0) > 0, wanted.audio_24k.samples > 0];
  const checks: [string, Check][] = [
    [
      'which streams there are, and whether they are whole',
      async () => {
        const { frames, audio, damage } = await decodeMedia(file);
        expect([frames !== undefined, audio !== undefined]).toEqual([hasVideo, hasSound]);
        expect(damage.length > 0).toBe(DAMAGED.test(name));
      },
    ],
  ];
  if (hasVideo)
    checks.push(['frames', () => checkFrames(file, wanted, array('frame_mean_rgb'))], ['rates', () => checkRates(file, wanted)]);
  if (hasSound) checks.push(['sound', () => checkSound(file, wanted, array('audio_24k_mono'))]);
  return checks;
}

export const media: Kind = {
  name: 'media',
  cases: /(?:^|\/)media\/expected\.json$/,
  beside: /(?:^|\/)media\/(?:expected\.safetensors|[^/]+\.(?:mp4|m4a|mkv))$/,
  checks: (path) => {
    const { files }: { files: Record<string, Expected> } = JSON.parse(readFileSync(path, 'utf8'));
    const stored = openTensors(path.replace(/json$/, 'safetensors'));
    const checks = Object.entries(files).flatMap(([name, wanted]) =>
      checksOf(join(dirname(path), name), name, wanted, stored).map(([title, check]) => [`${name}: ${title}`, check] as const),
    );
    return { ...Object.fromEntries(checks), 'nothing in it is left out': () => expect(stored.unread()).toEqual([]) };
  },
};
