import type { Tensor, Tensor1D, Tensor4D, Tf } from '../../backend/index.ts';
import type { Weights } from '../folder.ts';
import { attend, linear, normalise, project } from '../transformer.ts';
import { type Act, activate } from './config.ts';
import { attentionOf } from './towers.ts';

/** torch's default of norms. */
const EPSILON = 1e-5;

/** Sizes of a stage of the Swin transformer (Liu et al. 2021). */
export interface Stage {
  readonly heads: number;
  readonly blocks: number;
  /** Places along a side of a window. */
  readonly window: number;
  readonly epsilon: number;
  readonly act: Act;
}

/** Runs a stage's blocks over [B,H,H,C]; every second one looks at windows that lie half a window further. */
export function runStage(tf: Tf, stage: Stage, weights: Weights, name: string, x: Tensor): Tensor {
  const { epsilon, act, window, blocks } = stage;
  let states = x;
  for (let block = 0; block < blocks; block++) {
    const own = `${name}.blocks.${block}`;
    // Where one window sees everything there is nothing to shift.
    const shift = block % 2 === 1 && (x.shape[1] ?? 0) > window ? window >> 1 : 0;
    const seen = normalise(tf, epsilon, weights, `${own}.layernorm_before`, states);
    states = tf.add(states, attendInWindows(tf, stage, weights, own, seen, shift));
    const [batch = 0, side = 0, , width = 0] = states.shape;
    const flat = tf.reshape(normalise(tf, epsilon, weights, `${own}.layernorm_after`, states), [batch, side * side, width]);
    const hidden = activate(tf, act, linear(tf, weights, `${own}.intermediate.dense`, flat));
    states = tf.add(states, tf.reshape(linear(tf, weights, `${own}.output.dense`, hidden), states.shape));
  }
  return states;
}

/** Joins two by two places to one of twice the width, [B,H,H,C] → [B,H/2,H/2,2C]. */
export function mergePatches(tf: Tf, weights: Weights, name: string, x: Tensor): Tensor {
  const [batch = 0, side = 0, , width = 0] = x.shape;
  const half = side / 2;
  // Of the four, rows change faster than columns.
  const four = tf.transpose(tf.reshape(x, [batch, half, 2, half, 2, width]), [0, 1, 3, 4, 2, 5]);
  const rows = normalise(tf, EPSILON, weights, `${name}.norm`, tf.reshape(four, [batch * half * half, 4 * width]));
  return tf.reshape(project(tf, rows, weights(`${name}.reduction.weight`)), [batch, half, half, 2 * width]);
}

function attendInWindows(tf: Tf, { heads, window }: Stage, weights: Weights, name: string, x: Tensor, shift: number): Tensor {
  const [batch = 0, side = 0, , width = 0] = x.shape;
  const across = side / window;
  const shifted = shift > 0 ? roll(tf, x, shift) : x;
  const parted = tf.transpose(tf.reshape(shifted, [batch, across, window, across, window, width]), [0, 1, 3, 2, 4, 5]);
  const windows = tf.reshape(parted, [batch * across ** 2, window ** 2, width]);
  const bias = positionBias(tf, weights(`${name}.attention.self.relative_position_bias_table`), window);
  const mask = shift > 0 ? tf.add(bias, tf.tile(shiftMask(tf, side, window, shift), [batch, 1, 1, 1])) : bias;
  const attended = attend(tf, heads, weights, attentionOf(name), windows, mask);
  const back = tf.transpose(tf.reshape(attended, [batch, across, across, window, window, width]), [0, 1, 3, 2, 4, 5]);
  const states = tf.reshape(back, x.shape);
  return shift > 0 ? roll(tf, states, side - shift) : states;
}

/** Moves rows and columns up by so many places; what leaves at the top comes in at the bottom. */
function roll(tf: Tf, x: Tensor, places: number): Tensor {
  const [batch = 0, side = 0, , width = 0] = x.shape;
  const part = (of: Tensor, axis: 1 | 2, from: number, count: number) => {
    const [rows, columns] = axis === 1 ? [from, 0] : [0, from];
    const size = axis === 1 ? [batch, count, side, width] : [batch, side, count, width];
    return tf.slice(of as Tensor4D, [0, rows, columns, 0], size as [number, number, number, number]);
  };
  const along = (of: Tensor, axis: 1 | 2): Tensor => tf.concat([part(of, axis, places, side - places), part(of, axis, 0, places)], axis);
  return along(along(x, 1), 2);
}

/** The bias of every pair of places in a window by their distance, [1,heads,w²,w²]. */
function positionBias(tf: Tf, table: Tensor, window: number): Tensor {
  const places = window ** 2;
  const index = Int32Array.from({ length: places ** 2 }, (_, pair) => {
    const [from, to] = [Math.floor(pair / places), pair % places];
    const rows = Math.floor(from / window) - Math.floor(to / window) + window - 1;
    const columns = (from % window) - (to % window) + window - 1;
    return rows * (2 * window - 1) + columns;
  });
  const rows = tf.gather(table, tf.tensor1d(index, 'int32') as Tensor1D);
  return tf.expandDims(tf.transpose(tf.reshape(rows, [places, places, table.shape[1] ?? 0]), [2, 0, 1]), 0);
}

/** Keeps apart what a shift brought together from the two ends of a side, [windows,1,w²,w²]. */
function shiftMask(tf: Tf, side: number, window: number, shift: number): Tensor {
  const [across, places] = [side / window, window ** 2];
  const regionOf = (at: number) => Number(at >= side - window) + Number(at >= side - shift);
  const region = (pane: number, place: number) =>
    3 * regionOf(Math.floor(pane / across) * window + Math.floor(place / window)) + regionOf((pane % across) * window + (place % window));
  const values = new Float32Array(across ** 2 * places ** 2);
  for (let pane = 0; pane < across ** 2; pane++) {
    const regions = Array.from({ length: places }, (_, place) => region(pane, place));
    for (let pair = 0; pair < places ** 2; pair++)
      values[pane * places ** 2 + pair] = regions[Math.floor(pair / places)] === regions[pair % places] ? 0 : -100;
  }
  return tf.tensor4d(values, [across ** 2, 1, places, places]);
}
