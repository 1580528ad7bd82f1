import { join } from 'node:path';
import type { TextNetwork } from '../open.ts';
import { type Given, openOnnx } from './session.ts';

/** A text network in an ONNX file that takes `input_ids`, perhaps `attention_mask`, and gives `last_hidden_state`: T5's encoder, or CLIP's text tower, which gives `text_embeds` too. */
export async function openOnnxText(folder: string, file: string): Promise<TextNetwork> {
  const session = await openOnnx(join(folder, file));
  const hasEmbeds = session.outputs.includes('text_embeds');
  return {
    async encode(ids, present) {
      const shape = [ids.length, ids[0]?.length ?? 0];
      const given: Record<string, Given> = {
        input_ids: { shape, data: ids.flat() },
        attention_mask: { shape, data: (present ?? ids.map((row) => row.map(() => 1))).flat() },
      };
      const found = await session.run(given, hasEmbeds ? ['last_hidden_state', 'text_embeds'] : ['last_hidden_state']);
      return { states: found.last_hidden_state.data, ...(hasEmbeds && { embeds: found.text_embeds.data }) };
    },
    dispose: session.dispose,
  };
}
