import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeMedia } from '../../datasets/media/encode.ts';
import { readMeasuredRuns } from '../../engine/history/measured-runs.ts';
import { openLedger } from '../../engine/ledger/ledger.ts';
import { openStore } from '../../engine/store/store.ts';

const RATE = 24_000;

/** A project that evaluates the champion every Monday on the films of the week before. */
export async function makeWeekly(folder: string, root: string): Promise<void> {
  await mkdir(join(folder, 'films'), { recursive: true });
  const schedule = {
    pipeline: 'evaluate',
    settings: {
      models: { champion: 'models:/video-to-audio@champion' },
      madeWith: 'settings:/video-to-audio@champion',
      test: { sources: [{ kind: 'folder', root: join(folder, 'films') }], split: 'all', window: { from: '{from}', to: '{to}' } },
      transcribe: false,
    },
    cron: '0 0 * * 1',
    window: '7 days',
    alert: { measure: 'champion: log-mel-distance', better: 'lower', margin: 1000 },
  };
  const evaluate = { module: join(root, 'pipelines/evaluate/pipeline.ts'), export: 'evaluate' };
  await writeFile(
    join(folder, 'temporal.config.ts'),
    `export default ${JSON.stringify({ schedules: { weekly: schedule }, pipelines: { evaluate } })}`,
  );
  await writeFile(join(folder, 'films/manifest.csv'), 'id,split,caption,media,time\n');
}

/** A second of flashes and a tone, as one more line of the manifest. */
export async function addFilm(folder: string, id: string, day: string, pitch: number): Promise<void> {
  const frame = (level: number) => Uint8Array.from({ length: 64 * 32 * 3 }, () => level);
  const samples = Float32Array.from({ length: RATE }, (_, i) => 0.3 * Math.sin((2 * Math.PI * pitch * i) / RATE));
  await encodeMedia({
    path: join(folder, 'films', `${id}.mp4`),
    width: 64,
    height: 32,
    framesPerSecond: 25,
    frames: Array.from({ length: 25 }, (_, index) => frame(index % 8 === 0 ? 240 : 30)),
    audio: { samples, sampleRate: RATE },
  });
  const manifest = join(folder, 'films/manifest.csv');
  await writeFile(manifest, `${await readFile(manifest, 'utf8')}${id},train,a flash,${id}.mp4,${day}\n`);
}

/** What the schedule's runs evaluated and found, in the order of their windows. */
export async function weeklyRuns(home: string) {
  const [store, ledger] = [await openStore(home), openLedger(home)];
  const runs = (await readMeasuredRuns(store, ledger)).filter(({ schedule }) => schedule === 'weekly');
  return Promise.all(
    runs.map(async ({ run, at, measures }) => {
      const [held] = await ledger.query(`SELECT digest, bytes FROM artifacts WHERE run = $1 AND node = 'held-out'`, [run]);
      const { files } = await store.openTree({ form: 'tree', digest: String(held?.['digest']), bytes: Number(held?.['bytes']) });
      const clips: { source: string }[] = JSON.parse(await readFile(files.get('clips.json') ?? '', 'utf8'));
      const executed = await ledger.query(`SELECT node FROM nodes WHERE run = $1 AND item IS NULL AND cache = 'miss'`, [run]);
      return {
        at,
        clips: [...new Set(clips.map(({ source }) => source))].sort(),
        measured: Object.fromEntries(measures.map(({ name, value }) => [name, value])),
        executed: executed.map(({ node }) => String(node)),
      };
    }),
  );
}
