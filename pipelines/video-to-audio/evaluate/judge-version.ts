import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createShard } from '../../../datasets/features/sequence-shard.ts';
import { KEYS } from '../../../datasets/midi/performance.ts';
import type { Artifact, StoredTree } from '../../../engine/define/ports.ts';
import type { TaskContext } from '../../../engine/define/task.ts';
import { LATENT_RATE } from '../rates.ts';
import { type Judges, judgeSound } from './judge-sound.ts';
import type { ClipScores } from './measured.ts';
import { openReferences } from './references.ts';
import type { ReferenceClip } from './tasks.ts';

/** Judges one version of the clips, sound by sound, and stores what was heard in the piano clips as shard `transcribed`. */
export async function judgeVersion(
  context: TaskContext,
  name: string,
  clips: readonly ReferenceClip[],
  references: StoredTree,
  judges: Judges,
  soundOf: (clip: ReferenceClip) => Promise<Float32Array>,
): Promise<{ clips: ClipScores[]; transcribed: Artifact }> {
  const directory = join(context.workDirectory, `transcribed-${name}`);
  await mkdir(directory);
  const shard = createShard(directory, { name: 'transcribed', scalar: 'u8', rowsPerSecond: LATENT_RATE, shape: [KEYS] });
  const opened = openReferences(references);
  const judged: ClipScores[] = [];
  for (const [index, clip] of clips.entries()) {
    context.signal.throwIfAborted();
    const { scores, transcribed } = judgeSound(await soundOf(clip), await opened.read(clip), judges);
    judged.push(scores);
    if (transcribed) shard.append(clip.id, transcribed);
    context.progress({ step: index + 1, of: clips.length, version: name });
  }
  opened.close();
  shard.close();
  return { clips: judged, transcribed: await context.putTree(directory) };
}
