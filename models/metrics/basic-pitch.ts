import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { noteFramesToTime, outputToNotesPoly } from '@spotify/basic-pitch';
import type { Tensor, Tensor2D, Tensor3D, Tf } from '../backend/index.ts';

/** Mono, samples a second. */
export const BASIC_PITCH_RATE = 22_050;
const KEYS = 88;
const LOWEST_PITCH = 21;
/** Samples of a window, and of a frame of what comes out. */
const WINDOW = 43_844;
const FRAME = 256;
/** Frames that neighbouring windows share; half of them are dropped at both sides. */
const SHARED = 30;
const STEP = WINDOW - SHARED * FRAME;
/** The package's defaults: strength of an onset and of a note that goes on, and the frames of the shortest note. */
const [ONSET, NOTE, SHORTEST] = [0.5, 0.3, 11];
const OUTPUTS = ['Identity_1', 'Identity_2'];

/** Turns sound into notes. */
export interface BasicPitch {
  /** Sound at 22,050 Hz → [frames, 88] of zeros and ones at `frameRate`. */
  transcribe(samples: Float32Array, frames: number, frameRate: number): Uint8Array;
  dispose(): void;
}

/** Basic Pitch (Bittner et al. 2022) with the weights of the npm package. */
export async function loadBasicPitch(tf: Tf): Promise<BasicPitch> {
  const path = createRequire(import.meta.url).resolve('@spotify/basic-pitch/model/model.json');
  const { modelTopology, weightsManifest } = JSON.parse(await readFile(path, 'utf8'));
  const [{ paths, weights }] = weightsManifest;
  const bytes = await Promise.all(paths.map((name: string) => readFile(join(dirname(path), name))));
  const weightData = Uint8Array.from(Buffer.concat(bytes)).buffer;
  const model = await tf.loadGraphModel({ load: async () => ({ modelTopology, weightSpecs: weights, weightData }) });

  function activations(samples: Float32Array): number[][][] {
    const frames = Math.floor((samples.length * Math.floor(BASIC_PITCH_RATE / FRAME)) / BASIC_PITCH_RATE);
    const padded = new Float32Array((SHARED / 2) * FRAME + samples.length);
    padded.set(samples, (SHARED / 2) * FRAME);
    const count = Math.ceil(padded.length / STEP);
    const windows = new Float32Array(count * WINDOW);
    for (let i = 0; i < count; i++) windows.set(padded.subarray(i * STEP, i * STEP + WINDOW), i * WINDOW);
    return tf.tidy(() => {
      const outputs = model.execute(tf.tensor3d(windows, [count, WINDOW, 1]), OUTPUTS) as Tensor[];
      return outputs.map((output) => {
        const inner = tf.slice(output as Tensor3D, [0, SHARED / 2, 0], [-1, (output.shape[1] ?? 0) - SHARED, -1]);
        return (tf.reshape(inner, [-1, KEYS]) as Tensor2D).arraySync().slice(0, frames);
      });
    });
  }

  return {
    transcribe(samples, frames, frameRate) {
      const roll = new Uint8Array(frames * KEYS);
      const [notes, onsets] = activations(samples);
      if (!notes || !onsets || notes.length <= SHORTEST) return roll;
      for (const { pitchMidi, startTimeSeconds, durationSeconds } of noteFramesToTime(
        outputToNotesPoly(notes, onsets, ONSET, NOTE, SHORTEST),
      )) {
        const key = pitchMidi - LOWEST_PITCH;
        const end = Math.min(frames, Math.round((startTimeSeconds + durationSeconds) * frameRate));
        for (let frame = Math.max(0, Math.round(startTimeSeconds * frameRate)); frame < end; frame++) roll[frame * KEYS + key] = 1;
      }
      return roll;
    },
    dispose: () => model.dispose(),
  };
}
