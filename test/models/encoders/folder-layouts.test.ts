import { cpSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadBackend, type Tf } from '../../../models/backend/index.ts';
import { loadClipText } from '../../../models/encoders/clip/text.ts';
import { loadClipVision } from '../../../models/encoders/clip/vision.ts';
import { checkPreparation, describeEncoder, type EncoderRole, encoderFiles } from '../../../models/encoders/describe.ts';
import { loadEncodec } from '../../../models/encoders/encodec/index.ts';
import { checkWeights } from '../../../models/encoders/folder.ts';
import { loadT5Encoder } from '../../../models/encoders/t5/t5.ts';
import { readSafetensors } from '../../../models/tensor/safetensors.ts';
import { copyFolder, editJson, editWeights, fixtureOf, splitWeights } from './folders.ts';

const root = mkdtempSync(join(tmpdir(), 'encoders-'));
let tf: Tf;
beforeAll(async () => {
  ({ tf } = await loadBackend());
});
afterAll(() => rmSync(root, { recursive: true }));
let made = 0;
const copy = (of: keyof typeof fixtureOf) => copyFolder(fixtureOf[of], join(root, `${of}-${made++}`));
const values = (tensor: { dataSync(): ArrayLike<number> }) => [...Float32Array.from(tensor.dataSync())];
const rates = { samples: 24_000, latents: 75 };
/** Everything that is looked at before an encoder is taken in. */
async function check(folder: string, role: EncoderRole): Promise<void> {
  await checkWeights(folder, describeEncoder(folder, role).layout);
  checkPreparation(folder, role, rates);
}

describe('the same encoder in another layout', () => {
  const ids = [[10, 12, 15, 3, 1]];
  const statesOf = async (folder: string) => {
    const model = await loadT5Encoder(tf, folder);
    const states = model.encode(ids);
    model.dispose();
    return values(states);
  };

  it('in pieces with an index', async () => {
    const folder = copy('t5');
    await splitWeights(folder);
    expect(encoderFiles(folder, 'text')).toEqual([
      'config.json',
      'tokenizer.json',
      'tokenizer_config.json',
      'model.safetensors.index.json',
      'model-00001-of-00002.safetensors',
      'model-00002-of-00002.safetensors',
    ]);
    expect(await statesOf(folder)).toEqual(await statesOf(fixtureOf.t5));
  });
  it('in pieces, of a codec', async () => {
    const folder = copy('encodec');
    await splitWeights(folder);
    const latentsOf = async (path: string) => {
      const codec = await loadEncodec(tf, path);
      const latents = codec.encode(tf.ones([1, 320]));
      codec.dispose();
      return values(latents);
    };
    expect(await latentsOf(folder)).toEqual(await latentsOf(fixtureOf.encodec));
  });
  it('of T5 with its embedding under the name of the encoder, and with a decoder beside it', async () => {
    const folder = copy('t5');
    await editWeights(folder, (tensors) => {
      const renamed = [...tensors].map(
        ([name, tensor]) => [name === 'shared.weight' ? 'encoder.embed_tokens.weight' : name, tensor] as const,
      );
      return new Map([...renamed, ...renamed.slice(0, 1).map(([, tensor]) => ['decoder.final.weight', tensor] as const)]);
    });
    expect(await statesOf(folder)).toEqual(await statesOf(fixtureOf.t5));
    await editWeights(
      folder,
      (tensors) =>
        new Map([...tensors, ...[...tensors].filter(([name]) => name.includes('embed')).map(([, t]) => ['shared.weight', t] as const)]),
    );
    expect(await statesOf(folder)).toEqual(await statesOf(fixtureOf.t5));
  });
  it('of CLIP with both towers in one file and one configuration', async () => {
    const folder = copy('clipVision');
    const textConfig: unknown = JSON.parse(readFileSync(join(fixtureOf.clipText, 'config.json'), 'utf8'));
    editJson(join(folder, 'config.json'), (vision_config) => ({
      model_type: 'clip',
      projection_dim: 24,
      text_config: { ...Object(textConfig), projection_dim: 512 },
      vision_config,
    }));
    const text = await readSafetensors(join(fixtureOf.clipText, 'model.safetensors'));
    await editWeights(folder, (tensors) => new Map([...tensors, ...text.tensors]));
    for (const name of ['tokenizer.json', 'tokenizer_config.json']) cpSync(join(fixtureOf.clipText, name), join(folder, name));
    await check(folder, 'text');
    await check(folder, 'image');
    const embedsOf = async (path: string) => {
      const model = await loadClipText(tf, path);
      const { embeds } = model.encode([[612, 320, 613]]);
      model.dispose();
      return values(embeds);
    };
    expect(await embedsOf(folder)).toEqual(await embedsOf(fixtureOf.clipText));
    const vision = await loadClipVision(tf, folder);
    expect(vision.width).toBe(24);
    vision.dispose();
  });
});

