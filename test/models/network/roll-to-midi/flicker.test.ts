import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { NamedTensors, Tf } from '../../../../models/backend/index.ts';
import { initialParameters } from '../../../../models/network/parameters.ts';
import { drawDropout } from '../../../../models/network/roll-to-midi/dropout.ts';
import { steadyRoll } from '../../../../models/network/roll-to-midi/generator.ts';
import { rollToMidiShapes } from '../../../../models/network/roll-to-midi/shapes.ts';
import { discriminatorObjective, generatorObjective, type RollToMidiBatch } from '../../../../models/objectives/roll-to-midi.ts';
import { train } from '../../../../models/training/loop.ts';
import { TORCH_ADAM } from '../../../../models/training/optimiser.ts';
import { uniform } from '../../../../numeric/random.ts';
import { folderCheckpoints } from '../../training/folder-checkpoints.ts';
import { testBackend } from '../fixture.ts';

const config = { baseWidth: 4 };
const [BATCH, KEYS, FRAMES] = [6, 8, 20];
const shapes = rollToMidiShapes(config);
const trainable = (part: string) => [...shapes].filter(([name, shape]) => shape.trainable && name.startsWith(part)).map(([name]) => name);

let tf: Tf;
beforeAll(async () => {
  tf = await testBackend();
});

/** Held notes, and what a predictor makes of them: single frames missing, single frames too many. Both [B,keys,frames]. */
function flickering(sample: number): { played: Float32Array; predicted: Float32Array } {
  const draws = uniform({ seed: 8, purpose: 'notes', sample }, BATCH * KEYS * FRAMES * 2);
  const played = new Float32Array(BATCH * KEYS * FRAMES);
  for (let row = 0; row < BATCH * KEYS; row++) {
    for (let frame = 0; frame < FRAMES; ) {
      const draw = draws[row * FRAMES + frame] ?? 0;
      const length = 5 + (Math.floor(draw * 50) % 6);
      if (draw < 0.3) played.fill(1, row * FRAMES + frame, row * FRAMES + Math.min(FRAMES, frame + length));
      frame += length;
    }
  }
  const predicted = played.map((down, i) => {
    const draw = draws[played.length + i] ?? 0;
    const flips = draw < (down ? 0.15 : 0.04);
    return (flips ? 1 - down : down) * 0.7 + 0.15 + 0.1 * (draw - 0.5);
  });
  return { played, predicted };
}

const rollOf = (values: Float32Array) => tf.tensor3d(values, [BATCH, KEYS, FRAMES]);
const wrong = (found: ArrayLike<number>, played: Float32Array) =>
  played.reduce((sum, down, i) => sum + Number(down !== found[i]), 0) / played.length;

const learning = { optimiser: TORCH_ADAM, schedule: () => 0.01 };
type Batch = NamedTensors & RollToMidiBatch;

function batchAt(step: number): Batch {
  const { played, predicted } = flickering(step);
  const masks = drawDropout(config, { batch: BATCH, keys: KEYS, frames: FRAMES, seed: 1, step });
  return {
    roll: rollOf(predicted),
    target: rollOf(played),
    ...Object.fromEntries([...masks].map(([name, { shape, data }]) => [name, tf.tensor(data, [...shape])])),
  };
}
describe('a tiny generator', () => {
  it('learns to take flicker out of rolls that it has not seen, in turn with its discriminator', async () => {
    const errors: number[] = [];
    const { weights } = await train<Batch>({
      tf,
      parameters: initialParameters(shapes, 1),
      phases: [
        { ...learning, trainable: trainable('generator.'), objective: (weights, batch) => generatorObjective(tf, config, weights, batch) },
        {
          ...learning,
          trainable: trainable('discriminator.'),
          objective: (weights, batch) => discriminatorObjective(tf, config, weights, batch),
        },
      ],
      data: batchAt,
      steps: 300,
      seed: 1,
      checkpoints: folderCheckpoints(mkdtempSync(join(tmpdir(), 'flicker-'))),
      cadence: {},
      signal: new AbortController().signal,
      watch: (_, { error }) => errors.push(error?.[0] ?? Number.NaN),
    });
    const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(mean(errors.slice(-10))).toBeLessThan(mean(errors.slice(0, 10)) / 3);

    const { played, predicted } = flickering(100_000);
    const sounding = predicted.map((value) => Number(value >= 0.5));
    const own = new Map([...weights].map(([name, { shape, data }]) => [name, tf.tensor(data, [...shape])]));
    expect(wrong(sounding, played)).toBeGreaterThan(0.05);
    expect(wrong(steadyRoll(tf, config, own, rollOf(predicted)).dataSync(), played)).toBeLessThan(wrong(sounding, played) / 2);
  }, 240_000);
});
