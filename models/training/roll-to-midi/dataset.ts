import { planBatches } from '../../../datasets/features/batches.ts';
import { type Problem, SostenutoError } from '../../../errors/problem.ts';
import { at } from '../../network/differentiable.ts';
import { ROLL_RATE, turnedWindow, windowStarts } from '../../network/roll-to-midi/windows.ts';

/** A roll of which frames are read. */
export interface StoredRoll {
  readonly frames: number;
  readonly keys: number;
  /** [count,keys], valid until the next read. */
  read(from: number, count: number): Float32Array;
}
export interface RollPair {
  readonly id: string;
  readonly framesPerSecond: number;
  /** The chance that a key is down, as predicted. */
  readonly predicted: StoredRoll;
  /** 1 where a key was down. */
  readonly played: StoredRoll;
}

export interface RollWindows {
  readonly batch: number;
  readonly keys: number;
  /** Of a window. */
  readonly frames: number;
  /** Different windows; what comes after them has been there before. */
  readonly windows: number;
  /** Both [batch,keys,frames]. */
  batchAt(step: number): { readonly roll: Float32Array; readonly target: Float32Array };
}

/**
 * Windows of `frames` frames, each half a window after the one before (Audeo: two seconds and the two after them), none across two clips. `shuffled`: each
 * comes once an epoch, in an order drawn from the seed; `in turn`: as they lie, for validation. Throws `NO_TRAINING_DATA` and `FEATURE_INVALID`.
 */
export function rollWindows(
  clips: readonly RollPair[],
  { keys, frames, batch, seed, order }: { keys: number; frames: number; batch: number; seed: number; order: 'shuffled' | 'in turn' },
): RollWindows {
  checkPairs(clips, keys);
  const places = clips.flatMap((clip) =>
    windowStarts(clip.predicted.frames, frames, Math.ceil(frames / 2)).map((from) => ({ clip, from })),
  );
  const plan = planBatches([{ shards: [places.length], rows: () => 1 }], { seed, batch, rows: 1 });
  const drawn = (step: number) =>
    order === 'shuffled'
      ? plan.at(step).map(({ clip }) => at(places, clip))
      : Array.from({ length: batch }, (_, i) => at(places, (step * batch + i) % places.length));
  return {
    batch,
    keys,
    frames,
    windows: places.length,
    batchAt(step) {
      const [roll, target] = [new Float32Array(batch * keys * frames), new Float32Array(batch * keys * frames)];
      drawn(step).forEach(({ clip, from }, i) => {
        const count = Math.min(frames, clip.predicted.frames - from);
        roll.set(turnedWindow(clip.predicted.read(from, count), keys, 0, frames), i * keys * frames);
        target.set(turnedWindow(clip.played.read(from, count), keys, 0, frames), i * keys * frames);
      });
      return { roll, target };
    },
  };
}

function checkPairs(clips: readonly RollPair[], keys: number): void {
  if (clips.length === 0) {
    throw new SostenutoError({
      code: 'NO_TRAINING_DATA',
      what: 'There is nothing to train on: no clip with a predicted and a played roll',
      expected: 'at least one piano clip with pictures of its keys',
    });
  }
  const problems = clips.flatMap(({ id, framesPerSecond, predicted, played }): Problem[] => {
    const fit = predicted.keys === keys && played.keys === keys && predicted.frames > 0 && predicted.frames === played.frames;
    if (framesPerSecond === ROLL_RATE && fit) return [];
    return [
      {
        code: 'FEATURE_INVALID',
        what: `The rolls of the clip ${id} do not fit the corrector`,
        where: id,
        found: `${predicted.frames} predicted frames of ${predicted.keys} keys and ${played.frames} played of ${played.keys}, ${framesPerSecond} a second`,
        expected: `as many played as predicted frames of ${keys} keys, ${ROLL_RATE} a second`,
      },
    ];
  });
  if (problems.length > 0) throw new SostenutoError(problems);
}
