import { join } from 'node:path';
import { joinFloats } from '../../../numeric/join-floats.ts';
import { applyFilters, melFilters } from '../../../numeric/mel.ts';
import { magnitudes } from '../../../numeric/stft.ts';
import { readFields } from '../folder.ts';
import { interpolate } from './interpolate.ts';

/** How CLAP wants its sounds: `preprocessor_config.json`. */
export interface ClapExtractor {
  /** Hz */
  readonly sampleRate: number;
  readonly size: number;
  readonly hop: number;
  readonly bands: number;
  /** Samples of the stretch that it hears. */
  readonly samples: number;
  readonly padding: 'repeatpad' | 'repeat' | 'pad';
  /** A longer sound: one stretch of it, or all of it shrunk and three stretches. */
  readonly truncation: 'rand_trunc' | 'fusion';
  /** [bands, size/2 + 1] */
  readonly filters: Float64Array;
}

/** Reads the file of a folder. Throws `ENCODER_CONFIG`. */
export function readClapExtractor(folder: string): ClapExtractor {
  const fields = readFields(join(folder, 'preprocessor_config.json'));
  const [sampleRate, size, bands] = [
    fields.count('sampling_rate', 48_000),
    fields.count('fft_window_size', 1024),
    fields.count('feature_size', 64),
  ];
  if (size < 2 || (size & (size - 1)) !== 0) throw fields.refusal('fft_window_size', 'a power of two');
  const truncation = fields.word('truncation', ['rand_trunc', 'fusion'], 'fusion');
  return {
    ...{ sampleRate, size, bands, truncation },
    hop: fields.count('hop_length', 480),
    samples: fields.number('max_length_s', 10) * sampleRate,
    padding: fields.word('padding', ['repeatpad', 'repeat', 'pad'], 'repeatpad'),
    filters: melFilters({
      ...{ sampleRate, size, bands },
      lowest: fields.number('frequency_min', 0),
      highest: fields.number('frequency_max', 14_000),
      // Of torchaudio where stretches are fused, else of librosa: what each kind was trained with.
      scale: truncation === 'fusion' ? 'htk' : 'slaney',
    }),
  };
}

/** Log-mels of one sound. */
export interface ClapFeatures {
  /** [channels,frames,bands] in dB: four channels for a network that fuses, else one. */
  readonly mels: Float32Array;
  readonly frames: number;
  /** Whether there was more than one stretch to hear. */
  readonly isLonger: boolean;
}

/** One of `count` places. The published code draws it; here a sound is heard the same way each time. */
const middle = (count: number): number => count >> 1;

/** Prepares a mono sound at the extractor's rate. */
export function clapFeatures(extractor: ClapExtractor, wave: Float32Array): ClapFeatures {
  const { samples, truncation, hop, bands } = extractor;
  const frames = Math.floor(samples / hop) + 1;
  if (truncation === 'rand_trunc') {
    const isLonger = wave.length > samples;
    const start = isLonger ? middle(wave.length - samples + 1) : 0;
    const stretch = isLonger ? wave.subarray(start, start + samples) : filled(wave, extractor);
    return { mels: logMels(extractor, stretch), frames, isLonger };
  }
  const whole = logMels(extractor, wave.length > samples ? wave : filled(wave, extractor));
  const total = whole.length / bands;
  if (total === frames) return { mels: joinFloats([whole, whole, whole, whole]), frames, isLonger: false };
  const stretches = thirds(total - frames + 1).map(({ from, count }) => {
    const start = count > 0 ? from + middle(count) : 0;
    return whole.subarray(start * bands, (start + frames) * bands);
  });
  return { mels: joinFloats([interpolate(whole, bands, frames), ...stretches]), frames, isLonger: true };
}

/** Repeats a shorter sound as the extractor says, then adds silence. */
function filled(wave: Float32Array, { samples, padding }: ClapExtractor): Float32Array {
  const out = new Float32Array(samples);
  const times =
    wave.length === 0 || padding === 'pad' ? 1 : padding === 'repeat' ? samples / wave.length : Math.floor(samples / wave.length);
  for (let at = 0; at < times * wave.length; at += wave.length) out.set(wave.subarray(0, samples - at), at);
  return out;
}

/** Mel power in dB, not below −100. [samples] → [1 + ⌊samples/hop⌋, bands] */
function logMels({ size, hop, bands, filters }: ClapExtractor, wave: Float32Array): Float32Array {
  const { values, ...shape } = magnitudes(wave, { size, hop });
  const power = { ...shape, values: values.map((value) => value * value) };
  return Float32Array.from(applyFilters(filters, bands, power), (value) => 10 * Math.log10(Math.max(1e-10, value)));
}

/** Three parts of `count` places, the first ones larger by one where it does not divide. */
const thirds = (count: number) =>
  [0, 1, 2].map((part) => {
    const [each, rest] = [Math.floor(count / 3), count % 3];
    return { from: part * each + Math.min(part, rest), count: each + Number(part < rest) };
  });
