import { copyFileSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { copyFolder, fixtureOf } from '../../models/encoders/folders.ts';
import { OnnxGraph } from '../../models/encoders/onnx/graph.ts';
import { CommandLine } from '../support/command-line.ts';
import { startHub } from './hub-server.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const tiny = (name: string) => join(root, 'test/fixtures/metrics/tiny_scoring_nets', `${name}_tiny.safetensors`);
const published = mkdtempSync(join(tmpdir(), 'published-clap-'));
afterAll(() => rmSync(published, { recursive: true }));

interface Listed {
  networks: {
    network: string;
    status: string;
    place?: string;
    setting?: string;
    measures: string[];
    missing: string[];
    files: { name: string; bytes: number; sha256?: string }[];
    problem?: string;
  }[];
}

describe('the networks of an evaluation', () => {
  const sostenuto = new CommandLine({ folder: root });
  const { HF_ENDPOINT: before } = process.env;
  let hub: Awaited<ReturnType<typeof startHub>>;
  beforeAll(async () => {
    copyFolder(fixtureOf.clap, published);
    rmSync(join(published, 'model.safetensors'));
    cpSync(join(fixtureOf.clipText, 'tokenizer.json'), join(published, 'tokenizer.json'));
    mkdirSync(join(published, 'onnx'));
    for (const name of ['audio_model', 'text_model', 'model']) new OnnxGraph().write(join(published, 'onnx', `${name}.onnx`));
    hub = await startHub('Xenova/clap-htsat-unfused', published, {});
  });
  afterAll(async () => {
    process.env['HF_ENDPOINT'] = before ?? '';
    await hub.close();
    await sostenuto.end();
  });
  const at = (name: string) => join(sostenuto.home, 'weights', name);
  const list = async (...more: string[]) => {
    const { code, json } = await sostenuto.here('weights', 'list', '--pipeline', 'evaluate', ...more, '--json');
    const { networks } = json<Listed>();
    return { code, of: (network: string) => networks.find((one) => one.network === network), names: networks.map((one) => one.network) };
  };

  test('are listed with what each is for, whether or not it is there; none is needed', async () => {
    const { code, names, of } = await list();
    expect([code, names]).toEqual([0, ['vggish', 'cnn14', 'wav2clip', 'passt', 'clap', 'clip', 'basic-pitch', 'codec']]);
    expect(of('vggish')).toMatchObject({
      status: 'absent',
      place: at('vggish.safetensors'),
      setting: `networks.vggish=${at('vggish.safetensors')}`,
      measures: ['frechet-vggish'],
    });
    expect(of('clap')).toMatchObject({
      status: 'absent',
      place: at('clap-htsat-unfused'),
      missing: expect.arrayContaining(['config.json', 'onnx/audio_model.onnx', 'onnx/text_model.onnx']),
    });
    expect(of('clap')?.missing).not.toContain('model.safetensors');
    expect(of('codec')).toMatchObject({ status: 'built in', measures: ['frechet-codec-latent'] });
    const { stdout } = await sostenuto.here('weights', 'list', '--pipeline', 'evaluate');
    expect(stdout).toMatch(
      /cnn14 +absent +about 358 MB +unknown; its code is MIT +\S+cnn14.safetensors +kl-pann, frechet-pann, inception-score-pann/,
    );
    expect(stdout).toContain(
      'download https://zenodo.org/records/3987831/files/Cnn14_16k_mAP%3D0.438.pth (size about 358 MB; digest: md5 ',
    );
  });

  test('are found where they are expected, or where a setting says, and another network is told', async () => {
    mkdirSync(at('.'), { recursive: true });
    copyFileSync(tiny('vggish'), at('vggish.safetensors'));
    const { code, of } = await list('--verify', '--set', `networks.cnn14=${tiny('wav2clip')}`, '--set', 'networks.passt=/nowhere.onnx');
    expect(code).toBe(1);
    expect(of('vggish')).toMatchObject({ status: 'there', files: [{ sha256: expect.stringMatching(/^[0-9a-f]{64}$/) }] });
    expect(of('cnn14')).toMatchObject({ status: 'wrong', problem: expect.stringContaining('has no tensor conv_block1.conv1.weight') });
    expect(of('passt')).toMatchObject({ status: 'missing', missing: ['/nowhere.onnx'] });
    writeFileSync(at('vggish.safetensors'), 'cut off');
    expect((await list()).of('vggish')).toMatchObject({ status: 'wrong', problem: expect.stringContaining('safetensors') });
  });

  test('are fetched where the hub has them; of the others it is said where they come from and belong', async () => {
    process.env['HF_ENDPOINT'] = 'http://127.0.0.1:1';
    const given = ['--pipeline', 'evaluate', '--set', `networks.clip=${fixtureOf.clipVision}`, '--json'];
    const { code, json } = await sostenuto.here('weights', 'fetch', ...given);
    expect(code).toBe(1);
    const { error } = json<{ error: { problems: { where: string; expected: string }[] } }>();
    expect(error.problems).toContainEqual(
      expect.objectContaining({
        where: at('clap-htsat-unfused/onnx/text_model.onnx'),
        expected: 'the file http://127.0.0.1:1/Xenova/clap-htsat-unfused/resolve/main/onnx/text_model.onnx',
      }),
    );
    process.env['HF_ENDPOINT'] = hub.address;
    const brought = await sostenuto.here('weights', 'fetch', ...given);
    expect(brought.code).toBe(0);
    const { fetched, byHand } = brought.json<{ fetched: { files: { name: string }[] }[]; byHand: { network: string }[] }>();
    expect(fetched.map(({ files }) => files.map(({ name }) => name).sort())).toEqual([
      ['config.json', 'onnx/audio_model.onnx', 'onnx/text_model.onnx', 'preprocessor_config.json', 'tokenizer.json'],
    ]);
    expect(byHand.map(({ network }) => network)).toEqual(['vggish', 'cnn14', 'wav2clip', 'passt']);
    expect((await list()).of('clap')).toMatchObject({ status: 'there', setting: `networks.clap=${at('clap-htsat-unfused')}` });
  });
});
