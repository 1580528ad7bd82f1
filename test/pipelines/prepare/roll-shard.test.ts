import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openShard } from '../../../datasets/features/sequence-shard.ts';
import { performanceToMidi } from '../../../datasets/midi/write-midi.ts';
import { rollShard } from '../../../pipelines/video-to-audio/prepare/roll-shard.ts';
import { type Setup, setUp } from '../evaluate/trees.ts';
import { clipOf } from '../features.ts';

let setup: Setup;
beforeAll(async () => {
  setup = await setUp();
});
afterAll(() => rm(setup.folder, { recursive: true, force: true }));

/** One note of 0.2 s that the pedal holds for 0.6 s. */
const performance = {
  notes: [{ pitch: 60, velocity: 80, start: 0.2, end: 0.4 }],
  pedal: [{ start: 0.3, end: 0.8 }],
  seconds: 1,
};
const put = async (name: string, bytes: Uint8Array) => {
  const path = join(setup.folder, name);
  await writeFile(path, bytes);
  return setup.store.putFile(path);
};
async function run(names: readonly string[], maxFailures: number) {
  const whole = performanceToMidi(performance);
  const clips = await Promise.all(
    names.map(async (name) => clipOf(name, { midi: await put(name, name === 'cut' ? whole.subarray(0, whole.length - 9) : whole) })),
  );
  const item = { id: 'shard-000', clips: [...clips, clipOf('no piano')] };
  return rollShard({ inputs: {}, params: { maxFailures }, item, context: setup.context });
}
const opened = (directory: string, name: string) =>
  openShard({ arrow: join(directory, `${name}.arrow`), index: join(directory, `${name}.json`) });

describe('rolls', () => {
  it('say what the hands do and when the pedal is down, and apart from that what sounds', async () => {
    const { rolls, unreadable } = await run(['one'], 0);
    expect(unreadable).toEqual([]);
    const [roll, sounding] = [opened(rolls, 'roll'), opened(rolls, 'sounding')];
    expect(roll.index).toMatchObject({ rowsPerSecond: 75, shape: [89], clips: [{ id: 'one' }] });
    const at = (seconds: number) => [...roll.read('one', Math.floor(seconds * 75), 1)];
    const key = 60 - 21;
    expect([0.1, 0.25, 0.35, 0.6, 0.81].map((time) => [at(time)[key], at(time)[88]])).toEqual([
      [0, 0],
      [80, 0],
      [80, 1],
      [0, 1],
      [0, 0],
    ]);
    expect(sounding.read('one', Math.floor(0.6 * 75), 1)[key]).toBe(80);
    roll.close();
    sounding.close();
  });

  it('of clips whose MIDI cannot be read are set apart with the reason, up to a limit', async () => {
    const { rolls, unreadable } = await run(['cut', 'one'], 1);
    expect(unreadable).toEqual([{ id: 'cut', reason: expect.stringMatching(/MTrk|left|ends/) }]);
    const roll = opened(rolls, 'roll');
    expect(roll.index.clips.map(({ id }) => id)).toEqual(['one']);
    roll.close();
    await expect(run(['cut', 'one'], 0)).rejects.toMatchObject({ code: 'TOO_MANY_FAILURES' });
  });
});
