import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { PAPER_STAGE_1, PAPER_STAGE_2 } from '../../../models/network/config.ts';
import { countParameters, type ParameterShapes, parameterShapes } from '../../../models/network/parameters.ts';
import { AUDEO } from '../../../models/network/roll-predictor/config.ts';
import { rollPredictorShapes } from '../../../models/network/roll-predictor/shapes.ts';
import { contrastiveShapes } from '../../../models/objectives/contrastive.ts';
import { CLUB_COND_MAXIMISE, EACH_ONCE, type FactorClConfig, factorClShapes } from '../../../models/objectives/factor-cl/config.ts';
import { predictorShapes } from '../../../models/training/flow/weights.ts';
import type { Kind } from '../kind.ts';

const FACTOR: Omit<FactorClConfig, 'condition'> = {
  widths: { audio: 1024, video: 1280 },
  criticWidth: 512,
  weights: EACH_ONCE,
  unitInputs: true,
};
const labels: FactorClConfig = { ...FACTOR, condition: { kind: 'labels', classes: 6 } };
const augmented: FactorClConfig = { ...FACTOR, condition: { kind: 'augmentations' } };
const released: FactorClConfig = { ...labels, ...CLUB_COND_MAXIMISE };
const base = () => parameterShapes(PAPER_STAGE_1);
const stage2 = (keys: 51 | 88) => [
  parameterShapes({ ...PAPER_STAGE_2, extra: { width: 512, heads: 8, headWidth: 64, keys } }),
  predictorShapes({ ...AUDEO, keys }),
];

/** Networks that a row counts together, by its name. Where the last one is a module of its own, its parts are named without the model's prefix. */
const ROWS: Record<string, () => ParameterShapes[]> = {
  stage1: () => [base()],
  stage2_51keys: () => stage2(51),
  stage2_88keys: () => stage2(88),
  cl_from_commented_heads: () => [base(), contrastiveShapes(1024, 1280, 512)],
  factorcl_as_released: () => [base(), factorClShapes(released)],
  factorcl_module: () => [factorClShapes(released)],
  factorcl_full_sup: () => [base(), factorClShapes(labels)],
  factorcl_full_ssl: () => [base(), factorClShapes(augmented)],
  roll_net_51: () => [rollPredictorShapes(AUDEO)],
  roll_net_88: () => [rollPredictorShapes({ ...AUDEO, keys: 88 })],
};

const AUDIO = 'skip_proj conv attn_norm attn attn_gate cross_norm cross_attn cross_gate ff_norm ff ff_gate'.split(' ');
const SIDE = 'conv attn_norm attn ff_norm ff'.split(' ');
/** Line of a whole model's breakdown that a weight is counted in. */
function partOfModel(name: string): string {
  const [, stream = '', index = '', map] = name.match(/^transformer\.layers\.\d+\.(\d)\.(\d+)\.(\w+)/) ?? [];
  if (stream === '1' && index === '5') return `layers.*.cross_map.${map}`;
  if (stream === '0') return `layers.*.audio.${AUDIO[Number(index)]}`;
  if (stream !== '') return `layers.*.${['', 'video', 'extra'][Number(stream)]}.${SIDE[Number(index)]}`;
  return name.split('.', name.startsWith('transformer.') ? 2 : 1).join('.');
}
const partOfModule = (name: string): string => name.replace('transformer.contrastive_loss.', '').split('.')[0] ?? '';

interface Row {
  total: number;
  breakdown?: Record<string, number>;
  /** Of the module alone where `total` counts the model that it belongs to. */
  heads_and_critics?: number;
}

function sums(networks: readonly ParameterShapes[], partOf: (name: string) => string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const [name, shape] of networks.flatMap((shapes) => [...shapes]))
    if (shape.trainable) counts[partOf(name)] = (counts[partOf(name)] ?? 0) + countParameters(new Map([[name, shape]]));
  return counts;
}

function checkRow(name: string, { total, breakdown, heads_and_critics: alone }: Row): void {
  const networks = ROWS[name]?.() ?? expect.fail(`no network is known as ${name}`);
  const count = (some: readonly ParameterShapes[]) => some.reduce((sum, shapes) => sum + countParameters(shapes), 0);
  expect(count(networks)).toBe(total);
  if (alone !== undefined) expect(count(networks.slice(-1))).toBe(alone);
  if (!breakdown) return;
  expect('proj_in' in breakdown ? sums(networks, partOfModel) : sums(networks.slice(-1), partOfModule)).toEqual(breakdown);
}

export const parameterCounts: Kind = {
  name: 'parameter_counts',
  cases: /(?:^|\/)network\/parameter_counts.*\.json$/,
  checks: (path) => {
    const rows: Record<string, Row> = JSON.parse(readFileSync(path, 'utf8'));
    return Object.fromEntries(Object.entries(rows).map(([name, row]) => [name, () => checkRow(name, row)]));
  },
};
