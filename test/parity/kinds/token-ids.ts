import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { readTokenizer } from '../../../models/encoders/tokenizer.ts';
import type { Checks } from '../kind.ts';

interface Expected {
  /** Longer captions are cut to it; not set: none is cut. */
  readonly max_length?: number;
  readonly cases: readonly { readonly text: string; readonly input_ids: readonly number[] }[];
}

/** The ids of every caption in `tokenizer_expected.json`, exactly. */
export function tokenIds(folder: string): Checks {
  const path = join(folder, 'tokenizer_expected.json');
  if (!existsSync(path)) return { 'token ids': 'no tokenizer_expected.json in this case' };
  const { cases, max_length: most = Number.POSITIVE_INFINITY }: Expected = JSON.parse(readFileSync(path, 'utf8'));
  return {
    'token ids': () => {
      const tokenizer = readTokenizer(folder);
      expect(cases.length).toBeGreaterThan(0);
      for (const { text, input_ids } of cases) expect(tokenizer.encode(text, most), JSON.stringify(text)).toEqual(input_ids);
    },
  };
}
