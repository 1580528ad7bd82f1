import { compileNamed } from '../backend/index.ts';
import { frameWindows, rollToLatents } from '../network/frame-maps.ts';
import type { RollPredictorConfig } from '../network/roll-predictor/config.ts';
import { toGreys } from '../network/roll-predictor/greys.ts';
import { predictRoll } from '../network/roll-predictor/predict-roll.ts';
import { gatherWindows } from '../network/roll-predictor/windows.ts';
import type { Tensor, Tf } from '../network/tensor-types.ts';
import type { FilmedClip } from '../training/roll/dataset.ts';
import type { NamedArrays } from '../training/state.ts';
import { heldWeights, weightsAmong } from './held-weights.ts';

export interface FilmedKeys extends Pick<FilmedClip, 'id' | 'frames' | 'pictures'> {
  /** Rows of the roll to give, at the rate of the latents; without, one for each picture. */
  readonly latents?: number;
}

/** Windows in one call; the last call of a clip repeats its last window, so that shapes stay the same. */
const AT_ONCE = 64;

/** A trained predictor, ready for one clip after the other. `weights` by Audeo's names. */
export function openPredictor(tf: Tf, config: RollPredictorConfig, weights: NamedArrays) {
  const held = heldWeights(tf, weights);
  const columns = config.keys + (config.sustain ? 1 : 0);
  const reach = config.window - 1;
  const compiled = compileNamed(tf, ({ indices, ...inputs }) => {
    const windows = gatherWindows(
      tf,
      config,
      config.views.flatMap((view) => inputs[view] ?? []),
      indices as Tensor,
    );
    const { logits, sustain } = predictRoll(tf, config, weightsAmong(inputs), windows, { training: false });
    return { roll: tf.sigmoid(sustain ? tf.concat([logits, sustain], 1) : logits) };
  });
  return {
    /** The roll [latents or frames, keys (+1 for the pedal)] that it sees, 0…1. */
    predict(clip: FilmedKeys): Float32Array {
      const windows = frameWindows(clip.frames, 'clamp', config.window);
      const roll = new Float32Array(clip.frames * columns);
      for (let from = 0; from < clip.frames; from += AT_ONCE) {
        // Only the pictures around these windows are handed over.
        const first = Math.max(0, from - reach);
        const pictures = Math.min(AT_ONCE + 2 * reach, clip.frames);
        const begin = Math.min(first, clip.frames - pictures);
        const indices = Int32Array.from({ length: AT_ONCE * config.window }, (_, i) => {
          const frame = Math.min(clip.frames - 1, from + Math.floor(i / config.window));
          return (windows[frame * config.window + (i % config.window)] ?? 0) - begin;
        });
        const inputs = {
          ...Object.fromEntries(config.views.map((view) => [view, pictureTensor(tf, config, clip, view, begin, pictures)])),
          indices: tf.tensor(indices, [AT_ONCE, config.window], 'int32'),
        };
        const { roll: found } = compiled.call({ ...held, ...inputs });
        const rows = Math.min(AT_ONCE, clip.frames - from);
        roll.set(found?.dataSync<'float32'>().subarray(0, rows * columns) ?? [], from * columns);
        tf.dispose([inputs, ...(found ? [found] : [])]);
      }
      return clip.latents === undefined ? roll : rollToLatents(roll, columns, 3, clip.latents);
    },
    dispose(): void {
      compiled.dispose();
      tf.dispose(held);
    },
  };
}

/** The rolls of several clips, see `openPredictor`. */
export function predictRolls(tf: Tf, config: RollPredictorConfig, weights: NamedArrays, clips: readonly FilmedKeys[]): Float32Array[] {
  const predictor = openPredictor(tf, config, weights);
  try {
    return clips.map(predictor.predict);
  } finally {
    predictor.dispose();
  }
}

function pictureTensor(
  tf: Tf,
  { height, width }: RollPredictorConfig,
  clip: FilmedKeys,
  view: string,
  from: number,
  count: number,
): Tensor {
  const seen = clip.pictures(view, from, count);
  return tf.tensor(toGreys(seen, new Float32Array(seen.length)), [count, height, width]);
}
