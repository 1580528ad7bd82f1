import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { SequenceShard } from '../../../datasets/features/sequence-shard.ts';
import { readWav } from '../../../datasets/media/wav.ts';
import type { StoredTree } from '../../../engine/define/ports.ts';
import type { Run } from '../../../engine/define/task.ts';
import { FRECHET_CODEC_LATENT, frechetDistance } from '../../../models/metrics/frechet.ts';
import { logMelDistance } from '../../../models/metrics/log-mel.ts';
import { siSdr } from '../../../models/metrics/si-sdr.ts';
import type { Measure } from '../../measure.ts';
import { pathOf } from '../../stored-folder.ts';
import { readFloats, shardIn } from '../features.ts';
import type { evaluateTextToAudio as declaration } from '../tasks.ts';
import type { GeneratedClip } from './sample-text-to-audio.ts';

const VERSIONS = ['original', 'reconstructed', 'generated'] as const;
type Version = (typeof VERSIONS)[number];

/** Measures of the generated clips beside what the codec alone loses, and every clip in its three versions. */
export const evaluateTextToAudio: Run<typeof declaration> = async ({ inputs, context }) => {
  const tree = inputs.generated;
  const clips: GeneratedClip[] = JSON.parse(await readFile(pathOf(tree, 'clips.json'), 'utf8'));
  const sound = async (version: Version, id: string) => readWav(await readFile(pathOf(tree, `${version}/${id}.wav`)), id).samples;
  const rows = [];
  for (const [index, { id, caption }] of clips.entries()) {
    const [original, reconstructed, generated] = [
      await sound('original', id),
      await sound('reconstructed', id),
      await sound('generated', id),
    ];
    rows.push({
      id,
      caption,
      generated: logMelDistance(generated, original),
      reconstructed: logMelDistance(reconstructed, original),
      siSdr: siSdr(reconstructed, original),
    });
    context.progress({ step: index + 1, of: clips.length });
  }
  const measures = summarise(rows, tree);
  const exhibits = join(context.workDirectory, 'exhibits');
  await copySounds(tree, clips, exhibits);
  await writeFile(
    join(exhibits, 'exhibits.json'),
    JSON.stringify({
      title: 'Text to audio',
      note: 'Held-out captions. The text encoder is a stand-in (hashed words), the codec is the project’s own small one: "reconstructed" is the best that can be generated through it.',
      groups: rows.map(({ id, caption, generated }) => ({
        title: caption,
        items: VERSIONS.map((version) => ({
          title: version,
          audio: `${version}/${id}.wav`,
          ...(version === 'generated' && { numbers: { 'log-mel distance': generated } }),
        })),
      })),
      tables: [
        {
          title: 'Log-mel distance to the original, by clip',
          columns: ['caption', 'generated', 'reconstructed'],
          rows: rows.map((row) => [row.caption, row.generated, row.reconstructed]),
        },
      ],
    }),
  );
  return { measures, exhibits };
};

interface Row {
  readonly generated: number;
  readonly reconstructed: number;
  readonly siSdr: number | undefined;
}

function summarise(rows: readonly Row[], tree: StoredTree): Measure[] {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
  const [generated, original] = [shardIn(tree, 'generated'), shardIn(tree, 'original')];
  const frechet = frechetDistance(allRows(generated), allRows(original), generated.index.width);
  generated.close();
  original.close();
  const ratios = rows.flatMap((row) => row.siSdr ?? []);
  return [
    {
      name: 'log-mel-distance',
      value: mean(rows.map((row) => row.generated)),
      unit: 'nepers',
      better: 'lower',
      note: 'generated against original',
    },
    {
      name: FRECHET_CODEC_LATENT,
      value: frechet.distance,
      better: 'lower',
      note: frechet.warning ?? 'latent frames of generated against original clips',
    },
    {
      name: 'codec-log-mel-distance',
      value: mean(rows.map((row) => row.reconstructed)),
      unit: 'nepers',
      better: 'lower',
      note: 'what the codec alone loses',
    },
    { name: 'codec-si-sdr', value: mean(ratios), unit: 'dB', better: 'higher', note: `${ratios.length} of ${rows.length} clips` },
  ];
}

/** All rows of a shard, [n, width]. */
function allRows(shard: SequenceShard): Float32Array {
  const parts = shard.index.clips.map(({ id }) => readFloats(shard, id));
  const all = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

async function copySounds(tree: StoredTree, clips: readonly GeneratedClip[], directory: string): Promise<void> {
  for (const { id } of clips) {
    for (const version of VERSIONS) {
      const name = `${version}/${id}.wav`;
      await mkdir(dirname(join(directory, name)), { recursive: true });
      await copyFile(pathOf(tree, name), join(directory, name));
    }
  }
}
