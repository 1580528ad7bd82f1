import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { levelled } from '../../../datasets/media/level.ts';
import { peakAgreement, peakTimes } from '../../../models/metrics/av-align.ts';
import { flowMotion, greyOf } from '../../../models/metrics/flow-motion.ts';
import { onsetEnvelope, pickOnsets } from '../../../models/metrics/onsets.ts';
import { siSdr, spectralSiSdr } from '../../../models/metrics/si-sdr.ts';
import { at } from '../../../models/network/differentiable.ts';
import { type Flow, type Grey, opticalFlow } from '../../../numeric/optical-flow.ts';
import { resample } from '../../../numeric/resample.ts';
import type { Check, Checks, Kind } from '../kind.ts';
import { openTensors, type StoredTensors } from '../stored-tensors.ts';

/** A kind whose arrays are in `metrics/<name>.safetensors`; its figures, if it has any, lie beside it as JSON. */
export function metric(name: string, checks: (stored: StoredTensors, path: string) => Checks): Kind {
  return {
    name,
    cases: new RegExp(`(?:^|/)metrics/${name}(?:_.*)?\\.safetensors$`),
    beside: new RegExp(`(?:^|/)metrics/${name}(?:_.*)?(?:\\.json|_wav/.*)$`),
    checks: (path) => checks(openTensors(path), path),
  };
}
/** Figures beside a file of arrays. Their shape is the fixture's; a figure that is missing makes its check fail. */
export const figuresOf = <Figures>(path: string): Figures => JSON.parse(readFileSync(path.replace(/safetensors$/, 'json'), 'utf8'));

export const each = <T>(entries: Iterable<readonly [string, T]>, check: (name: string, value: T) => void): Record<string, Check> =>
  Object.fromEntries([...entries].map(([name, value]) => [name, () => check(name, value)]));
/** What stands before `.<part>` in the names of tensors. */
export const casesOf = ({ names }: StoredTensors, part: string): [string, string][] =>
  names.filter((name) => name.endsWith(`.${part}`)).map((name) => [name.slice(0, -part.length - 1), name]);

export const farthest = (found: ArrayLike<number>, expected: ArrayLike<number>): number => {
  expect(found.length).toBe(expected.length);
  return Math.max(0, ...Array.from(found, (value, i) => Math.abs(value - (expected[i] ?? Number.NaN))));
};
/** Named as not compared, if the file has any of it. */
const notCompared = ({ names }: StoredTensors, pattern: RegExp, title: string, why: string): Checks =>
  names.some((name) => pattern.test(name)) ? { [title]: why } : {};

/** Above this the figure is a ceiling set by rounding. */
const CEILING = 80;
interface SiSdrFigures {
  cases: Record<string, { torchmetrics_f64: number; mag_stft_f64_math_eps64: number }>;
}
const siSdrKind = metric('si_sdr', (stored, path) => ({
  ...each(Object.entries(figuresOf<SiSdrFigures>(path).cases), (name, wanted) => {
    const [prediction, target] = [stored.array(`pred.${name}`).data, stored.array('target').data];
    const [time, spectral] = [siSdr(prediction, target), spectralSiSdr(prediction, target)];
    // Silence has no figure here; the formula with an ε gives 0 dB, better than most sounds.
    if (prediction.every((value) => value === 0)) expect([time, spectral]).toEqual([undefined, undefined]);
    else if (wanted.torchmetrics_f64 > CEILING) expect(time).toBe(CEILING);
    else {
      expect(Math.abs((time ?? Number.NaN) - wanted.torchmetrics_f64)).toBeLessThan(1e-3);
      expect(Math.abs((spectral ?? Number.NaN) - wanted.mag_stft_f64_math_eps64)).toBeLessThan(1e-3);
    }
  }),
  ...notCompared(stored, /^mag_stft/, 'magnitudes', 'a step on the way to the spectral figure, which is compared'),
}));

interface FlowFigures {
  flow: Record<string, { fps?: number; peaks?: number[]; series?: number[] } & Record<`mean_magnitude.${string}`, number>>;
}
/** Grey images [n, height, width] of a tensor. */
function greysOf(stored: StoredTensors, name: string): Grey[] {
  const { shape, data } = stored.array(name);
  const [count, height, width] = [shape[0] ?? 0, shape[1] ?? 0, shape[2] ?? 0];
  return Array.from({ length: count }, (_, i) => ({ width, height, data: data.subarray(i * height * width, (i + 1) * height * width) }));
}
/** x and y of every pixel, or of every fourth in both directions. */
function interleaved({ x, y }: Flow, { width, height }: Grey, step: number): number[] {
  const out: number[] = [];
  for (let row = 0; row < height; row += step)
    for (let column = 0; column < width; column += step) out.push(x[row * width + column] ?? 0, y[row * width + column] ?? 0);
  return out;
}
const meanDistance = (found: readonly number[], expected: ArrayLike<number>) =>
  found.reduce((sum, value, i) => sum + Math.abs(value - (expected[i] ?? Number.NaN)), 0) / expected.length;
const magnitudeOf = ({ x, y }: Flow) => x.reduce((sum, value, i) => sum + Math.hypot(value, y[i] ?? 0), 0) / x.length;

