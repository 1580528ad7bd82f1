import { readFile } from 'node:fs/promises';
import { readWav } from '../../../datasets/media/wav.ts';
import type { StoredTree } from '../../../engine/define/ports.ts';
import { pathOf } from '../../stored-folder.ts';
import { shardIn } from '../features.ts';
import type { ReferenceClip } from './tasks.ts';

/** What the sound of one clip is judged by. */
export interface Reference {
  readonly clip: ReferenceClip;
  readonly original: Float32Array;
  /** Velocities [frames, 88] of what sounds in a piano clip, with notes that the pedal holds. */
  readonly truth?: Uint8Array;
  /** Frame differences [F] of a clip with a picture. */
  readonly motion?: { readonly values: Float32Array; readonly fps: number };
}

/** Samples of a WAV file of a tree. */
export const soundIn = async (tree: StoredTree, name: string): Promise<Float32Array> =>
  readWav(await readFile(pathOf(tree, name)), name).samples;

export async function referenceClips(tree: StoredTree): Promise<ReferenceClip[]> {
  return JSON.parse(await readFile(pathOf(tree, 'clips.json'), 'utf8'));
}

/** Reads references clip by clip; to be closed. */
export function openReferences(tree: StoredTree): { read(clip: ReferenceClip): Promise<Reference>; close(): void } {
  const [truths, motions] = [shardIn(tree, 'truth'), shardIn(tree, 'motion')];
  return {
    async read(clip) {
      const original = await soundIn(tree, `original/${clip.id}.wav`);
      return {
        clip,
        original,
        ...(truths.has(clip.id) && { truth: Uint8Array.from(truths.read(clip.id)) }),
        ...(motions.has(clip.id) && { motion: { values: Float32Array.from(motions.read(clip.id)), fps: motions.index.rowsPerSecond } }),
      };
    },
    close() {
      truths.close();
      motions.close();
    },
  };
}
