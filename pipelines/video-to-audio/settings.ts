import { z } from 'zod';
import { PIECES_OF_SPLIT } from '../../datasets/synthetic/compose.ts';
import type { FeatureRole } from '../../models/encoders/describe.ts';
import { BUILT_IN, PUBLISHED } from './encoders.ts';
import { measureNames, SETS } from './evaluate/measured.ts';
import { givenWeights } from './given-weights.ts';
import { preferenceSettings } from './label/preferences.ts';
import { sourceSettings } from './source-settings.ts';

const count = z.int().min(0);
const positive = z.int().min(1);
const weight = z.number().min(0);

/** Sizes of the synthetic demo sets, in clips. */
const demoSets = z.strictObject({
  sounds: count.describe('captioned sounds'),
  mixtures: count.describe('mixtures of two training sounds each, with both captions; drawn as often as single sounds'),
  events: count.describe('videos with visible events that sound'),
  piano: count.max(PIECES_OF_SPLIT).describe('piano pieces; each is played by two pianists'),
  clipSeconds: z.number().min(0.5).max(30).describe('length of a sound or event clip'),
  pieceSeconds: z
    .tuple([z.number().min(1).max(30), z.number().min(1).max(30)])
    .refine(([least, most]) => least <= most, 'the shortest first')
    .describe('shortest and longest piano piece at its own tempo'),
});

const head = { heads: positive, headWidth: positive.multipleOf(2).describe('channels a head') };
const stream = z.strictObject({ width: positive, ...head });

const network = z.strictObject({
  depth: positive.multipleOf(2).describe('layers; the later half receives U-Net skips'),
  registers: positive,
  positions: positive.describe('longest clip in latent frames'),
  audio: z.strictObject(head).describe('its width is heads × headWidth'),
  video: stream,
  extra: stream.describe('the stream of the piano roll'),
});

const rollPredictor = z.strictObject({
  views: z
    .array(z.enum(['front', 'top', 'left', 'right', 'pedal']))
    .min(1)
    .describe('cameras that it sees, each scaled to height × width'),
  height: positive,
  width: positive.describe('pixels along the keyboard'),
  baseWidth: positive.describe('channels of the first layer; 64 in the paper'),
  keys: z.union([z.literal(51), z.literal(88)]).describe('51: keys 15 … 65; 88: all'),
  sustain: z.boolean().describe('whether it also says if the pedal is down'),
  loss: z.enum(['code', 'paper', 'audeo']).describe('code: squared error weighted by |m − 0.1|; paper: plain; audeo: cross-entropy'),
  steps: positive,
  batch: positive.describe('windows a step'),
  learningRate: z.number().positive(),
  validateEvery: positive,
});

/** The baseline, which turns predicted rolls into notes. */
const rollToMidi = z.strictObject({
  baseWidth: positive.multipleOf(4).describe('channels of the first layers; 64 in Audeo'),
  frames: positive.describe('of a window, 25 a second; 100 in Audeo'),
  clips: positive.describe('training clips, at most; what is seen of them has to be predicted first'),
  steps: positive,
  batch: positive.describe('windows a step'),
  learningRate: z.number().positive().describe('of generator and discriminator'),
  validateEvery: positive,
});

/** What all stages of the flow model share. */
const training = z.strictObject({
  frames: positive.describe('latent frames of a training crop (75 a second)'),
  warmUpSteps: count,
  clipNorm: z.number().positive().describe('global gradient norm'),
  weightDecay: z.number().min(0).describe('of the weights by themselves, times the learning rate (AdamW); 0: Adam'),
  emaDecay: z.number().min(0).lt(1),
  times: z.enum(['uniform', 'logit-normal']),
  dropText: weight.max(1).describe('probability that a caption is dropped, for guidance'),
  dropVideo: weight.max(1).describe('probability that a batch’s video is dropped'),
  accumulate: positive.describe('batches whose gradients make one step'),
  memory: z.enum(['normal', 'low']).describe('low: layers run again in the backward pass in place of being kept'),
  precision: z.enum(['f32', 'bf16']).describe('of matrix products; bf16 is for processors that have it, weights stay float32'),
  validateEvery: positive.describe('steps between measurements of the validation loss'),
  checkpointSteps: positive.describe('steps between checkpoints; never enters a key'),
  readAhead: count.max(16).describe('batches that a thread reads while steps are computed; 0: none; never enters a key'),
});

/** Rows of a batch from each set. */
const mix = z
  .strictObject({ sounds: count, events: count, piano: count })
  .refine((rows) => rows.sounds + rows.events + rows.piano > 0, 'at least one clip');
