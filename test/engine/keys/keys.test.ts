import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalJson, nodeKey, trajectoryKey } from '../../../engine/keys/keys.ts';

/** The same value with its object fields in another order. */
function reordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reordered);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([name, part]) => [name, reordered(part)]),
  );
}
const jsonValue = fc.jsonValue();

describe('canonical JSON', () => {
  test('does not depend on the order of fields', () => {
    fc.assert(fc.property(jsonValue, (value) => canonicalJson(reordered(value)) === canonicalJson(value)));
  });
  test('keeps the value', () => {
    fc.assert(fc.property(jsonValue, (value) => isDeepStrictEqual(JSON.parse(canonicalJson(value)), JSON.parse(JSON.stringify(value)))));
  });
  test('differs for values that differ', () => {
    const equal = (one: unknown, other: unknown) => isDeepStrictEqual(JSON.parse(JSON.stringify(one)), JSON.parse(JSON.stringify(other)));
    fc.assert(fc.property(jsonValue, jsonValue, (one, other) => (canonicalJson(one) === canonicalJson(other)) === equal(one, other)));
  });
  test('leaves undefined fields out', () => expect(canonicalJson({ b: undefined, a: 1 })).toBe('{"a":1}'));

  const cyclic: Record<string, unknown> = {};
  cyclic['self'] = cyclic;
  test.each([
    ['NaN', { a: [Number.NaN] }, 'a[0]'],
    ['an infinite number', { a: { b: Number.POSITIVE_INFINITY } }, 'a.b'],
    ['a function', { run: () => 1 }, 'run'],
    ['a bigint', 5n, 'the value itself'],
    ['undefined in a list', [undefined], '[0]'],
    ['a date', { at: new Date(0) }, 'at'],
    ['a map', { table: new Map() }, 'table'],
    ['a value inside itself', cyclic, 'self'],
  ])('refuses %s and says where', (_, value, where) => {
    expect(() => canonicalJson(value)).toThrow(
      expect.objectContaining({ code: 'NOT_JSON', problems: [expect.objectContaining({ where })] }),
    );
  });
});

const node = { task: 'train', params: { steps: 100, rate: 0.1 }, inputs: { data: 'd1' }, code: 'c1' };

describe('the key of a node', () => {
  test.each([
    ['its task', { ...node, task: 'tune' }],
    ['a param', { ...node, params: { steps: 100, rate: 0.2 } }],
    ['the content of an input', { ...node, inputs: { data: 'd2' } }],
    ['the name of an input', { ...node, inputs: { table: 'd1' } }],
    ['its code', { ...node, code: 'c2' }],
    ['its element', { ...node, item: { id: 'a' } }],
  ])('changes with %s', (_, other) => expect(nodeKey(other)).not.toBe(nodeKey(node)));

  test('ignores the order of params', () => expect(nodeKey({ ...node, params: { rate: 0.1, steps: 100 } })).toBe(nodeKey(node)));
  test('is the sha256 of its canonical JSON, so it stays the same from version to version', () => {
    // sha256sum of {"code":"c1","format":1,"inputs":{"data":"d1"},"params":{"rate":0.1,"steps":100},"task":"train"}
    expect(nodeKey(node)).toBe('63eac1abe6da3cd2a0bcc31aca51314d16598fd84e64393c048b3174a68d5448');
  });
});

describe('the trajectory of a training', () => {
  const of = (change: object) => trajectoryKey({ ...node, ...change, endParams: ['steps'] });
  test('goes on when only its end moves', () => expect(of({ params: { steps: 200, rate: 0.1 } })).toBe(of({})));
  test('is another one for another rate', () => expect(of({ params: { steps: 100, rate: 0.2 } })).not.toBe(of({})));
  test('is not the key of a node', () => expect(trajectoryKey({ ...node, endParams: [] })).not.toBe(nodeKey(node)));
});
