import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode } from '../../engine/store/storage-failure.ts';
import type { Store } from '../../engine/store/store.ts';
import type { ClipRef } from '../../models/preference/pair.ts';

/** Path under which the sound of a clip can be played. */
export type Locate = (clip: ClipRef) => Promise<string>;

/** Links `<home>/listen/<digest>.wav` to sounds of the store: a name that players understand and that doesn't tell who plays. */
export function listenFolder(home: string, store: Pick<Store, 'openFile'>): Locate {
  const folder = join(home, 'listen');
  return async ({ sound }) => {
    const { path } = await store.openFile(sound);
    await mkdir(folder, { recursive: true });
    const link = join(folder, `${sound.digest.slice(0, 16)}.wav`);
    await symlink(path, link).catch((error: unknown) => {
      if (errorCode(error) !== 'EEXIST') throw error;
    });
    return link;
  };
}
