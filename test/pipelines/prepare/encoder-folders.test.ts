import { cpSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openShard } from '../../../datasets/features/sequence-shard.ts';
import { decodeMedia } from '../../../datasets/media/decode.ts';
import { encodeMedia } from '../../../datasets/media/encode.ts';
import { writeWav } from '../../../datasets/media/wav.ts';
import type { Artifact, StoredTree } from '../../../engine/define/ports.ts';
import { planPipeline } from '../../../engine/plan/plan.ts';
import { loadBackend, type Tf } from '../../../models/backend/index.ts';
import type { EncoderRole } from '../../../models/encoders/describe.ts';
import { readEncodec } from '../../../models/encoders/encodec/index.ts';
import { loadPictureEncoder } from '../../../models/encoders/image/network.ts';
import { loadTextEncoder } from '../../../models/encoders/text/network.ts';
import { normal, uniform } from '../../../numeric/random.ts';
import { encoderParams, widthsOf } from '../../../pipelines/video-to-audio/encoders.ts';
import { videoToAudio } from '../../../pipelines/video-to-audio/pipeline.ts';
import { encodeAudio } from '../../../pipelines/video-to-audio/prepare/encode-audio.ts';
import { encodeFrames } from '../../../pipelines/video-to-audio/prepare/encode-frames.ts';
import { encodeText } from '../../../pipelines/video-to-audio/prepare/encode-text.ts';
import { importEncoder } from '../../../pipelines/video-to-audio/prepare/import-encoder.ts';
import { presets } from '../../../pipelines/video-to-audio/presets.ts';
import { copyFolder, editWeights, fixtureOf } from '../../models/encoders/folders.ts';
import { encodecGraphs } from '../../models/encoders/onnx/encodec-graphs.ts';
import { t5Graph } from '../../models/encoders/onnx/t5-graph.ts';
import { openTensors } from '../../parity/stored-tensors.ts';
import { type Setup, setUp } from '../evaluate/trees.ts';
import { clipOf, mappedShard, taskContext } from '../features.ts';

let setup: Setup;
let tf: Tf;
beforeAll(async () => {
  setup = await setUp();
  ({ tf } = await loadBackend());
});
afterAll(() => rm(setup.folder, { recursive: true, force: true }));

async function taken(role: EncoderRole, folder: string): Promise<Artifact> {
  const { encoder } = await importEncoder({
    inputs: {},
    params: encoderParams(role, folder),
    item: undefined,
    context: taskContext(setup),
  });
  return setup.store.putTree(encoder);
}
const stored = async (role: EncoderRole, folder: string): Promise<StoredTree> => setup.store.openTree(await taken(role, folder));
const opened = (directory: string, name: string) =>
  openShard({ arrow: join(directory, `${name}.arrow`), index: join(directory, `${name}.json`) });

describe('an encoder that is taken in', () => {
  it('is what its files are: another place changes nothing, another weight or preparation does', async () => {
    const moved = copyFolder(fixtureOf.clipVision, join(setup.folder, 'moved'));
    writeFileSync(join(moved, 'README.md'), 'nobody reads it');
    const before = await taken('image', fixtureOf.clipVision);
    expect(await taken('image', moved)).toEqual(before);
    expect([...(await setup.store.openTree(before)).files.keys()]).toEqual([
      'config.json',
      'model.safetensors',
      'preprocessor_config.json',
    ]);

    const state = () => encoderParams('image', moved).state;
    const unchanged = state();
    await editWeights(moved, (tensors) => {
      const bias = tensors.get('vision_model.pre_layrnorm.bias');
      if (bias?.data instanceof Float32Array) bias.data[0] = 9;
      return undefined;
    });
    expect(state()).not.toBe(unchanged);
    const edited = await taken('image', moved);
    expect(edited.digest).not.toBe(before.digest);
    writeFileSync(join(moved, 'preprocessor_config.json'), '{"size": 64, "crop_size": 64, "image_mean": [0, 0, 0]}');
    expect((await taken('image', moved)).digest).not.toBe(edited.digest);
  });
  it('and is not there is named with the way out', async () => {
    const nowhere = join(setup.folder, 'nowhere');
    await expect(taken('text', nowhere)).rejects.toMatchObject({
      code: 'ENCODER_MISSING',
      problems: [{ where: nowhere, hint: expect.stringContaining('sostenuto weights fetch') }],
    });
  });
});

const texts = async (folder: string, captions: readonly string[], tokens = 77) => {
  const clips = captions.map((caption, index) => clipOf(`clip-${index}`, { caption }));
  const inputs = { encoder: await stored('text', folder) };
  return opened((await encodeText({ inputs, params: { tokens }, item: { id: 'one', clips }, context: taskContext(setup) })).text, 'text');
};

