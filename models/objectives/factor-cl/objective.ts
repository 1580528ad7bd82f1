import { at, size } from '../../network/differentiable.ts';
import { linearLayer } from '../../network/linear.ts';
import { relu } from '../../network/relu.ts';
import type { Tensor, Tf, Weights } from '../../network/tensor-types.ts';
import { unitVectors } from '../unit-vectors.ts';
import { criticName, FACTOR_CL_TERMS, type FactorClConfig, type FactorClTerm, headName, isClub, type Side, termsOf } from './config.ts';
import { club, infoNce, pairScores } from './critic.ts';

export interface FactorClBatch {
  /** [N,da] and [N,dv], features of N aligned pairs. */
  readonly audio: Tensor;
  readonly video: Tensor;
  /** Labels [N,1], numbers from 0, or a second view of each feature. */
  readonly condition: { readonly labels: Tensor } | { readonly audio: Tensor; readonly video: Tensor };
  /** [N], 1 = a pair; others, such as sounds without a video, do not count. */
  readonly valid?: Tensor;
}

export interface FactorClLoss {
  readonly loss: Tensor;
  /** Every term by itself, unweighted, as a loss. */
  readonly terms: Partial<Record<FactorClTerm, Tensor>>;
}

/**
 * The main step's objective: weighted sum of the terms. Gradients flow through the CLUB critics to heads and features, but the critics
 * themselves are not trained by it: take `factorClGroups(config).main`.
 */
export function factorClLoss(tf: Tf, config: FactorClConfig, weights: Weights, batch: FactorClBatch): FactorClLoss {
  const terms = Object.fromEntries(
    termsOf(config).map((term) => {
      const scores = termScores(tf, config, weights, batch, term);
      return [term, isClub(term) ? club(tf, scores, batch.valid) : tf.neg(infoNce(tf, scores, batch.valid))];
    }),
  ) as Partial<Record<FactorClTerm, Tensor>>;
  const weighted = Object.entries(terms).map(([term, value]) => {
    const factor = config.weights[term as FactorClTerm] ?? 0;
    return tf.mul(factor < 0 && config.cap !== undefined ? tf.minimum(value, config.cap) : value, factor);
  });
  return { loss: tf.addN(weighted), terms };
}

/** The critic step's objective: −I_NCE of every CLUB critic. Trains `factorClGroups(config).critics` only. */
export const clubLearningLoss = (tf: Tf, config: FactorClConfig, weights: Weights, batch: FactorClBatch): Tensor =>
  tf.addN(
    termsOf(config)
      .filter(isClub)
      .map((term) => tf.neg(infoNce(tf, termScores(tf, config, weights, batch, term), batch.valid))),
  );

function termScores(tf: Tf, config: FactorClConfig, weights: Weights, batch: FactorClBatch, term: FactorClTerm): Tensor {
  const { sides, conditional } = FACTOR_CL_TERMS[term];
  const { condition } = batch;
  const head = (side: Side, features: Tensor) => {
    const inner = linearLayer(tf, weights, `${headName(term, side)}.0`, config.unitInputs ? unitVectors(tf, features) : features);
    return linearLayer(tf, weights, `${headName(term, side)}.2`, relu(tf, inner));
  };
  const projected = (side: Side) => {
    if (!conditional) return head(side, batch[side]);
    const given = 'labels' in condition ? oneHot(tf, config, condition.labels) : head(side, condition[side]);
    return tf.concat([head(side, batch[side]), given], 1);
  };
  const first = at(sides, 0);
  const x = projected(first);
  // With labels the released code takes the number itself here, not its one-hot vector.
  const y = sides.length === 2 ? projected(at(sides, 1)) : 'labels' in condition ? condition.labels : head(first, condition[first]);
  return pairScores(tf, weights, criticName(term), x, y, isClub(term) ? 'yx' : 'xy');
}

function oneHot(tf: Tf, { condition }: FactorClConfig, labels: Tensor): Tensor {
  const classes = condition.kind === 'labels' ? condition.classes : 0;
  const numbers = tf.cast(tf.reshape(labels, [size(labels, 0)]), 'int32');
  return tf.cast(tf.oneHot(numbers, classes), 'float32');
}
