import { planBatches } from '../../../datasets/features/batches.ts';
import { KEYS } from '../../../datasets/midi/performance.ts';
import { SostenutoError } from '../../../errors/problem.ts';
import { uniform } from '../../../numeric/random.ts';
import { at } from '../../network/differentiable.ts';
import { featureFrames } from '../../network/frame-maps.ts';
import type { RollPredictorConfig } from '../../network/roll-predictor/config.ts';
import { toGreys } from '../../network/roll-predictor/greys.ts';
import { rollTargets } from '../../network/roll-predictor/targets.ts';
import { type FlowDataset, type FlowExamples, type LatentClip, picturesOf, readClip, type TrainingClip } from '../latents.ts';

export interface DatasetShape {
  /** Latent frames of a crop; shorter clips are padded and masked. */
  readonly frames: number;
  readonly channels: number;
  readonly textWidth: number;
  readonly videoWidth?: number;
  /** How notes become a roll; without it batches have none. */
  readonly roll?: Pick<RollPredictorConfig, 'keys' | 'target' | 'sustain'>;
  /** Pictures that batches carry for their piano rows. */
  readonly pictures?: Pick<RollPredictorConfig, 'views' | 'height' | 'width'>;
  readonly seed: number;
  /** Seen from the start of the clip instead of at random, for validation. */
  readonly fixedCrop?: boolean;
}

/** Rows of a batch that each set has. */
export type Mix = Readonly<Record<string, number>>;

/** The set whose rows come last, and have pictures. */
const PIANO = 'piano';

interface Place {
  readonly clip: TrainingClip;
  readonly from: number;
}

/** Three latents are one picture, so that crops begin with a picture. */
const LATENTS_A_PICTURE = 3;

/** One whose batches are made at once. */
export interface ReadDataset extends FlowDataset {
  batchAt(step: number): FlowExamples;
}

/** Batches of clips, of which the ones drawn are read; each set has its rows in every batch, its order anew every epoch, crops at random places, all from (seed, step). */
export function clipDataset(clips: readonly TrainingClip[], mix: Mix, shape: DatasetShape): ReadDataset {
  const groups = Object.entries(mix)
    .filter(([, rows]) => rows > 0)
    .sort(([a], [b]) => Number(a === PIANO) - Number(b === PIANO) || (a < b ? -1 : 1))
    .map(([set, rows]) => {
      const members = clips.filter((clip) => (clip.set ?? set) === set);
      if (members.length === 0) throw nothingOf(set, clips.length);
      const group = { shards: [members.length], rows: (_: number, clip: number) => at(members, clip).frames };
      return { set, rows, members, batches: planBatches([group], { seed: shape.seed, batch: rows, rows: shape.frames }) };
    });
  const places = (step: number): Place[] =>
    groups.flatMap(({ members, batches }) =>
      batches.at(step).map(({ clip, from }) => ({ clip: at(members, clip), from: shape.fixedCrop ? 0 : from })),
    );
  const batch = groups.reduce((sum, { rows }) => sum + rows, 0);
  return assembled(clips, places, shape, batch, groups.find(({ set }) => set === PIANO)?.rows ?? 0);
}

/** The preferred clips of `batch`/2 pairs, then the rejected ones, each pair cropped at the same part of its two performances. */
export function pairDataset(
  pairs: readonly { readonly preferred: TrainingClip; readonly rejected: TrainingClip }[],
  batch: number,
  shape: DatasetShape,
): ReadDataset {
  if (pairs.length === 0) throw nothingOf('preference pairs', 0);
  const half = batch / 2;
  const plan = planBatches([{ shards: [pairs.length], rows: () => 1 }], { seed: shape.seed, batch: half, rows: 1 });
  const clips = pairs.flatMap(({ preferred, rejected }) => [preferred, rejected]);
  const places = (step: number): Place[] => {
    const draws = uniform({ seed: shape.seed, purpose: 'pair crop', step }, half);
    const chosen = plan.at(step).map(({ clip }) => at(pairs, clip));
    const of = (role: 'preferred' | 'rejected') =>
      chosen.map((pair, i) => ({ clip: pair[role], from: Math.floor((draws[i] ?? 0) * Math.max(0, pair[role].frames - shape.frames)) }));
    return [...of('preferred'), ...of('rejected')];
  };
  return assembled(clips, places, shape, batch, batch);
}

