import type { GateDecision, Mapped } from '../../../engine/define/pipeline.ts';
import { type Artifact, json, tree, type } from '../../../engine/define/ports.ts';
import { defineTask } from '../../../engine/define/task.ts';
import type { RollAveraging } from '../../../models/metrics/roll-metrics.ts';
import type { RollPredictorConfig } from '../../../models/network/roll-predictor/config.ts';
import type { Drawing, Measure } from '../../measure.ts';
import type { Registration } from '../../register/register.ts';
import type { Rule } from '../../register/rule.ts';
import type { Settings } from '../settings.ts';
import type { SetName, Shard } from '../tasks.ts';
import type { ClipScores, MeasureName } from './measured.ts';
import type { StyleJudge } from './style-judge.ts';

const code = (path: string, name: string) => ({ url: new URL(path, import.meta.url).href, export: name });

/** A stretch of a held-out clip that every arm is asked for. */
export interface ReferenceClip {
  /** `<source>`, or `<source>@<from>` for a later stretch of the same clip. */
  readonly id: string;
  /** Id of the clip in the shards, and the latent frame at which the stretch begins. */
  readonly source: string;
  readonly from: number;
  readonly set: SetName;
  readonly caption: string;
  /** Latent frames, 75 a second. */
  readonly frames: number;
  readonly seconds: number;
  readonly piece?: string;
  readonly pianist?: string;
}

/** What a version of the clips scored, and where its sounds and transcribed rolls lie. */
export interface Evaluation {
  readonly arm: string;
  readonly clips: readonly ClipScores[];
  /** Fréchet distance of codec latents to the originals', by set. */
  readonly frechet: Readonly<Partial<Record<SetName, { readonly distance: number; readonly warning?: string }>>>;
  /** `<folder>/<id>.wav` of a tree; an arm's tree may hold the roll that guided it, too. */
  readonly sounds: { readonly tree: Artifact; readonly folder: string };
  /** Shard `transcribed` [frames, 88] of the piano clips. */
  readonly transcribed: Artifact;
}

/**
 * Picks held-out clips and lays out what generated sounds are compared with: clips.json, original/ and reconstructed/<id>.wav, and the shards
 * `original` (latents), `truth` (velocities of the 88 keys, as they sound), `motion` (frame differences).
 */
export const prepareReferences = defineTask({
  name: 'prepareReferences',
  inputs: {
    shards: json<readonly Shard[]>(),
    media: json<readonly Mapped[]>(),
    latents: json<readonly Mapped[]>(),
    rolls: json<readonly Mapped[]>(),
    codec: tree('codec'),
  },
  outputs: { references: tree('references') },
  params: type<{ seconds: number; clips: Readonly<Record<SetName, number>>; seed: number }>(),
  queue: 'cpu',
  runs: 'process',
  implementation: code('./prepare-references.ts', 'prepareReferences'),
});

/** Learns from the training clips to tell two pianists apart by sound. */
export const trainStyleJudge = defineTask({
  name: 'trainStyleJudge',
  inputs: { shards: json<readonly Shard[]>(), media: json<readonly Mapped[]>(), latents: json<readonly Mapped[]>(), codec: tree('codec') },
  outputs: { style: json<StyleJudge>() },
  params: type<{ seconds: number; clips: number; pianists: { readonly preferred: string; readonly other: string } }>(),
  queue: 'cpu',
  runs: 'process',
  implementation: code('./train-style-judge.ts', 'trainStyleJudge'),
});

/** Judges the references as if they had been generated: the ceilings `original` and `reconstructed`, and as a floor the original of another clip. */
export const evaluateReferences = defineTask({
  name: 'evaluateReferences',
  inputs: { references: tree('references'), style: json<StyleJudge>() },
  outputs: { evaluations: json<readonly Evaluation[]>() },
  params: type<{ averaging: RollAveraging }>(),
  queue: 'cpu',
  runs: 'process',
  implementation: code('./evaluate-references.ts', 'evaluateReferences'),
});

/** Generates what the references ask for with one model and decodes it to sound. */
export const sampleStage = defineTask({
  name: 'sampleStage',
  inputs: {
    references: tree('references'),
    model: tree('flow-model'),
    codec: tree('codec'),
    shards: json<readonly Shard[]>(),
    latents: json<readonly Mapped[]>(),
    text: json<readonly Mapped[]>(),
    video: json<readonly Mapped[]>(),
    rolls: json<readonly Mapped[]>(),
    pictures: json<readonly Mapped[]>(),
  },
  outputs: { generated: tree('generated-clips') },
  /** `withoutText`: the model is told no caption. */
  params: type<{ seed: number; sampling: Omit<Settings['sampling'], 'clips' | 'seconds'>; withoutText?: true }>(),
  queue: 'cpu',
  runs: 'process',
  implementation: code('./sample-stage.ts', 'sampleStage'),
});

