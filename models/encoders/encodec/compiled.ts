import { compile, type Tensor, type Tensor2D, type Tensor3D, type Tensor4D, type Tf } from '../../backend/index.ts';
import type { Kernels, Recurrence } from './kernels.ts';
import { kernelOf, type Recur, recur, recurStretch, runLayers } from './layers.ts';
import { convolutions, type Layer } from './layout.ts';

/** Frames of a recurrent layer in one graph. A graph of a whole clip would take longer to make than the clip does. */
const STRETCH = 25;
/** Lengths of signals for which graphs are kept. */
const MOST_LENGTHS = 4;

type Part = { readonly layers: readonly Layer[] } | { readonly stack: readonly Recurrence[] };

/**
 * `runLayers` as native calls: what lies between recurrent layers is one graph for each shape, a recurrent layer some calls of one graph that
 * fits every length, because what follows the end changes nothing before it. Kernels are inputs, so that graphs share them.
 */
export function compiledLayers(tf: Tf, layers: readonly Layer[], kernels: Kernels) {
  const parts = partsOf(layers, kernels);
  const compilePart = (part: readonly Layer[]) => {
    const names = convolutions(part).map(({ name }) => name);
    const tensors = names.map((name) => kernelOf(kernels, name)).flatMap(({ filter, bias }) => [filter, bias]);
    const { call, dispose } = compile(tf, ([signal, ...given]) => {
      const found = names.map((name, i) => [name, { filter: given[2 * i] as Tensor4D, bias: given[2 * i + 1] as Tensor }] as const);
      return [runLayers(tf, part, { ...kernels, convolutions: new Map(found) }, signal as Tensor4D)];
    });
    return { run: (signal: Tensor): Tensor => call([signal, ...tensors])[0] ?? signal, dispose };
  };
  const compileParts = () => parts.map((part) => ('layers' in part ? compilePart(part.layers) : undefined));
  const byShape = new Map<string, ReturnType<typeof compileParts>>();
  const stretch = compile(tf, ([drive, hidden, cell, recurrent]) =>
    recurStretch(tf, drive as Tensor3D, hidden as Tensor2D, cell as Tensor2D, recurrent as Tensor2D),
  );
  return {
    run(signal: Tensor4D): Tensor4D {
      const key = String(signal.shape);
      const compiled = byShape.get(key) ?? compileParts();
      byShape.delete(key);
      byShape.set(key, compiled); // the last one used is the last to go
      for (const [oldest, graphs] of byShape) {
        if (byShape.size <= MOST_LENGTHS) break;
        for (const graph of graphs) graph?.dispose();
        byShape.delete(oldest);
      }
      return tf.tidy(() => {
        let x: Tensor = signal;
        for (const [i, part] of parts.entries())
          x = 'stack' in part ? recur(tf, part.stack, x as Tensor4D, byStretches(tf, stretch.call)) : (compiled[i]?.run(x) ?? x);
        return x as Tensor4D;
      });
    },
    dispose(): void {
      for (const graph of [...byShape.values()].flat()) graph?.dispose();
      byShape.clear();
      stretch.dispose();
    },
  };
}

function partsOf(layers: readonly Layer[], kernels: Kernels): Part[] {
  const parts: Part[] = [];
  let plain: Layer[] = [];
  for (const layer of layers) {
    if (layer.kind !== 'lstm') plain.push(layer);
    else if (layer.layers > 0) {
      parts.push({ layers: plain }, { stack: kernels.recurrences.get(layer.name) ?? [] });
      plain = [];
    }
  }
  return [...parts, { layers: plain }];
}

/** Filled up with silence to whole stretches: what follows the end changes nothing before it. */
const byStretches =
  (tf: Tf, stretch: (inputs: readonly Tensor[]) => readonly Tensor[]): Recur =>
  (driven, recurrent) => {
    const [batch, length] = driven.shape;
    const times = Math.ceil(length / STRETCH);
    const padded = tf.pad3d(driven, [
      [0, 0],
      [0, times * STRETCH - length],
      [0, 0],
    ]);
    let [hidden, cell]: [Tensor, Tensor] = [tf.zeros([batch, recurrent.shape[0]]), tf.zeros([batch, recurrent.shape[0]])];
    const outputs: Tensor[] = [];
    for (const drive of tf.split(padded, times, 1)) {
      const [output = drive, nextHidden = hidden, nextCell = cell] = stretch([drive, hidden, cell, recurrent]);
      outputs.push(output);
      [hidden, cell] = [nextHidden, nextCell];
    }
    return tf.slice(tf.concat(outputs, 1), [0, 0, 0], [-1, length, -1]);
  };