function assembled(
  clips: readonly TrainingClip[],
  places: (step: number) => Place[],
  shape: DatasetShape,
  batch: number,
  pianoRows: number,
): ReadDataset {
  const { frames, channels, textWidth, videoWidth, roll, pictures } = shape;
  const textTokens = Math.max(1, ...clips.map((clip) => clip.tokens));
  const pads = clips.some((clip) => clip.frames < frames);
  const columns = roll ? roll.keys + (roll.sustain ? 1 : 0) : 0;
  const batchAt = (step: number): FlowExamples => {
    const latents = new Float32Array(batch * frames * channels);
    const text = new Float32Array(batch * textTokens * textWidth);
    const textMask = new Float32Array(batch * textTokens);
    const mask = new Float32Array(batch * frames);
    const video = new Float32Array(videoWidth === undefined ? 0 : batch * frames * videoWidth);
    const rolls = new Float32Array(batch * frames * columns);
    const count = picturesOf(frames);
    const area = (pictures?.height ?? 0) * (pictures?.width ?? 0);
    const seen = Object.fromEntries((pictures?.views ?? []).map((view) => [view, new Float32Array(pianoRows * count * area)]));
    const drawn = places(step).map(({ clip, from }) => ({ clip: readClip(clip), from }));
    drawn.forEach(({ clip, from: anywhere }, i) => {
      const from = anywhere - (anywhere % LATENTS_A_PICTURE);
      const used = Math.min(frames, clip.frames - from);
      latents.set(clip.latents.subarray(from * channels, (from + used) * channels), i * frames * channels);
      mask.fill(1, i * frames, i * frames + used);
      text.set(clip.text.subarray(0, clip.tokens * textWidth), i * textTokens * textWidth);
      textMask.fill(1, i * textTokens, i * textTokens + clip.tokens);
      if (videoWidth !== undefined && clip.video) {
        const picture = featureFrames(clip.video.count, clip.video.seconds, clip.frames);
        for (let k = 0; k < used; k++) {
          const frame = picture[from + k] ?? -1;
          if (frame < 0) continue;
          video.set(clip.video.features.subarray(frame * videoWidth, (frame + 1) * videoWidth), (i * frames + k) * videoWidth);
        }
      }
      if (roll && clip.notes) rolls.set(rollOf(clip.notes, roll, from, used), i * frames * columns);
      const row = i - (batch - pianoRows);
      for (const [view, out] of row < 0 ? [] : Object.entries(seen)) {
        const own = clip.pictures?.[view];
        if (!own) throw new RangeError(`clip ${clip.id} has no view ${view}`);
        const last = own.length / area - 1;
        for (let k = 0; k < count; k++) {
          const picked = Math.min(last, from / LATENTS_A_PICTURE + k) * area;
          const to = (row * count + k) * area;
          toGreys(own.subarray(picked, picked + area), out.subarray(to, to + area));
        }
      }
    });
    return {
      latents,
      text,
      textMask,
      ...(pads && { mask }),
      ...(videoWidth !== undefined && { video, hasVideo: drawn.map(({ clip }) => clip.video !== undefined) }),
      ...(roll && { roll: rolls }),
      ...(pictures && { pictures: seen }),
    };
  };
  return { batch, frames, channels, textTokens, textWidth, pianoRows, batchAt };
}

/** Rows [from, from + frames) of a clip's roll, [frames, columns]. */
function rollOf(
  { velocities, pedal }: NonNullable<LatentClip['notes']>,
  roll: Pick<RollPredictorConfig, 'keys' | 'target' | 'sustain'>,
  from: number,
  frames: number,
): Float32Array {
  const keys = rollTargets(roll, velocities.subarray(from * KEYS, (from + frames) * KEYS));
  if (!roll.sustain) return keys;
  const columns = roll.keys + 1;
  const out = new Float32Array(frames * columns);
  for (let frame = 0; frame < frames; frame++) {
    out.set(keys.subarray(frame * roll.keys, (frame + 1) * roll.keys), frame * columns);
    out[frame * columns + roll.keys] = pedal[from + frame] ?? 0;
  }
  return out;
}

const nothingOf = (set: string, clips: number) =>
  new SostenutoError({
    code: 'NO_TRAINING_DATA',
    what: `There is nothing to train on: no clip of ${set}`,
    found: `${clips} clips in all`,
    expected: 'at least one; or a mix without this set',
  });
