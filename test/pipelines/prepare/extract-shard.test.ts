import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ShardDescription } from '../../../datasets/features/sequence-shard.ts';
import { type Extracted, extractShard } from '../../../pipelines/video-to-audio/prepare/extract-shard.ts';
import { folderCheckpoints } from '../../models/training/folder-checkpoints.ts';
import { type Setup, setUp } from '../evaluate/trees.ts';

let setup: Setup;
beforeAll(async () => {
  setup = await setUp();
});
afterAll(() => rm(setup.folder, { recursive: true, force: true }));

const features: readonly ShardDescription[] = [
  { name: 'latents', scalar: 'f16', rowsPerSecond: 75, shape: [2] },
  { name: 'frames', scalar: 'u8', rowsPerSecond: 25, shape: [2, 2] },
];
const clips = ['a', 'broken', 'b', 'mute', 'c'].map((id) => ({ id }));
/** `b` has no frames, `broken` nothing. */
const extracted = ({ id }: { id: string }): Extracted =>
  id === 'broken'
    ? { reason: 'cut' }
    : { rows: { latents: Float32Array.of(id.length, 0.1), ...(id !== 'b' && { frames: Uint8Array.from(Buffer.from(id.padEnd(4))) }) } };

/** Attempts at one shard that share their checkpoints, and what each of them did. */
function shard(name: string, checkpointSeconds = 0) {
  const root = join(setup.folder, name);
  const kept = folderCheckpoints(join(root, 'checkpoints'));
  let attempts = 0;
  const attempt = async (interrupt: (id: string, stop: () => void) => void = () => {}) => {
    const directory = join(root, String(attempts++));
    await mkdir(directory, { recursive: true });
    const stopping = new AbortController();
    const tried: string[] = [];
    const context = Object.create(setup.context, {
      checkpoints: { value: { ...kept, best: kept.latest } },
      operational: { value: { checkpointSeconds } },
      signal: { value: stopping.signal },
    });
    const out = join(directory, 'out');
    const unreadable = await extractShard(context, out, features, clips, async (clip) => {
      tried.push(clip.id);
      interrupt(clip.id, () => stopping.abort(new Error('stopped')));
      return extracted(clip);
    }).catch((error: Error) => error.message);
    return { unreadable, tried, files: () => filesIn(out) };
  };
  return { attempt, kept };
}
async function filesIn(directory: string) {
  const names = (await readdir(directory)).sort();
  return Object.fromEntries(await Promise.all(names.map(async (name) => [name, await readFile(join(directory, name), 'hex')] as const)));
}

describe('a shard whose extraction is interrupted', () => {
  it.each(clips.map(({ id }) => id))('by a death at %s: what was done is not done again, and the bytes are the same', async (at) => {
    const whole = await shard(`whole-${at}`).attempt();
    const { attempt, kept } = shard(`killed-${at}`);
    const killed = await attempt((id) => {
      if (id === at) throw new Error('killed');
    });
    expect(killed.unreadable).toBe('killed');
    const done = killed.tried.filter((id) => id !== at && id !== 'broken');
    const again = await attempt();
    expect(again.tried).toEqual(clips.map(({ id }) => id).filter((id) => !done.includes(id)));
    expect(again.unreadable).toEqual([{ id: 'broken', reason: 'cut' }]);
    expect(await again.files()).toEqual(await whole.files());
    // What was saved on the way is of no use any more.
    expect(await readdir((await kept.latest())?.directory ?? '')).toEqual(['state.json']);
    expect((await attempt()).tried).toHaveLength(clips.length);
  });

  it('by being stopped, long before a save is due: it saves what it has first', async () => {
    const { attempt } = shard('stopped', 1000);
    const stopped = await attempt((id, stop) => {
      if (id === 'b') stop();
    });
    expect(stopped.unreadable).toBe('stopped');
    expect((await attempt()).tried).toEqual(['broken', 'mute', 'c']);
  });

  it('before a save was due begins anew; one that was not interrupted saves nothing', async () => {
    const { attempt, kept } = shard('seldom', 1000);
    await attempt((id) => {
      if (id === 'c') throw new Error('killed');
    });
    expect((await attempt()).tried).toEqual(clips.map(({ id }) => id));
    expect(await kept.steps()).toEqual([]);
  });
});
