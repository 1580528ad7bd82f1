import { magnitudes } from '../../numeric/stft.ts';

const EPSILON = 2 ** -52;
/** Perfect copies reach a ceiling made of rounding only; values above are reported as this. */
const SI_SDR_CEILING = 80;

/**
 * Scale-invariant signal-to-distortion ratio in dB (Le Roux et al. 2019), without removing the mean:
 * 10·log10(‖αs‖²/‖αs − ŝ‖²), α = ⟨ŝ,s⟩/‖s‖². A silent prediction would score exactly 0 dB, inside the usual range:
 * it gives undefined instead, to be counted apart.
 */
export function siSdr(prediction: ArrayLike<number>, target: ArrayLike<number>): number | undefined {
  if (prediction.length !== target.length)
    throw new RangeError(`SI-SDR needs equal lengths, not ${prediction.length} and ${target.length}.`);
  let [inner, energy, loudness] = [0, 0, 0];
  for (let i = 0; i < target.length; i++) {
    const [p, t] = [prediction[i] ?? 0, target[i] ?? 0];
    inner += p * t;
    energy += t * t;
    loudness += p * p;
  }
  if (loudness === 0 || energy === 0) return undefined;
  const alpha = (inner + EPSILON) / (energy + EPSILON);
  let [signal, noise] = [0, 0];
  for (let i = 0; i < target.length; i++) {
    const wanted = alpha * (target[i] ?? 0);
    signal += wanted * wanted;
    noise += (wanted - (prediction[i] ?? 0)) ** 2;
  }
  return Math.min(SI_SDR_CEILING, 10 * Math.log10((signal + EPSILON) / (noise + EPSILON)));
}

/** SI-SDR of STFT magnitudes (1024/256, Hann, centred, reflected), for sounds that are not aligned in phase. 24 kHz mono. */
export function spectralSiSdr(prediction: ArrayLike<number>, target: ArrayLike<number>): number | undefined {
  const options = { size: 1024, hop: 256 };
  return siSdr(magnitudes(prediction, options).values, magnitudes(target, options).values);
}
