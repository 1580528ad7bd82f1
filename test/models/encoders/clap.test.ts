import { cpSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadBackend, type Tf } from '../../../models/backend/index.ts';
import { loadCaptionEncoder, loadSoundEncoder } from '../../../models/encoders/clap/encoders.ts';
import { clapFeatures, readClapExtractor } from '../../../models/encoders/clap/features.ts';
import { checkPreparation, describeEncoder, encoderFiles, encoderFilesWanted } from '../../../models/encoders/describe.ts';
import { checkWeights } from '../../../models/encoders/folder.ts';
import { storeFloats } from '../../../models/tensor/safetensors.ts';
import { openTensors } from '../../parity/stored-tensors.ts';
import { copyFolder, editJson, editWeights, fixtureOf } from './folders.ts';
import { OnnxGraph } from './onnx/graph.ts';

const root = mkdtempSync(join(tmpdir(), 'clap-'));
let tf: Tf;
beforeAll(async () => {
  ({ tf } = await loadBackend());
});
afterAll(() => rmSync(root, { recursive: true }));
const ROLE = 'sound and caption';
let made = 0;
/** The case with a tokenizer, which it lacks. */
function copy(): string {
  const folder = copyFolder(fixtureOf.clap, join(root, `clap-${made++}`));
  cpSync(join(fixtureOf.clipText, 'tokenizer.json'), join(folder, 'tokenizer.json'));
  return folder;
}
const lengthOf = (values: ArrayLike<number>) => Math.hypot(...Array.from(values));

describe('what CLAP hears of a sound', () => {
  const fields = { feature_size: 8, sampling_rate: 1000, hop_length: 100, max_length_s: 1, fft_window_size: 128 };
  const mels = (options: object, samples: number) => {
    const folder = mkdtempSync(join(root, 'extractor-'));
    const about = { ...fields, frequency_min: 20, frequency_max: 480, ...options };
    writeFileSync(join(folder, 'preprocessor_config.json'), JSON.stringify(about));
    const wave = Float32Array.from({ length: samples }, (_, i) => Math.sin(0.02 * i + 0.0004 * i * i));
    return clapFeatures(readClapExtractor(folder), wave);
  };
  /** Values of transformers 5.24, its drawn place the one in the middle: the mean of a channel, and five of its values. */
  it.each([
    ['rand_trunc', 'repeatpad', 300, [-54.6342, -30.5104, -9.8273, -92.5457, -100]],
    ['rand_trunc', 'repeat', 300, [-47.8624, -30.5104, -9.8273, -92.5457, -30.7361]],
    ['rand_trunc', 'pad', 300, [-81.1613, -30.5104, -9.752, -100, -100]],
    ['rand_trunc', 'repeatpad', 1000, [-53.2361, -30.5104, -60.2094, -90.41, -22.895]],
    ['rand_trunc', 'repeatpad', 1450, [-45.5005, -10.2868, -59.6215, -91.5965, -23.7925]],
    ['fusion', 'pad', 300, [-74.5441, -11.2849, 8.3804, -100, -100]],
    ['fusion', 'pad', 1000, [-32.7674, -11.2849, -37.8467, -71.793, -3.5148]],
  ] as const)('truncation %s, padding %s, %i samples of 1000', (truncation, padding, samples, wanted) => {
    const { mels: values, frames, isLonger } = mels({ truncation, padding }, samples);
    expect([frames, values.length, isLonger]).toEqual([11, (truncation === 'fusion' ? 4 : 1) * 11 * 8, samples > 1000]);
    const channel = values.subarray(0, 88);
    const mean = channel.reduce((sum, value) => sum + value, 0) / 88;
    const found = [mean, ...[1, 26, 47, 84].map((at) => channel[at] ?? Number.NaN)];
    found.forEach((value, at) => {
      expect(Math.abs(value - (wanted[at] ?? Number.NaN))).toBeLessThan((wanted[at] ?? 0) > -60 ? 1e-2 : 0.05);
    });
  });
  it('is as long for no sound at all, and silence', () => {
    expect(mels({ truncation: 'rand_trunc' }, 0).mels).toEqual(new Float32Array(88).fill(-100));
  });
  it('of a transform that no halving reaches is refused', () => {
    expect(() => mels({ fft_window_size: 1000 }, 1)).toThrow(/fft_window_size\n {2}found: 1000\n {2}expected: a power of two/);
  });
});

