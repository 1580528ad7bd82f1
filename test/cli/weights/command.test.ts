import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadConfig } from '../../../cli/config/load.ts';
import { checkEncoders } from '../../../cli/doctor/encoders.ts';
import { sha256 } from '../../../engine/keys/keys.ts';
import { fixtureOf } from '../../models/encoders/folders.ts';
import { CommandLine } from '../support/command-line.ts';
import { publishedHub, REPOSITORY, WEIGHTS } from './hub-server.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const hub = await publishedHub();

describe('the command', () => {
  const sostenuto = new CommandLine({ folder: root });
  const folder = join(sostenuto.home, 'weights', 'flan-t5-small');
  const wanted = ['--preset', 'demo', '--set', 'encoders.text=flan-t5-small', '--json'];
  const { HF_ENDPOINT: before } = process.env;
  const at = (address = '') => {
    process.env['HF_ENDPOINT'] = address;
  };
  // The command's modules are loaded by its first use.
  beforeAll(() => sostenuto.here('weights', '--help'));
  afterAll(() => {
    at(before);
    return sostenuto.end();
  });
  interface Listed {
    presets: {
      preset: string;
      needs: {
        role: string;
        status: string;
        folder?: string;
        licence?: string;
        missing: string[];
        files: { name: string; sha256?: string }[];
      }[];
    }[];
  }
  /** What `doctor` says of it. */
  const checked = async () => {
    const config = await loadConfig(root, { ...process.env, SOSTENUTO_HOME: sostenuto.home });
    const checks = await checkEncoders(config, { preset: 'demo', set: ['encoders.text=flan-t5-small'] });
    return checks.find(({ name }) => name === 'encoder for text');
  };
  const list = async (...more: string[]) => {
    const { code, json } = await sostenuto.here('weights', 'list', ...wanted, ...more);
    return { code, text: json<Listed>().presets[0]?.needs.find(({ role }) => role === 'text') };
  };

  test('says what is missing, and without a hub what to place where', async () => {
    expect(await list()).toMatchObject({
      code: 1,
      text: { status: 'missing', folder, licence: 'Apache-2.0', missing: expect.arrayContaining(['config.json', WEIGHTS]) },
    });
    at('http://127.0.0.1:1');
    const { code, json } = await sostenuto.here('weights', 'fetch', ...wanted);
    const { error } = json<{ error: { problems: { code: string; where: string; expected: string }[] } }>();
    expect(code).toBe(1);
    expect(error.problems.map(({ where }) => where)).toEqual(
      ['config.json', 'tokenizer.json', 'tokenizer_config.json', WEIGHTS].map((name) => join(folder, name)),
    );
    expect(error.problems[0]).toMatchObject({
      code: 'WEIGHTS_UNREACHABLE',
      expected: expect.stringContaining(`127.0.0.1:1/${REPOSITORY}/resolve/main/config.json`),
    });
    expect(await checked()).toMatchObject({ status: 'fail', fix: 'sostenuto weights fetch --preset demo' });
  });

  test('brings it; then it is there with its digests, and a run would use it', async () => {
    at(hub.address);
    hub.behave({ cut: { name: WEIGHTS, after: 50_000, times: 1 } });
    const { code, json } = await sostenuto.here('weights', 'fetch', ...wanted);
    expect(code).toBe(0);
    expect(json()).toMatchObject({
      fetched: [{ encoder: 'flan-t5-small', folder, repository: REPOSITORY, revision: hub.commit, licence: 'apache-2.0' }],
    });
    const { code: listed, text } = await list('--verify');
    expect([listed, text?.status]).toEqual([0, 'there']);
    expect(text?.files.map(({ name, sha256: digest }) => [name, digest])).toEqual(
      ['config.json', 'tokenizer.json', 'tokenizer_config.json', WEIGHTS].map((name) => [
        name,
        sha256(readFileSync(join(fixtureOf.t5, name))),
      ]),
    );
    expect((await list()).text?.files).toEqual(text?.files);
    hub.requests.length = 0;
    expect((await sostenuto.here('weights', 'fetch', ...wanted)).json()).toEqual({ fetched: [] });
    expect(hub.requests).toEqual([]);
    const { json: plan } = await sostenuto.here('plan', 'video-to-audio', ...wanted);
    const { nodes } = plan<{ nodes: { id: string; params: unknown }[] }>();
    expect(nodes.find(({ id }) => id === 'text-encoder')?.params).toMatchObject({ folder, state: expect.stringContaining(`${WEIGHTS} `) });
    expect(await checked()).toMatchObject({ status: 'ok' });
  });

  test('notices weights that were cut off or changed, and brings those files again', async () => {
    at(hub.address);
    truncateSync(join(folder, WEIGHTS), 60_000);
    expect(await list()).toMatchObject({ code: 1, text: { status: 'wrong' } });
    const { json } = await sostenuto.here('weights', 'fetch', ...wanted);
    const [fetched] = json<{ fetched: { files: { name: string; downloaded: boolean }[] }[] }>().fetched;
    expect(fetched?.files.filter(({ downloaded }) => downloaded).map(({ name }) => name)).toEqual([WEIGHTS]);
    const weights = readFileSync(join(folder, WEIGHTS));
    weights[weights.length - 1] = (weights.at(-1) ?? 0) ^ 1;
    writeFileSync(join(folder, WEIGHTS), weights);
    expect((await list()).code).toBe(0);
    expect(await list('--verify')).toMatchObject({ code: 1, text: { status: 'wrong', problem: expect.stringContaining('published') } });
  });

  test('of a folder of one’s own is not guessed', async () => {
    const own = ['--preset', 'demo', '--set', 'encoders.image=/nowhere/clip', '--json'];
    const { json } = await sostenuto.here('weights', 'fetch', ...own);
    expect(json()).toMatchObject({ error: { code: 'ENCODER_MISSING', problems: [{ where: '/nowhere/clip' }] } });
  });
});
