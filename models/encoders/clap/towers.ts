import type { Tensor, Tf } from '../../backend/index.ts';
import type { Weights } from '../folder.ts';
import { project } from '../transformer.ts';
import { type Act, activate } from './config.ts';

/** What both towers of CLAP have alike. */

/** A map or a norm with its bias. */
export const affine = (name: string, weight: readonly number[]): [string, readonly number[]][] => [
  [`${name}.weight`, weight],
  [`${name}.bias`, weight.slice(0, 1)],
];

/** Modules of an attention below a block. */
export const attentionOf = (block: string) => ({
  query: `${block}.attention.self.query`,
  key: `${block}.attention.self.key`,
  value: `${block}.attention.self.value`,
  output: `${block}.attention.output.dense`,
});

type Tower = 'text' | 'audio';

/** Tensors of a tower's projection. */
export const projectionShapes = (tower: Tower, width: number, projection: number) => [
  ...affine(`${tower}_projection.linear1`, [projection, width]),
  ...affine(`${tower}_projection.linear2`, [projection, projection]),
];

/** Maps what a tower gives, [B,width], into the space of both, to length one. */
export function projectToUnit(tf: Tf, weights: Weights, tower: Tower, act: Act, x: Tensor): Tensor {
  const map = (name: string, input: Tensor) =>
    tf.add(project(tf, input, weights(`${tower}_projection.${name}.weight`)), weights(`${tower}_projection.${name}.bias`));
  const embeds = map('linear2', activate(tf, act, map('linear1', x)));
  return tf.div(embeds, tf.norm(embeds, 2, 1, true));
}
