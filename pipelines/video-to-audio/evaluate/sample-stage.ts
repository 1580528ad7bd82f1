import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createShard } from '../../../datasets/features/sequence-shard.ts';
import { writeWav } from '../../../datasets/media/wav.ts';
import type { Run, TaskContext } from '../../../engine/define/task.ts';
import { loadBackend, type Tf } from '../../../models/backend/index.ts';
import { openCodec } from '../../../models/encoders/open.ts';
import { at } from '../../../models/network/differentiable.ts';
import { featureFrames } from '../../../models/network/frame-maps.ts';
import { firstKey } from '../../../models/network/roll-predictor/targets.ts';
import { predictRolls } from '../../../models/sampling/predict-rolls.ts';
import { sampleClips } from '../../../models/sampling/sample-clips.ts';
import { type FlowModel, readFlowModel } from '../../../models/training/flow/model-files.ts';
import { ROLL_PREDICTOR } from '../../../models/training/flow/roll-term.ts';
import { folderOf } from '../../stored-folder.ts';
import { readFeature } from '../features.ts';
import { type FilmedClips, filmedFiles, openFilmedClips } from '../filmed-clips.ts';
import { LATENT_RATE, PICTURE_RATE, SAMPLE_RATE } from '../rates.ts';
import type { Clip } from '../tasks.ts';
import { decodeLatents } from './decode-latents.ts';
import { referenceClips } from './references.ts';
import { writeGuide } from './roll-file.ts';
import type { sampleStage as declaration } from './tasks.ts';

/**
 * Generates the references' stretches from caption, video and, where the model has a roll predictor, the roll that it sees:
 * `generated/<id>.wav`, shard `generated` (latents), and for piano the shard `guide` with `guide-kind.json`.
 */
export const sampleStage: Run<typeof declaration> = async ({ inputs, params, context }) => {
  const { sampling, seed, withoutText = false } = params;
  const clips = await referenceClips(inputs.references);
  const { tf } = await loadBackend();
  const folder = await folderOf(context, inputs.model, 'model');
  const model = await readFlowModel(folder);
  const sources = inputs.shards.flatMap((shard) => shard.clips).filter(({ id }) => clips.some(({ source }) => source === id));
  const text = await readFeature(context, inputs.text, 'text', withoutText ? [] : sources);
  const video = await readFeature(context, inputs.video, 'video', sources);
  const rolls = model.config.rollPredictor ? await guides(tf, model, inputs, context, sources) : new Map<string, Float32Array>();
  const width = model.network.video?.inputWidth ?? 0;
  const keys = model.network.extra?.keys ?? 0;
  const requests = clips.map(({ source, from, frames }) => {
    const [caption, seen, roll] = [text.get(source), video.get(source), rolls.get(source)];
    return {
      text: caption?.values ?? new Float32Array(0),
      tokens: caption?.rows ?? 0,
      ...(seen && width > 0 && { video: stretchOfVideo(seen, width, from, frames) }),
      ...(roll && { roll: padded(roll.subarray(from * keys, (from + frames) * keys), frames * keys) }),
    };
  });
  const generated = await sampleClips(tf, folder, {
    clips: requests,
    frames: clips[0]?.frames ?? 1,
    steps: sampling.steps,
    guidance: { strength: sampling.guidance, convention: 'added' },
    sway: sampling.sway,
    seed,
    signal: context.signal,
    progress: (step, of) => context.progress({ step, of }),
  });

  const codec = await openCodec(tf, await folderOf(context, inputs.codec, 'codec'));
  const directory = join(context.workDirectory, 'out');
  await mkdir(join(directory, 'generated'), { recursive: true });
  const latents = createShard(directory, {
    name: 'generated',
    scalar: 'f32',
    rowsPerSecond: LATENT_RATE,
    shape: [codec.config.hidden_size],
  });
  for (const [index, { id, frames }] of clips.entries()) {
    const made = at(generated, index);
    latents.append(id, made);
    const wave = await decodeLatents(codec, made, frames * (SAMPLE_RATE / LATENT_RATE));
    await writeFile(join(directory, 'generated', `${id}.wav`), writeWav(wave, SAMPLE_RATE));
  }
  latents.close();
  await codec.dispose();
  const { rollPredictor } = model.config;
  if (rollPredictor) {
    const kind = { keys: rollPredictor.keys, firstKey: firstKey(rollPredictor), kind: rollPredictor.target };
    const guided = clips.flatMap(({ id }, i) => (requests[i]?.roll ? [[id, requests[i].roll] as const] : []));
    await writeGuide(directory, kind, keys, guided);
  }
  return { generated: directory };
};

/** Rolls [frames, keys] of whole clips as the model's own predictor sees them. */
async function guides(
  tf: Tf,
  { config, weights }: FlowModel & Awaited<ReturnType<typeof readFlowModel>>,
  inputs: FilmedClips,
  context: TaskContext,
  sources: readonly Clip[],
): Promise<Map<string, Float32Array>> {
  if (!config.rollPredictor) return new Map();
  const own = new Map(
    [...weights].flatMap(([name, w]) => (name.startsWith(ROLL_PREDICTOR) ? [[name.slice(ROLL_PREDICTOR.length), w]] : [])),
  );
  const files = await filmedFiles(context, inputs, 'test', config.rollPredictor.views);
  const filmed = openFilmedClips(files).filter(({ id }) => sources.some((clip) => clip.id === id));
  const seen = filmed.map((clip) => ({ ...clip, latents: clip.frames * (LATENT_RATE / PICTURE_RATE) }));
  const rolls = predictRolls(tf, config.rollPredictor, own, seen);
  return new Map(filmed.map(({ id }, i) => [id, at(rolls, i)]));
}

/** Features of a stretch at the rate of the latents, by the map of the whole clip. */
function stretchOfVideo(
  { rows, values }: { rows: number; values: Float32Array },
  width: number,
  from: number,
  frames: number,
): Float32Array {
  const map = featureFrames(rows, rows / PICTURE_RATE, from + frames).subarray(from);
  const out = new Float32Array(frames * width);
  map.forEach((picture, i) => {
    if (picture >= 0) out.set(values.subarray(picture * width, (picture + 1) * width), i * width);
  });
  return out;
}

function padded(values: Float32Array, length: number): Float32Array {
  const out = new Float32Array(length);
  out.set(values);
  return out;
}
