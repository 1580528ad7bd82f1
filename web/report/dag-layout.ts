/**
 * Layered drawing of a directed acyclic graph (Sugiyama, Tagawa and Toda 1981): layers by longest path, order inside a layer by
 * barycentres, places by least squares. "Along" is the direction of the edges, "across" the other one. Pure.
 */
export interface GraphNode {
  readonly id: string;
  readonly deps: readonly string[];
}
export interface BoxSize {
  readonly along: number;
  readonly across: number;
}
export interface LayoutOptions {
  readonly sizeOf: (id: string) => BoxSize;
  /** Free space between layers, and between boxes of a layer. */
  readonly layerGap: number;
  readonly boxGap: number;
}
export interface PlacedNode {
  readonly id: string;
  readonly layer: number;
  readonly size: BoxSize;
  /** Corner of the box with the smallest coordinates. */
  readonly along: number;
  readonly across: number;
}
export interface PlacedEdge {
  readonly from: string;
  readonly to: string;
  /** From the end of a box to the end of its layer, through the layers between, to the beginning of the other box; straight where nothing changes across. */
  readonly points: readonly (readonly [along: number, across: number])[];
}
export interface Layout {
  readonly nodes: readonly PlacedNode[];
  readonly edges: readonly PlacedEdge[];
  readonly along: number;
  readonly across: number;
}

/** A box, or the passage of a long edge through a layer. */
interface Slot {
  readonly box?: string;
  readonly layer: number;
  readonly before: Slot[];
  readonly after: Slot[];
  size: number;
  at: number;
}

const sweeps = 12;
const passage = 6;

/** @param nodes in topological order; unknown dependencies are left out */
export function layoutGraph(nodes: readonly GraphNode[], options: LayoutOptions): Layout {
  const layerOf = assignLayers(nodes);
  const boxes = new Map(nodes.map(({ id }) => [id, slot(layerOf.get(id) ?? 0, options.sizeOf(id).across, id)]));
  const layers: Slot[][] = Array.from({ length: Math.max(0, ...layerOf.values()) + 1 }, () => []);
  for (const box of boxes.values()) layers[box.layer]?.push(box);
  const routes = nodes.flatMap(({ id }) => {
    const from = boxes.get(id);
    const readers = nodes.flatMap((node) => (node.deps.includes(id) ? [boxes.get(node.id)] : [])).filter((box) => box !== undefined);
    return from === undefined || readers.length === 0 ? [] : route(from, readers, layers);
  });

  orderLayers(layers);
  placeAcross(layers, options.boxGap);
  const first = layers.flat().reduce((least, { at, size }) => Math.min(least, at - size / 2), Infinity);
  for (const one of layers.flat()) one.at -= first;

  const depths = layers.map((layer) => Math.max(0, ...layer.map(({ box }) => (box === undefined ? 0 : options.sizeOf(box).along))));
  const starts = depths.map((_, i) => depths.slice(0, i).reduce((sum, depth) => sum + depth + options.layerGap, 0));
  const start = (layer: number): number => starts[layer] ?? 0;
  const end = (layer: number): number => start(layer) + (depths[layer] ?? 0);
  return {
    nodes: nodes.map(({ id }) => {
      const { layer, at, size } = boxes.get(id) ?? slot(0, 0);
      return { id, layer, size: options.sizeOf(id), along: start(layer), across: at - size / 2 };
    }),
    edges: routes.map((slots) => ({
      from: slots[0]?.box ?? '',
      to: slots.at(-1)?.box ?? '',
      points: slots.flatMap(({ layer, at, box }, i): [number, number][] => {
        if (i === slots.length - 1) return [[start(layer), at]];
        const begin = i === 0 ? start(layer) + options.sizeOf(box ?? '').along : start(layer);
        return begin < end(layer)
          ? [
              [begin, at],
              [end(layer), at],
            ]
          : [[begin, at]];
      }),
    })),
    along: end(layers.length - 1),
    across: Math.max(0, ...layers.flat().map((one) => one.at + one.size / 2)),
  };
}

const slot = (layer: number, size: number, box?: string): Slot => ({
  layer,
  size,
  at: 0,
  before: [],
  after: [],
  ...(box === undefined ? {} : { box }),
});

/** Longest path from the sources; a source then moves next to its first reader, which shortens its edges. */
function assignLayers(nodes: readonly GraphNode[]): Map<string, number> {
  const layers = new Map<string, number>();
  for (const { id, deps } of nodes) layers.set(id, Math.max(0, ...deps.map((dep) => (layers.get(dep) ?? -1) + 1)));
  for (const { id, deps } of nodes) {
    const readers = nodes.filter((node) => node.deps.includes(id)).map((node) => layers.get(node.id) ?? 0);
    if (deps.every((dep) => !layers.has(dep)) && readers.length > 0) layers.set(id, Math.min(...readers) - 1);
  }
  return layers;
}