const stage = { steps: count.describe('0: the weights that it begins with, as they are'), learningRate: z.number().positive(), mix };

const sampling = z.strictObject({
  clips: z
    .strictObject({ sounds: count, events: count, piano: count })
    .describe('held-out clips of each set to generate; of long clips several stretches'),
  seconds: z.number().min(0.4).max(30).describe('at most as long as what was trained on, if the later part shall be good'),
  steps: positive.describe('Euler intervals'),
  guidance: z.number().min(0).describe('strength s of v = v_c + s (v_c − v_∅)'),
  sway: z.number().min(-1).max(1.75),
});

/** What becomes of the model at the end. */
const register = z.strictObject({
  name: z.string().regex(/^[\w.-]{1,100}$/, 'letters, digits and . _ -'),
  arm: z
    .enum(['base', 'continued', 'contrastive', 'factor', 'unguided', 'binary', 'velocity', 'preferred'])
    .describe('the model that is registered'),
  set: z.enum(SETS),
  measure: z.enum(measureNames).describe('what decides, on unseen clips of the set'),
  margin: z.number().min(0).describe('the lower end of the interval of the gain over the champion has to be above'),
  approval: z.boolean().describe('a person decides, in place of the rule'),
});

/** What needs no weights, a published one below `<home>/weights`, or a folder. */
function encoder(role: FeatureRole) {
  const names = [...Object.keys(BUILT_IN[role]), ...Object.keys(PUBLISHED[role])];
  const expected = `${names.join(', ')}, or the absolute path of a folder in the layout of Hugging Face`;
  return z
    .string()
    .refine((value) => names.includes(value) || value.startsWith('/'), expected)
    .describe(expected);
}

/** Everything a run of `video-to-audio` can be told. */
export const settingsSchema = z.strictObject({
  seed: z.int().min(0),
  data: demoSets,
  sources: sourceSettings,
  shards: positive.describe('buckets of clips; a clip stays in its bucket whatever else comes or goes'),
  maxFailures: count.describe('clips that may be quarantined before ingest fails'),
  encoders: z.strictObject({
    text: encoder('text'),
    image: encoder('image'),
    codec: encoder('codec'),
    tokens: positive.optional().describe('of a caption that a text network reads; default 77'),
    latents: z
      .enum(['f32', 'f16'])
      .optional()
      .describe('how latents are stored: f16 takes half the room and is rounded to 11 bits; default f32'),
  }),
  network,
  weights: givenWeights,
  rollPredictor,
  rollToMidi,
  training,
  textToAudio: z.strictObject(stage).describe('1.1: the audio stream from captions'),
  video: z.strictObject(stage).describe('1.2: the video stream and its maps, the audio stream frozen'),
  joint: z.strictObject(stage).describe('1.3: both streams; the base model'),
  contrastive: z
    .strictObject({ ...stage, weight, frames: positive, width: positive.describe('of the embeddings'), temperature: z.number().positive() })
    .describe('3a: Eq. 5 beside flow matching'),
  factor: z
    .strictObject({
      ...stage,
      weight,
      criticWidth: positive,
      criticRate: z.number().positive(),
      terms: z.enum(['equation-6', 'each-once', 'club-cond-maximise']),
    })
    .describe('3a: FactorCL in its place'),
  extra: z.strictObject(stage).describe('2.1: the roll stream on the clips’ own notes, the base frozen'),
  guided: z
    .strictObject({
      ...stage,
      rollWeight: weight.describe('of the roll loss; 10 in the paper'),
      rollLoss: z.enum(['code', 'paper']).describe('of the roll beside the flow: as rollPredictor.loss'),
    })
    .describe('2.2: all streams and the roll predictor'),
  preferences: z
    .strictObject({ ...stage, beta: z.number().positive(), weight, labels: preferenceSettings })
    .describe('3b: DPO on pairs of performances; a batch has the preferred clips of its pairs, then the rejected ones'),
  sampling,
  styleJudge: z
    .strictObject({ clips: positive.describe('performances of each split that it hears, at most: its time shall not grow with the data') })
    .describe('tells the two pianists apart'),
  register,
});
export type Settings = z.infer<typeof settingsSchema>;
/** What the features of clips depend on. */
export type FeatureSettings = Pick<Settings, 'seed' | 'data' | 'sources' | 'shards' | 'maxFailures' | 'encoders'> & {
  readonly rollPredictor: Pick<Settings['rollPredictor'], 'views' | 'height' | 'width'>;
};
export type StageSettings = Settings['textToAudio'];
export type TrainingSettings = Settings['training'];
