import { dirname } from 'node:path';
import { expect } from 'vitest';
import { type BackendName, loadBackend, type Tensor } from '../../../models/backend/index.ts';
import { findNativePackages } from '../../../models/backend/native.ts';
import { bucketOf } from '../../../models/encoders/t5/buckets.ts';
import { loadT5Encoder } from '../../../models/encoders/t5/t5.ts';
import { openFixture } from '../../models/network/fixture.ts';
import type { Kind } from '../kind.ts';
import { openTensors } from '../stored-tensors.ts';
import { tokenIds } from './token-ids.ts';

const backends: BackendName[] = findNativePackages().length > 0 ? ['tensorflow', 'cpu'] : ['cpu'];
const TOLERANCE = 2e-5;

async function checkStates(path: string, backend: BackendName): Promise<void> {
  const { tf } = await loadBackend(backend);
  const stored = openFixture(tf, path);
  const model = await loadT5Encoder(tf, dirname(path));
  const rows = (name: string): number[][] => {
    const { shape, data } = stored.array(name);
    const [batch = 0, length = 0] = shape;
    return Array.from({ length: batch }, (_, row) => [...data.subarray(row * length, (row + 1) * length)]);
  };
  tf.engine().startScope();
  try {
    const present = stored.tensor('batch.attention_mask');
    const distance = (a: Tensor, name: string, mask?: Tensor): number => {
      const expected = stored.tensor(name);
      expect(a.shape).toEqual(expected.shape);
      const difference = tf.abs(tf.sub(a, expected));
      return (mask ? tf.mul(difference, tf.expandDims(mask, -1)) : difference).max().dataSync()[0] ?? Number.NaN;
    };
    const states = model.encode(rows('batch.input_ids'), present, (index, output) => {
      const name = `batch.hidden_state.${index}`;
      if (stored.has(name)) expect(distance(output, name, present), name).toBeLessThan(TOLERANCE);
    });
    expect(distance(states, 'batch.last_hidden_state', present)).toBeLessThan(TOLERANCE);
    for (const single of [0, 1])
      expect(distance(model.encode(rows(`single.${single}.input_ids`)), `single.${single}.last_hidden_state`)).toBeLessThan(TOLERANCE);
  } finally {
    tf.engine().endScope();
    model.dispose();
  }
}

export const t5: Kind = {
  name: 't5',
  cases: /(?:^|\/)encoders\/t5[^/]*\/expected\.safetensors$/,
  beside: /(?:^|\/)encoders\/t5[^/]*\/[^/]+$/,
  checks: (path) => ({
    ...Object.fromEntries(backends.map((backend) => [`states on ${backend}`, () => checkStates(path, backend)])),
    'buckets of relative positions': () => {
      const { array } = openTensors(path);
      const positions = [...array('buckets.relative_position').data];
      expect(positions.map((position) => bucketOf(position, 32, 128))).toEqual([...array('buckets.bidirectional_32_128').data]);
    },
    ...tokenIds(dirname(path)),
  }),
};
