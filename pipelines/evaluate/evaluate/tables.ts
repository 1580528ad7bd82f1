import type { OpinionScore } from '../../../models/metrics/opinion-scores.ts';
import { bootstrapMean, type Interval } from '../../../numeric/bootstrap.ts';
import { meanOf } from '../../../numeric/statistics.ts';
import type { Drawing } from '../../measure.ts';
import { type Table, told } from '../../video-to-audio/evaluate/ablation.ts';
import { MEASURED, type Measured, type MeasureName, measureNames, measuresOf } from '../measured.ts';
import { REPORTED, type ReportedTableId } from '../reported.ts';
import type { Protocol } from '../settings.ts';
import type { Heard, Judged, NetworkIdentity, Originals } from '../tasks.ts';

type Cell = string | number | null;

const valuesOf = ({ clips }: Judged, name: MeasureName): number[] => clips.flatMap(({ scores }) => scores[name] ?? []);
export const intervalOf = (judged: Judged, name: MeasureName, drawing: Drawing): Interval | undefined =>
  bootstrapMean(valuesOf(judged, name), { ...drawing, purpose: `${judged.system}: ${name}` });
/** Measures that at least one system has. */
const present = (systems: readonly Judged[], of: Measured['of']): MeasureName[] =>
  measuresOf(of).filter((name) => systems.some((one) => (of === 'set' ? one.set[name] !== undefined : valuesOf(one, name).length > 0)));

/** Mean over the clips that both have of system − against, clip by clip. */
export function pairedDifference(system: Judged, against: Judged, name: MeasureName, drawing: Drawing): Interval | undefined {
  const others = new Map(against.clips.map(({ id, scores }) => [id, scores[name]]));
  const differences = system.clips.flatMap(({ id, scores }) => {
    const [own, other] = [scores[name], others.get(id)];
    return own === undefined || other === undefined ? [] : [own - other];
  });
  return bootstrapMean(differences, { ...drawing, purpose: `${system.system} − ${against.system}: ${name}` });
}

/** Measures × systems: of clips with intervals, of sets with what has to be said. */
export function figureTables(systems: readonly Judged[], drawing: Drawing): Table[] {
  const setCell = ({ set }: Judged, name: MeasureName): Cell => {
    const figure = set[name];
    if (figure === undefined) return null;
    const spread = figure.deviation === undefined ? '' : ` ± ${figure.deviation.toFixed(3)}`;
    return `${Number(figure.value.toPrecision(4))}${spread} (${figure.rows} rows${figure.warning === undefined ? '' : `; ${figure.warning}`})`;
  };
  const clipCell = (judged: Judged, name: MeasureName): Cell => told(intervalOf(judged, name, drawing));
  const table = (title: string, of: Measured['of'], cell: typeof setCell): Table => ({
    title,
    columns: ['measure', 'better', ...systems.map(({ system, clips }) => `${system} (${clips.length} clips)`)],
    rows: present(systems, of).map((name) => [name, MEASURED[name].better, ...systems.map((one) => cell(one, name))]),
  });
  return [table('Systems: mean over clips (95 % interval)', 'clip', clipCell), table('Systems: all clips together', 'set', setCell)].filter(
    ({ rows }) => rows.length > 0,
  );
}

/** Differences of every system to one of them, over the clips that both have. */
export function differenceTable(systems: readonly Judged[], against: Judged, drawing: Drawing): Table[] {
  const others = systems.filter((one) => one !== against);
  if (others.length === 0) return [];
  return [
    {
      title: 'Differences, clip by clip: mean (95 % interval)',
      columns: ['measure', ...others.map(({ system }) => `${system} − ${against.system}`)],
      rows: present(systems, 'clip').map((name) => [
        name,
        ...others.map((one) => told(pairedDifference(one, against, name, drawing), true)),
      ]),
    },
  ];
}

/** The paper's rows, marked as reported, and ours below, in the measures that it reports. */
export function reportedTables(systems: readonly Judged[], ids: readonly ReportedTableId[], opinions: readonly OpinionScore[]): Table[] {
  const own = (judged: Judged, name: string): Cell => {
    const opinion = opinions.find(({ system, question }) => system === judged.system && name === `mos-${question}`);
    if (opinion) return opinion.mean;
    if (!measureNames.includes(name as MeasureName)) return null;
    const values = valuesOf(judged, name as MeasureName);
    if (values.length === 0) return judged.set[name as MeasureName]?.value ?? null;
    return meanOf(values);
  };
  return REPORTED.filter(({ id }) => ids.includes(id)).map(({ title, differs, rows, absent = [] }) => {
    const names = [...new Set(rows.flatMap(({ values }) => Object.keys(values)))];
    return {
      title: `${title}, as reported, and this run. ${differs}`,
      columns: ['system', 'source', ...names],
      rows: [
        ...rows.map(({ system, values }) => [system, 'reported', ...names.map((name) => values[name as MeasureName] ?? null)]),
        ...absent.map((system) => [system, 'not at hand', ...names.map(() => null)]),
        ...systems.map((one) => [one.system, 'this run', ...names.map((name) => own(one, name))]),
      ],
    };
  });
}

