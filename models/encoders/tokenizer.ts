import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Tokenizer as HuggingFaceTokenizer } from '@huggingface/tokenizers';
import { SostenutoError } from '../../errors/problem.ts';
import { hasBytePairs, robertaTokenizer } from './roberta-tokenizer.ts';

/** Turns captions into the ids of an encoder's vocabulary. */
export interface Tokenizer {
  /** Ids of a caption with the special tokens around it; of a longer one the first `most` − 1 and the last, which marks the end. */
  encode(caption: string, most: number): number[];
}

/**
 * Reads `tokenizer.json` of a folder (https://huggingface.co/docs/tokenizers), and `tokenizer_config.json` where it lies beside; without it RoBERTa's
 * `vocab.json` and `merges.txt`.
 * Throws `TOKENIZER_INVALID`.
 */
export function readTokenizer(folder: string): Tokenizer {
  const path = join(folder, 'tokenizer.json');
  const beside = join(folder, 'tokenizer_config.json');
  const described = existsSync(path) || !hasBytePairs(folder) ? parse(path) : bytePairs(folder);
  const config = existsSync(beside) ? parse(beside) : {};
  const tokenizer = orRefuse(path, () => new HuggingFaceTokenizer(described, config));
  return {
    encode(caption, most) {
      const { ids } = orRefuse(path, () => tokenizer.encode(caption));
      const end = ids.at(-1);
      return ids.length <= most || end === undefined ? ids : [...ids.slice(0, most - 1), end];
    },
  };
}

const parse = (path: string): object =>
  orRefuse(path, () => {
    const json: unknown = JSON.parse(readFileSync(path, 'utf8'));
    if (typeof json !== 'object' || json === null) throw new TypeError(JSON.stringify(json));
    return json;
  });

/** Of the two files that keep it without `tokenizer.json`. */
function bytePairs(folder: string): object {
  const vocabulary = parse(join(folder, 'vocab.json'));
  const path = join(folder, 'merges.txt');
  return orRefuse(path, () => robertaTokenizer(vocabulary, readFileSync(path, 'utf8')));
}

/** The library throws plain errors, also from inside where it meets a part that it does not know. */
function orRefuse<T>(where: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (error instanceof SostenutoError) throw error;
    throw new SostenutoError(
      {
        code: 'TOKENIZER_INVALID',
        what: 'The tokenizer cannot be used.',
        where,
        found: error instanceof Error ? error.message : String(error),
        expected: 'a tokenizer.json as Hugging Face tokenizers write it',
        hint: 'take the file of the published model, or write it with tokenizer.save_pretrained(…) of a fast tokenizer',
      },
      { cause: error },
    );
  }
}