describe('a folder that cannot be used', () => {
  const refusal = async (folder: string, role: EncoderRole) =>
    check(folder, role).then(
      () => undefined,
      (error: unknown) => error,
    );
  const gone = (name: string) => (folder: string) => rmSync(join(folder, name));
  const configured = (edit: Record<string, unknown>) => (folder: string) =>
    editJson(join(folder, 'config.json'), (json) => ({ ...json, ...edit }));
  type Spoil = (folder: string) => void | Promise<void>;
  const cases: [string, keyof typeof fixtureOf, EncoderRole, Spoil, object][] = [
    [
      'without configuration',
      't5',
      'text',
      gone('config.json'),
      { code: 'ENCODER_CONFIG', problems: [{ found: expect.stringContaining('ENOENT') }] },
    ],
    [
      'with a configuration that is cut off',
      'clipVision',
      'image',
      (folder) => truncateSync(join(folder, 'config.json'), 40),
      { code: 'ENCODER_CONFIG', problems: [{ found: expect.stringContaining('JSON') }] },
    ],
    [
      'of another architecture',
      'clipVision',
      'image',
      configured({ model_type: 'siglip' }),
      { code: 'ENCODER_CONFIG', problems: [{ found: '"siglip"', expected: 'clip or clip_vision_model' }] },
    ],
    [
      'of an encoder for something else',
      'encodec',
      'codec',
      configured({ model_type: 't5' }),
      { code: 'ENCODER_CONFIG', problems: [{ found: '"t5"', expected: 'encodec' }] },
    ],
    [
      'of T5 without gated units',
      't5',
      'text',
      configured({ feed_forward_proj: 'relu' }),
      { code: 'ENCODER_CONFIG', problems: [{ found: '"relu"' }] },
    ],
    ['without weights', 'encodec', 'codec', gone('model.safetensors'), { code: 'ENCODER_WEIGHTS', problems: [{ found: 'nothing' }] }],
    [
      'with weights that are cut off',
      'encodec',
      'codec',
      (folder) => truncateSync(join(folder, 'model.safetensors'), 1_000_000),
      { code: 'SAFETENSORS_INVALID', problems: [{ hint: 'the file may be cut off' }] },
    ],
    [
      'without a piece that its index names',
      't5',
      'text',
      async (folder) => {
        await splitWeights(folder);
        gone('model-00002-of-00002.safetensors')(folder);
      },
      { code: 'ENCODER_WEIGHTS', problems: [{ found: 'no model-00002-of-00002.safetensors' }] },
    ],
    [
      'with an index that leads out of it',
      't5',
      'text',
      (folder) => {
        gone('model.safetensors')(folder);
        writeFileSync(join(folder, 'model.safetensors.index.json'), '{"weight_map": {"shared.weight": "../model.safetensors"}}');
      },
      { code: 'ENCODER_WEIGHTS', problems: [{ found: expect.stringContaining('../model') }] },
    ],
    [
      'without a tensor',
      'clipText',
      'text',
      (folder) => editWeights(folder, (tensors) => void tensors.delete('text_projection.weight')),
      {
        code: 'ENCODER_WEIGHTS',
        problems: [{ where: expect.stringContaining('text_projection.weight'), found: 'nothing', expected: '[24,32]' }],
      },
    ],
    [
      'with a tensor of another shape, or quantised',
      'encodec',
      'codec',
      (folder) =>
        editWeights(folder, (tensors) => {
          tensors.set('encoder.layers.0.conv.bias', { dtype: 'F32', shape: [5], data: new Float32Array(5) });
          tensors.set('decoder.layers.15.conv.bias', { dtype: 'I8', shape: [1], data: new Int8Array(1) });
          return undefined;
        }),
      {
        code: 'ENCODER_WEIGHTS',
        problems: [
          { found: '[5]', expected: '[4]' },
          { found: 'I8[1]', expected: '[1]' },
        ],
      },
    ],
    [
      'with more layers than its configuration says',
      't5',
      'text',
      configured({ num_layers: 1 }),
      {
        code: 'ENCODER_WEIGHTS',
        problems: expect.arrayContaining([
          expect.objectContaining({ where: expect.stringContaining('encoder.block.1.'), expected: 'no such tensor' }),
        ]),
      },
    ],
    ['without its tokenizer', 't5', 'text', gone('tokenizer.json'), { code: 'TOKENIZER_INVALID' }],
    ['without what prepares its pictures', 'clipVision', 'image', gone('preprocessor_config.json'), { code: 'ENCODER_CONFIG' }],
    [
      'whose pictures have another size',
      'clipVision',
      'image',
      (folder) => editJson(join(folder, 'preprocessor_config.json'), (json) => ({ ...json, crop_size: 32 })),
      { code: 'ENCODER_CONFIG', problems: [{ found: '32', expected: '64, the image_size of config.json' }] },
    ],
    [
      'whose latents have another rate',
      'encodec',
      'codec',
      configured({ sampling_rate: 32_000 }),
      { code: 'ENCODER_CONFIG', problems: [{ found: '100 latents a second at 32000 Hz' }] },
    ],
  ];
  it.each(cases)('%s', async (_, of, role, spoil, expected) => {
    const folder = copy(of);
    expect(await refusal(folder, role)).toBeUndefined();
    await spoil(folder);
    expect(await refusal(folder, role)).toMatchObject(expected);
  });
  it('does not fill the screen: the first tensors are named, and how many there are', async () => {
    const folder = copy('t5');
    editJson(join(folder, 'config.json'), (json) => ({ ...json, d_ff: 65 }));
    const error = Object(await refusal(folder, 'text'));
    expect(error.problems.length).toBeLessThan(9);
    editJson(join(folder, 'config.json'), (json) => ({ ...json, d_model: 33 }));
    expect(Object(await refusal(folder, 'text')).problems.at(-1)).toMatchObject({ hint: expect.stringMatching(/^\d+ more differ/) });
  });
});
