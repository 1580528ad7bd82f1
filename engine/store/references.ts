import { statSync } from 'node:fs';
import type { Artifact } from '../define/ports.ts';
import { isDigest, objectPath } from './layout.ts';
import { hashFile, readChecked, readListing, type Store } from './store.ts';

/** True for a value that is a reference to the store. */
export function isArtifact(value: unknown): value is Artifact {
  if (typeof value !== 'object' || value === null || !('form' in value && 'digest' in value && 'bytes' in value)) return false;
  return (
    (value.form === 'json' || value.form === 'file' || value.form === 'tree') && isDigest(value.digest) && Number.isSafeInteger(value.bytes)
  );
}

/** References anywhere inside a JSON value. */
export function* referencesIn(value: unknown): Generator<Artifact> {
  if (isArtifact(value)) yield value;
  else if (typeof value === 'object' && value !== null) for (const part of Object.values(value)) yield* referencesIn(part);
}

/** An object of the store; the size of a listing is not known beforehand. */
export interface Reached {
  readonly digest: string;
  readonly bytes?: number;
}

/**
 * Every object that the artifacts reach, each once: themselves, the files of trees, and what JSON values refer to. Where a
 * JSON value or a listing cannot be read, `onUnreadable` gets the reason and the walk goes on beside it.
 */
export function* reachedObjects(
  root: string,
  artifacts: Iterable<Artifact>,
  onUnreadable: (reason: unknown) => void,
  seen = new Set<string>(),
): Generator<Reached> {
  for (const artifact of artifacts) {
    const name = `${artifact.form} ${artifact.digest}`;
    if (seen.has(name)) continue;
    seen.add(name);
    yield artifact.form === 'tree' ? { digest: artifact.digest } : artifact;
    if (artifact.form === 'file') continue;
    let inner: Iterable<Artifact>;
    try {
      if (artifact.form === 'tree') {
        yield* readListing(root, artifact.digest).files;
        continue;
      }
      const text = readChecked(root, artifact.digest).toString('utf8');
      inner = text.includes('"digest":') ? referencesIn(JSON.parse(text)) : [];
    } catch (error) {
      onUnreadable(error);
      continue;
    }
    yield* reachedObjects(root, inner, onUnreadable, seen);
  }
}

/** True if everything that the artifacts reach is in the store with the recorded sizes; with `verify`, with the recorded digests. */
export async function isComplete(
  store: Pick<Store, 'root'>,
  artifacts: Iterable<Artifact>,
  options: { readonly verify?: boolean } = {},
): Promise<boolean> {
  let isReadable = true;
  const stop = () => {
    isReadable = false;
  };
  for (const { digest, bytes } of reachedObjects(store.root, artifacts, stop)) {
    const path = objectPath(store.root, digest);
    const size = statSync(path, { throwIfNoEntry: false })?.size;
    if (size === undefined || (bytes !== undefined && size !== bytes)) return false;
    if (options.verify && (await hashFile(path)) !== digest) return false;
  }
  return isReadable;
}
