/** Things that sing: drones, sweeps, whistles, sirens, birds, barks, engines. */
import { frequencyOf, HEIGHT, heights, phrase, times } from './captions.ts';
import { addShaped, addTone, held, resonate, struck, whiteNoise } from './signals.ts';
import type { SoundKind } from './sound-kinds.ts';

const DRONE = { low: [55, 90], middle: [140, 220], high: [330, 520] } as const;
const WHISTLE = { low: [700, 950], middle: [1200, 1600], high: [2100, 2900] } as const;
const SINE = [[1, 1]] as const;
const saw = (count: number) => Array.from({ length: count }, (_, index) => [index + 1, 1 / (index + 1)] as const);

const drone: SoundKind = {
  draw(draws) {
    const height = draws.pick(heights);
    return {
      caption: phrase(draws, ['a {height} {drone}', '{height} {steady} {drone}', 'a {steady} {height} {drone}'], {
        height: HEIGHT[height],
        drone: ['drone', 'hum'],
        steady: ['steady', 'constant'],
      }),
      parameters: { frequency: frequencyOf(draws, height, DRONE), beating: draws.uniform(0.3, 1.4), level: draws.uniform(0.5, 0.75) },
    };
  },
  render(out, { frequency = 80, beating = 0.6 }, { sampleRate, seconds }) {
    for (const shift of [-beating / 2, beating / 2]) {
      addTone(
        out,
        0,
        seconds,
        { frequency: () => frequency + shift, envelope: held(seconds, 0.12), partials: saw(7).map(([m, a]) => [m, a ** 1.5]), gain: 0.2 },
        sampleRate,
      );
    }
  },
};

const sweep: SoundKind = {
  draw(draws) {
    const isRising = draws.chance(0.5);
    const isFast = draws.chance(0.5);
    return {
      caption: phrase(draws, ['a {direction} tone, {speed}', 'a {speed} {direction} sweep', 'an electronic tone {moves} {adverb}'], {
        direction: isRising ? ['rising', 'climbing'] : ['falling', 'descending'],
        moves: isRising ? ['rises', 'goes up'] : ['falls', 'goes down'],
        speed: isFast ? ['fast', 'quick'] : ['slow', 'gradual'],
        adverb: isFast ? ['quickly', 'fast'] : ['slowly', 'gradually'],
      }),
      parameters: {
        rising: isRising ? 1 : 0,
        duration: isFast ? draws.uniform(0.3, 0.45) : draws.uniform(1.2, 1.8),
        low: draws.uniform(180, 320),
        octaves: draws.uniform(2, 3),
        level: draws.uniform(0.5, 0.75),
      },
    };
  },
  render(out, { rising = 1, duration = 1, low = 200, octaves = 2 }, { sampleRate, seconds }) {
    const length = Math.min(duration, seconds * 0.9);
    const frequency = (t: number) => low * 2 ** (octaves * (rising === 1 ? t / length : 1 - t / length));
    addTone(
      out,
      0.05,
      length,
      {
        frequency,
        envelope: held(length, 0.03),
        partials: [
          [1, 1],
          [2, 0.3],
          [3, 0.12],
        ],
        gain: 0.5,
      },
      sampleRate,
    );
  },
};

const whistle: SoundKind = {
  draw(draws) {
    const height = draws.pick(heights);
    const isLong = draws.chance(0.5);
    return {
      caption: phrase(draws, ['a {long} {height} whistle', 'someone whistles a {long} {height} note', '{height} whistling, {long}'], {
        height: HEIGHT[height],
        long: isLong ? ['long', 'sustained'] : ['short', 'brief'],
      }),
      parameters: {
        frequency: frequencyOf(draws, height, WHISTLE),
        duration: isLong ? draws.uniform(1.1, 1.6) : draws.uniform(0.2, 0.35),
        vibrato: draws.uniform(4.5, 6.5),
        level: draws.uniform(0.5, 0.75),
      },
    };
  },
  render(out, { frequency = 1500, duration = 1, vibrato = 5 }, { sampleRate, seconds, seed }) {
    const length = Math.min(duration, seconds * 0.9);
    const curve = (t: number) =>
      frequency * (1 + 0.012 * Math.min(1, t / 0.4) * Math.sin(2 * Math.PI * vibrato * t) - 0.06 * Math.exp(-t / 0.03));
    addTone(
      out,
      0.05,
      length,
      {
        frequency: curve,
        envelope: held(length, 0.04),
        partials: [
          [1, 1],
          [2, 0.06],
        ],
        gain: 0.5,
      },
      sampleRate,
    );
    const breath = resonate(whiteNoise(Math.round(length * sampleRate), seed, 'breath'), frequency, frequency * 0.3, sampleRate);
    addShaped(out, breath, 0.05, held(length, 0.04), 0.12, sampleRate);
  },
};

const siren: SoundKind = {
  draw(draws) {
    const isFast = draws.chance(0.5);
    return {
      caption: phrase(draws, ['a {speed} siren', 'a siren wails {adverb}', '{speed} two-tone alarm'], {
        speed: isFast ? ['fast', 'urgent'] : ['slow', 'lazy'],
        adverb: isFast ? ['fast', 'urgently'] : ['slowly', 'lazily'],
      }),
      parameters: {
        period: isFast ? draws.uniform(0.22, 0.32) : draws.uniform(0.9, 1.2),
        low: draws.uniform(480, 620),
        ratio: draws.uniform(1.3, 1.5),
        level: draws.uniform(0.5, 0.7),
      },
    };
  },
  render(out, { period = 0.6, low = 500, ratio = 1.4 }, { sampleRate, seconds }) {
    const frequency = (t: number) => low * ratio ** (0.5 + 0.5 * Math.tanh(6 * Math.sin((2 * Math.PI * t) / period)));
    addTone(
      out,
      0,
      seconds,
      {
        frequency,
        envelope: held(seconds, 0.05),
        partials: [
          [1, 1],
          [2, 0.35],
          [3, 0.25],
          [4, 0.1],
        ],
        gain: 0.4,
      },
      sampleRate,
    );
  },
};

