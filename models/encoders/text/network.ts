import type { Tf } from '../../backend/index.ts';
import { loadClipText, readClipText } from '../clip/text.ts';
import { describeEncoder } from '../describe.ts';
import { loadT5Encoder } from '../t5/t5.ts';
import { readTokenizer } from '../tokenizer.ts';
import type { TextEncoder } from './hashed-words.ts';

/**
 * The text encoder of a folder: Flan-T5, or CLIP's text tower, whose states of all tokens are taken. Captions go through one by one, so that
 * none depends on what stands beside it. Throws as `loadT5Encoder`, `loadClipText` and `readTokenizer`.
 */
export async function loadTextEncoder(tf: Tf, folder: string, most: number): Promise<TextEncoder & { dispose(): void }> {
  const { model, width } = describeEncoder(folder, 'text');
  const tokenizer = readTokenizer(folder);
  const isT5 = model === 't5';
  const maxTokens = isT5 ? most : Math.min(most, readClipText(folder).positions);
  const network = isT5 ? await loadT5Encoder(tf, folder) : await loadClipText(tf, folder);
  return {
    name: model,
    dimension: width,
    maxTokens,
    encode(caption) {
      const states = tf.tidy(() => {
        const encoded = network.encode([tokenizer.encode(caption, maxTokens)]);
        return 'states' in encoded ? encoded.states : encoded;
      });
      const values = Float32Array.from(states.dataSync());
      states.dispose();
      return values;
    },
    dispose: () => network.dispose(),
  };
}
