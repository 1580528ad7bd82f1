import { readFile } from 'node:fs/promises';
import { BasicPitch, noteFramesToTime, outputToNotesPoly } from '@spotify/basic-pitch';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Tf } from '../../../models/backend/index.ts';
import { BASIC_PITCH_RATE, loadBasicPitch } from '../../../models/metrics/basic-pitch.ts';
import { rollScores } from '../../../models/metrics/roll-metrics.ts';
import { testBackend } from '../network/fixture.ts';

let tf: Tf;
beforeAll(async () => {
  tf = await testBackend();
});

const NOTES = [60, 64, 67, 72, 67, 64].map((pitch, i) => ({ pitch, start: 0.2 + 0.5 * i, end: 0.65 + 0.5 * i }));
const SECONDS = 3.5;
const FRAMES = Math.round(SECONDS * 75);

/** Decaying strings with eight harmonics. */
function play(notes: typeof NOTES): Float32Array {
  const out = new Float32Array(SECONDS * BASIC_PITCH_RATE);
  for (const { pitch, start, end } of notes) {
    const frequency = 440 * 2 ** ((pitch - 69) / 12);
    for (let i = Math.round(start * BASIC_PITCH_RATE); i < end * BASIC_PITCH_RATE; i++) {
      const t = i / BASIC_PITCH_RATE - start;
      for (let n = 1; n <= 8; n++) out[i] = (out[i] ?? 0) + (0.2 / n) * Math.exp(-2 * t) * Math.sin(2 * Math.PI * n * frequency * t);
    }
  }
  return out;
}
function rollOf(notes: readonly { pitch: number; start: number; end: number }[]): Uint8Array {
  const roll = new Uint8Array(FRAMES * 88);
  for (const { pitch, start, end } of notes)
    for (let frame = Math.round(start * 75); frame < Math.min(FRAMES, Math.round(end * 75)); frame++) roll[frame * 88 + pitch - 21] = 1;
  return roll;
}

describe('Basic Pitch', () => {
  it('hears a melody, and nothing in silence', async () => {
    const heard = await loadBasicPitch(tf);
    const roll = heard.transcribe(play(NOTES), FRAMES, 75);
    const f1Of = (notes: typeof NOTES) => rollScores(roll, rollOf(notes), { keys: 88, averaging: 'micro' }).f1;
    expect(f1Of(NOTES)).toBeGreaterThan(0.6);
    expect(f1Of(NOTES.map((note) => ({ ...note, pitch: note.pitch + 1 })))).toBeLessThan(0.1);
    expect(heard.transcribe(new Float32Array(SECONDS * BASIC_PITCH_RATE), FRAMES, 75).some((value) => value > 0)).toBe(false);
    expect(heard.transcribe(new Float32Array(100), FRAMES, 75).length).toBe(FRAMES * 88);
    heard.dispose();
  });
  it('gives the notes that the package itself gives', async () => {
    const folder = 'node_modules/@spotify/basic-pitch/model';
    const { modelTopology, weightsManifest } = JSON.parse(await readFile(`${folder}/model.json`, 'utf8'));
    const weightData = Uint8Array.from(await readFile(`${folder}/${weightsManifest[0].paths[0]}`)).buffer;
    const model = tf.loadGraphModel({ load: async () => ({ modelTopology, weightSpecs: weightsManifest[0].weights, weightData }) });
    const [frames, onsets]: [number[][], number[][]] = [[], []];
    const collect = (more: number[][], starts: number[][]) => {
      frames.push(...more);
      onsets.push(...starts);
    };
    await new BasicPitch(model).evaluateModel(play(NOTES), collect, () => {});
    const wanted = noteFramesToTime(outputToNotesPoly(frames, onsets, 0.5, 0.3, 11)).map((note) => ({
      pitch: note.pitchMidi,
      start: note.startTimeSeconds,
      end: note.startTimeSeconds + note.durationSeconds,
    }));
    const heard = await loadBasicPitch(tf);
    expect(heard.transcribe(play(NOTES), FRAMES, 75)).toEqual(rollOf(wanted));
    heard.dispose();
  });
});
