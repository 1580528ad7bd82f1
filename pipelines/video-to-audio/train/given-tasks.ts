import { tree, type } from '../../../engine/define/ports.ts';
import { defineTask } from '../../../engine/define/task.ts';

const implementation = { url: new URL('./take-model.ts', import.meta.url).href, export: 'takeModel' };
const given = { inputs: {}, params: type<{ digest: string }>() };

/** A flow model that `sostenuto weights import` put into the store. */
export const takeModel = defineTask({ ...given, name: 'takeModel', outputs: { model: tree('flow-model') }, implementation });

/** A roll predictor from there. */
export const takePredictor = defineTask({
  ...given,
  name: 'takePredictor',
  outputs: { predictor: tree('roll-predictor') },
  implementation: { ...implementation, export: 'takePredictor' },
});
