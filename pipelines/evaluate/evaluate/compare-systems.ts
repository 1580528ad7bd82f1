import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readRatings } from '../../../datasets/sources/ratings.ts';
import type { Run } from '../../../engine/define/task.ts';
import { type OpinionScore, opinionScores } from '../../../models/metrics/opinion-scores.ts';
import type { Drawing, Measure } from '../../measure.ts';
import { MEASURED, measuresOf } from '../measured.ts';
import type * as declarations from '../tasks.ts';
import type { Judged, LeftOut } from '../tasks.ts';
import { readOriginals } from './hear.ts';
import { openHeard } from './heard-files.ts';
import { showSounds } from './show-sounds.ts';
import * as tables from './tables.ts';

type Arguments = Parameters<Run<typeof declarations.compareSystems>>[0];

export const compareSystems: Run<typeof declarations.compareSystems> = (run) => compare(run, [], []);

export const compareRatedSystems: Run<typeof declarations.compareRatedSystems> = async (run) => {
  const { ratings, problems } = readRatings(await readFile(run.inputs.ratings.path, 'utf8'), 'ratings');
  const leftOut = problems.map(({ what, where = '', found = '' }) => ({ id: where, reason: `${what}: ${found}` }));
  return compare(run, opinionScores(ratings), leftOut);
};

async function compare({ inputs, params, context }: Arguments, opinions: readonly OpinionScore[], leftOut: readonly LeftOut[]) {
  const { protocol, seed, resamples, shown, reported, baseline } = params;
  const drawing = { seed, resamples };
  const systems = await Promise.all(inputs.judged.map(({ artifact }) => context.readJson<Judged>(artifact)));
  const heard = await Promise.all(inputs.heard.map(({ artifact }) => context.openTree(artifact)));
  const originals = await readOriginals(inputs.originals);
  const compared = systems.find(({ system }) => system === baseline) ?? systems[0];
  const versions = await Promise.all([inputs.reference, ...heard].map(async (tree) => ({ tree, ...(await openHeard(tree)) })));
  const reports = versions.slice(1).map((version) => version.heard);

  const exhibits = join(context.workDirectory, 'exhibits');
  await mkdir(exhibits);
  const groups = await showSounds(exhibits, originals.clips.slice(0, shown), inputs.originals, versions, systems, protocol.sampleRate);
  const all = [
    ...tables.figureTables(systems, drawing),
    ...(compared ? tables.differenceTable(systems, compared, drawing) : []),
    ...tables.opinionTable(opinions),
    ...tables.reportedTables(systems, reported, opinions),
    ...tables.lackTables(systems, reports, originals),
    tables.protocolTable(protocol, drawing),
    ...tables.networkTable(inputs.networks),
    tables.legend(systems),
  ];
  const note = `${originals.clips.length} originals. Every sound is as long as its original and prepared alike; rows marked "reported" are the paper’s own figures, on its own clips.`;
  await writeFile(join(exhibits, 'exhibits.json'), JSON.stringify({ title: 'Systems side by side', note, groups, tables: all }));
  const unusable = reports.flatMap(({ system, leftOut }) => leftOut.map(({ id, reason }) => ({ id: `${system}: ${id}`, reason })));
  return {
    measures: systems.flatMap((system) => measuresOfSystem(system, drawing)),
    exhibits,
    quarantined: [...originals.leftOut, ...unusable, ...leftOut],
  };
}

/** Means of clips, then figures of sets. */
function measuresOfSystem(judged: Judged, drawing: Drawing): Measure[] {
  const { system, set } = judged;
  const described = (name: keyof typeof MEASURED) => {
    const { better, unit } = MEASURED[name];
    return { name: `${system}: ${name}`, better, ...(unit !== undefined && { unit }) };
  };
  return [
    ...measuresOf('clip').flatMap((name): Measure[] => {
      const found = tables.intervalOf(judged, name, drawing);
      if (found === undefined) return [];
      const { mean, low, high, count } = found;
      return [{ ...described(name), value: mean, interval: { low, high }, note: `${MEASURED[name].note}; ${count} clips` }];
    }),
    ...measuresOf('set').flatMap((name): Measure[] => {
      const figure = set[name];
      return figure === undefined ? [] : [{ ...described(name), value: figure.value, note: figure.warning ?? `${figure.rows} rows` }];
    }),
  ];
}
