import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeWav } from '../../../datasets/media/wav.ts';
import { performanceToMidi } from '../../../datasets/midi/write-midi.ts';
import { composePiece } from '../../../datasets/synthetic/compose.ts';
import { perform } from '../../../datasets/synthetic/perform.ts';
import { pianists } from '../../../datasets/synthetic/pianists.ts';
import type { StoredTree } from '../../../engine/define/ports.ts';
import { sha256 } from '../../../engine/keys/keys.ts';
import { openLedger } from '../../../engine/ledger/ledger.ts';
import { storeFloats, writeSafetensors } from '../../../models/tensor/safetensors.ts';
import { compareRatedSystems } from '../../../pipelines/evaluate/evaluate/compare-systems.ts';
import { hearOriginals, hearSystem } from '../../../pipelines/evaluate/evaluate/hear.ts';
import { judgeSystem } from '../../../pipelines/evaluate/evaluate/judge-system.ts';
import type { MeasureName } from '../../../pipelines/evaluate/measured.ts';
import { describeOriginals } from '../../../pipelines/evaluate/prepare/describe-originals.ts';
import { importReferences, importSystems } from '../../../pipelines/evaluate/prepare/import-sounds.ts';
import { presets } from '../../../pipelines/evaluate/settings.ts';
import { sourceOf } from '../../../pipelines/evaluate/sources.ts';
import type { Judged, NetworkFiles } from '../../../pipelines/evaluate/tasks.ts';
import { generated, networksOf, pianoSound, references as runReferences, type Setup, setUp } from './trees.ts';

const root = join(import.meta.dirname, '../../fixtures');
const tiny = (name: string) => ({ path: join(root, 'metrics/tiny_scoring_nets', `${name}_tiny.safetensors`), stamp: '' });
const networks: NetworkFiles = { vggish: tiny('vggish'), cnn14: tiny('cnn14'), wav2clip: tiny('wav2clip') };
const protocol = { ...presets.method.protocol, film: { framesPerSecond: 25, side: 32 } };
const params = { protocol, codec: '', transcribe: true };
const nothing = { item: undefined } as const;

let setup: Setup;
beforeAll(async () => {
  setup = await setUp();
});
afterAll(() => rm(setup.folder, { recursive: true, force: true }));

type Files = Readonly<Record<string, Uint8Array | string>>;
function folder(name: string, files: Files): string {
  const path = join(setup.folder, 'given', name);
  mkdirSync(path, { recursive: true });
  for (const [file, content] of Object.entries(files)) writeFileSync(join(path, file), content);
  return path;
}
const tree = async (path: string): Promise<StoredTree> => setup.store.openTree(await setup.store.putTree(path));

/** Originals as given, and what every system scored. */
async function evaluated(originalsFrom: StoredTree, systems: Readonly<Record<string, string | StoredTree>>, files = networks) {
  const { context } = setup;
  const { describing, listening, identities } = await networksOf(setup, { files });
  const originals = await tree(
    (await describeOriginals({ inputs: { references: originalsFrom, networks: describing }, params: { protocol }, ...nothing, context }))
      .originals,
  );
  const inputs = { references: originalsFrom, originals, networks: listening };
  const reference = await tree((await hearOriginals({ inputs, params, ...nothing, context })).heard);
  const sources = Object.entries(systems).map(([id, from]) => ({
    id,
    source: typeof from === 'string' ? sourceOf(`systems.${id}`, from) : { digest: from.artifact.digest },
  }));
  const imported = await importSystems({ inputs: {}, params: { systems: sources }, ...nothing, context });
  const heard = [];
  const judged = [];
  for (const item of imported.systems) {
    const sounds = await setup.store.putTree(
      (await hearSystem({ inputs: { originals, networks: listening }, params, item, context })).heard,
    );
    heard.push({ id: item.id, artifact: sounds });
    const run = { inputs: { originals, reference }, params: { protocol }, item: { id: item.id, artifact: sounds }, context };
    judged.push((await judgeSystem(run)).judged);
  }
  return { originals, reference, heard, judged, identities };
}
async function originalsIn(path: string): Promise<StoredTree> {
  const { references } = await importReferences({
    inputs: {},
    params: { source: sourceOf('references', path) },
    ...nothing,
    context: setup.context,
  });
  return tree(references);
}