function flowChecks(stored: StoredTensors, { flow }: FlowFigures): Checks {
  const videos = casesOf(stored, 'magnitude_series');
  const pairs = stored.names.filter((name) => name.startsWith('pair_') && name.endsWith('.gray'));
  return {
    ...each(videos, (name, series) => {
      const greys = greysOf(stored, `${name}.gray`);
      const bgr = stored.array(`${name}.frames_bgr`).data;
      const rgb = Uint8Array.from(bgr, (_, i) => bgr[i - (i % 3) + 2 - (i % 3)] ?? 0);
      expect(farthest(greyOf(rgb), stored.array(`${name}.gray`).data)).toBe(0);
      const found = flowMotion(rgb, greys[0]?.width ?? 0, greys[0]?.height ?? 0);
      expect(farthest(found, stored.array(series).data)).toBeLessThan(1e-3);
      const { fps = 25, peaks } = flow[name.replace('flow.', '')] ?? {};
      expect(peakTimes(found, fps, 0.1)).toEqual(peaks);
      const { data, shape } = stored.array(`${name}.flow`);
      const fields = Array.from({ length: shape[0] ?? 0 }, (_, i) =>
        interleaved(opticalFlow(at(greys, i), at(greys, i + 1)), at(greys, i), 1),
      );
      // Where a picture is flat the flow is ill-determined, and float32 arithmetic moves it.
      expect(meanDistance(fields.flat(), data)).toBeLessThan(1e-3);
    }),
    ...each(
      pairs.map((name) => [name.replace('.gray', ''), name] as const),
      (name, images) => {
        const [from, to] = greysOf(stored, images);
        const figures = flow[name] ?? {};
        for (const field of stored.names.filter((one) => one.startsWith(`${name}.flow.`))) {
          const part = field.split('.')[2] ?? '';
          const [, levels, rounds] = part.match(/levels(\d)_iter(\d)/)?.map(Number) ?? [];
          const found = opticalFlow(from as Grey, to as Grey, levels && rounds ? { levels: levels - 1, rounds } : {});
          expect(farthest(interleaved(found, from as Grey, 4), stored.array(field).data), part).toBeLessThan(1e-3);
          expect(Math.abs(magnitudeOf(found) - (figures[`mean_magnitude.${part}`] ?? Number.NaN)), part).toBeLessThan(1e-3);
        }
      },
    ),
    ...(stored.has('gray.bgr_in') && {
      'grey of colours': () => {
        const bgr = stored.array('gray.bgr_in').data;
        const rgb = Uint8Array.from(bgr, (_, i) => bgr[i - (i % 3) + 2 - (i % 3)] ?? 0);
        expect(farthest(greyOf(rgb), stored.array('gray.out').data)).toBe(0);
      },
    }),
  };
}

interface AlignFigures {
  onsets: Record<string, { frames: number[] }>;
  peaks: Record<string, { series: number[]; fps: number; peaks: number[] }>;
  iou: { name: string; audio: number[]; video: number[]; fps: number; iou: number | null }[];
}
const alignKind = metric('avalign', (stored, path) => {
  const { onsets, peaks, iou } = figuresOf<AlignFigures>(path);
  return {
    ...each(casesOf(stored, 'envelope'), (name, envelope) => {
      const found = onsetEnvelope(stored.array(`${name}.y22050`).data);
      expect(farthest(found, stored.array(envelope).data)).toBeLessThan(1e-3);
      expect(pickOnsets(found)).toEqual(onsets[name.replace('onset.', '')]?.frames);
    }),
    'peaks of a series': () => {
      for (const [name, { series, fps, peaks: wanted }] of Object.entries(peaks)) expect(peakTimes(series, fps, 0.1), name).toEqual(wanted);
    },
    'intersection over union of peaks': () => {
      for (const { name, audio, video, fps, iou: wanted } of iou) {
        const found = peakAgreement(audio, video, fps);
        if (wanted === null) expect(found, name).toBeUndefined();
        else expect(found, name).toBeCloseTo(wanted, 12);
      }
    },
    ...notCompared(stored, /mel_/, 'mel spectrograms', 'a step on the way to the envelope, which is compared'),
    ...flowChecks(stored, figuresOf<FlowFigures>(path)),
  };
});

const resampleKind = metric('resample', (stored) => ({
  ...each(casesOf(stored, 'torchaudio'), (name, wanted) => {
    const [from = 0, to = 0] = name.split(/[_.]/).map(Number);
    const found = resample(Float32Array.from(stored.array(`${name}.in`).data), from, to);
    expect(farthest(found, stored.array(wanted).data)).toBeLessThan(1e-5);
  }),
  ...notCompared(stored, /soxr/, 'soxr', 'another filter; ours is torchaudio’s'),
}));

const levelKind = metric('audio_prep', (stored) =>
  each(casesOf(stored, 'out'), (name, wanted) => {
    const { shape, data } = stored.array(`${name}.in`);
    const first = Float32Array.from(data.subarray(0, shape.at(-1)));
    expect(farthest(levelled(first), stored.array(wanted).data)).toBeLessThan(1e-6);
  }),
);

export const soundMetrics: readonly Kind[] = [siSdrKind, alignKind, resampleKind, levelKind];
