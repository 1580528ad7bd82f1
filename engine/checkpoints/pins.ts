import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkpointsPath } from '../store/layout.ts';
import type { Store } from '../store/store.ts';

const pinPath = ({ root }: Pick<Store, 'root'>, trajectory: string): string => join(checkpointsPath(root, trajectory), 'pinned');

/** Whether somebody said that a training's checkpoints stay, whatever a collection is told. */
export const isPinned = (store: Pick<Store, 'root'>, trajectory: string): boolean => existsSync(pinPath(store, trajectory));

/** Pins the checkpoints of a training, or lets them go again. */
export function pinCheckpoints(store: Pick<Store, 'root'>, trajectory: string, pinned: boolean): void {
  if (pinned) writeFileSync(pinPath(store, trajectory), '');
  else rmSync(pinPath(store, trajectory), { force: true });
}