const PIECES = [0, 1, 2];
const sound = (piece: number, gain = 1) => pianoSound(piece, 'a').map((value) => gain * value);
const wav = (samples: Float32Array, rate = 24_000) => writeWav(samples, rate);
const stereo = (samples: Float32Array) =>
  writeWav(
    Float32Array.from({ length: 2 * samples.length }, (_, i) => samples[i >> 1] ?? 0),
    24_000,
    { channels: 2 },
  );
const each = (name: string, content: (piece: number) => Uint8Array | string): Files =>
  Object.fromEntries(PIECES.map((piece) => [name.replace('*', String(piece)), content(piece)]));
const midi = (piece: number) => performanceToMidi(perform(composePiece(piece), pianists.a, 1));
const mean = ({ clips }: Judged, name: MeasureName): number => {
  const values = clips.flatMap(({ scores }) => scores[name] ?? []);
  return values.reduce((sum, value) => sum + value, 0) / values.length;
};

describe('systems against originals', () => {
  let result: Awaited<ReturnType<typeof evaluated>>;
  beforeAll(async () => {
    const film = { 'film.mp4': readFileSync(join(root, 'media/av_25fps_44k_stereo.mp4')) };
    const originals = folder('originals', {
      ...each('piece-*.wav', (piece) => wav(sound(piece))),
      ...each('piece-*.mid', midi),
      ...film,
      'piece-0.txt': 'A piano',
    });
    const rows = (width: number, count: number, values: (clip: number) => number) =>
      PIECES.map((piece) => [`piece-${piece}`, storeFloats(new Float32Array(width * count).fill(values(piece)), [count, width])] as const);
    const given = (place: string, name: string, tensors: ReturnType<typeof rows>) =>
      writeSafetensors(join(setup.folder, 'given', place, `${name}.safetensors`), new Map(tensors));
    const copy = folder('copy', { ...each('piece-*.wav', (piece) => stereo(sound(piece, 0.3))), ...film });
    const other = folder('other', {
      'piece-0.wav': wav(sound(7)),
      'piece-1.wav': wav(new Float32Array(16_000), 16_000),
      'piece-2.wav': writeWav(new Float32Array(24_000).fill(Number.NaN), 24_000, { encoding: 'float32' }),
      'film.wav': wav(sound(8).subarray(0, 1000)),
      'stray.wav': wav(sound(9)),
    });
    await given(
      'originals',
      'clip',
      rows(32, 4, () => 1),
    );
    await given(
      'originals',
      'captions',
      rows(8, 1, () => 1),
    );
    await given(
      'copy',
      'clap',
      rows(8, 1, (piece) => (piece === 0 ? -1 : 2)),
    );
    for (const place of ['originals', 'copy'])
      await given(
        place,
        'passt',
        rows(3, 1, (piece) => piece),
      );
    result = await evaluated(await originalsIn(originals), { copy, other, empty: folder('empty', { 'notes.md': 'nothing to hear' }) });
  }, 120_000);
  const of = (system: string): Judged => result.judged.find((one) => one.system === system) ?? expect.fail(system);
  const heardOf = async (system: string) => {
    const { files } = await setup.store.openTree(result.heard.find(({ id }) => id === system)?.artifact ?? expect.fail(system));
    return JSON.parse(readFileSync(files.get('heard.json') ?? '', 'utf8'));
  };

  it('score a copy in stereo and at another level as they would the originals themselves', () => {
    const copy = of('copy');
    expect(copy.clips.map(({ id }) => id)).toEqual(['film', 'piece-0', 'piece-1', 'piece-2']);
    expect(mean(copy, 'si-sdr-magnitude')).toBeGreaterThan(55);
    expect(mean(copy, 'log-mel-distance')).toBeLessThan(0.2);
    expect(mean(copy, 'kl-pann')).toBeLessThan(1e-6);
    expect(copy.set['frechet-codec-latent']?.value).toBeLessThan(0.01);
  });
  it('score another piece lower, by what is heard and by notes', () => {
    for (const name of ['si-sdr-magnitude', 'midi-f1-samples', 'midi-f1-weighted', 'midi-f1-micro', 'midi-accuracy'] as const) {
      const first = (system: string) => of(system).clips.find(({ id }) => id === 'piece-0')?.scores[name] ?? Number.NaN;
      expect(first('copy'), name).toBeGreaterThan(first('other'));
    }
    expect(of('other').set['frechet-codec-latent']?.value).toBeGreaterThan(of('copy').set['frechet-codec-latent']?.value ?? Infinity);
  });
  it('name and count what cannot be used, and compute the rest', async () => {
    const { clips, leftOut, missing, unknown } = await heardOf('other');
    expect(clips.map(({ id, silent, padded, sampleRate }: Record<string, unknown>) => [id, silent, padded, sampleRate])).toEqual([
      ['piece-0', false, 0, 24_000],
      ['piece-1', true, 0, 16_000],
    ]);
    expect(leftOut).toEqual([
      { id: 'film', reason: expect.stringMatching(/0\.042 s, shorter than 0\.1 s/) },
      { id: 'piece-2', reason: '24000 of 24000 samples are no finite numbers' },
    ]);
    expect([missing, unknown]).toEqual([[], ['stray']]);
    expect((await heardOf('empty')).missing).toEqual(['film', 'piece-0', 'piece-1', 'piece-2']);
    expect(of('empty').clips).toEqual([]);
  });
  it('take embeddings that other programs made, where they lie beside the sounds', () => {
    const { clips, set } = of('copy');
    expect(clips.map(({ scores }) => scores.clap && Math.round(scores.clap))).toEqual([undefined, -1, 1, 1]);
    expect(clips.map(({ scores }) => Math.abs(scores['clip-score-wav2clip'] ?? 200) <= 100)).toEqual([false, true, true, true]);
    expect(set['frechet-passt']?.value).toBeCloseTo(0, 6);
  });
  it('give silence no SI-SDR, which would be better than most sounds', () => {
    const silent = of('other').clips.find(({ id }) => id === 'piece-1')?.scores;
    expect(silent?.['si-sdr-magnitude']).toBeUndefined();
    expect(silent?.['log-mel-distance']).toBeGreaterThan(1);
  });
  it('list every measure that is not computed, with the reason and the way out', () => {
    const reasons = new Map(of('copy').notComputed.map(({ measure, reason }) => [measure, reason]));
    expect(of('other').notComputed.find(({ measure }) => measure === 'clap')).toMatchObject({
      reason: 'clap: weights missing',
      wayOut: expect.stringMatching(
        /^--set networks.clap=<a folder of CLAP, or an ONNX file.*>, or embeddings as clap.safetensors beside the sounds$/,
      ),
    });
    expect(reasons.get('inception-score-pann')).toBe('4 clips for 10 parts');
    expect(reasons.get('roll-f1-micro')).toMatch(/no roll/);
    expect(of('copy').notComputed.every(({ wayOut }) => wayOut.length > 0)).toBe(true);
    const figures = new Set([...Object.keys(of('copy').clips[0]?.scores ?? {}), ...Object.keys(of('copy').set)]);
    expect([...reasons.keys()].filter((name) => figures.has(name))).toEqual([]);
  });
  it('warn where there are fewer rows than dimensions', () => {
    expect(of('copy').set['frechet-pann']?.warning).toMatch(/4 rows for 32 dimensions/);
  });
  it('put the scores of clips into the ledger', async () => {
    const rows = await openLedger(setup.context.home).query(
      "SELECT clip, value FROM scores WHERE system = 'copy' AND measure = 'midi-f1-micro' ORDER BY clip",
    );
    expect(rows.map(({ clip }) => clip)).toEqual(['piece-0', 'piece-1', 'piece-2']);
    expect(rows[0]?.['value']).toBe(of('copy').clips[1]?.scores['midi-f1-micro']);
  });
  it('stand beside the paper’s rows, which are marked, with differences, opinions and the protocol', async () => {
    const judged = await Promise.all(result.judged.map(async (one) => ({ id: one.system, artifact: await setup.store.putJson(one) })));
    const { originals, reference, heard, identities } = result;
    const ratings = { path: join(root, 'metrics/mos.csv'), artifact: { form: 'file', digest: '', bytes: 0 } } as const;
    const { exhibits, measures, quarantined } = await compareRatedSystems({
      inputs: { originals, networks: identities, reference, heard, judged, ratings },
      params: { protocol, reported: ['vggsound', 'audiocaps', 'pianoyt-2h'], seed: 7, resamples: 200, shown: 2 },
      ...nothing,
      context: setup.context,
    });
    const shown: {
      tables: { title: string; columns: string[]; rows: (string | number | null)[][] }[];
      groups: { items: { title: string; rolls: { title: string; roll: string; against?: string }[] }[] }[];
    } = JSON.parse(readFileSync(join(exhibits, 'exhibits.json'), 'utf8'));
    const table = (title: RegExp) => shown.tables.find((one) => title.test(one.title)) ?? expect.fail(String(title));
    const paper = table(/^Table 2/);
    const fad = paper.columns.indexOf('frechet-vggish');
    const shownRows = paper.rows.map((row) => [row[0], row[1], row[fad]]);
    expect(shownRows.slice(0, 2)).toEqual([
      ['Diff-Foley *', 'reported', 6.05],
      ['FoleyCrafter, without text *', 'reported', 2.38],
    ]);
    expect(shownRows.slice(-8)).toEqual([
      ['base, without text', 'reported', 0.8],
      ['base, with text', 'reported', 0.78],
      ['piano stage (PianoYT-2h)', 'reported', 0.83],
      ['contrastive', 'reported', 0.75],
      ['FactorCL', 'reported', 0.74],
      ['copy', 'this run', of('copy').set['frechet-vggish']?.value],
      ['other', 'this run', of('other').set['frechet-vggish']?.value ?? null],
      ['empty', 'this run', null],
    ]);
    const captions = table(/^Table 3/).rows.filter(([, source]) => source === 'not at hand');
    expect(captions.map(([system]) => system)).toContain('TANGO 2');
    expect(captions.flatMap((row) => row.slice(2)).every((value) => value === null)).toBe(true);
    expect(table(/^Differences/).columns).toEqual(['measure', 'other − copy', 'empty − copy']);
    expect(table(/mean over clips/).columns).toEqual(['measure', 'better', 'copy (4 clips)', 'other (2 clips)', 'empty (0 clips)']);
    expect(table(/^Mean opinion/).rows).toHaveLength(4);
    expect(table(/^Protocol/).rows).toContainEqual(['level', 'peak']);
    expect(table(/^Networks/).rows).toEqual(
      ['cnn14', 'vggish', 'wav2clip'].map((name) => {
        const bytes = readFileSync(tiny(name).path);
        return [`${name}.safetensors`, bytes.length, sha256(bytes)];
      }),
    );
    expect(table(/^Not computed/).rows.map(([measure, systems]) => [measure, systems])).toContainEqual(['clap', 'other, empty']);
    expect(shown.groups[0]?.items.map(({ title }) => title)).toEqual(['original', 'copy']);
    const rolls = shown.groups[1]?.items.map(({ title, rolls }) => [title, ...rolls.map((one) => one.title)]);
    expect(rolls).toEqual([
      ['original', 'played', 'heard'],
      ['copy', 'heard'],
      ['other', 'heard'],
    ]);
    const heardRoll = shown.groups[1]?.items[1]?.rolls[0];
    expect(heardRoll?.against).toBe(shown.groups[1]?.items[0]?.rolls[0]?.roll);
    const { keys, values } = JSON.parse(readFileSync(join(exhibits, heardRoll?.roll ?? ''), 'utf8'));
    expect([keys, Buffer.from(values, 'base64').some((level) => level > 0)]).toEqual([88, true]);
    expect(measures.find(({ name }) => name === 'copy: frechet-pann')?.note).toMatch(/4 rows for 32/);
    expect(quarantined.map(({ id }) => id)).toEqual(['other: film', 'other: piece-2']);
  });
});

