import { z } from 'zod';
import { settingsSchema as training } from '../video-to-audio/settings.ts';
import { sourceSettings } from '../video-to-audio/source-settings.ts';
import { REPORTED_TABLES } from './reported.ts';

const source = z.string().min(1).describe('a folder (an absolute path), or the digest of a tree in the store');
const weights = z.string().min(1).optional().describe('path of a safetensors file with the released names');

const protocol = z.strictObject({
  sampleRate: z.literal(24_000).describe('of the measures that no network makes, Hz'),
  mostSeconds: z.number().positive().describe('only so much of the beginning of a clip counts'),
  leastSeconds: z.number().positive().describe('shorter sounds are left out'),
  level: z.enum(['peak', 'none']).describe('peak: mean removed, peak 0.5, as the method prepares all sound'),
  film: z.strictObject({ framesPerSecond: z.number().positive(), side: z.int().min(32) }).describe('frames of AV-align, cut to a square'),
  clipFramesPerSecond: z.number().positive().describe('frames of a film that CLIP sees'),
  keys: z
    .strictObject({ first: z.int().min(0).max(87), last: z.int().min(0).max(87) })
    .refine(({ first, last }) => first <= last, 'first is above last')
    .describe('keys that MIDI scores look at; the paper’s evaluation takes 15 to 65'),
});
/** Everything that decides a figure besides the sounds; stands in the report as it is. */
export type Protocol = z.infer<typeof protocol>;

const moment = z.union([z.iso.datetime({ offset: true }), z.iso.date()], 'a time such as 2026-11-28T03:00:00Z, or a day');
/** What models are sampled for; by default the held-out clips of the sets that they were made with. */
const test = z.strictObject({
  sources: sourceSettings,
  split: z
    .enum(['test', 'all'])
    .optional()
    .describe('clips of the sources: those of their test split (default), or all of a set that was never trained on'),
  window: z
    .strictObject({ from: moment, to: moment })
    .refine(({ from, to }) => Date.parse(from) < Date.parse(to), 'from is not before to')
    .optional()
    .describe('only clips from this time on and before that: of the manifest, else of the file'),
});

const { seed, data, sources, shards, maxFailures, encoders, rollPredictor, sampling: sampler } = training.shape;
const { views, height, width } = rollPredictor.shape;
/** Of what made a model only what decides its features and sounds: settings of trainings may be of another version of this project. */
const madeWith = z.looseObject({
  seed,
  data,
  sources,
  shards,
  maxFailures,
  encoders,
  rollPredictor: z.looseObject({ views, height, width }),
  sampling: sampler,
});

const { clips, seconds, steps, guidance, sway } = sampler.shape;
const sampling = z.strictObject({
  clips: clips.exactOptional(),
  seconds: seconds.exactOptional(),
  steps: steps.exactOptional(),
  guidance: guidance.exactOptional(),
  sway: sway.exactOptional(),
});

/** Everything a run of `evaluate` can be told. */
export const settingsSchema = z.strictObject({
  references: source.optional().describe('the originals: sounds, with MIDI, films and captions of the same names where there are any'),
  systems: z.record(z.string().regex(/^[\w][\w .+-]*$/, 'letters, digits, spaces and . _ + -'), source).describe('what is judged, by name'),
  models: z
    .record(
      z.string().regex(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/, 'small letters, digits and single -'),
      z.string().regex(/^[0-9a-f]{64}$/, 'models:/<name>@<alias>, or its 64 digits'),
    )
    .describe('models that are sampled anew and judged like systems, by name'),
  madeWith: madeWith.optional().describe('settings of the run that made the models: settings:/<name>@<alias>'),
  test: test.optional().describe('what the models are sampled for, in place of references'),
  sampling: sampling.optional().describe('how they are sampled, where it is not as in madeWith.sampling'),
  baseline: z.string().optional().describe('the system that the others are compared with; the first by default'),
  ratings: z.string().min(1).optional().describe('CSV of a listening test: rater,item,system,question,score (1 … 5)'),
  networks: z.strictObject({
    vggish: weights.describe('path of a safetensors file with the released names, or of an ONNX file that sees log-mels [n, 96, 64]'),
    cnn14: weights,
    wav2clip: weights,
    passt: z.string().min(1).optional().describe('path of an ONNX file that makes an embedding of sound [1, samples] at 32 kHz'),
    clap: z
      .string()
      .min(1)
      .optional()
      .describe(
        'folder of CLAP, in the layout of Hugging Face; or path of an ONNX file that makes an embedding of sound [1, samples] at 48 kHz',
      ),
    clip: source.optional().describe('folder of CLIP ViT-B/32, in the layout of Hugging Face'),
  }),
  transcribe: z.boolean().describe('MIDI scores by Basic Pitch'),
  reported: z.array(z.enum(REPORTED_TABLES)).describe('tables of the paper to show beside'),
  protocol,
  seed: z.int().min(0),
  resamples: z.int().min(100).describe('draws of a bootstrap interval'),
  shown: z.int().min(0).describe('clips to hear in the report'),
});
export type Settings = z.infer<typeof settingsSchema>;

const method: Omit<Settings, 'references'> = {
  systems: {},
  models: {},
  networks: {},
  transcribe: true,
  reported: [...REPORTED_TABLES],
  protocol: {
    sampleRate: 24_000,
    mostSeconds: 10,
    leastSeconds: 0.1,
    level: 'peak',
    film: { framesPerSecond: 25, side: 128 },
    clipFramesPerSecond: 4,
    keys: { first: 0, last: 87 },
  },
  seed: 7,
  resamples: 1000,
  shown: 3,
};

/** `method`: the protocol of this project's method. `av-benchmark`: that of the tool of this name: eight seconds, level as it is. */
export const presets = {
  method,
  'av-benchmark': { ...method, protocol: { ...method.protocol, mostSeconds: 8, level: 'none' } },
} satisfies Record<string, Omit<Settings, 'references'>>;
