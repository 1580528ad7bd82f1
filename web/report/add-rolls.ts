import type { Media } from './add-spectrograms.ts';
import type { Exhibited, ExhibitGroup, ExhibitRoll } from './model.ts';
import { drawRoll, keyRange, type Roll, readRoll, tellRoll } from './piano-roll.ts';

/** Draws every piano roll. Those of one group show the same keys, so they can be compared by eye. */
export async function addRolls<Model extends Exhibited>(model: Model, media: Media): Promise<Model> {
  const exhibits = [];
  for (const exhibit of model.exhibits) {
    const groups: ExhibitGroup[] = [];
    for (const group of exhibit.groups) groups.push(await drawGroup(group, media));
    exhibits.push({ ...exhibit, groups });
  }
  return { ...model, exhibits };
}

async function drawGroup(group: ExhibitGroup, media: Media): Promise<ExhibitGroup> {
  const names = group.items.flatMap(({ rolls = [] }) =>
    rolls.flatMap(({ roll, against }) => [roll, ...(against === undefined ? [] : [against])]),
  );
  const read = new Map<string, Roll>();
  for (const name of new Set(names)) {
    const roll = await readIfPossible(name, media);
    if (roll !== undefined) read.set(name, roll);
  }
  const range = keyRange([...read.values()]);
  const draw = async (one: ExhibitRoll): Promise<ExhibitRoll> => {
    const roll = read.get(one.roll);
    if (roll === undefined) return one;
    const against = read.get(one.against ?? '');
    const image = `${one.roll}.png`;
    await media.write(image, drawRoll(roll, range, against));
    return { ...one, picture: { image, told: tellRoll(roll, against) } };
  };
  const items = [];
  for (const item of group.items) items.push(item.rolls === undefined ? item : { ...item, rolls: await Promise.all(item.rolls.map(draw)) });
  return { ...group, items };
}

/** undefined for a missing file or one that holds no roll: the report says so in its place, and goes on. */
async function readIfPossible(name: string, media: Media): Promise<Roll | undefined> {
  try {
    return readRoll(await media.read(name));
  } catch {
    return undefined;
  }
}
