import { applyFilters, melFilters } from '../../numeric/mel.ts';
import { magnitudes } from '../../numeric/stft.ts';

/** The front end of the log-mel measures: 24 kHz, STFT 1024/256, 80 Slaney bands from 30 Hz to 11 kHz, ln(max(x, 1e-5)) of magnitudes. */
const LOG_MEL = { sampleRate: 24_000, size: 1024, hop: 256, bands: 80, lowest: 30, highest: 11_000, floor: 1e-5 } as const;

const filters = melFilters({ ...LOG_MEL, scale: 'slaney' });

/** Log-mel spectrogram, [samples] → [frames, 80]. */
export function logMel(samples: ArrayLike<number>): { frames: number; bands: number; values: Float64Array } {
  const spectrum = magnitudes(samples, { size: LOG_MEL.size, hop: LOG_MEL.hop });
  const values = applyFilters(filters, LOG_MEL.bands, spectrum).map((value) => Math.log(Math.max(value, LOG_MEL.floor)));
  return { frames: spectrum.frames, bands: LOG_MEL.bands, values };
}

/** Mean absolute difference of the log-mel spectrograms of two sounds at 24 kHz, over the frames both have. In nepers: 1 is 8.7 dB. */
export function logMelDistance(prediction: ArrayLike<number>, target: ArrayLike<number>): number {
  const [a, b] = [logMel(prediction), logMel(target)];
  const count = Math.min(a.values.length, b.values.length);
  let sum = 0;
  for (let i = 0; i < count; i++) sum += Math.abs((a.values[i] ?? 0) - (b.values[i] ?? 0));
  return sum / count;
}
