import type { Tf } from '../../backend/index.ts';
import { readClipText } from '../clip/text.ts';
import { describeEncoder } from '../describe.ts';
import { openText } from '../open.ts';
import { readTokenizer } from '../tokenizer.ts';
import type { TextEncoder } from './hashed-words.ts';

/** As `TextEncoder`, by a network. */
export interface NetworkTextEncoder extends Omit<TextEncoder, 'encode'> {
  encode(caption: string): Promise<Float32Array>;
  dispose(): Promise<void>;
}

/**
 * The text encoder of a folder: Flan-T5, or CLIP's text tower, whose states of all tokens are taken. Captions go through one by one, so that
 * none depends on what stands beside it. Throws as `openText` and `readTokenizer`.
 */
export async function loadTextEncoder(tf: Tf, folder: string, most: number): Promise<NetworkTextEncoder> {
  const { model, width } = describeEncoder(folder, 'text');
  const tokenizer = readTokenizer(folder);
  const maxTokens = model === 't5' ? most : Math.min(most, readClipText(folder).positions);
  const network = await openText(tf, folder);
  return {
    name: model,
    dimension: width,
    maxTokens,
    encode: async (caption) => (await network.encode([tokenizer.encode(caption, maxTokens)])).states,
    dispose: network.dispose,
  };
}