describe('a folder of CLAP', () => {
  it('embeds sounds and captions of any length to length one, and nothing is left behind', async () => {
    const folder = copy();
    await editWeights(folder, (tensors) => {
      tensors.set('text_model.embeddings.word_embeddings.weight', storeFloats(new Float32Array(620 * 8).fill(0.1), [620, 8]));
    });
    editJson(join(folder, 'config.json'), (json) => ({ ...json, text_config: { ...Object(json['text_config']), vocab_size: 620 } }));
    const before = tf.memory().numTensors;
    const [sounds, captions] = [await loadSoundEncoder(tf, folder), await loadCaptionEncoder(tf, folder)];
    const wave = Float32Array.from(openTensors(join(fixtureOf.clap, 'expected.safetensors')).array('wave.1').data);
    const [whole, part] = [await sounds.encode(wave), await sounds.encode(wave.subarray(0, 500))];
    expect([whole, part].map(lengthOf)).toEqual([expect.closeTo(1, 5), expect.closeTo(1, 5)]);
    const wanted = openTensors(join(fixtureOf.clap, 'expected.safetensors')).array('audio_embeds').data.subarray(8);
    whole.forEach((value, at) => {
      expect(Math.abs(value - (wanted[at] ?? Number.NaN))).toBeLessThan(1e-3);
    });
    // Far more tokens than the tower has places for.
    for (const caption of ['a dog barking', 'the sound of playing piano '.repeat(20)])
      expect(lengthOf(await captions.encode(caption))).toBeCloseTo(1, 5);
    await Promise.all([sounds.dispose(), captions.dispose()]);
    expect(tf.memory().numTensors - before).toBeLessThanOrEqual(1);
  });

  it('runs ONNX files in place of either tower, with a fixed number of tokens too', async () => {
    const folder = copy();
    const sound = new OnnxGraph();
    sound.input('is_longer', 'int64', ['batch', 1]);
    const flat = sound.op('Reshape', [sound.input('input_features', 'float', ['batch', 4, 26, 64]), sound.ints([0, -1])]);
    const first = sound.op('Slice', [flat, sound.ints([0]), sound.ints([8]), sound.ints([1])]);
    sound.output('audio_embeds', first, ['batch', 8]);
    sound.write(join(folder, 'audio_model.onnx'));
    const text = new OnnxGraph();
    const present = text.input('attention_mask', 'int64', ['batch', 8]);
    const ids = text.input('input_ids', 'int64', ['batch', 8]);
    text.output('text_embeds', text.op('Cast', [text.op('Mul', [ids, present])], { to: 1 }), ['batch', 8]);
    text.write(join(folder, 'text_model.onnx'));
    expect(encoderFiles(folder, ROLE)).toEqual([
      'config.json',
      'preprocessor_config.json',
      'tokenizer.json',
      'audio_model.onnx',
      'text_model.onnx',
    ]);
    const [sounds, captions] = [await loadSoundEncoder(tf, folder), await loadCaptionEncoder(tf, folder)];
    const silence = await sounds.encode(new Float32Array(700));
    silence.forEach((value) => {
      expect(value).toBeCloseTo(-1 / Math.sqrt(8), 6);
    });
    const found = await captions.encode('a dog barking');
    const wanted = [612, 320, 595, 592, 613, 0, 0, 0];
    found.forEach((value, at) => {
      expect(value).toBeCloseTo((wanted[at] ?? 0) / lengthOf(wanted), 6);
    });
    await Promise.all([sounds.dispose(), captions.dispose()]);
  });

  it('needs its weights while a tower has no ONNX file, and no tokenizer.json beside RoBERTa’s two files', () => {
    const folder = copy();
    writeFileSync(join(folder, 'audio_model.onnx'), '');
    expect(encoderFiles(folder, ROLE)).toContain('model.safetensors');
    rmSync(join(folder, 'tokenizer.json'));
    expect(encoderFilesWanted(ROLE, folder)).toEqual(['tokenizer.json', 'tokenizer_config.json']);
    for (const name of ['vocab.json', 'merges.txt']) writeFileSync(join(folder, name), '{}');
    expect(encoderFilesWanted(ROLE, folder)).toEqual([]);
    expect(encoderFiles(folder, ROLE)).toEqual(expect.arrayContaining(['vocab.json', 'merges.txt']));
  });
});

