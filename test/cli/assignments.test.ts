import { describe, expect, test } from 'vitest';
import { settingsFrom } from '../../cli/assignments.ts';
import { SostenutoError } from '../../errors/problem.ts';

describe('settings on the command line', () => {
  test.each([
    [['seed=8'], { seed: 8 }],
    [['textToAudio.steps=100', 'textToAudio.batch=4'], { textToAudio: { steps: 100, batch: 4 } }],
    [['name=a=b'], { name: 'a=b' }],
    [['text="8"', 'yes=true', 'list=[1,2]', 'nothing=null', 'empty='], { text: '8', yes: true, list: [1, 2], nothing: null, empty: '' }],
    [['a=1', 'a=2'], { a: 2 }],
    [['a={"b":1}', 'a.c=2'], { a: { b: 1, c: 2 } }],
    [[], {}],
  ])('%j', (words, settings) => {
    expect(settingsFrom(words)).toEqual(settings);
  });

  test('every word that cannot be understood is named at once', () => {
    expect(() => settingsFrom(['seed', '=1', 'a..b=1', '__proto__.x=1', 'a=1', 'a.b=2'])).toThrow(
      expect.objectContaining({
        problems: ['seed', '=1', 'a..b=1', '__proto__.x=1', 'a.b=2'].map((found) => expect.objectContaining({ code: 'BAD_USAGE', found })),
      }),
    );
  });

  test('no word reaches the prototype of anything', () => {
    expect(() => settingsFrom(['a.__proto__.polluted=1'])).toThrow(SostenutoError);
    expect(settingsFrom(['constructor.prototype.polluted=1'])).toEqual({ constructor: { prototype: { polluted: 1 } } });
    expect('polluted' in {}).toBe(false);
  });
});