const bird: SoundKind = {
  draw(draws) {
    const count = draws.integer(1, 4);
    const isRising = draws.chance(0.5);
    return {
      caption: phrase(
        draws,
        ['a bird chirps {times}, {direction}', '{direction} bird chirps, {times}', 'a small bird sings {times} with a {direction} call'],
        {
          times: times(draws, count),
          direction: isRising ? ['upward', 'rising'] : ['downward', 'falling'],
        },
      ),
      parameters: {
        count,
        rising: isRising ? 1 : 0,
        frequency: draws.uniform(2400, 3600),
        gap: draws.uniform(0.24, 0.4),
        level: draws.uniform(0.5, 0.7),
      },
    };
  },
  render(out, { count = 2, rising = 1, frequency = 3000, gap = 0.3 }, { sampleRate, seconds }) {
    const length = 0.13;
    const step = Math.min(gap, (seconds * 0.85) / count);
    for (let index = 0; index < count; index++) {
      const bend = rising === 1 ? 1 : -1;
      const curve = (t: number) => frequency * 2 ** (bend * 0.7 * (t / length - 0.5)) * (1 + 0.03 * Math.sin(2 * Math.PI * 38 * t));
      addTone(out, 0.05 + index * step, length, { frequency: curve, envelope: held(length, 0.02), partials: SINE, gain: 0.5 }, sampleRate);
    }
  },
};

const bark: SoundKind = {
  draw(draws) {
    const count = draws.integer(1, 4);
    const isBig = draws.chance(0.5);
    return {
      caption: phrase(draws, ['a {size} dog barks {times}', '{size} dog barking {times}', 'the bark of a {size} dog, {times}'], {
        size: isBig ? ['big', 'large'] : ['small', 'little'],
        times: times(draws, count),
      }),
      parameters: {
        count,
        frequency: isBig ? draws.uniform(110, 160) : draws.uniform(330, 460),
        gap: draws.uniform(0.34, 0.46),
        level: draws.uniform(0.6, 0.85),
      },
    };
  },
  render(out, { count = 2, frequency = 150, gap = 0.4 }, { sampleRate, seconds, seed }) {
    const length = 0.19;
    const step = Math.min(gap, (seconds * 0.85) / count);
    const samples = Math.round(length * sampleRate);
    for (let index = 0; index < count; index++) {
      const throat = new Float32Array(samples);
      addTone(
        throat,
        0,
        length,
        {
          frequency: (t) => frequency * (1 + 0.5 * Math.sin((Math.PI * t) / length)),
          envelope: struck(0.012, 0.09),
          partials: saw(24),
          gain: 0.5,
        },
        sampleRate,
      );
      addShaped(throat, whiteNoise(samples, seed, 'bark'), 0, struck(0.006, 0.05), 0.22, sampleRate);
      const size = frequency > 250 ? 1.5 : 1;
      for (const [formant, width, gain] of [
        [620, 220, 1],
        [1250, 320, 0.8],
        [2500, 600, 0.35],
      ] as const) {
        addShaped(out, resonate(throat, formant * size, width, sampleRate), 0.05 + index * step, held(length, 0.008), 4 * gain, sampleRate);
      }
    }
  },
};

const engine: SoundKind = {
  draw(draws) {
    const isFast = draws.chance(0.5);
    return {
      caption: phrase(draws, ['an engine {runs} {speed}', 'the hum of a {adjective} engine', 'a {adjective} motor {runs}'], {
        runs: ['runs', 'hums', 'idles'],
        speed: isFast ? ['fast', 'at high speed'] : ['slowly', 'at low speed'],
        adjective: isFast ? ['fast', 'racing'] : ['slow', 'lazy'],
      }),
      parameters: { rate: isFast ? draws.uniform(62, 90) : draws.uniform(18, 28), level: draws.uniform(0.55, 0.75) },
    };
  },
  render(out, { rate = 30 }, { sampleRate, seconds, seed }) {
    const wobble = (t: number) => rate * (1 + 0.015 * Math.sin(2 * Math.PI * 0.9 * t) + 0.01 * Math.sin(2 * Math.PI * 2.3 * t));
    const partials = Array.from({ length: 18 }, (_, index) => [index + 1, Math.exp(-index / 5) * (index % 2 === 0 ? 1 : 0.7)] as const);
    addTone(out, 0, seconds, { frequency: wobble, envelope: held(seconds, 0.08), partials, gain: 0.25 }, sampleRate);
    const exhaust = resonate(whiteNoise(out.length, seed, 'exhaust'), 260, 300, sampleRate);
    addShaped(
      out,
      exhaust,
      0,
      (t) => held(seconds, 0.08)(t) * (0.4 + 0.6 * Math.max(0, Math.sin(2 * Math.PI * rate * t))),
      0.5,
      sampleRate,
    );
  },
};

export const tonalKinds = { drone, sweep, whistle, siren, bird, bark, engine } as const satisfies Record<string, SoundKind>;
