/** Things that rustle: rain, wind, waves, drops. */
import { phrase, times } from './captions.ts';
import { addModes, addShaped, addTone, held, resonate, smooth, struck, whiteNoise } from './signals.ts';
import type { SoundKind } from './sound-kinds.ts';

const rain: SoundKind = {
  draw(draws) {
    const isHeavy = draws.chance(0.5);
    return {
      caption: phrase(draws, ['{weight} rain {falls}', 'the sound of {weight} rain', '{weight} rain-like noise'], {
        weight: isHeavy ? ['heavy', 'strong'] : ['light', 'gentle'],
        falls: ['falls', 'falling', 'patters down'],
      }),
      parameters: {
        hiss: isHeavy ? draws.uniform(0.5, 0.7) : draws.uniform(0.08, 0.14),
        drops: isHeavy ? draws.uniform(160, 240) : draws.uniform(25, 45),
        level: isHeavy ? draws.uniform(0.65, 0.85) : draws.uniform(0.45, 0.6),
      },
    };
  },
  render(out, { hiss = 0.3, drops = 80 }, { sampleRate, seconds, seed, draws }) {
    const noise = whiteNoise(out.length, seed, 'rain');
    const dull = smooth(noise, 900, sampleRate);
    addShaped(
      out,
      noise.map((value, i) => value - (dull[i] ?? 0)),
      0,
      held(seconds, 0.05),
      0.12 * hiss,
      sampleRate,
    );
    for (let count = Math.round(drops * seconds); count > 0; count--) {
      addModes(
        out,
        draws.uniform(0, seconds),
        [[draws.uniform(1800, 6500), draws.uniform(0.03, 0.16), draws.uniform(0.002, 0.006)]],
        1,
        sampleRate,
      );
    }
  },
};

const wind: SoundKind = {
  draw(draws) {
    const isStrong = draws.chance(0.5);
    return {
      caption: phrase(draws, ['{strength} wind {blows}', 'the {blowing} of a {strength} wind', 'a {strength} wind {blows} outside'], {
        strength: isStrong ? ['strong', 'stormy'] : ['soft', 'light'],
        blows: ['blows', 'howls', 'moans'],
        blowing: ['howling', 'blowing'],
      }),
      parameters: {
        centre: isStrong ? draws.uniform(650, 900) : draws.uniform(260, 380),
        gusts: draws.uniform(0.4, 0.9),
        level: isStrong ? draws.uniform(0.65, 0.85) : draws.uniform(0.4, 0.55),
      },
    };
  },
  render(out, { centre = 400, gusts = 0.6 }, { sampleRate, seconds, seed, draws }) {
    const noise = whiteNoise(out.length, seed, 'wind');
    const shift = draws.uniform(0, 6);
    const low = resonate(noise, centre * 0.75, centre * 0.5, sampleRate);
    const high = resonate(noise, centre * 1.5, centre * 0.6, sampleRate);
    const edge = held(seconds, 0.08);
    const gust = (t: number) => 0.5 + 0.5 * Math.sin(2 * Math.PI * gusts * t + shift);
    addShaped(out, low, 0, (t) => edge(t) * (1.1 - 0.6 * gust(t)), 1, sampleRate);
    addShaped(out, high, 0, (t) => edge(t) * gust(t), 0.9, sampleRate);
  },
};

const wave: SoundKind = {
  draw(draws) {
    const count = draws.integer(1, 2);
    return {
      caption: phrase(draws, ['ocean waves {break} {times}', 'a wave {breaks} on the beach {times}', 'surf {breaking} {times}'], {
        break: ['break', 'roll in'],
        breaks: ['breaks', 'rolls in'],
        breaking: ['breaking', 'rolling in'],
        times: times(draws, count),
      }),
      parameters: { count, level: draws.uniform(0.5, 0.75) },
    };
  },
  render(out, { count = 1 }, { sampleRate, seconds, seed }) {
    const noise = whiteNoise(out.length, seed, 'wave');
    const soft = smooth(noise, 700, sampleRate);
    const length = seconds / count;
    const swell = (t: number) => {
      const place = (t % length) / length;
      return place < 0.35 ? (place / 0.35) ** 2 : Math.exp(-(place - 0.35) * 4);
    };
    const edge = held(seconds, 0.05);
    addShaped(out, soft, 0, (t) => edge(t) * swell(t), 1, sampleRate);
    addShaped(out, noise, 0, (t) => edge(t) * swell(t) ** 3, 0.15, sampleRate);
  },
};

const drops: SoundKind = {
  draw(draws) {
    const count = draws.integer(1, 4);
    return {
      caption: phrase(draws, ['water drips {times}', '{times} a drop of water falls', 'a drop falls into water {times}'], {
        times: times(draws, count),
      }),
      parameters: { count, frequency: draws.uniform(650, 1100), gap: draws.uniform(0.32, 0.5), level: draws.uniform(0.5, 0.75) },
    };
  },
  render(out, { count = 2, frequency = 800, gap = 0.4 }, { sampleRate, seconds, draws }) {
    const step = Math.min(gap, (seconds * 0.85) / count);
    for (let index = 0; index < count; index++) {
      const base = frequency * draws.uniform(0.93, 1.07);
      // A bubble under the surface: the closer it is, the higher it sings.
      addTone(
        out,
        0.05 + index * step,
        0.16,
        { frequency: (t) => base * (1 + 4 * t), envelope: struck(0.003, 0.03), partials: [[1, 1]], gain: 0.5 },
        sampleRate,
      );
    }
  },
};

export const noisyKinds = { rain, wind, wave, drops } as const satisfies Record<string, SoundKind>;
