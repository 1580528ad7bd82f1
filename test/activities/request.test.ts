import { describe, expect, test } from 'vitest';
import { pipelineRegistry } from '../../activities/plan/registry.ts';
import { checkRequest } from '../../activities/plan/request.ts';
import { SostenutoError } from '../../errors/problem.ts';
import { pipelines } from '../end-to-end/fixtures/pipelines.ts';

const registry = pipelineRegistry(pipelines);
const problemsOf = (given: unknown): readonly { where?: string; found?: string; expected?: string }[] => {
  try {
    checkRequest(given, registry);
  } catch (error) {
    if (error instanceof SostenutoError) return error.problems;
    throw error;
  }
  return [];
};

describe('the input of a run', () => {
  test.each([[undefined], [null], [{}]])('%j is enough', (given) => {
    const [demo] = pipelines;
    const withDemo = new Map(
      [...registry, ['video-to-audio', demo]].filter((entry): entry is [string, NonNullable<typeof demo>] => entry[1] !== undefined),
    );
    expect(checkRequest(given, withDemo).pipeline).toBe(demo);
  });

  test('every wrong field is named at once, with what was found and what is allowed', () => {
    const problems = problemsOf({ pipeline: 'chain', preset: 7, onFailure: 'retry', setings: {}, settings: [] });
    expect(problems.map(({ where, found }) => [where, found])).toEqual([
      ['setings', '{}'],
      ['preset', '7'],
      ['onFailure', '"retry"'],
      ['settings', '[]'],
    ]);
    expect(problems.every(({ expected }) => expected !== undefined)).toBe(true);
  });

  test.each([['text'], [[1]], [42]])('%j is no input', (given) => {
    expect(problemsOf(given)).toMatchObject([{ where: 'input', expected: expect.stringContaining('one JSON object') }]);
  });

  test('nothing wrong, nothing said', () => {
    expect(problemsOf({ pipeline: 'chain', preset: 'default', settings: {}, onFailure: 'wait', from: 'n1' })).toEqual([]);
  });
});
