import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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