describe('captions by a network', () => {
  it('are the states of their tokens, as the reference gives them; without a word there are none', async () => {
    const shard = await texts(fixtureOf.t5, ['the sound of playing piano', '  ', 'a dog']);
    expect(shard.index).toMatchObject({
      width: 32,
      clips: [
        { id: 'clip-0', rows: 12 },
        { id: 'clip-2', rows: 4 },
      ],
    });
    const fixture = openTensors(join(fixtureOf.t5, 'expected.safetensors'));
    const ids = fixture.array('batch.input_ids');
    const row = [...Array(ids.shape[0]).keys()].find((at) =>
      [10, 12, 15, 3, 13, 49].every((id, t) => ids.data[at * (ids.shape[1] ?? 0) + t] === id),
    );
    const states = fixture.array('batch.last_hidden_state');
    const from = (row ?? Number.NaN) * (states.shape[1] ?? 0) * 32;
    shard.read('clip-0').forEach((value, at) => {
      expect(Math.abs(value - (states.data[from + at] ?? Number.NaN))).toBeLessThan(2e-5);
    });
    shard.close();
  });
  it('are cut to the tokens that are allowed, and to those that CLIP has places for', async () => {
    const long = 'a dog barking and two cars passing and rain and wind and a piano and a horn and a dog';
    expect((await texts(fixtureOf.t5, [long], 9)).index.clips).toEqual([{ id: 'clip-0', rows: 9 }]);
    const shard = await texts(fixtureOf.clipText, [long]);
    expect(shard.index).toMatchObject({ width: 32, clips: [{ id: 'clip-0', rows: 16 }] });
    const encoder = await loadTextEncoder(tf, fixtureOf.clipText, 77);
    expect([...shard.read('clip-0')]).toEqual([...(await encoder.encode(long))]);
    await encoder.dispose();
    shard.close();
  });
});

describe('an ONNX file in the folder', () => {
  it('is taken in and run in place of the weights, and gives the same', async () => {
    const folder = copyFolder(fixtureOf.t5, join(setup.folder, 't5-onnx'));
    const config = JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8'));
    mkdirSync(join(folder, 'onnx'));
    t5Graph(join(folder, 'model.safetensors'), config, 'encoder_model.onnx_data').write(join(folder, 'onnx/encoder_model.onnx'));
    renameSync(join(folder, 'model.safetensors'), join(folder, 'onnx/encoder_model.onnx_data'));
    const names = [...(await stored('text', folder)).files.keys()];
    expect(names).toContain('onnx/encoder_model.onnx_data');
    expect(names).not.toContain('model.safetensors');
    const caption = 'the sound of playing piano';
    const [own, other] = [await texts(fixtureOf.t5, [caption]), await texts(folder, [caption])];
    expect(other.index).toEqual(own.index);
    const states = own.read('clip-0');
    other.read('clip-0').forEach((value, at) => {
      expect(Math.abs(value - (states[at] ?? Number.NaN))).toBeLessThan(2e-5);
    });
    for (const shard of [own, other]) shard.close();
  });
  it('that is another network, or lacks its tensors, is refused by its place before anything is made', async () => {
    const folder = copyFolder(fixtureOf.clipVision, join(setup.folder, 'vision-onnx'));
    const file = join(folder, 'vision_model.onnx');
    const t5 = JSON.parse(readFileSync(join(fixtureOf.t5, 'config.json'), 'utf8'));
    const weights = join(fixtureOf.t5, 'model.safetensors');
    t5Graph(weights, t5, 'elsewhere').write(file);
    await expect(taken('image', folder)).rejects.toMatchObject({
      code: 'ONNX_INVALID',
      problems: [{ where: file, found: expect.stringContaining('elsewhere'), expected: expect.stringContaining('_data') }],
    });
    t5Graph(weights, t5, 'vision_model.onnx_data').write(file);
    cpSync(weights, `${file}_data`);
    await expect(taken('image', folder)).rejects.toMatchObject({
      code: 'ONNX_INVALID',
      problems: [{ where: file, found: expect.stringContaining('input_ids'), expected: expect.stringContaining('pixel_values') }],
    });
  });
  it('of a codec encodes sounds in place of its weights, which only the decoder then needs', async () => {
    const folder = copyFolder(fixtureOf.encodec, join(setup.folder, 'encodec-onnx'));
    const { config } = readEncodec(folder);
    encodecGraphs(join(folder, 'model.safetensors'), config).encoder.write(join(folder, 'encoder.onnx'));
    const [own, other] = [await stored('codec', fixtureOf.encodec), await stored('codec', folder)];
    expect([...other.files.keys()]).toEqual(['config.json', 'encoder.onnx', 'model.safetensors']);
    const clip = { clip: clipOf('tone'), features: { audio: normal({ seed: 1, purpose: 'tone' }, 4000) } };
    const [item] = await mappedShard(setup, 'audio', [clip], { rowsPerSecond: 24_000, scalar: 'f32', shape: [1] });
    if (item === undefined) throw new Error('no shard');
    const latentsOf = async (codec: StoredTree, name: string) => {
      const context = taskContext(setup);
      const params = { scalar: 'f32' as const };
      const { latents } = await encodeAudio({ inputs: { codec }, params, item: { ...item, id: name }, context });
      return opened(latents, 'latents');
    };
    const [wanted, found] = [await latentsOf(own, 'own'), await latentsOf(other, 'other')];
    expect(found.index).toMatchObject({ width: 16, clips: [{ id: 'tone', rows: 13 }] });
    const [values, others] = [wanted.read('tone'), found.read('tone')];
    expect(Math.max(...values.map((value, at) => Math.abs(value - (others[at] ?? Number.NaN))))).toBeLessThan(2e-5);
    expect([...others]).not.toEqual([...values]); // rounded otherwise: the file was run
    for (const shard of [wanted, found]) shard.close();
  });
});

