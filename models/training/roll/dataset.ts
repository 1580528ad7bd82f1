import { lastNotAbove } from '../../../datasets/features/batches.ts';
import { SostenutoError } from '../../../errors/problem.ts';
import { uniform } from '../../../numeric/random.ts';
import { at } from '../../network/differentiable.ts';
import { windowAround } from '../../network/frame-maps.ts';
import type { RollPredictorConfig } from '../../network/roll-predictor/config.ts';
import { toGreys } from '../../network/roll-predictor/greys.ts';
import { rollTargets } from '../../network/roll-predictor/targets.ts';

/** A piano clip as its cameras see it. What is read of it is valid until the next read. */
export interface FilmedClip {
  readonly id: string;
  readonly frames: number;
  /** Grey pictures [count,height,width] of a view from a frame on, 25 a second. */
  pictures(view: string, from: number, count: number): Uint8Array;
  /** What is played at the times of these pictures: velocities [count,88], and the pedal [count], 1 = down. */
  notes(from: number, count: number): { readonly velocities: Uint8Array; readonly pedal: Uint8Array };
}

/** A batch on the host: of N frames the windows around them, by view [N·window,height,width], and what is to be heard. */
export interface RollExamples {
  readonly pictures: Readonly<Record<string, Float32Array>>;
  /** [N,keys] */
  readonly target: Float32Array;
  /** [N,1] */
  readonly sustain: Float32Array;
}
export interface RollDataset {
  readonly batch: number;
  batchAt(step: number): RollExamples | Promise<RollExamples>;
}

/**
 * Frames of the clips, drawn from (seed, step), of which what is around them is read. `balanced`: first a key, silence counting as one, then a frame in
 * which it is down (Audeo's sampler), since most keys are rarely played; for this the notes of all clips are looked through once. `even`: frames at equal
 * distances, for validation.
 */
export function rollDataset(
  config: RollPredictorConfig,
  clips: readonly FilmedClip[],
  { batch, seed, order }: { batch: number; seed: number; order: 'balanced' | 'even' },
) {
  if (clips.length === 0) throw noClip(config);
  /** Frames before each clip: a frame of any clip is one number. */
  const before = new Float64Array(clips.length + 1);
  clips.forEach(({ frames }, i) => {
    before[i + 1] = (before[i] ?? 0) + frames;
  });
  const frames = before.at(-1) ?? 0;
  const classes = order === 'balanced' ? framesByKey(config, clips, before) : [];
  const draw = (step: number): number[] => {
    if (order === 'even') return Array.from({ length: batch }, (_, i) => Math.floor(((step * batch + i) * 7919) % frames));
    const draws = uniform({ seed, purpose: 'roll frames', step }, 2 * batch);
    return Array.from({ length: batch }, (_, i) => {
      const members = at(classes, Math.floor((draws[2 * i] ?? 0) * classes.length));
      return at(members, Math.floor((draws[2 * i + 1] ?? 0) * members.length));
    });
  };
  return {
    batch,
    batchAt(step: number): RollExamples {
      const area = config.height * config.width;
      const target = new Float32Array(batch * config.keys);
      const sustain = new Float32Array(batch);
      const pictures = Object.fromEntries(config.views.map((view) => [view, new Float32Array(batch * config.window * area)]));
      draw(step).forEach((drawn, i) => {
        const index = lastNotAbove(before, drawn);
        const [clip, frame] = [at(clips, index), drawn - (before[index] ?? 0)];
        const { velocities, pedal } = clip.notes(frame, 1);
        target.set(rollTargets(config, velocities), i * config.keys);
        sustain[i] = pedal[0] ?? 0;
        const window = windowAround(frame, clip.frames, config.window);
        const [first, last] = [at(window, 0), at(window, window.length - 1)];
        for (const [view, out] of Object.entries(pictures)) {
          const seen = clip.pictures(view, first, last - first + 1);
          window.forEach((shown, k) => {
            const [from, to] = [(shown - first) * area, (i * config.window + k) * area];
            toGreys(seen.subarray(from, from + area), out.subarray(to, to + area));
          });
        }
      });
      return { pictures, target, sustain };
    },
  } satisfies RollDataset;
}

/** Frames in which each key is down, then those in which none is; keys that never are have no entry. */
function framesByKey(config: RollPredictorConfig, clips: readonly FilmedClip[], before: Float64Array): number[][] {
  const classes: number[][] = Array.from({ length: config.keys + 1 }, () => []);
  clips.forEach((clip, index) => {
    const targets = rollTargets(config, clip.notes(0, clip.frames).velocities);
    for (let frame = 0; frame < clip.frames; frame++) {
      const row = targets.subarray(frame * config.keys, (frame + 1) * config.keys);
      const down = [...row.keys()].filter((key) => (row[key] ?? 0) > 0);
      for (const key of down.length > 0 ? down : [config.keys]) classes[key]?.push((before[index] ?? 0) + frame);
    }
  });
  return classes.filter((members) => members.length > 0);
}

const noClip = ({ views }: RollPredictorConfig) =>
  new SostenutoError({
    code: 'NO_TRAINING_DATA',
    what: 'The roll predictor has nothing to train on',
    found: 'no piano clip with readable notes and films of its keys',
    expected: `at least one clip of split "train" with MIDI and the views ${views.join(', ')}`,
    hint: 'add such clips; why others were set apart says sostenuto sql "SELECT id, reason FROM clips WHERE reason IS NOT NULL"',
  });
