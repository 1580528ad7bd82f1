import { join } from 'node:path';
import type { Run } from '../../../engine/define/task.ts';
import { SostenutoError } from '../../../errors/problem.ts';
import { loadBackend } from '../../../models/backend/index.ts';
import { trainFlow } from '../../../models/training/flow/train-flow.ts';
import { clipDataset } from '../../../models/training/latents.ts';
import { readLatentClips } from '../features.ts';
import { flowSettings } from '../settings.ts';
import type { trainTextToAudio as declaration } from '../tasks.ts';

export const trainTextToAudio: Run<typeof declaration> = async ({ inputs, params, context }) => {
  const { seed, network, training, steps } = params;
  const clips = await readLatentClips(context, inputs, 'train');
  const heldOut = await readLatentClips(context, inputs, 'validation');
  const captioned = clips.find((clip) => clip.tokens > 0);
  if (captioned === undefined) {
    throw new SostenutoError({
      code: 'NO_TRAINING_DATA',
      what: 'There is nothing to train on',
      found: `${clips.length} clips of split "train", none with a caption`,
      expected: 'captioned clips',
    });
  }
  const shape = {
    batch: training.batch,
    frames: training.frames,
    channels: inputs.statistics.mean.length,
    textWidth: captioned.text.length / captioned.tokens,
    seed,
  };

  const backend = await loadBackend();
  const directory = join(context.workDirectory, 'model');
  const every = Number(context.operational.checkpointSteps ?? 100);
  await trainFlow({
    tf: backend.tf,
    settings: flowSettings(network, training, steps),
    stage: { train: ['audio'] },
    seed,
    dataset: clipDataset(clips, shape),
    statistics: { mean: Float32Array.from(inputs.statistics.mean), deviation: Float32Array.from(inputs.statistics.deviation) },
    ...(heldOut.length > 0 && {
      validation: { dataset: clipDataset(heldOut, { ...shape, fixedCrop: true }), everySteps: training.validateEvery },
    }),
    directory,
    checkpoints: context.checkpoints,
    cadence: { steps: every },
    signal: context.signal,
    progress: context.progress,
    metric: context.metric,
    warn: context.warn,
    environment: { backend: backend.name, version: backend.version, threads: String(backend.threads), ...backend.flags },
  });
  return { model: directory };
};