describe('pictures by a network', () => {
  const [WIDTH, HEIGHT, FRAMES] = [96, 80, 20];
  it('are seen in their own size, 25 rows a second whatever the film has; sounds and broken films are left out', async () => {
    const film = join(setup.folder, 'film.mp4');
    const frames = Array.from({ length: FRAMES }, (_, index) =>
      Uint8Array.from(uniform({ seed: 1, purpose: `frame ${index % 3}` }, WIDTH * HEIGHT * 3), (value) => 256 * value),
    );
    await encodeMedia({ path: film, width: WIDTH, height: HEIGHT, framesPerSecond: 10, frames });
    const [sound, broken] = [join(setup.folder, 'sound.wav'), join(setup.folder, 'broken.mp4')];
    writeFileSync(sound, writeWav(new Float32Array(24_000), 24_000));
    writeFileSync(broken, 'no film');
    const clip = async (id: string, path: string) => clipOf(id, { media: await setup.store.putFile(path) });
    const clips = [await clip('film', film), await clip('sound', sound), await clip('broken', broken)];
    const inputs = { tools: { ffmpeg: [] }, encoder: await stored('image', fixtureOf.clipVision) };
    const { video } = await encodeFrames({ inputs, params: {}, item: { id: 'one', clips }, context: taskContext(setup) });
    const shard = opened(video, 'video');
    expect(shard.index).toMatchObject({ rowsPerSecond: 25, width: 24, clips: [{ id: 'film', rows: 50 }] });

    const whole = (await decodeMedia(film, { framesPerSecond: 25, streams: 'video' })).frames;
    const encoder = await loadPictureEncoder(tf, fixtureOf.clipVision);
    const size = WIDTH * HEIGHT * 3;
    const found = shard.read('film');
    for (const row of [0, 1, 7, 31, 49]) {
      const data = whole?.data.subarray(row * size, (row + 1) * size) ?? new Uint8Array(0);
      (await encoder.encode([{ width: WIDTH, height: HEIGHT, data }])).forEach((value, at) => {
        expect(Math.abs((found[row * 24 + at] ?? Number.NaN) - value), `row ${row}`).toBeLessThan(2e-3);
      });
    }
    await encoder.dispose();
    shard.close();
  });
});

describe('a plan with folders of encoders', () => {
  const encoders = { text: fixtureOf.t5, image: fixtureOf.clipVision, codec: fixtureOf.encodec };
  const plan = (settings: unknown) => planPipeline(videoToAudio, { preset: 'tiny', settings });
  it('takes them in, and builds the networks for their widths', () => {
    const { nodes } = plan({ encoders });
    const tasks = new Map(nodes.map(({ id, task }) => [id, task]));
    expect(['codec', 'text-encoder', 'text', 'image-encoder', 'frames'].map((id) => tasks.get(id))).toEqual([
      'importCodecFolder',
      'importTextEncoder',
      'encodeText',
      'importImageEncoder',
      'encodeFrames',
    ]);
    expect(widthsOf({ ...presets.tiny, encoders })).toEqual({ text: 32, video: 24, latents: 16 });
    expect(widthsOf(presets.paper)).toEqual({ text: 1024, video: 1280, latents: 128 });
  });
  it('is refused at once with a folder that is not there, and with a name that nobody knows', () => {
    expect(() => plan({ encoders: { text: '/nowhere' } })).toThrow(/encoder for text are not there[\s\S]*\/nowhere[\s\S]*weights fetch/);
    expect(() => plan({ encoders: { text: 'flan-t6', image: 'models/clip' } })).toThrow(
      /"encoders.text"[\s\S]*flan-t6[\s\S]*hashed-words, flan-t5-small, flan-t5-base, flan-t5-large, or the absolute path[\s\S]*"encoders.image"/,
    );
  });
  it('is another one when a file of a folder has changed', () => {
    const folder = copyFolder(fixtureOf.t5, join(setup.folder, 't5'));
    const params = () => plan({ encoders: { text: folder } }).nodes.find(({ id }) => id === 'text-encoder')?.params;
    const before = params();
    expect(params()).toEqual(before);
    rmSync(join(folder, 'tokenizer_config.json'));
    expect(params()).not.toEqual(before);
  });
});
