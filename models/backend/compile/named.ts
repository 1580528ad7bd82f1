import type { Tensor, Tf } from '../types.ts';
import { type CompileOptions, compile } from './compile.ts';

export type NamedTensors = Readonly<Record<string, Tensor>>;

/**
 * `compile` for functions from named tensors to named tensors. Which names come may differ from call to call: each set of names and
 * shapes gets a graph of its own.
 */
export function compileNamed(tf: Tf, run: (inputs: NamedTensors) => NamedTensors, options: CompileOptions = {}) {
  const variants = new Map<string, { compiled: ReturnType<typeof compile>; outputs: string[] }>();
  const variant = (names: readonly string[]) => {
    const key = JSON.stringify(names);
    const known = variants.get(key);
    if (known) return known;
    const outputs: string[] = [];
    const compiled = compile(
      tf,
      (inputs) => {
        const result = Object.entries(run(Object.fromEntries(names.map((name, i) => [name, inputs[i] as Tensor]))));
        outputs.splice(0, outputs.length, ...result.map(([name]) => name));
        return result.map(([, tensor]) => tensor);
      },
      options,
    );
    const made = { compiled, outputs };
    variants.set(key, made);
    return made;
  };
  return {
    /** The results are the caller's to dispose. */
    call(inputs: NamedTensors): NamedTensors {
      const names = Object.keys(inputs);
      const { compiled, outputs } = variant(names);
      const results = compiled.call(Object.values(inputs));
      return Object.fromEntries(results.map((tensor, i) => [outputs[i] ?? '', tensor]));
    },
    dispose: () => {
      for (const { compiled } of variants.values()) compiled.dispose();
      variants.clear();
    },
  };
}
