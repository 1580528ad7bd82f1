import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import type { Backend, Tf } from '../types.ts';
import { registerConvolutionGradients } from './convolution.ts';
import { registerDepthwiseGradients } from './depthwise.ts';
import { registerMatMul } from './matmul.ts';
import { registerSegmentSum } from './segment-sum.ts';

let ready = false;

/** The WebAssembly backend with the kernels that it lacks or that are slow or wrong in version 4.22. */
export async function loadWasm(tf: Tf): Promise<Backend> {
  if (!ready) {
    const require = createRequire(import.meta.url);
    const wasm: { setWasmPaths(directory: string): void } = require('@tensorflow/tfjs-backend-wasm');
    wasm.setWasmPaths(`${dirname(require.resolve('@tensorflow/tfjs-backend-wasm'))}/`);
  }
  if (!(await tf.setBackend('wasm'))) throw new Error('the WebAssembly backend of TensorFlow.js does not start');
  await tf.ready();
  if (!ready) {
    registerMatMul(tf);
    registerConvolutionGradients(tf);
    registerDepthwiseGradients(tf);
    registerSegmentSum(tf);
    ready = true;
  }
  return {
    name: 'wasm',
    tf,
    threads: 1,
    version: tf.version_core,
    flags: { simd: String(await tf.env().getAsync('WASM_HAS_SIMD_SUPPORT')) },
  };
}