/** What is missing, and why: measures, clips, and parts of originals. */
export function lackTables(systems: readonly Judged[], heard: readonly Heard[], originals: Originals): Table[] {
  const lacks = new Map<string, { row: Cell[]; systems: string[] }>();
  for (const { system, notComputed } of systems) {
    for (const { measure, reason, wayOut } of notComputed) {
      const key = JSON.stringify([measure, reason]);
      const lack = lacks.get(key) ?? { row: [measure, reason, wayOut], systems: [] };
      lack.systems.push(system);
      lacks.set(key, lack);
    }
  }
  const notComputed = [...lacks.values()].map(({ row, systems: of }) => [
    row[0] ?? null,
    of.length === systems.length ? 'all' : of.join(', '),
    ...row.slice(1),
  ]);
  const differing = (values: readonly (string | number)[]) => [...new Set(values)].join(', ');
  const clips = heard.map(({ system, clips, leftOut, missing, unknown }) => [
    system,
    clips.length,
    clips.filter(({ silent }) => silent).length,
    clips.filter(({ padded }) => padded > 0).length,
    missing.length,
    leftOut.length,
    unknown.length,
    differing(clips.map(({ sampleRate }) => sampleRate)),
    differing(clips.map(({ channels }) => channels)),
  ]);
  const unusable = [
    ...originals.leftOut.map(({ id, reason }) => ['originals', id, reason]),
    ...heard.flatMap(({ system, leftOut, missing, unknown }) => [
      ...leftOut.map(({ id, reason }) => [system, id, reason]),
      ...missing.map((id) => [system, id, 'no sound of this name']),
      ...unknown.map((id) => [system, id, 'no original of this name']),
    ]),
  ];
  const most = 200;
  return [
    {
      title: 'Clips of each system',
      columns: ['system', 'judged', 'silent', 'padded', 'missing', 'left out', 'without original', 'Hz', 'channels'],
      rows: clips,
    },
    ...(notComputed.length === 0
      ? []
      : [{ title: 'Not computed', columns: ['measure', 'systems', 'reason', 'way out'], rows: notComputed }]),
    ...(unusable.length === 0
      ? []
      : [
          {
            title: `What could not be used${unusable.length > most ? ` (${most} of ${unusable.length})` : ''}`,
            columns: ['system', 'clip', 'reason'],
            rows: unusable.slice(0, most),
          },
        ]),
  ];
}

export function opinionTable(opinions: readonly OpinionScore[]): Table[] {
  if (opinions.length === 0) return [];
  const half = (value: number | undefined) => (value === undefined ? null : `± ${value.toFixed(2)}`);
  return [
    {
      title: 'Mean opinion scores, 1 … 5 (95 % intervals)',
      columns: ['system', 'question', 'ratings', 'mean', 'by 1.96 σ/√n', 'by Student’s t', 'raters', 'mean of raters', 'over raters'],
      rows: opinions.map(({ system, question, count, mean, halfWidth, halfWidthByT, byRater }) => [
        ...[system, question, count, Number(mean.toFixed(2)), half(halfWidth), half(halfWidthByT)],
        ...[byRater.raters, Number(byRater.mean.toFixed(2)), half(byRater.halfWidth)],
      ]),
    },
  ];
}

/** Everything that decided the figures. */
export function protocolTable(protocol: Protocol, drawing: Drawing): Table {
  const { film, keys, ...plain } = protocol;
  const rows: Cell[][] = [
    ...Object.entries(plain).map(([name, value]) => [name, String(value)]),
    ['length', 'of the original; longer sounds are cut, shorter ones padded with silence'],
    ['resampler', 'Hann-windowed sinc of six zero crossings, roll-off 0.99 (torchaudio’s default)'],
    ['channels', 'their mean'],
    ['films', `${film.framesPerSecond} frames a second, ${film.side} × ${film.side}`],
    ['keys of MIDI scores', `${keys.first} … ${keys.last} of 0 … 87`],
    ['intervals', `${drawing.resamples} bootstrap draws over clips, seed ${drawing.seed}`],
  ];
  return { title: 'Protocol', columns: ['what', 'how'], rows };
}

/** The files of the networks that judged: with others the figures are others. */
export function networkTable(files: readonly NetworkIdentity[]): Table[] {
  if (files.length === 0) return [];
  const rows = files.map(({ file, bytes, sha256 }) => [file, bytes, sha256]);
  return [{ title: 'Networks that judged', columns: ['file', 'bytes', 'sha256'], rows }];
}

/** Direction and unit of every measure of a table's columns, for readers. */
export const legend = (systems: readonly Judged[]): Table => ({
  title: 'Measures',
  columns: ['measure', 'better', 'unit', 'what it is'],
  rows: [...present(systems, 'clip'), ...present(systems, 'set')].map((name) => {
    const { better, unit, note } = MEASURED[name];
    return [name, better, unit ?? '', note];
  }),
});
