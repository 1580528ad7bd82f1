/** Things that are struck: bells, wood, drums, clicks, piano keys. */

import { frequencyOf, HEIGHT, heights, phrase, times } from './captions.ts';
import { composeChord, noteName } from './chords.ts';
import { pianistA, pianistB } from './pianists.ts';
import { renderPiano } from './piano.ts';
import { addModes, addShaped, resonate, struck, whiteNoise } from './signals.ts';
import type { SoundKind } from './sound-kinds.ts';

const BELL = { low: [180, 320], middle: [420, 760], high: [1000, 1900] } as const;
const DRUM = { low: [50, 75], middle: [95, 140], high: [180, 260] } as const;
/** Ratios of a church bell to its strike tone, with level and length. */
const BELL_MODES = [
  [0.5, 0.35, 1.5],
  [1, 1, 1],
  [1.19, 0.6, 0.8],
  [1.5, 0.4, 0.6],
  [2, 0.7, 0.5],
  [2.51, 0.35, 0.35],
  [3.01, 0.25, 0.25],
  [4.1, 0.2, 0.16],
  // The clapper's clank, by which a strike is heard through the ringing of the one before.
  [5.43, 0.5, 0.05],
  [6.79, 0.5, 0.03],
] as const;

/** Times of `count` strikes spread over the clip. */
function strikes(count: number, gap: number, seconds: number): number[] {
  const fitting = Math.min(gap, (seconds * 0.8) / count);
  return Array.from({ length: count }, (_, index) => 0.04 + index * fitting);
}

const bell: SoundKind = {
  draw(draws) {
    const height = draws.pick(heights);
    const count = draws.integer(1, 3);
    return {
      caption: phrase(draws, ['a {height} bell {rings} {times}', '{height} bell {ringing} {times}', '{times} a {height} bell {rings}'], {
        height: HEIGHT[height],
        rings: ['rings', 'chimes', 'sounds'],
        ringing: ['ringing', 'chiming'],
        times: times(draws, count),
      }),
      parameters: {
        frequency: frequencyOf(draws, height, BELL),
        count,
        gap: draws.uniform(0.45, 0.7),
        decay: draws.uniform(0.5, 1),
        level: draws.uniform(0.55, 0.8),
      },
    };
  },
  render(out, { frequency = 600, count = 1, gap = 0.6, decay = 0.7 }, { sampleRate, seconds }) {
    for (const start of strikes(count, gap, seconds)) {
      addModes(
        out,
        start,
        BELL_MODES.map(([ratio, amplitude, length]) => [frequency * ratio, amplitude, decay * length]),
        0.2,
        sampleRate,
      );
    }
  },
};

const knock: SoundKind = {
  draw(draws) {
    const count = draws.integer(2, 4);
    const isFast = draws.chance(0.5);
    return {
      caption: phrase(
        draws,
        ['someone knocks on {wood} {times}, {speed}', '{speed} knocking on {wood}, {times}', 'a {speed} knock on {wood}, {times}'],
        {
          wood: ['a wooden door', 'wood', 'a door'],
          speed: isFast ? ['quickly', 'fast'] : ['slowly', 'slow'],
          times: times(draws, count),
        },
      ),
      parameters: {
        count,
        gap: isFast ? draws.uniform(0.13, 0.19) : draws.uniform(0.34, 0.46),
        frequency: draws.uniform(140, 260),
        level: draws.uniform(0.55, 0.8),
      },
    };
  },
  render(out, { count = 2, gap = 0.3, frequency = 200 }, { sampleRate, seconds, seed, draws }) {
    const noise = resonate(whiteNoise(Math.round(0.1 * sampleRate), seed, 'knock'), 900, 900, sampleRate);
    for (const start of strikes(count, gap, seconds)) {
      const force = draws.uniform(0.85, 1.1);
      addModes(
        out,
        start,
        [
          [frequency, 1, 0.045],
          [frequency * 2.3, 0.6, 0.03],
          [frequency * 4.1, 0.35, 0.02],
          [frequency * 6.7, 0.2, 0.012],
        ],
        0.3 * force,
        sampleRate,
      );
      addShaped(out, noise, start, struck(0.001, 0.012), 0.8 * force, sampleRate);
    }
  },
};

