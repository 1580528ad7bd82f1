import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeMedia } from '../../../datasets/media/decode.ts';
import { extractClip } from '../../../datasets/media/extract.ts';
import { pianoRoll } from '../../../datasets/midi/piano-roll.ts';
import { pedalSpans, readMidi } from '../../../datasets/midi/read-midi.ts';
import { pathsOf, readManifest } from '../../../datasets/sources/manifest.ts';
import { type SyntheticSet, splitOf, writeSyntheticSet } from '../../../datasets/sources/synthetic-sets.ts';
import { level, onsets } from '../synthetic/measure.ts';

let base = '';
beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'sostenuto-sets-'));
});
afterAll(() => rm(base, { recursive: true }));

async function write(set: SyntheticSet, options: { count: number; seed?: number }) {
  const directory = await mkdtemp(join(base, `${set}-`));
  const progress: number[] = [];
  await writeSyntheticSet(set, directory, { seed: 7, clipSeconds: 1, ...options, onProgress: (done) => progress.push(done) });
  return { directory, progress };
}
async function digests(directory: string) {
  const files = (await readdir(directory, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  const found = new Map<string, string>();
  for (const entry of files) {
    const path = join(entry.parentPath, entry.name);
    found.set(
      path.slice(directory.length + 1),
      createHash('sha256')
        .update(await readFile(path))
        .digest('hex'),
    );
  }
  return found;
}

describe.each(['sounds', 'events', 'piano'] as const)('the set "%s"', (set) => {
  it('has a sound manifest, real files, and the same bytes each time', async () => {
    const count = set === 'piano' ? 1 : 2;
    const first = await write(set, { count });
    const { rows, problems } = await readManifest(join(first.directory, 'manifest.jsonl'));
    expect(problems).toEqual([]);
    expect(rows).toHaveLength(2);
    expect(first.progress).toEqual(Array.from({ length: count }, (_, index) => index + 1));
    for (const row of rows) {
      const clip = await extractClip(join(first.directory, row.media), { framesPerSecond: 8, size: 32, sampleRate: 24000 });
      if (!clip.ok) throw new Error(clip.quarantined.reason);
      expect(clip.clip.frames === undefined).toBe(set === 'sounds');
      expect(level(clip.clip.audio ?? new Float32Array(1), 0, row.seconds ?? 0)).toBeGreaterThan(-45);
      for (const [, path] of pathsOf(row)) expect((await readFile(join(first.directory, path))).length).toBeGreaterThan(100);
    }
    expect(await digests((await write(set, { count })).directory)).toEqual(await digests(first.directory));
  });
});

describe('clips', () => {
  it('stay as they are when more are asked for, and change with the seed', async () => {
    const few = await digests((await write('sounds', { count: 3 })).directory);
    const many = await digests((await write('sounds', { count: 7 })).directory);
    for (const [name, digest] of few) if (name !== 'manifest.jsonl') expect(many.get(name)).toBe(digest);
    const other = await digests((await write('sounds', { count: 3, seed: 8 })).directory);
    expect([...other.values()].some((digest) => [...few.values()].includes(digest))).toBe(false);
  });

  it('are held out by their index', () => {
    const splits = Array.from({ length: 100 }, (_, index) => splitOf(index));
    expect(splits.filter((split) => split === 'validation')).toHaveLength(10);
    expect(splits.filter((split) => split === 'test')).toHaveLength(10);
  });

  it('an abort stops the writing with its reason', async () => {
    const controller = new AbortController();
    const directory = await mkdtemp(join(base, 'aborted-'));
    const writing = writeSyntheticSet('events', directory, {
      count: 50,
      seed: 1,
      clipSeconds: 1,
      signal: controller.signal,
      onProgress: () => controller.abort(new Error('paused')),
    });
    await expect(writing).rejects.toThrowError('paused');
    expect(await readdir(directory)).not.toContain('manifest.jsonl');
    expect((await readdir(directory)).some((name) => name.endsWith('.partial'))).toBe(false);
  });
});

describe('a piano clip', () => {
  it('has five views, and MIDI that says what is heard', async () => {
    const { directory } = await write('piano', { count: 1 });
    const { rows } = await readManifest(join(directory, 'manifest.jsonl'));
    expect(rows.map((row) => [row.pianist, row.piece])).toEqual([
      ['a', rows[0]?.piece],
      ['b', rows[0]?.piece],
    ]);
    const row = rows[1];
    if (!row) throw new Error('no row');
    expect(Object.keys(row.views ?? {})).toEqual(['front', 'top', 'left', 'right', 'pedal']);
    const score = readMidi(await readFile(join(directory, row.midi ?? '')));
    expect(pedalSpans(score, 0)).toHaveLength(1);
    const { audio, frames } = await decodeMedia(join(directory, row.media));
    if (!audio) throw new Error('no sound');
    expect(frames?.count).toBe(Math.round((row.seconds ?? 0) * 25));
    expect(pianoRoll(score).frames / 75).toBeLessThan((row.seconds ?? 0) + 0.1);
    // The staccato pianist's strikes stand apart: most are heard where the file says.
    const struck = [...new Set(score.notes.map((note) => note.start))];
    const heard = onsets(audio);
    expect(heard.length).toBeGreaterThan(2);
    for (const time of heard) expect(Math.min(...struck.map((start) => Math.abs(start - time)))).toBeLessThan(0.03);
  });
});
