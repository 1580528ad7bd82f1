import { SostenutoError } from '../../errors/problem.ts';
import type { Tensor, Weights } from './tensor-types.ts';

/** A weight by name. Throws `MISSING_WEIGHT`. */
export function weight(weights: Weights, name: string): Tensor {
  const found = weights.get(name);
  if (found) return found;
  throw new SostenutoError({
    code: 'MISSING_WEIGHT',
    what: `The network has no weight named ${name}.`,
    where: name,
    found: `${weights.size} other weights`,
    hint: 'Check that the weights were made for this network: parameterShapes(config) lists all names.',
  });
}
