import { FRECHET_CODEC_LATENT } from '../../../models/metrics/frechet.ts';
import { bootstrapMean, type Interval } from '../../../numeric/bootstrap.ts';
import type { SetName } from '../tasks.ts';
import { COMPARISONS, type Comparison } from './arms.ts';
import { type MeasureName, measuresOn, SETS, valuesOf } from './measured.ts';
import type { Evaluation } from './tasks.ts';

/** The evaluations by arm, and how their intervals are drawn. */
export interface Ablation {
  readonly evaluations: ReadonlyMap<string, Evaluation>;
  readonly seed: number;
  readonly resamples: number;
  /** Measures whose judge cannot be relied on are shown nowhere. */
  readonly isReliable: (name: MeasureName) => boolean;
}
export interface Table {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number | null)[])[];
}

/** Mean over the clips of both arms of the difference arm − against, clip by clip; undefined without such clips. */
export function difference(
  { evaluations, seed, resamples }: Ablation,
  [arm, against]: Comparison,
  set: SetName,
  name: MeasureName,
): Interval | undefined {
  const others = new Map(evaluations.get(against)?.clips.map((clip) => [clip.id, clip.scores[name]]));
  const differences = (evaluations.get(arm)?.clips ?? []).flatMap((clip) => {
    const [own, other] = [clip.scores[name], others.get(clip.id)];
    return clip.set === set && own !== undefined && other !== undefined ? [own - other] : [];
  });
  return bootstrapMean(differences, { seed, purpose: `${arm} − ${against}, ${set}: ${name}`, resamples });
}

/** Arms × measures, and differences × measures, for every set that any arm has clips of. */
export function ablationTables(ablation: Ablation): Table[] {
  const { evaluations, seed, resamples, isReliable } = ablation;
  return SETS.flatMap((set): Table[] => {
    const rows = [...evaluations.values()].filter(({ clips }) => clips.some((clip) => clip.set === set));
    if (rows.length === 0) return [];
    const names = measuresOn(set).filter(isReliable);
    const arms = rows.map(({ arm, clips, frechet }) => {
      const ofSet = clips.filter((clip) => clip.set === set);
      const figures = names.map((name) =>
        told(bootstrapMean(valuesOf(ofSet, set, name), { seed, purpose: `${arm}, ${set}: ${name}`, resamples })),
      );
      return [arm, ofSet.length, ofSet.filter(({ silent }) => silent).length, ...figures, frechet[set]?.distance ?? null];
    });
    const differences = COMPARISONS.map((comparison) => [
      comparison.join(' − '),
      ...names.map((name) => told(difference(ablation, comparison, set, name), true)),
    ]).filter((row) => row.some((cell, i) => i > 0 && cell !== null));
    return [
      {
        title: `Arms on unseen ${set}: mean over clips (95 % interval)`,
        columns: ['arm', 'clips', 'silent', ...names, FRECHET_CODEC_LATENT],
        rows: arms,
      },
      ...(differences.length === 0
        ? []
        : [{ title: `Differences on unseen ${set}, clip by clip: mean (95 % interval)`, columns: ['arms', ...names], rows: differences }]),
    ];
  });
}

const digits = (value: number) => String(Number(value.toFixed(Math.abs(value) < 1 ? 3 : Math.abs(value) < 10 ? 2 : 1))).replace('-', '−');

/** `0.53 (0.41 … 0.65)`, which breaks in one place only; differences with their sign. */
export const told = (interval: Interval | undefined, isSigned = false): string | null =>
  interval === undefined
    ? null
    : `${isSigned && interval.mean > 0 ? '+' : ''}${digits(interval.mean)} (${digits(interval.low)}\u00a0…\u00a0${digits(interval.high)})`;
