import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** The two files in which GPT-2's kind of vocabulary was kept before `tokenizer.json`. */
export const BYTE_PAIR_FILES = ['vocab.json', 'merges.txt'] as const;
export const hasBytePairs = (folder: string): boolean => BYTE_PAIR_FILES.every((name) => existsSync(join(folder, name)));

const SPECIAL = ['<s>', '<pad>', '</s>', '<unk>', '<mask>'];

/**
 * RoBERTa's tokenizer (byte pairs, a text between `<s>` and `</s>`) as `tokenizer.json` writes it. Throws `TypeError` for a vocabulary of another
 * tokenizer.
 */
export function robertaTokenizer(vocabulary: object, merges: string): object {
  const vocab = new Map(Object.entries(vocabulary));
  const idOf = (token: string): number => {
    const id: unknown = vocab.get(token);
    if (typeof id !== 'number') throw new TypeError(`vocab.json has no ${token}: it is not RoBERTa’s`);
    return id;
  };
  const added = SPECIAL.filter((token) => vocab.has(token)).map((content) => {
    const plain = { single_word: false, lstrip: content === '<mask>', rstrip: false, normalized: false };
    return { id: idOf(content), content, ...plain, special: true };
  });
  const byBytes = { add_prefix_space: false, trim_offsets: true };
  return {
    version: '1.0',
    added_tokens: added,
    normalizer: null,
    pre_tokenizer: { type: 'ByteLevel', ...byBytes, use_regex: true },
    post_processor: { type: 'RobertaProcessing', cls: ['<s>', idOf('<s>')], sep: ['</s>', idOf('</s>')], ...byBytes },
    decoder: { type: 'ByteLevel', ...byBytes, use_regex: true },
    model: {
      type: 'BPE',
      vocab: vocabulary,
      merges: merges.split(/\r?\n/).filter((line) => line !== '' && !line.startsWith('#version')),
      unk_token: null,
      continuing_subword_prefix: '',
      end_of_word_suffix: '',
    },
  };
}