/** The baseline: rolls that are predicted, steadied and played by a synthesiser; piano alone. */
export const playRolls = defineTask({
  name: 'playRolls',
  inputs: {
    references: tree('references'),
    predictor: tree('roll-predictor'),
    corrector: tree('roll-to-midi'),
    codec: tree('codec'),
    shards: json<readonly Shard[]>(),
    latents: json<readonly Mapped[]>(),
    rolls: json<readonly Mapped[]>(),
    pictures: json<readonly Mapped[]>(),
  },
  outputs: { generated: tree('generated-clips') },
  params: type<{ seed: number }>(),
  queue: 'cpu',
  runs: 'process',
  implementation: code('./play-rolls.ts', 'playRolls'),
});

/** Judges what one arm generated; clips that it did not generate are left out. */
export const evaluateArm = defineTask({
  name: 'evaluateArm',
  inputs: { references: tree('references'), generated: tree('generated-clips'), style: json<StyleJudge>() },
  outputs: { measures: json<readonly Measure[]>(), evaluation: json<Evaluation>() },
  params: type<{ arm: string; averaging: RollAveraging } & Drawing>(),
  queue: 'cpu',
  runs: 'process',
  implementation: code('./evaluate-arm.ts', 'evaluateArm'),
});

/** Flow loss on held-out piano by what the roll tells of it. */
export interface RollUse {
  readonly 'its own notes': number;
  readonly 'its notes at one loudness': number;
  readonly 'another clip’s notes': number;
  readonly 'no notes': number;
}

/** What a guided model has learnt to take from the roll; nothing where there are not two held-out piano clips. */
export const measureRollUse = defineTask({
  name: 'measureRollUse',
  inputs: {
    model: tree('flow-model'),
    shards: json<readonly Shard[]>(),
    latents: json<readonly Mapped[]>(),
    text: json<readonly Mapped[]>(),
    video: json<readonly Mapped[]>(),
    rolls: json<readonly Mapped[]>(),
  },
  outputs: { use: json<RollUse | null>() },
  params: type<{ seed: number; frames: number; roll: Pick<RollPredictorConfig, 'keys' | 'target' | 'sustain'> }>(),
  queue: 'cpu',
  runs: 'process',
  implementation: code('./measure-roll-use.ts', 'measureRollUse'),
});

const evaluation = json<Evaluation>();

/** Sets the arms side by side: tables with intervals, what they show, and clips to hear. */
export const compareArms = defineTask({
  name: 'compareArms',
  inputs: {
    references: tree('references'),
    style: json<StyleJudge>(),
    limits: json<readonly Evaluation[]>(),
    /** Of the model `velocity`. */
    rollUse: json<RollUse | null>(),
    text: evaluation,
    base: evaluation,
    textless: evaluation,
    continued: evaluation,
    contrastive: evaluation,
    factor: evaluation,
    audeo: evaluation,
    unguided: evaluation,
    binary: evaluation,
    velocity: evaluation,
    preferred: evaluation,
  },
  outputs: { measures: json<readonly Measure[]>(), exhibits: tree('exhibits') },
  /** `shown`: clips of each set to hear. */
  params: type<{ seed: number; resamples: number; shown: number }>(),
  queue: 'cpu',
  runs: 'process',
  implementation: code('./compare-arms.ts', 'compareArms'),
});

const candidate = { references: tree('references'), model: tree('flow-model'), evaluation } as const;
const registering = type<{ name: string; set: SetName; measure: MeasureName } & Rule>();

/** Puts a model into the registry; it becomes the champion if the rule finds it better, clip by clip, than the present one. */
export const registerArm = defineTask({
  name: 'registerModel',
  inputs: candidate,
  outputs: { registration: json<Registration>() },
  params: registering,
  implementation: code('./register-arm.ts', 'registerArm'),
});

/** The same where a person has decided. */
export const approvedArm = defineTask({
  name: 'registerApprovedModel',
  inputs: { ...candidate, decision: json<GateDecision>() },
  outputs: { registration: json<Registration>() },
  params: registering,
  implementation: code('./register-arm.ts', 'approvedArm'),
});
