/** What a measure compares, and what it needs besides the sounds. */
export interface Measured {
  /** `clip`: a value for every clip; `set`: one for all of them together. */
  readonly of: 'clip' | 'set';
  readonly better: 'lower' | 'higher';
  readonly unit?: string;
  readonly note: string;
  readonly networks?: readonly NetworkName[];
  /** What the originals must bring along. */
  readonly truth?: 'notes' | 'film';
}
/** Networks whose weights are given by path; `codec` and `basic-pitch` come with the project. */
export const NETWORKS = ['vggish', 'cnn14', 'wav2clip', 'clip', 'passt', 'clap', 'codec', 'basic-pitch'] as const;
export type NetworkName = (typeof NETWORKS)[number];

const midi = { of: 'clip', better: 'higher', networks: ['basic-pitch'], truth: 'notes' } as const;
const roll = { of: 'clip', better: 'higher', truth: 'notes', note: 'the roll that guided the sound against the MIDI file' } as const;

/** Every measure, in the order in which it is shown. A variant carries its variant in its name. */
const measured = {
  'si-sdr-magnitude': {
    of: 'clip',
    better: 'higher',
    unit: 'dB',
    note: 'of STFT magnitudes (Hann 1024/256), at most 80; silence has none',
  },
  'si-sdr': {
    of: 'clip',
    better: 'higher',
    unit: 'dB',
    note: 'of the waveforms, at most 80: only for sounds in phase with their originals',
  },
  'log-mel-distance': { of: 'clip', better: 'lower', unit: 'nepers', note: 'mean absolute difference' },
  'kl-pann': { of: 'clip', better: 'lower', note: 'CNN14 classes, original ‖ generated', networks: ['cnn14'] },
  'clip-score-wav2clip': {
    of: 'clip',
    better: 'higher',
    note: '100 · cosine of Wav2CLIP and CLIP ViT-B/32, mean over frames',
    networks: ['wav2clip', 'clip'],
  },
  clap: { of: 'clip', better: 'higher', note: 'cosine of CLAP’s embeddings of sound and caption', networks: ['clap'] },
  'av-align': { of: 'clip', better: 'higher', note: 'onsets against peaks of optical flow', truth: 'film' },
  'av-align-frame-difference': { of: 'clip', better: 'higher', note: 'onsets against peaks of frame differences', truth: 'film' },
  'midi-precision-samples': { ...midi, note: 'Basic Pitch against MIDI by frames, mean over frames' },
  'midi-recall-samples': { ...midi, note: 'mean over frames' },
  'midi-f1-samples': { ...midi, note: 'mean over frames' },
  'midi-precision-weighted': { ...midi, note: 'mean over keys by their support' },
  'midi-recall-weighted': { ...midi, note: 'mean over keys by their support' },
  'midi-f1-weighted': { ...midi, note: 'mean over keys by their support' },
  'midi-precision-micro': { ...midi, note: 'all cells of a clip together' },
  'midi-recall-micro': { ...midi, note: 'all cells of a clip together' },
  'midi-f1-micro': { ...midi, note: 'all cells of a clip together' },
  'midi-accuracy': { ...midi, note: 'mean over frames of TP/(TP+FP+FN)' },
  'roll-precision-samples': roll,
  'roll-recall-samples': roll,
  'roll-f1-samples': roll,
  'roll-f1-micro': roll,
  'roll-accuracy': roll,
  'frechet-vggish': { of: 'set', better: 'lower', note: 'FAD: VGGish, all examples of 0.96 s pooled', networks: ['vggish'] },
  'frechet-pann': { of: 'set', better: 'lower', note: 'FD: CNN14 at 16 kHz, a row a clip', networks: ['cnn14'] },
  'frechet-passt': { of: 'set', better: 'lower', note: 'FD: PaSST', networks: ['passt'] },
  'frechet-codec-latent': { of: 'set', better: 'lower', note: 'latents of this project’s codec, a row a frame', networks: ['codec'] },
  'inception-score-pann': { of: 'set', better: 'higher', note: 'CNN14 classes, 10 parts in NumPy’s order 2020', networks: ['cnn14'] },
} as const satisfies Readonly<Record<string, Measured>>;

export type MeasureName = keyof typeof measured;
export const MEASURED: Readonly<Record<MeasureName, Measured>> = measured;
export const measureNames = Object.keys(measured) as MeasureName[];
export const measuresOf = (of: Measured['of']): MeasureName[] => measureNames.filter((name) => MEASURED[name].of === of);

/** A measure that a run does not give, with the reason and the way out. */
export interface NotComputed {
  readonly measure: MeasureName;
  readonly reason: string;
  readonly wayOut: string;
}