describe('nodes of a run', () => {
  it('are judged by the rolls, motion and captions that the run kept, and by the roll that guided them', async () => {
    const { tree: kept, clips } = await runReferences(setup, 1);
    const made = await generated(setup, 'arm', clips, (clip) => (clip.set === 'piano' ? pianoSound(0, 'a') : undefined), {
      guide: 'binary',
    });
    const { judged, heard } = await evaluated(kept, { arm: made }, { vggish: tiny('cnn14') });
    const [arm] = judged;
    expect(arm?.clips.map(({ id }) => id)).toEqual(['piano-0-a', 'piano-0-b']);
    expect(arm?.clips[0]?.scores['midi-f1-micro']).toBeGreaterThan(0.5);
    expect(arm?.notComputed.find(({ measure }) => measure === 'frechet-vggish')?.reason).toMatch(/vggish: .*no weight named features\.0/);
    // Of this guide only the first frame sounds, in all its keys.
    expect(arm?.clips[0]?.scores['roll-precision-samples']).toBeLessThan(1);
    expect(arm?.clips[0]?.scores['roll-recall-samples']).toBeLessThan(0.5);
    const { files } = await setup.store.openTree(heard[0]?.artifact ?? expect.fail('nothing was heard'));
    expect(JSON.parse(readFileSync(files.get('heard.json') ?? '', 'utf8')).missing).toEqual(['events-0']);
  }, 60_000);
});
