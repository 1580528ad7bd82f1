/** Attention by one kernel each way: the last product aside, of all that a sequence reads from its states as one matrix. */
import type { AttentionSizes } from './clamped-attention.ts';
import { type Fused, fusedOperation } from './fused-operation.ts';
import { linear, packedLinear } from './linear.ts';
import type { attentionNames } from './names.ts';
import type { RotaryTable } from './rotary.ts';
import type { Tensor, Tf, Weights } from './tensor-types.ts';
import { weight } from './weight.ts';

type Names = ReturnType<typeof attentionNames>;

/** x [B,T,d], mask [B,T] → [B,T,d] */
export function fusedSelfAttention(
  tf: Tf,
  fused: Fused,
  weights: Weights,
  name: Names,
  x: Tensor,
  { softClamp }: AttentionSizes,
  { turns }: RotaryTable,
  mask?: Tensor,
): Tensor {
  const rows = [name.query, name.key, name.value, name.gate].map((part) => weight(weights, part));
  const given = [turns, mask ?? tf.zeros([0]), tf.scalar(softClamp)];
  const inputs = [packedLinear(tf, x, rows), weight(weights, name.gateBias)];
  const gated = fusedOperation(tf, fused, 'SelfAttention', inputs, given);
  return linear(tf, gated, weight(weights, name.out));
}

/** x [B,T,d], context [B,n,d], contextMask [B,n] → [B,T,d] */
export function fusedCrossAttention(
  tf: Tf,
  fused: Fused,
  weights: Weights,
  name: Names,
  x: Tensor,
  context: Tensor,
  { softClamp }: AttentionSizes,
  contextMask?: Tensor,
): Tensor {
  const pack = (states: Tensor, parts: readonly string[]) =>
    packedLinear(
      tf,
      states,
      parts.map((part) => weight(weights, part)),
    );
  const [own, others] = [pack(x, [name.query, name.gate]), pack(context, [name.key, name.value])];
  const given = [contextMask ?? tf.zeros([0]), tf.scalar(softClamp)];
  const gated = fusedOperation(tf, fused, 'CrossAttention', [own, others, weight(weights, name.gateBias)], given);
  return linear(tf, gated, weight(weights, name.out));
}
