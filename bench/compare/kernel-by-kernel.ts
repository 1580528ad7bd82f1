import type { Tf } from '../../models/network/tensor-types.ts';

/** The same library, seen as one that cannot compile: what would be one call of a graph runs as it is written. */
export const kernelByKernel = (tf: Tf): Tf =>
  new Proxy(tf, { get: (target, name) => (name === 'getBackend' ? () => 'kernel by kernel' : Reflect.get(target, name)) });
