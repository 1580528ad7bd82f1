import { describe, expect, test } from 'vitest';
import { startPublisher } from '../../../../activities/tracking/publisher.ts';
import { freePort } from '../support/mlflow-server.ts';
import { type Told, type TrackedHome, upTo } from '../support/tracked-home.ts';

/** The publisher of a worker. */
export function followsTheLedger(at: TrackedHome): void {
  describe('the publisher of a worker', () => {
    const publish = ({ store, ledger }: Told, uri: string, warnings: string[]) =>
      startPublisher({ home: at.home, store, ledger, tracking: { uri }, warn: (line) => warnings.push(line), pauseMs: 20 });

    test('follows the ledger, and makes a last pass at the end', async () => {
      const told = await at.begin();
      const warnings: string[] = [];
      const publisher = publish(told, at.proxy.uri, warnings);
      await told.train(1, 3);
      await expect.poll(async () => (await at.runs().catch(() => new Map())).has('train'), { timeout: 30_000 }).toBe(true);
      await told.train(4, 6);
      await told.end();
      await publisher.stop();
      expect(warnings).toEqual([]);
      expect(await at.steps()).toEqual(upTo(6));
      expect((await at.runs()).get('train')?.['info']).toMatchObject({ status: 'FINISHED' });
    });

    test('says once that the server is away, ends at once, and all of it follows later', async () => {
      const told = await at.begin();
      const warnings: string[] = [];
      const uri = `http://127.0.0.1:${await freePort()}`;
      const publisher = publish(told, uri, warnings);
      await expect.poll(() => warnings.length, { timeout: 30_000 }).toBe(1);
      await told.train(1, 3);
      await told.end();
      await publisher.stop();
      expect(warnings).toEqual([expect.stringContaining(`does not answer (connect ECONNREFUSED`)]);
      await at.bringUp(told);
      expect(await at.steps()).toEqual(upTo(3));
    });

    test('tells again when the server answers again', async () => {
      const told = await at.begin();
      const warnings: string[] = [];
      at.proxy.harm(() => ({ status: 502, body: '' }));
      const publisher = publish(told, at.proxy.uri, warnings);
      await expect.poll(() => warnings.length, { timeout: 30_000 }).toBe(1);
      at.proxy.clear();
      await expect.poll(() => warnings.length, { timeout: 30_000 }).toBe(2);
      await publisher.stop();
      expect(warnings[1]).toContain('answers again');
    });
  });
}
