/** An encoder as a run has it: encoder-row.ts FOLDER encodec|clip eager|compiled THREADS. The folder is written by reference/encoders.py. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadBackend, type Tensor } from '../../models/backend/index.ts';
import { loadClipVision } from '../../models/encoders/clip/vision.ts';
import { loadEncodec } from '../../models/encoders/encodec/index.ts';
import { readRawFloats } from '../measure/raw-floats.ts';
import { maxRss, serveRow } from '../measure/serve-row.ts';

const [folder = '', kind = '', mode = '', threads = ''] = process.argv.slice(2);
const { tf } = await loadBackend('auto', { threads: Number(threads) });
const loaded = maxRss();
const values = readRawFloats(join(folder, `${kind}.in`));
// What looks at single layers has them run one by one.
const tap = mode === 'eager' ? () => {} : undefined;

async function encoder(): Promise<() => Tensor> {
  if (kind === 'encodec') {
    const codec = await loadEncodec(tf, join(folder, kind));
    return () => codec.encode(tf.tensor2d(values, [1, values.length]), tap);
  }
  const clip = await loadClipVision(tf, join(folder, kind));
  return () => clip.encode(tf.tensor4d(values, [values.length / (224 * 224 * 3), 224, 224, 3]), tap).embeds;
}
const encode = await encoder();
const step = () => tf.tidy(() => encode().dataSync<'float32'>());
writeFileSync(join(folder, `${kind}-${mode}.out`), step());
await serveRow(loaded, {}, step);
