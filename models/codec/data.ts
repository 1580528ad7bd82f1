import type { Note } from '../../datasets/midi/performance.ts';
import { composePiece, pieceSeed, type Split } from '../../datasets/synthetic/compose.ts';
import { perform } from '../../datasets/synthetic/perform.ts';
import { pianists } from '../../datasets/synthetic/pianists.ts';
import { damperTime, renderPiano } from '../../datasets/synthetic/piano.ts';
import { drawSound, renderSound } from '../../datasets/synthetic/sounds.ts';
import { uniform } from '../../numeric/random.ts';

export interface Clip {
  readonly id: string;
  readonly kind: 'piano' | 'sound';
  /** Mean removed, peak 0.5. */
  readonly wave: Float32Array;
  /** What sounds, of piano clips: each note ends when its damper falls. */
  readonly notes?: readonly Note[];
}

/** As the method prepares audio: mean removed, peak 0.5. */
export function normalise(wave: Float32Array): Float32Array {
  let sum = 0;
  for (const value of wave) sum += value;
  const mean = sum / wave.length;
  let peak = 0;
  for (const value of wave) peak = Math.max(peak, Math.abs(value - mean));
  return wave.map((value) => ((value - mean) / (peak + 1e-8)) * 0.5);
}

/** A piece of a split played by one of the two pianists; splits share no piece. */
export function pianoClip(split: Split, seed: number, index: number, sampleRate: number): Clip {
  const piece = composePiece(pieceSeed(split, seed, index));
  const pianist = index % 2 === 0 ? pianists.a : pianists.b;
  const { notes, pedal, seconds } = perform(piece, pianist, seed);
  const wave = renderPiano(notes, pedal, pianist, { sampleRate, seconds, seed: piece.seed });
  const sounding = notes.map((note) => {
    const again = notes.filter(({ pitch, start }) => pitch === note.pitch && start > note.start).map(({ start }) => start);
    return { ...note, end: damperTime(note, pedal, Math.min(...again)) };
  });
  return { id: `${split}-piano-${index}`, kind: 'piano', wave: normalise(wave), notes: sounding };
}

/** A described sound of `seconds`; splits take their seeds from different ranges. */
export function soundClip(split: Split, seed: number, index: number, sampleRate: number, seconds = 4): Clip {
  const chosen = pieceSeed(split, seed, index);
  const wave = renderSound(drawSound(chosen), { sampleRate, seconds, seed: chosen });
  return { id: `${split}-sound-${index}`, kind: 'sound', wave: normalise(wave) };
}

export interface ClipOptions {
  readonly seed: number;
  readonly pieces: number;
  readonly sounds: number;
  readonly sampleRate: number;
}

/** The clips of a split: pieces by both pianists in turn, and described sounds. Rendering takes about a hundredth of their length. */
export const codecClips = (split: Split, { seed, pieces, sounds, sampleRate }: ClipOptions): Clip[] => [
  ...Array.from({ length: pieces }, (_, i) => pianoClip(split, seed, i, sampleRate)),
  ...Array.from({ length: sounds }, (_, i) => soundClip(split, seed, i, sampleRate)),
];

export interface CropOptions {
  readonly seed: number;
  readonly batchSize: number;
  readonly cropSamples: number;
  /** Part of the crops taken from piano clips. */
  readonly pianoShare: number;
}

/** Batches of random crops at random levels (−9 … +3 dB), a function of the step alone. Clips shorter than a crop are padded with silence. */
export function cropBatches(
  clips: readonly Clip[],
  { seed, batchSize, cropSamples, pianoShare }: CropOptions,
): (step: number) => Float32Array {
  const pools = { piano: clips.filter(({ kind }) => kind === 'piano'), sound: clips.filter(({ kind }) => kind === 'sound') };
  return (step) => {
    const draws = uniform({ seed, purpose: 'codec-crops', step }, 4 * batchSize);
    const out = new Float32Array(batchSize * cropSamples);
    for (let b = 0; b < batchSize; b++) {
      const [side = 0, which = 0, where = 0, loud = 0] = draws.subarray(4 * b, 4 * b + 4);
      const wanted = side < pianoShare ? pools.piano : pools.sound;
      const pool = wanted.length > 0 ? wanted : clips;
      const wave = pool[Math.floor(which * pool.length)]?.wave ?? new Float32Array(0);
      const from = Math.floor(where * Math.max(1, wave.length - cropSamples + 1));
      const gain = 10 ** ((12 * loud - 9) / 20);
      const crop = wave.subarray(from, from + cropSamples);
      for (let i = 0; i < crop.length; i++) out[b * cropSamples + i] = (crop[i] ?? 0) * gain;
    }
    return out;
  };
}
