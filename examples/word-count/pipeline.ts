/** Counts the words of a folder of text files, each file by itself, and ranks the most frequent words of all. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { type Artifact, definePipeline, defineTask, json, type Mapped, type } from 'sostenuto';
import { z } from 'zod';

type Text = { id: string; content: Artifact };
type Ranking = [word: string, count: number][];

export const importTexts = defineTask({
  name: 'importTexts', module: import.meta.url, inputs: {}, outputs: { texts: json<readonly Text[]>() }, params: type<{ folder: string; files: Record<string, string> }>(),
  run: async ({ params: { folder, files }, context }) =>
    ({ texts: await Promise.all(Object.keys(files).map(async (id) => ({ id, content: await context.putFile(`${folder}/${id}`) }))) }),
});
export const countWords = defineTask({
  name: 'countWords', module: import.meta.url, inputs: {}, outputs: { counts: json<Ranking>() }, item: type<Text>(),
  run: async ({ item, context }) => {
    const text = readFileSync((await context.openFile(item.content)).path, 'utf8').toLowerCase();
    return { counts: ranked((text.match(/\p{L}+/gu) ?? []).map((word) => [word, 1])) };
  },
});
export const rankWords = defineTask({
  name: 'rankWords', module: import.meta.url, inputs: { counts: json<readonly Mapped[]>() }, outputs: { ranking: json<Ranking>() }, params: type<{ top: number }>(),
  run: async ({ inputs, params, context }) =>
    ({ ranking: ranked((await Promise.all(inputs.counts.map(({ artifact }) => context.readJson<Ranking>(artifact)))).flat()).slice(0, params.top) }),
});
function ranked(counted: Ranking): Ranking {
  const sums = new Map<string, number>();
  for (const [word, count] of counted) sums.set(word, (sums.get(word) ?? 0) + count);
  return [...sums].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
}
/** A task's key doesn't see files that it reads by itself, so their digests go into its params. */
const digests = (folder: string) => Object.fromEntries(readdirSync(folder).sort().map((id) => [id, createHash('sha256').update(readFileSync(`${folder}/${id}`)).digest('hex')]));

export const wordCount = definePipeline({
  name: 'word-count', description: 'The most frequent words of some texts', settings: z.strictObject({ folder: z.string(), top: z.int().min(1) }),
  presets: { example: { folder: new URL('texts', import.meta.url).pathname, top: 5 } },
  build: ({ node, each }, { folder, top }) => {
    const { texts } = node('texts', importTexts, { inputs: {}, params: { folder, files: digests(folder) } });
    const { counts } = each('counts', countWords, texts, { inputs: {}, params: {} });
    node('ranking', rankWords, { inputs: { counts }, params: { top } });
  },
});
