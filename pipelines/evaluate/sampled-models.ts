import type { Builder, Ref } from '../../engine/define/pipeline.ts';
import type { TreePort } from '../../engine/define/ports.ts';
import { SostenutoError } from '../../errors/problem.ts';
import { prepareReferences, sampleStage } from '../video-to-audio/evaluate/tasks.ts';
import { takeModel } from '../video-to-audio/train/given-tasks.ts';
import { wireFeatures, wireTestFeatures } from '../video-to-audio/wire-features.ts';
import type { Settings } from './settings.ts';

export interface Sampled {
  /** What was asked for, with its originals. */
  readonly references: Ref<TreePort<'references'>>;
  readonly systems: readonly (readonly [name: string, generated: Ref<TreePort<'generated-clips'>>])[];
}

/**
 * Samples models anew on a test set, by the nodes that `video-to-audio` samples its arms with: what that run has made already is found again.
 * Nothing without models. Throws `BAD_SETTING`.
 */
export function wireModels(builder: Builder, settings: Settings): Sampled | undefined {
  const { models, madeWith } = settings;
  const names = Object.entries(models);
  if (names.length === 0) return undefined;
  if (madeWith === undefined)
    throw new SostenutoError({
      code: 'BAD_SETTING',
      what: 'Nothing says how the models are sampled, and what encoders they were trained with.',
      where: 'madeWith',
      expected: 'settings:/<name>@<alias>, or the settings of video-to-audio that made them',
    });
  const { node } = builder;
  const { seed } = madeWith;
  const { clips, seconds, ...sampling } = { ...madeWith.sampling, ...settings.sampling };
  const { shards, media, codec, latents, text, video, rolls, pictures } = wireClips(named(builder), madeWith, settings.test ?? {});
  const { references } = node('held-out', prepareReferences, {
    inputs: { shards, media, latents, rolls, codec },
    params: { seconds, clips, seed },
  });
  const inputs = { references, codec, shards, latents, text, video, rolls, pictures };
  const systems = names.map(([name, digest]) => {
    const { model } = node(`${name}-model`, takeModel, { inputs: {}, params: { digest } });
    const { generated } = node(`${name}-samples`, sampleStage, { inputs: { ...inputs, model }, params: { seed, sampling } });
    return [name, generated] as const;
  });
  return { references, systems };
}

/** The names of the nodes that `video-to-audio` has, too, are taken here; they enter no key. */
const named = (builder: Builder): Builder => ({
  ...builder,
  node: (id, task, wiring, options) => builder.node(`test-${id}`, task, wiring, options),
  each: (id, task, over, wiring, options) => builder.each(`test-${id}`, task, over, wiring, options),
});

/** Features of the test set: of sets on disk, or of the synthetic ones that the models were made with. */
function wireClips(builder: Builder, madeWith: NonNullable<Settings['madeWith']>, test: NonNullable<Settings['test']>) {
  const sources = test.sources ?? madeWith.sources;
  if (sources !== undefined)
    return wireTestFeatures(
      builder,
      { ...madeWith, sources },
      { split: test.split ?? 'test', ...(test.window && { window: test.window }) },
    );
  if (test.window === undefined && test.split === undefined) return wireFeatures(builder, madeWith);
  throw new SostenutoError({
    code: 'BAD_SETTING',
    what: 'Synthetic clips have no time, and are trained on but for their test split.',
    where: 'test',
    expected: 'test.sources: sets on disk',
  });
}
