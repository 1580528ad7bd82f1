import { SostenutoError } from '../../../errors/problem.ts';
import { size } from '../../network/differentiable.ts';
import { predictRoll } from '../../network/roll-predictor/predict-roll.ts';
import { rollOnLatents } from '../../network/roll-predictor/roll-on-latents.ts';
import { gatherWindows } from '../../network/roll-predictor/windows.ts';
import type { Tensor, Tf, Weights } from '../../network/tensor-types.ts';
import { rollLoss } from '../../objectives/roll-loss.ts';
import type { FlowBatch } from './batch.ts';
import type { PredictedRoll } from './stage.ts';

/** Before the names of the roll predictor's weights, as in the released modules. */
export const ROLL_PREDICTOR = 'video2roll_net.';
const FACTOR = 3;

/** Weights whose names begin with `prefix`, without it. */
export const within = (weights: Weights, prefix: string): Weights =>
  new Map([...weights].flatMap(([name, w]) => (name.startsWith(prefix) ? [[name.slice(prefix.length), w]] : [])));

/**
 * The roll that the predictor sees in a batch's pictures: [B,T,keys(+1 for the pedal)], zeros for the clips before the piano ones, and its
 * loss against their notes. `training` as in `predictRoll`.
 */
export function rollTerm(tf: Tf, { predictor, loss: kind }: PredictedRoll, weights: Weights, batch: FlowBatch, training: boolean) {
  const { roll: notes, windows, mask } = batch;
  const views = predictor.views.map((view) => batch[`picture/${view}`]);
  if (!notes || !windows || views.some((view) => !view)) throw noPictures();
  const pictures = size(windows, 0);
  const [clips, latents] = [size(notes, 0), size(notes, 1)];
  const piano = pictures / (Math.floor(latents / FACTOR) + 1);
  const seen = predictRoll(tf, predictor, within(weights, ROLL_PREDICTOR), gatherWindows(tf, predictor, views as Tensor[], windows), {
    training,
  });
  const onLatents = (x: Tensor) => rollOnLatents(tf, tf.reshape(x, [piano, -1, size(x, 1)]), FACTOR, latents);
  const keys = onLatents(tf.sigmoid(seen.logits));
  const pedal = seen.sustain && onLatents(tf.sigmoid(seen.sustain));
  const own = (x: Tensor) => tf.slice(x, clips - piano, piano);
  const columns = (x: Tensor, from: number, count: number) => tf.slice(x, [clips - piano, 0, from], [piano, latents, count]);
  const valid = mask && own(mask);
  const ofKeys = rollLoss(tf, kind, keys, columns(notes, 0, predictor.keys), valid);
  const ofPedal = pedal && rollLoss(tf, 'paper', pedal, columns(notes, predictor.keys, 1), valid);
  const found = pedal ? tf.concat([keys, pedal], 2) : keys;
  return {
    roll:
      clips > piano
        ? tf.pad(found, [
            [clips - piano, 0],
            [0, 0],
            [0, 0],
          ])
        : found,
    loss: ofPedal ? tf.add(ofKeys, ofPedal) : ofKeys,
    buffers: Object.fromEntries(Object.entries(seen.buffers).map(([name, tensor]) => [ROLL_PREDICTOR + name, tensor])),
  };
}

const noPictures = () =>
  new SostenutoError({
    code: 'STAGE_INVALID',
    what: 'A predicted roll needs pictures of the keys and the notes to compare with.',
    expected: 'piano clips with the views of the roll predictor',
  });
