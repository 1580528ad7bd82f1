import { z } from 'zod';
import { sourceKinds } from '../../datasets/sources/read-source.ts';

const source = z.strictObject({
  kind: z.enum(sourceKinds),
  root: z.string().regex(/^\//, 'an absolute path').describe('folder of the set, as the workers see it'),
  clipSeconds: z.number().min(0.5).max(120).optional().describe('cuts longer clips into pieces of this length'),
  licence: z.string().min(1).max(120).optional().describe('of the set, for the report; by default the first line of its licence file'),
});

/** Sets on disk that a run is made from, in place of the synthetic ones. */
export const sourceSettings = z.array(source).min(1).optional().describe('sets on disk, in place of the synthetic ones: docs/data.md');
export type SourceSetting = z.infer<typeof source>;
