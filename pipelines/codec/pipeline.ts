import { definePipeline } from '../../engine/define/pipeline.ts';
import { presets, settingsSchema } from './settings.ts';
import * as tasks from './tasks.ts';

/** The recipe of the shipped codec. */
export const codec = definePipeline({
  name: 'codec',
  description: 'Rendered sounds → a small codec of the Encodec architecture → its figures on unseen sounds',
  settings: settingsSchema,
  presets,
  build: ({ node }, { data, network, recipe }) => {
    const { unseen, ...training } = data;
    const { checkpointEvery, ...rest } = recipe;
    const { codec } = node(
      'codec',
      tasks.trainCodec,
      { inputs: {}, params: { data: training, network, recipe: rest } },
      { operational: { checkpointEvery } },
    );
    node('evaluation', tasks.evaluateCodec, { inputs: { codec }, params: { seed: recipe.seed, unseen } });
  },
});
