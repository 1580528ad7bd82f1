import { z } from 'zod';
import type { Builder } from '../../engine/define/pipeline.ts';
import { takeModel, takePredictor } from './train/given-tasks.ts';

/** Nodes that can be given weights: a stage begins with them in place of the stage before, a roll predictor is taken as it is. */
const GIVEN = [
  'text-to-audio',
  'video',
  'joint',
  'continued',
  'contrastive',
  'factor',
  'extra-velocity',
  'roll-predictor-velocity',
  'velocity',
  'extra-binary',
  'roll-predictor-binary',
  'binary',
  'unguided',
  'preferred',
] as const;
export type GivenNode = (typeof GIVEN)[number];

const digest = z
  .string()
  .regex(/^[0-9a-f]{64}$/, 'the 64 digits that `sostenuto weights import` prints')
  .optional();

/** Nodes that only lead to another one: with that one's weights given, theirs would be taken by nobody. */
const ONLY_LEADS_TO: Partial<Record<GivenNode, GivenNode>> = {
  video: 'joint',
  'extra-velocity': 'velocity',
  'roll-predictor-velocity': 'velocity',
  'extra-binary': 'binary',
};

/** Digests of models in the store, by the node that they are for. */
export const givenWeights = z
  .strictObject(Object.fromEntries(GIVEN.map((node) => [node, digest])) as Record<GivenNode, typeof digest>)
  .superRefine((given, context) => {
    for (const [node, next] of Object.entries(ONLY_LEADS_TO))
      if (given[node as GivenNode] !== undefined && given[next] !== undefined)
        context.addIssue({
          code: 'custom',
          path: [node],
          message: `no weights: ${node} only leads to ${next}, whose weights are given too; leave out one of them`,
        });
  })
  .optional()
  .describe('models to start from; `sostenuto weights import` brings them');

type Predictor = Extract<GivenNode, `roll-predictor-${string}`>;

/** Nodes that take what is given out of the store; nothing where nothing is given. */
export const takeGiven = ({ node }: Builder, digests: z.infer<typeof givenWeights>) => {
  const wiringOf = (id: GivenNode) => {
    const digest = digests?.[id];
    return digest === undefined ? undefined : { inputs: {}, params: { digest } };
  };
  return {
    model(id: Exclude<GivenNode, Predictor>) {
      const wiring = wiringOf(id);
      return wiring && node(`${id}-weights`, takeModel, wiring).model;
    },
    predictor(id: Predictor) {
      const wiring = wiringOf(id);
      return wiring && node(`${id}-weights`, takePredictor, wiring).predictor;
    },
  };
};
