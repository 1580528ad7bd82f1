import { mkdirSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readWav, writeWav } from '../../../datasets/media/wav.ts';
import type { StoredTree } from '../../../engine/define/ports.ts';
import { loadBackend } from '../../../models/backend/index.ts';
import { loadCaptionEncoder, loadSoundEncoder } from '../../../models/encoders/clap/encoders.ts';
import { cosine } from '../../../models/metrics/scoring/cosine.ts';
import { storeFloats, writeSafetensors } from '../../../models/tensor/safetensors.ts';
import { resample } from '../../../numeric/resample.ts';
import { hearOriginals, hearSystem } from '../../../pipelines/evaluate/evaluate/hear.ts';
import { judgeSystem } from '../../../pipelines/evaluate/evaluate/judge-system.ts';
import { describeOriginals } from '../../../pipelines/evaluate/prepare/describe-originals.ts';
import { importReferences, importSystems } from '../../../pipelines/evaluate/prepare/import-sounds.ts';
import { presets } from '../../../pipelines/evaluate/settings.ts';
import { sourceOf } from '../../../pipelines/evaluate/sources.ts';
import { encoderParams } from '../../../pipelines/video-to-audio/encoders.ts';
import { copyFolder, editJson, editWeights, fixtureOf } from '../../models/encoders/folders.ts';
import { clicks, networksOf, pianoSound, type Setup, setUp } from './trees.ts';

const protocol = { ...presets.method.protocol, level: 'none' } as const;
const params = { protocol, codec: '', transcribe: false };
const nothing = { item: undefined } as const;
const CAPTION = 'the sound of a piano';
const WORDS = 300;

let setup: Setup;
let clap: string;
beforeAll(async () => {
  setup = await setUp();
  clap = copyFolder(fixtureOf.clap, join(setup.folder, 'clap'));
  // The case has ids alone: here every byte is a token.
  const bytes = Array.from({ length: WORDS - 4 }, (_, at) => String.fromCodePoint(33 + at));
  const vocabulary = ['<s>', '<pad>', '</s>', '<unk>', ...bytes].map((token, id) => [token, id]);
  writeFileSync(join(clap, 'vocab.json'), JSON.stringify(Object.fromEntries(vocabulary)));
  writeFileSync(join(clap, 'merges.txt'), '#version: 0.2\n');
  editJson(join(clap, 'config.json'), (json) => ({
    ...json,
    text_config: { ...Object(json['text_config']), vocab_size: WORDS, max_position_embeddings: 40 },
  }));
  const filled = (rows: number) =>
    storeFloats(
      Float32Array.from({ length: rows * 8 }, (_, i) => Math.sin(i * i)),
      [rows, 8],
    );
  await editWeights(clap, (tensors) => {
    tensors.set('text_model.embeddings.word_embeddings.weight', filled(WORDS));
    tensors.set('text_model.embeddings.position_embeddings.weight', filled(40));
    return undefined;
  });
});
afterAll(() => rm(setup.folder, { recursive: true, force: true }));

const tree = async (path: string): Promise<StoredTree> => setup.store.openTree(await setup.store.putTree(path));
let made = 0;
function given(files: Readonly<Record<string, Uint8Array | string>>): string {
  const folder = join(setup.folder, `given-${made++}`);
  mkdirSync(folder);
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  return folder;
}

/** What a system's sounds score beside originals of the same names. */
async function scored(originalsIn: string, soundsIn: string, networks: Parameters<typeof networksOf>[1]) {
  const { context } = setup;
  const { describing, listening, identities } = await networksOf(setup, networks);
  const source = sourceOf('references', originalsIn);
  const references = await tree((await importReferences({ inputs: {}, params: { source }, ...nothing, context })).references);
  const described = await describeOriginals({ inputs: { references, networks: describing }, params: { protocol }, ...nothing, context });
  const originals = await tree(described.originals);
  const inputs = { references, originals, networks: listening };
  const reference = await tree((await hearOriginals({ inputs, params, ...nothing, context })).heard);
  const system = { id: 'ours', source: sourceOf('systems.ours', soundsIn) };
  const { systems } = await importSystems({ inputs: {}, params: { systems: [system] }, ...nothing, context });
  const [item = expect.fail('no system')] = systems;
  const heard = await setup.store.putTree((await hearSystem({ inputs: { originals, networks: listening }, params, item, context })).heard);
  const run = { inputs: { originals, reference }, params: { protocol }, item: { id: 'ours', artifact: heard }, context };
  const { judged } = await judgeSystem(run);
  return {
    identities,
    scores: new Map(judged.clips.map(({ id, scores }) => [id, scores.clap])),
    lack: judged.notComputed.find(({ measure }) => measure === 'clap'),
  };
}

describe('the CLAP score of a folder with CLAP', () => {
  const sound = writeWav(pianoSound(0, 'a'), 24_000);
  const other = writeWav(clicks([0.2, 0.6]), 24_000);

  it('is the cosine of a sound with its caption, of clips that have one', async () => {
    const originals = given({ 'a.wav': sound, 'a.txt': CAPTION, 'b.wav': sound });
    const { scores, identities } = await scored(originals, given({ 'a.wav': other, 'b.wav': other }), {
      files: {},
      clap: encoderParams('sound and caption', clap),
    });
    const { tf } = await loadBackend();
    const [sounds, captions] = [await loadSoundEncoder(tf, clap), await loadCaptionEncoder(tf, clap)];
    const heard = await sounds.encode(resample(readWav(other).samples, 24_000, sounds.sampleRate));
    const wanted = cosine(heard, await captions.encode(CAPTION));
    expect(scores.get('a')).toBeCloseTo(wanted, 4);
    expect(Math.abs((scores.get('a') ?? 0) - cosine(heard, await captions.encode('dogs bark')))).toBeGreaterThan(1e-3);
    expect(scores.has('b') && scores.get('b')).toBeUndefined();
    await Promise.all([sounds.dispose(), captions.dispose()]);
    expect(identities.map(({ file }) => file)).toEqual([
      'clap/config.json',
      'clap/merges.txt',
      'clap/model.safetensors',
      'clap/preprocessor_config.json',
      'clap/vocab.json',
    ]);
  });

  it('is not computed without captions, which is said', async () => {
    const { lack } = await scored(given({ 'a.wav': sound }), given({ 'a.wav': other }), {
      files: {},
      clap: encoderParams('sound and caption', clap),
    });
    expect(lack).toMatchObject({ reason: 'clap: no original has a caption', wayOut: '<clip>.txt beside the originals' });
  });

  it('is not computed between two networks’ embeddings', async () => {
    const originals = given({ 'a.wav': sound });
    await writeSafetensors(join(originals, 'captions.safetensors'), new Map([['a', storeFloats(new Float32Array(5).fill(1), [1, 5])]]));
    const sounds = given({ 'a.wav': other });
    await writeSafetensors(join(sounds, 'clap.safetensors'), new Map([['a', storeFloats(new Float32Array(8).fill(1), [1, 8])]]));
    const { lack, scores } = await scored(originals, sounds, { files: {} });
    expect(scores.get('a')).toBeUndefined();
    expect(lack?.reason).toBe('CLAP gives 8 values, and the network of captions 5');
  });

  it('that cannot be used ends the evaluation with its name', async () => {
    const broken = copyFolder(fixtureOf.clap, join(setup.folder, 'broken'));
    const taken = networksOf(setup, { files: {}, clap: encoderParams('sound and caption', broken) });
    await expect(taken).rejects.toMatchObject({ code: 'TOKENIZER_INVALID', problems: [{ where: join(broken, 'tokenizer.json') }] });
  });
});