describe('a folder of CLAP that cannot be used', () => {
  async function refusal(folder: string): Promise<unknown> {
    try {
      await checkWeights(folder, describeEncoder(folder, ROLE).layout);
      checkPreparation(folder, ROLE, { samples: 24_000, latents: 75 });
      return undefined;
    } catch (error) {
      return error;
    }
  }
  const configured = (edit: object) => (folder: string) => editJson(join(folder, 'config.json'), (json) => ({ ...json, ...edit }));
  const audio = (edit: object) => (folder: string) =>
    editJson(join(folder, 'config.json'), (json) => ({ ...json, audio_config: { ...Object(json['audio_config']), ...edit } }));
  const prepared = (edit: object) => (folder: string) =>
    editJson(join(folder, 'preprocessor_config.json'), (json) => ({ ...json, ...edit }));
  const config = (found: string, expected: string) => ({ code: 'ENCODER_CONFIG', problems: [{ found, expected }] });
  const cases: [string, (folder: string) => void | Promise<void>, object][] = [
    ['of another architecture', configured({ model_type: 'clip' }), config('"clip"', 'clap or clap_audio_model')],
    [
      'whose weights are cut off',
      (folder) => truncateSync(join(folder, 'model.safetensors'), 30_000),
      { code: 'SAFETENSORS_INVALID', problems: [{ hint: 'the file may be cut off' }] },
    ],
    [
      'with tensors that are missing, misshapen or too many in either tower',
      (folder) =>
        editWeights(folder, (tensors) => {
          tensors.delete('audio_model.audio_encoder.layers.1.blocks.1.attention.self.relative_position_bias_table');
          tensors.set('text_model.pooler.dense.bias', storeFloats(new Float32Array(9), [9]));
          tensors.set('audio_model.audio_encoder.layers.1.downsample.norm.bias', storeFloats(new Float32Array(1), [1]));
          return undefined;
        }),
      {
        code: 'ENCODER_WEIGHTS',
        problems: [
          { where: expect.stringContaining('relative_position_bias_table'), found: 'nothing', expected: '[49,2]' },
          { where: expect.stringContaining('text_model.pooler'), found: '[9]', expected: '[8]' },
          { where: expect.stringContaining('layers.1.downsample'), found: '[1]', expected: 'no such tensor' },
        ],
      },
    ],
    ['whose fusion joins channels', audio({ fusion_type: 'channel_map' }), config('"channel_map"', 'another one than channel_map')],
    ['whose maps have no bias', audio({ qkv_bias: false }), config('false', 'true')],
    [
      'whose stages do not part into windows',
      audio({ window_size: 3 }),
      config('128', 'a multiple of 24, so that windows of 3 divide every stage'),
    ],
    ['with fewer heads than stages', audio({ num_attention_heads: [1] }), config('[1]', '2 numbers, as depths has')],
    [
      'whose sounds are prepared for another kind of it',
      prepared({ truncation: 'rand_trunc' }),
      config('rand_trunc', 'fusion, as enable_fusion says'),
    ],
    ['whose sounds have other bands', prepared({ feature_size: 80 }), config('80', '64, the num_mel_bins of config.json')],
    ['whose sounds are longer than its pictures', prepared({ max_length_s: 11 }), config('276 frames', 'at most 256, as spec_size says')],
    ['without its tokenizer', (folder) => rmSync(join(folder, 'tokenizer.json')), { code: 'TOKENIZER_INVALID' }],
  ];
  it.each(cases)('%s', async (_, spoil, expected) => {
    const folder = copy();
    expect(await refusal(folder)).toBeUndefined();
    await spoil(folder);
    expect(await refusal(folder)).toMatchObject(expected);
  });
});
