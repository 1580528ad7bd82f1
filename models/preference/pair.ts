import { createHash } from 'node:crypto';

/** Immutable content of the store, as its references say it. */
export interface Content {
  readonly form: 'json' | 'file' | 'tree';
  readonly digest: string;
  readonly bytes: number;
}
/** A clip that can be judged. */
export interface ClipRef {
  readonly id: string;
  /** Mono WAV. */
  readonly sound: Content;
  /** The notes that it plays, as MIDI. */
  readonly roll?: Content;
}
/** Two versions of the same thing: one piece by two pianists, or one condition sampled twice. */
export interface PreferencePair {
  /** Made from the clips' names and sounds, so that a judgment stays with what was heard. */
  readonly id: string;
  /** What both are versions of, for example a piece. */
  readonly condition: string;
  readonly split: string;
  readonly a: ClipRef;
  readonly b: ClipRef;
  /** What a metric compares both with. */
  readonly original?: ClipRef;
  /** The two play from different notes, so that each has to be conditioned on its own roll. */
  readonly rollsDiffer: boolean;
}
/** Something that was left out, and why. */
export interface Dropped {
  readonly id: string;
  readonly reason: string;
}

/** A clip as a version of something. */
export interface Version {
  readonly id: string;
  readonly condition: string;
  readonly version: string;
  readonly split: string;
}
/** Names of the versions: which are compared, and which one a metric compares them with. */
export interface VersionNames {
  readonly a: string;
  readonly b: string;
  readonly original?: string;
}
export interface Match<V> {
  readonly a: V;
  readonly b: V;
  readonly original?: V;
}

/**
 * Matches the clips of two versions of the same condition. Several clips of one version are takes: they are matched in the order of their ids, the
 * first with the first, and what is left over is dropped. A match never crosses splits. Other versions are not looked at.
 */
export function matchVersions<V extends Version>(clips: readonly V[], names: VersionNames): { matches: Match<V>[]; dropped: Dropped[] } {
  const groups = new Map<string, V[]>();
  for (const clip of [...clips].sort((x, y) => (x.id < y.id ? -1 : 1))) {
    const key = JSON.stringify([clip.split, clip.condition]);
    groups.set(key, [...(groups.get(key) ?? []), clip]);
  }
  const matches: Match<V>[] = [];
  const dropped: Dropped[] = [];
  for (const [, group] of [...groups].sort(([x], [y]) => (x < y ? -1 : 1))) {
    const takes = (name: string | undefined): V[] => group.filter(({ version }) => version === name);
    const [as, bs, originals] = [takes(names.a), takes(names.b), takes(names.original)];
    const lone = (clip: V, missing: string): Dropped => ({
      id: clip.id,
      reason: `no clip of "${clip.condition}" by "${missing}" to compare it with`,
    });
    as.forEach((a, index) => {
      const b = bs[index];
      const original = originals[index];
      if (b === undefined) dropped.push(lone(a, names.b));
      else matches.push({ a, b, ...(original === undefined ? {} : { original }) });
    });
    dropped.push(...bs.slice(as.length).map((b) => lone(b, names.a)));
  }
  return { matches, dropped };
}

/** A pair of clips with its id and whether their rolls differ. */
export function pairOf(condition: string, split: string, { a, b, original }: Match<ClipRef>): PreferencePair {
  const heard = JSON.stringify([a, b, original].map((clip) => clip && [clip.id, clip.sound.digest]));
  return {
    id: createHash('sha256').update(heard).digest('hex').slice(0, 16),
    condition,
    split,
    a,
    b,
    ...(original === undefined ? {} : { original }),
    rollsDiffer: a.roll?.digest !== b.roll?.digest,
  };
}
