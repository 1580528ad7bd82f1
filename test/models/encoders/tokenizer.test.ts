import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readTokenizer } from '../../../models/encoders/tokenizer.ts';
import { FIXTURES } from '../network/fixture.ts';

const T5 = join(FIXTURES, 'encoders/t5_tiny');
const CLIP = join(FIXTURES, 'encoders/clip_text_quickgelu_legacy_eos');

describe('a tokenizer', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tokenizer-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'tokenizer.json');
  const refusal = (): unknown => {
    try {
      return readTokenizer(folder);
    } catch (error) {
      return error;
    }
  };
  const refused = (found: RegExp) => ({ code: 'TOKENIZER_INVALID', problems: [{ where: file, found: expect.stringMatching(found) }] });

  it('cuts a long caption and keeps the token that marks its end', () => {
    for (const path of [T5, CLIP]) {
      const tokenizer = readTokenizer(path);
      const whole = tokenizer.encode('the sound of playing piano', 100);
      expect(whole.length).toBeGreaterThan(5);
      expect(tokenizer.encode('the sound of playing piano', 5)).toEqual([...whole.slice(0, 4), whole.at(-1)]);
    }
  });
  it('is read without its tokenizer_config.json', () => {
    cpSync(join(CLIP, 'tokenizer.json'), file);
    expect(readTokenizer(folder).encode('a dog barking', 16)).toEqual([612, 320, 595, 592, 613]);
  });
  describe('of RoBERTa in its two old files', () => {
    const place = join(folder, 'roberta');
    /** Bytes, a few pairs of the words below, and special tokens; ids as transformers 5.24 gives them. */
    const merges = ['o u', 'n d', 'Ġ s', 'Ġs ou', 'Ġsou nd', 'Ġ p', 'i a', 'ia n', 'Ġp ian', 'Ġpian o', 't h', 'th e', '1 2', 'Ã ©'];
    const isPrintable = (byte: number) => (byte > 32 && byte < 127) || (byte > 160 && byte < 173) || byte > 173;
    const bytes = Array.from({ length: 256 }, (_, byte) => byte);
    const characters = [...bytes.filter(isPrintable), ...bytes.filter((byte) => !isPrintable(byte)).map((_, at) => 256 + at)];
    const tokens = ['<s>', '<pad>', '</s>', '<unk>', ...characters.map((code) => String.fromCodePoint(code))];
    const vocabulary = [...tokens, ...merges.map((pair) => pair.replace(' ', '')), '<mask>'];
    const write = (words: readonly string[]) => {
      mkdirSync(place, { recursive: true });
      writeFileSync(join(place, 'vocab.json'), JSON.stringify(Object.fromEntries(words.map((word, id) => [word, id]))));
      writeFileSync(join(place, 'merges.txt'), `#version: 0.2\n${merges.join('\n')}\n`);
    };
    it.each([
      ['the sound of a piano', [0, 271, 264, 224, 82, 73, 224, 68, 269, 2]],
      ['A  piano, and Café 12\n345!', [0, 36, 224, 269, 15, 224, 68, 261, 224, 38, 68, 73, 273, 224, 272, 202, 22, 23, 24, 4, 2]],
      ['', [0, 2]],
      ['  leading', [0, 224, 224, 79, 72, 68, 71, 76, 81, 74, 2]],
      ["it's", [0, 76, 87, 10, 86, 2]],
      ['naïve 日本 🎹', [0, 81, 68, 131, 111, 89, 72, 224, 166, 249, 102, 166, 254, 109, 224, 176, 257, 240, 121, 2]],
      ['piano sound', [0, 83, 267, 82, 264, 2]],
    ])('gives the ids of %j', (caption, ids) => {
      write(vocabulary);
      expect(readTokenizer(place).encode(caption, 100)).toEqual(ids);
    });
    it('is refused where the vocabulary is another one’s', () => {
      write(vocabulary.filter((token) => token !== '</s>'));
      expect(() => readTokenizer(place)).toThrow(/vocab\.json has no <\/s>: it is not RoBERTa’s/);
    });
  });
  it('that is not there, cut off, or no tokenizer at all is refused with its file', () => {
    rmSync(file, { force: true });
    expect(refusal()).toMatchObject(refused(/ENOENT/));
    const text = readFileSync(join(T5, 'tokenizer.json'), 'utf8');
    writeFileSync(file, text.slice(0, text.length / 2));
    expect(refusal()).toMatchObject(refused(/JSON/));
    for (const other of ['null', '3', '{}', '[]', text.replace('"type": "Precompiled"', '"type": "Postcompiled"')]) {
      writeFileSync(file, other);
      expect(refusal(), other.slice(0, 10)).toMatchObject(refused(/./));
    }
  });
});
