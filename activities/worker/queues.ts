import { createHash } from 'node:crypto';
import { resolve } from 'node:path';

/** Queue of the workflows. Instances with different homes don't take each other's work: another home than the default has a queue of its own. */
export function workflowQueue(home: string, defaultHome: string): string {
  const absolute = resolve(home);
  return absolute === resolve(defaultHome) ? 'sostenuto' : `sostenuto-${createHash('sha256').update(absolute).digest('hex').slice(0, 6)}`;
}
