import { describe, expect, it } from 'vitest';
import { fitLogistic, logOdds } from '../../numeric/logistic.ts';
import { normal } from '../../numeric/random.ts';

const draws = normal({ seed: 5, purpose: 'rows' }, 400);
const rows = Array.from({ length: 200 }, (_, i) => [draws[2 * i] ?? 0, draws[2 * i + 1] ?? 0]);
const labels = rows.map(([x = 0, y = 0]) => (2 * x - y + 0.3 > 0 ? 1 : 0));

describe('logistic regression', () => {
  it('finds the direction that separates, and not for labels without a rule', () => {
    const model = fitLogistic(rows, labels);
    const right = rows.filter((row, i) => logOdds(model, row) > 0 === (labels[i] === 1)).length;
    expect(right).toBeGreaterThan(190);
    expect((model.weights[0] ?? 0) / (model.weights[1] ?? 0)).toBeCloseTo(-2, 0);
    const unruly = fitLogistic(
      rows,
      rows.map((_, i) => i % 2),
    );
    expect(Math.hypot(...unruly.weights)).toBeLessThan(0.3);
  });
  it('stands where the slope of the penalised loss is zero', () => {
    const penalty = 0.1;
    const model = fitLogistic(rows, labels, { penalty });
    const slope = rows.reduce(
      (sum, row, i) => sum + ((1 / (1 + Math.exp(-logOdds(model, row))) - (labels[i] ?? 0)) * (row[0] ?? 0)) / 200,
      0,
    );
    expect(slope + penalty * (model.weights[0] ?? 0)).toBeCloseTo(0, 8);
  });
  it('knows nothing without rows', () => {
    expect(fitLogistic([], [])).toEqual({ weights: [], bias: 0 });
  });
});
