import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readSafetensors, type StoredTensor, writeSafetensors } from '../../../models/tensor/safetensors.ts';
import { FIXTURES } from '../network/fixture.ts';

/** Tiny random models in the layout of Hugging Face. */
export const fixtureOf = {
  t5: join(FIXTURES, 'encoders/t5_tiny'),
  clipText: join(FIXTURES, 'encoders/clip_text_quickgelu_legacy_eos'),
  clipVision: join(FIXTURES, 'encoders/clip_vision_quickgelu'),
  encodec: join(FIXTURES, 'encoders/encodec_tiny'),
  clap: join(FIXTURES, 'encoders/clap_fused_tiny'),
} as const;

/** A folder as its publisher gives it: without the expected values that lie beside it here. */
export function copyFolder(from: string, to: string): string {
  cpSync(from, to, { recursive: true, filter: (path) => !/(?:expected|layer_taps)\.(?:safetensors|json)$|tokenizer_expected/.test(path) });
  return to;
}

export function editJson(path: string, edit: (json: Record<string, unknown>) => unknown): void {
  writeFileSync(path, JSON.stringify(edit(JSON.parse(readFileSync(path, 'utf8')))));
}

type Tensors = Map<string, StoredTensor>;
/** Writes a folder's weights anew. */
export async function editWeights(folder: string, edit: (tensors: Tensors) => Tensors | undefined): Promise<void> {
  const path = join(folder, 'model.safetensors');
  const tensors = new Map((await readSafetensors(path)).tensors);
  await writeSafetensors(path, edit(tensors) ?? tensors);
}

/** Divides the weights over two files with an index, as large models are kept. */
export async function splitWeights(folder: string): Promise<void> {
  const path = join(folder, 'model.safetensors');
  const tensors = [...(await readSafetensors(path)).tensors];
  const half = Math.ceil(tensors.length / 2);
  const weight_map: Record<string, string> = {};
  for (const [part, some] of [tensors.slice(0, half), tensors.slice(half)].entries()) {
    const name = `model-0000${part + 1}-of-00002.safetensors`;
    await writeSafetensors(join(folder, name), new Map(some));
    for (const [tensor] of some) weight_map[tensor] = name;
  }
  writeFileSync(join(folder, 'model.safetensors.index.json'), JSON.stringify({ metadata: {}, weight_map }));
  rmSync(path);
}
