/** Runs in a process of its own: loads the backend and measures matrix products for a second; prints one line of JSON. */
import { fileURLToPath } from 'node:url';
import { type BackendChoice, loadBackend } from '../../models/backend/index.ts';
import { whyPlain } from './kernels.ts';

const SIZE = 512;
const SECONDS = 1;

const { name, tf, threads, version, flags } = await loadBackend((process.argv[2] ?? 'auto') as BackendChoice); // checked by loadBackend itself
const [a, b] = [tf.randomUniform([SIZE, SIZE], -1, 1, 'float32', 1), tf.randomUniform([SIZE, SIZE], -1, 1, 'float32', 2)];
const multiply = (): void => void tf.tidy(() => tf.matMul(a, b).slice([0, 0], [1, 1]).dataSync());
multiply();
const start = performance.now();
let products = 0;
while (performance.now() - start < SECONDS * 1000) {
  multiply();
  products += 1;
}
const gflops = (products * 2 * SIZE ** 3) / ((performance.now() - start) * 1e6);
const tools = fileURLToPath(new URL('../../.sostenuto', import.meta.url));
const kernels = flags['kernels'] === 'plain' ? `plain operations (${whyPlain(tools)})` : flags['kernels'] && 'fused kernels';
process.stdout.write(
  `${JSON.stringify({ name, version, threads, forGpu: flags['package'] === 'tfjs-node-gpu', kernels, gflops: Math.round(gflops * 10) / 10 })}\n`,
  () => process.exit(0),
);
