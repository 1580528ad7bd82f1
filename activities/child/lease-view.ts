import { readdirSync } from 'node:fs';
import type { Lease } from '../../engine/leases/leases.ts';
import { leasePath } from '../../engine/store/layout.ts';
import type { Store } from '../../engine/store/store.ts';
import { SostenutoError } from '../../errors/problem.ts';

/** The parent's lease as the child sees it: it can be checked here, and is renewed and released by the parent alone. */
export function leaseView(store: Pick<Store, 'root'>, key: string, token: number): Lease {
  const checkNow = (): void => {
    const newest = Math.max(0, ...readdirSync(leasePath(store.root, key)).map((name) => Number.parseInt(name, 10)));
    if (newest === token) return;
    throw new SostenutoError({
      code: 'FENCED',
      what: 'A newer attempt works on this node; nothing of this one is saved.',
      where: key,
      found: `token ${token}`,
      expected: `token ${newest}`,
    });
  };
  // The parent has waited for the grant before it asked for any work.
  const durable = async () => {};
  return { key, token, durable, checkNow, check: async () => checkNow(), renew: async () => checkNow(), release: async () => {} };
}