const drum: SoundKind = {
  draw(draws) {
    const height = draws.pick(heights);
    const count = draws.integer(1, 4);
    return {
      caption: phrase(draws, ['a {height} drum is hit {times}', '{height} drum beats, {times}', 'someone hits a {height} drum {times}'], {
        height: HEIGHT[height],
        times: times(draws, count),
      }),
      parameters: { frequency: frequencyOf(draws, height, DRUM), count, gap: draws.uniform(0.3, 0.5), level: draws.uniform(0.6, 0.85) },
    };
  },
  render(out, { frequency = 80, count = 1, gap = 0.4 }, { sampleRate, seconds, seed }) {
    const skin = resonate(whiteNoise(Math.round(0.2 * sampleRate), seed, 'drum'), frequency * 8, frequency * 8, sampleRate);
    for (const start of strikes(count, gap, seconds)) {
      addModes(
        out,
        start,
        [
          [frequency, 1, 0.22],
          [frequency * 1.59, 0.5, 0.14],
          [frequency * 2.14, 0.35, 0.1],
          [frequency * 2.65, 0.25, 0.08],
        ],
        0.35,
        sampleRate,
      );
      addShaped(out, skin, start, struck(0.001, 0.03), 0.35, sampleRate);
    }
  },
};

const clicks: SoundKind = {
  draw(draws) {
    const isFast = draws.chance(0.5);
    return {
      caption: phrase(draws, ['{speed} {ticking}', 'a {clock} ticks {adverb}', '{ticking}, {speed} and regular'], {
        speed: isFast ? ['fast', 'rapid'] : ['slow', 'unhurried'],
        adverb: isFast ? ['fast', 'rapidly'] : ['slowly', 'in a slow rhythm'],
        ticking: ['clicking', 'ticking', 'clicks'],
        clock: ['clock', 'metronome', 'watch'],
      }),
      parameters: {
        gap: isFast ? draws.uniform(0.1, 0.15) : draws.uniform(0.38, 0.5),
        frequency: draws.uniform(2200, 3600),
        level: draws.uniform(0.5, 0.7),
      },
    };
  },
  render(out, { gap = 0.3, frequency = 2800 }, { sampleRate, seconds }) {
    for (let index = 0, start = 0.03; start < seconds - 0.02; index++, start += gap) {
      const ratio = index % 2 === 0 ? 1 : 0.86;
      addModes(
        out,
        start,
        [
          [frequency * ratio, 1, 0.006],
          [frequency * ratio * 1.7, 0.6, 0.004],
          [frequency * ratio * 0.4, 0.5, 0.008],
        ],
        0.4,
        sampleRate,
      );
    }
  },
};

const pianoNote: SoundKind = {
  draw(draws) {
    const pitch = draws.integer(36, 86);
    const isLoud = draws.chance(0.5);
    return {
      caption: phrase(draws, ['piano note {name}, {loud}', 'a {loud} piano note, {name}', 'one {loud} note on a piano, {name}'], {
        name: noteName(pitch),
        loud: isLoud ? ['loud', 'forte'] : ['soft', 'quiet', 'piano'],
      }),
      parameters: {
        pitch,
        velocity: isLoud ? draws.integer(90, 118) : draws.integer(28, 52),
        held: draws.uniform(0.5, 1.6),
        level: isLoud ? draws.uniform(0.7, 0.85) : draws.uniform(0.35, 0.5),
      },
    };
  },
  render(out, { pitch = 60, velocity = 80, held = 1 }, { sampleRate, seconds, seed }) {
    const end = 0.03 + Math.min(held, seconds * 0.8);
    out.set(renderPiano([{ pitch, velocity, start: 0.03, end }], [], pianistA, { sampleRate, seconds, seed }));
  },
};

const pianoChord: SoundKind = {
  draw(draws) {
    const root = draws.integer(45, 62);
    const quality = draws.pick(['major', 'minor'] as const);
    const isBroken = draws.chance(0.4);
    return {
      caption: phrase(
        draws,
        isBroken
          ? ['{name} {quality} arpeggio on a piano', 'a piano plays a broken {name} {quality} chord']
          : ['{name} {quality} chord on a piano', 'a piano plays a {name} {quality} chord'],
        {
          name: noteName(root).replace(/ ?\d+$/, ''),
          quality,
        },
      ),
      parameters: {
        root,
        minor: quality === 'minor' ? 1 : 0,
        stagger: isBroken ? draws.uniform(0.12, 0.22) : 0.006,
        velocity: draws.integer(60, 95),
        level: draws.uniform(0.6, 0.85),
      },
    };
  },
  render(out, { root = 48, minor = 0, stagger = 0, velocity = 80 }, { sampleRate, seconds, seed, draws }) {
    const notes = composeChord(root, minor === 1).map((pitch, index) => ({
      pitch,
      velocity: Math.round(velocity + draws.uniform(-5, 5)),
      start: 0.03 + index * stagger,
      end: seconds * 0.75,
    }));
    out.set(renderPiano(notes, [], draws.chance(0.5) ? pianistA : pianistB, { sampleRate, seconds, seed }));
  },
};

export const struckKinds = { bell, knock, drum, clicks, 'piano-note': pianoNote, 'piano-chord': pianoChord } as const satisfies Record<
  string,
  SoundKind
>;
