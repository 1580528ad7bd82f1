/** How an instrument sounds: parameters of the string model in `piano.ts`. */
export interface Timbre {
  /** Hertz at which partials of a note struck at full force have fallen by a factor e. */
  readonly brightness: number;
  /** How much of the brightness a soft stroke keeps, 0 … 1. */
  readonly softBrightness: number;
  /** Amplitude of partial n before the other factors: n^-tilt. */
  readonly tilt: number;
  /** Where the hammer strikes, as a part of the string; partials with a node there are silent. */
  readonly strikePosition: number;
  /** Stretch of the partials, times that of a usual grand piano. */
  readonly inharmonicity: number;
  /** Distance of the two strings of a note, in cents. */
  readonly detuneCents: number;
  /** Length of the decay, times that of a usual grand piano. */
  readonly sustain: number;
  /** Seconds in which the damper takes a middle note down by a factor e. */
  readonly damping: number;
  readonly hammerNoise: number;
  /** Resonances of the case: [hertz, gain in dB, width in octaves]. */
  readonly body: readonly (readonly [number, number, number])[];
  readonly gain: number;
}
/** How a person plays: see `perform.ts`. */
export interface Style {
  /** Velocity of an unaccented note, and how far the phrase, the metre and the melody lift it. */
  readonly velocity: number;
  readonly phraseVelocity: number;
  readonly accentVelocity: number;
  readonly melodyVelocity: number;
  readonly randomVelocity: number;
  /** Part by which the tempo moves within a phrase, and slows down at the end. */
  readonly rubato: number;
  readonly ritardando: number;
  /** Seconds: the melody before its chord, notes of a chord one after the other, and chance. */
  readonly melodyLead: number;
  readonly arpeggio: number;
  readonly jitter: number;
  /** Sounding part of the written length. */
  readonly articulation: number;
  /** `legato`: changed with each harmony; `ending`: only under the last chord. */
  readonly pedal: 'legato' | 'ending';
}
export interface Pianist {
  readonly id: 'a' | 'b';
  readonly name: string;
  readonly timbre: Timbre;
  readonly style: Style;
}

/** Bright instrument; expressive: rubato, crescendo, melody in front, legato pedal. */
export const pianistA: Pianist = {
  id: 'a',
  name: 'expressive pianist on a bright grand',
  timbre: {
    brightness: 3400,
    softBrightness: 0.3,
    tilt: 0.55,
    strikePosition: 1 / 8.3,
    inharmonicity: 1,
    detuneCents: 0.9,
    sustain: 1.25,
    damping: 0.07,
    hammerNoise: 0.05,
    body: [
      [220, 2, 0.8],
      [1900, 4, 1],
    ],
    gain: 0.115,
  },
  style: {
    velocity: 66,
    phraseVelocity: 24,
    accentVelocity: 9,
    melodyVelocity: 18,
    randomVelocity: 3,
    rubato: 0.12,
    ritardando: 0.25,
    melodyLead: 0.022,
    arpeggio: 0.012,
    jitter: 0.006,
    articulation: 0.97,
    pedal: 'legato',
  },
};

/** Dull felted upright; plain: straight time, staccato, even and soft, hardly any pedal. */
export const pianistB: Pianist = {
  id: 'b',
  name: 'plain pianist on a felted upright',
  timbre: {
    brightness: 900,
    softBrightness: 0.7,
    tilt: 0.95,
    strikePosition: 1 / 7,
    inharmonicity: 2.6,
    detuneCents: 2.6,
    sustain: 0.6,
    damping: 0.045,
    hammerNoise: 0.09,
    body: [
      [160, 4, 0.7],
      [520, 3, 0.6],
      [2500, -6, 1.2],
    ],
    gain: 0.38,
  },
  style: {
    velocity: 58,
    phraseVelocity: 3,
    accentVelocity: 2,
    melodyVelocity: 3,
    randomVelocity: 2,
    rubato: 0,
    ritardando: 0,
    melodyLead: 0,
    arpeggio: 0,
    jitter: 0.002,
    articulation: 0.45,
    pedal: 'ending',
  },
};

export const pianists: Readonly<Record<'a' | 'b', Pianist>> = { a: pianistA, b: pianistB };

/** An instrument between both, and neither: what notes are heard on that nobody has recorded. */
export const plainGrand: Timbre = {
  brightness: 1800,
  softBrightness: 0.5,
  tilt: 0.75,
  strikePosition: 1 / 7.6,
  inharmonicity: 1.6,
  detuneCents: 1.6,
  sustain: 0.9,
  damping: 0.057,
  hammerNoise: 0.07,
  body: [
    [190, 3, 0.75],
    [1000, 3, 0.8],
  ],
  gain: 0.2,
};