/** Links a box with everything that reads from it: one trunk of passages through the layers between, which all its edges share. */
function route(from: Slot, readers: readonly Slot[], layers: Slot[][]): Slot[][] {
  const trunk = [from];
  const last = Math.max(...readers.map(({ layer }) => layer));
  for (let layer = from.layer + 1; layer < last; layer++) {
    const between = slot(layer, passage);
    layers[layer]?.push(between);
    link(trunk.at(-1) ?? from, between);
    trunk.push(between);
  }
  return readers.map((reader) => {
    const slots = trunk.slice(0, reader.layer - from.layer);
    link(slots.at(-1) ?? from, reader);
    return [...slots, reader];
  });
}

function link(from: Slot, to: Slot): void {
  from.after.push(to);
  to.before.push(from);
}

/** Sorts each layer by the mean place of its neighbours, forwards and backwards, and keeps the order with the fewest crossings. */
function orderLayers(layers: Slot[][]): void {
  layers.forEach(countUp);
  let best = layers.map((layer) => [...layer]);
  let fewest = crossings(layers);
  for (let sweep = 0; sweep < sweeps && fewest > 0; sweep++) {
    const forwards = sweep % 2 === 0;
    for (const layer of forwards ? layers : [...layers].reverse()) {
      const centre = new Map(layer.map((one) => [one, mean(forwards ? one.before : one.after) ?? one.at]));
      layer.sort((a, b) => (centre.get(a) ?? 0) - (centre.get(b) ?? 0));
      countUp(layer);
    }
    const found = crossings(layers);
    if (found < fewest) {
      fewest = found;
      best = layers.map((layer) => [...layer]);
    }
  }
  best.forEach(countUp);
  layers.splice(0, layers.length, ...best);
}

function countUp(layer: readonly Slot[]): void {
  for (const [i, one] of layer.entries()) one.at = i;
}

const mean = (slots: readonly Slot[]): number | undefined =>
  slots.length === 0 ? undefined : slots.reduce((sum, { at }) => sum + at, 0) / slots.length;

function crossings(layers: readonly (readonly Slot[])[]): number {
  let count = 0;
  for (const layer of layers) {
    const ends = layer.flatMap((one) => one.after.map((next) => [one.at, next.at] as const));
    for (const [a, b] of ends) for (const [c, d] of ends) if (a < c && b > d) count++;
  }
  return count;
}

/** Moves every slot towards its neighbours as far as order and gaps allow. */
function placeAcross(layers: readonly Slot[][], gap: number): void {
  const start = (layer: readonly Slot[]) => layer.map(() => 0);
  for (const layer of layers) settle(layer, start(layer), gap);
  for (let sweep = 0; sweep <= 10 * sweeps; sweep++) {
    for (const layer of sweep % 2 === 0 ? layers : [...layers].reverse()) settle(layer, layer.map(pull), gap);
  }
}

/** Where the neighbours want a slot to be; trunks pull harder at their own kind, so that they run straight. */
function pull(one: Slot): number {
  let sum = 0;
  let weights = 0;
  for (const other of [...one.before, ...one.after]) {
    const weight = one.box === undefined && other.box === undefined ? 8 : one.box === undefined || other.box === undefined ? 1 : 2;
    sum += weight * other.at;
    weights += weight;
  }
  return weights === 0 ? one.at : sum / weights;
}

/** The places nearest to the wishes (least squares) that keep order and gaps: isotonic regression by pooling adjacent violators. */
function settle(layer: readonly Slot[], wishes: readonly number[], gap: number): void {
  let offset = 0;
  const offsets = layer.map((one, i) => {
    const previous = layer[i - 1];
    if (previous !== undefined) offset += (previous.size + one.size) / 2 + gap;
    return offset;
  });
  const pools: { sum: number; count: number }[] = [];
  wishes.forEach((wish, i) => {
    pools.push({ sum: wish - (offsets[i] ?? 0), count: 1 });
    for (
      let last = pools.at(-1), before = pools.at(-2);
      last && before && before.sum / before.count > last.sum / last.count;
      last = before, before = pools.at(-2)
    ) {
      pools.pop();
      before.sum += last.sum;
      before.count += last.count;
    }
  });
  const settled = pools.flatMap(({ sum, count }) => Array.from({ length: count }, () => sum / count));
  for (const [i, one] of layer.entries()) one.at = (settled[i] ?? 0) + (offsets[i] ?? 0);
}
