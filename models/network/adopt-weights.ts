import { type Problem, SostenutoError } from '../../errors/problem.ts';
import type { NetworkConfig } from './config.ts';
import { mapNames, rotaryName, STREAMS } from './names.ts';
import { initialParameters, type NamedArray, parameterShapes } from './parameters.ts';

export interface Adopted {
  /** Every weight of the network, in the order of its shapes. */
  readonly weights: Map<string, NamedArray>;
  /** Weights that the given ones lack and that begin as new. */
  readonly fresh: readonly string[];
}

/**
 * Weights of an earlier stage or of the authors' modules in a network that may have more streams.
 * The map to the audio changes its name and width when the extra stream joins: its trained columns are copied and the new ones
 * are zero, so that the prediction stays the same to the bit (a load that just skips the unknown name loses the map).
 * Throws `WEIGHTS_MISMATCH` with all weights that the network does not know or that have another shape.
 */
export function adoptWeights(config: NetworkConfig, given: ReadonlyMap<string, NamedArray>, seed: number): Adopted {
  const shapes = parameterShapes(config);
  const weights = initialParameters(shapes, seed);
  const missing = new Set(shapes.keys());
  const buffers = new Set(STREAMS.map(rotaryName));
  const grown = new Map(
    Array.from({ length: config.extra ? config.depth : 0 }, (_, i) => [mapNames(i, false).toAudio, mapNames(i, true).toAudio]),
  );
  const problems: Problem[] = [];
  for (const [name, array] of given) {
    const target = grown.get(name) ?? name;
    const own = weights.get(target);
    if (buffers.has(name)) continue;
    if (!own) {
      problems.push({ code: 'WEIGHTS_MISMATCH', what: `The network has no weight ${name}.`, where: name });
      continue;
    }
    const fitted = target === name ? array : widened(array, own.shape);
    if (!fitted || String(fitted.shape) !== String(own.shape)) {
      problems.push({
        code: 'WEIGHTS_MISMATCH',
        what: `The weight ${name} has another shape.`,
        where: name,
        found: `[${array.shape}]`,
        expected: `[${own.shape}]`,
      });
      continue;
    }
    weights.set(target, fitted);
    missing.delete(target);
  }
  if (problems.length > 0) throw new SostenutoError(problems);
  return { weights, fresh: [...missing] };
}

/** [rows, n] with columns of zeros after its own. */
function widened({ shape, data }: NamedArray, [rows = 0, columns = 0]: readonly number[]): NamedArray | undefined {
  const [own = 0, width = 0] = shape;
  if (own !== rows || width > columns) return undefined;
  const out = new Float32Array(rows * columns);
  for (let row = 0; row < rows; row++) out.set(data.subarray(row * width, (row + 1) * width), row * columns);
  return { shape: [rows, columns], data: out };
}
