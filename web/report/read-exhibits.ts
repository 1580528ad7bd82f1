import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import type { Artifact, StoredTree } from '../../engine/define/ports.ts';
import type { Store } from '../../engine/store/store.ts';
import type { Exhibit, ExhibitGroup, ExhibitItem, ExhibitRoll } from './model.ts';
import { slug } from './words.ts';

/** The file that makes a tree an exhibit. */
export const exhibitsFile = 'exhibits.json';

const item = z.object({
  title: z.string(),
  caption: z.string().exactOptional(),
  audio: z.string().exactOptional(),
  image: z.string().exactOptional(),
  video: z.string().exactOptional(),
  numbers: z.record(z.string(), z.number()).exactOptional(),
  rolls: z.array(z.object({ title: z.string(), roll: z.string(), against: z.string().exactOptional() })).exactOptional(),
});
const table = z.object({
  title: z.string(),
  columns: z.array(z.string()),
  rows: z.array(z.array(z.union([z.string(), z.number(), z.null()]))),
});
const schema = z.object({
  title: z.string(),
  note: z.string().exactOptional(),
  groups: z.array(z.object({ title: z.string(), items: z.array(item) })),
  tables: z.array(table).exactOptional(),
});

export interface ReadExhibit {
  readonly exhibit: Exhibit;
  /** Name below the report's `media/` → path in the store. */
  readonly media: ReadonlyMap<string, string>;
}

/** The exhibit in a tree of the store; undefined if it holds none. What cannot be shown is said in the exhibit itself. */
export async function readExhibit(store: Store, node: string, artifact: Artifact): Promise<ReadExhibit | undefined> {
  const tree = await store.openTree(artifact);
  const path = tree.files.get(exhibitsFile);
  if (path === undefined) return undefined;
  const parsed = schema.safeParse(parseJson(await readFile(path, 'utf8')));
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => `${issue.path.join('.') || exhibitsFile}: ${issue.message}`).join('; ');
    return { exhibit: { node, title: node, note: `${exhibitsFile} cannot be shown: ${problems}`, groups: [] }, media: new Map() };
  }
  const media = new Map<string, string>();
  const groups = parsed.data.groups.map(
    (group): ExhibitGroup => ({ title: group.title, items: group.items.map((one) => locate(one, node, tree, media)) }),
  );
  return { exhibit: { ...parsed.data, node, groups }, media };
}

/** Replaces names inside the tree by names inside the report; a file that the tree lacks becomes a word in the caption. */
function locate(found: z.infer<typeof item>, node: string, tree: StoredTree, media: Map<string, string>): ExhibitItem {
  const missing: string[] = [];
  const place = (name: string | undefined): string | undefined => {
    if (name === undefined) return undefined;
    const path = tree.files.get(name);
    if (path === undefined) {
      missing.push(`${name} is missing`);
      return undefined;
    }
    const placed = `${slug(node)}/${name}`;
    media.set(placed, path);
    return placed;
  };
  const [audio, image, video] = [place(found.audio), place(found.image), place(found.video)];
  const rolls = (found.rolls ?? []).flatMap(({ title, roll, against }): ExhibitRoll[] => {
    const [placed, other] = [place(roll), place(against)];
    return placed === undefined ? [] : [{ title, roll: placed, ...(other === undefined ? {} : { against: other }) }];
  });
  const caption = [found.caption, ...missing].filter((part) => part !== undefined).join(' · ');
  return {
    title: found.title,
    ...(caption === '' ? {} : { caption }),
    ...(audio === undefined ? {} : { audio }),
    ...(image === undefined ? {} : { image }),
    ...(video === undefined ? {} : { video }),
    ...(found.numbers === undefined ? {} : { numbers: found.numbers }),
    ...(rolls.length === 0 ? {} : { rolls }),
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
