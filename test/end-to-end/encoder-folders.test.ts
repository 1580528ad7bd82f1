import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { RunReport } from '../../activities/messages.ts';
import { readEncodec } from '../../models/encoders/encodec/index.ts';
import { CommandLine } from '../cli/support/command-line.ts';
import { copyFolder, editWeights, fixtureOf } from '../models/encoders/folders.ts';
import { encodecGraphs } from '../models/encoders/onnx/encodec-graphs.ts';
import { freePort, hasServer } from './fixtures/server.ts';

describe.runIf(hasServer)('encoders from folders in a run', async () => {
  const folder = join(import.meta.dirname, 'fixtures', 'extraction');
  const sostenuto = new CommandLine({ folder, ports: [await freePort(), await freePort()] });
  afterAll(() => sostenuto.end());
  const [text, image, codec, moved] = ['text', 'image', 'codec', 'moved'].map((name) => join(sostenuto.home, 'encoders', name)) as [
    string,
    string,
    string,
    string,
  ];

  async function run(encoders: Readonly<Record<string, string>>): Promise<RunReport> {
    const settings = Object.entries(encoders).flatMap(([role, path]) => ['--set', `encoders.${role}=${path}`]);
    const { json, stderr } = await sostenuto.run('run', 'extraction', '--json', ...settings);
    const report = json<RunReport>();
    expect(report.status, stderr).toBe('done');
    return report;
  }
  const executed = ({ nodes }: RunReport) => nodes.filter(({ cache }) => cache === 'miss').map(({ id }) => id);

  test('give the features; a moved folder is only read again, a changed weight makes its own features anew, and so does an ONNX file', {
    timeout: 600_000,
  }, async () => {
    copyFolder(fixtureOf.t5, text);
    copyFolder(fixtureOf.clipVision, image);
    copyFolder(fixtureOf.encodec, codec);
    const first = await run({ text, image, codec });
    expect(executed(first)).toContain('catalogue');
    const { stdout } = await sostenuto.here(
      'sql',
      'SELECT feature, min(width) AS width, count(*) AS clips FROM features GROUP BY feature',
      '--json',
    );
    const rows: { feature: string; width: number; clips: number }[] = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '').rows;
    const of = (name: string) => rows.find(({ feature }) => feature === name);
    // A piece is played by two pianists.
    expect(of('text')).toMatchObject({ width: 32 });
    expect(of('video')).toMatchObject({ width: 24, clips: 3 });
    expect(of('latents')).toMatchObject({ width: 16 });

    renameSync(text, moved);
    await editWeights(image, (tensors) => {
      const bias = tensors.get('vision_model.pre_layrnorm.bias');
      if (bias?.data instanceof Float32Array) bias.data[0] = 9;
      return undefined;
    });
    const again = await run({ text: moved, image, codec });
    expect(executed(again)).toEqual(['text-encoder', 'image-encoder', 'frames', 'catalogue']);

    encodecGraphs(join(codec, 'model.safetensors'), readEncodec(codec).config).encoder.write(join(codec, 'encoder.onnx'));
    expect(executed(await run({ text: moved, image, codec })).sort()).toEqual(['catalogue', 'codec', 'latents', 'statistics']);
  });
});
