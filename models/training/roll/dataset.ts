import { SostenutoError } from '../../../errors/problem.ts';
import { uniform } from '../../../numeric/random.ts';
import { at } from '../../network/differentiable.ts';
import { frameWindows } from '../../network/frame-maps.ts';
import type { RollPredictorConfig } from '../../network/roll-predictor/config.ts';
import { rollTargets } from '../../network/roll-predictor/targets.ts';

/** A piano clip as its cameras see it. */
export interface FilmedClip {
  readonly id: string;
  readonly frames: number;
  /** Grey pictures [frames,height,width] of each view, 25 a second. */
  readonly pictures: Readonly<Record<string, Uint8Array>>;
  /** Velocities [frames,88] at the times of the pictures. */
  readonly velocities: Uint8Array;
  /** [frames], 1 = the pedal is down. */
  readonly pedal: Uint8Array;
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
  batchAt(step: number): RollExamples;
}

/**
 * Frames of the clips, drawn from (seed, step). `balanced`: first a key, silence counting as one, then a frame in which it is down
 * (Audeo's sampler), since most keys are rarely played. `even`: frames at equal distances, for validation.
 */
export function rollDataset(
  config: RollPredictorConfig,
  clips: readonly FilmedClip[],
  { batch, seed, order }: { batch: number; seed: number; order: 'balanced' | 'even' },
): RollDataset {
  if (clips.length === 0) throw noClip(config);
  const targets = clips.map((clip) => rollTargets(config, clip.velocities));
  const windows = clips.map((clip) => frameWindows(clip.frames, 'clamp', config.window));
  const places = clips.flatMap((clip, index) => Array.from({ length: clip.frames }, (_, frame) => ({ index, frame })));
  const classes = order === 'balanced' ? framesByKey(config, targets, places) : [];
  const draw = (step: number): { index: number; frame: number }[] => {
    if (order === 'even')
      return Array.from({ length: batch }, (_, i) => at(places, Math.floor(((step * batch + i) * 7919) % places.length)));
    const draws = uniform({ seed, purpose: 'roll frames', step }, 2 * batch);
    return Array.from({ length: batch }, (_, i) => {
      const members = at(classes, Math.floor((draws[2 * i] ?? 0) * classes.length));
      return at(members, Math.floor((draws[2 * i + 1] ?? 0) * members.length));
    });
  };
  return {
    batch,
    batchAt(step) {
      const drawn = draw(step);
      const area = config.height * config.width;
      const target = new Float32Array(batch * config.keys);
      const sustain = new Float32Array(batch);
      const pictures = Object.fromEntries(config.views.map((view) => [view, new Float32Array(batch * config.window * area)]));
      drawn.forEach(({ index, frame }, i) => {
        const clip = at(clips, index);
        target.set(at(targets, index).subarray(frame * config.keys, (frame + 1) * config.keys), i * config.keys);
        sustain[i] = clip.pedal[frame] ?? 0;
        for (const [view, out] of Object.entries(pictures)) {
          const seen = clip.pictures[view];
          if (!seen) throw new RangeError(`clip ${clip.id} has no view ${view}`);
          for (let k = 0; k < config.window; k++) {
            const from = (at(windows, index)[frame * config.window + k] ?? 0) * area;
            const to = (i * config.window + k) * area;
            for (let pixel = 0; pixel < area; pixel++) out[to + pixel] = (seen[from + pixel] ?? 0) / 255;
          }
        }
      });
      return { pictures, target, sustain };
    },
  };
}

/** Frames in which each key is down, then those in which none is; keys that never are have no entry. */
function framesByKey(config: RollPredictorConfig, targets: readonly Float32Array[], places: readonly { index: number; frame: number }[]) {
  const classes: { index: number; frame: number }[][] = Array.from({ length: config.keys + 1 }, () => []);
  for (const place of places) {
    const row = at(targets, place.index).subarray(place.frame * config.keys, (place.frame + 1) * config.keys);
    const down = [...row.keys()].filter((key) => (row[key] ?? 0) > 0);
    for (const key of down.length > 0 ? down : [config.keys]) classes[key]?.push(place);
  }
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
