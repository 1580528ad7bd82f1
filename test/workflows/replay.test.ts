import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { bundleWorkflowCode, DefaultLogger, Runtime, Worker, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { beforeAll, describe, expect, test } from 'vitest';

const folder = join(import.meta.dirname, 'histories');
const names = readdirSync(folder).filter((name) => name.endsWith('.json.gz'));
interface History {
  readonly events: readonly { readonly workflowExecutionStartedEventAttributes?: { readonly workflowId?: string } }[];
}
const historyOf = (name: string): History => JSON.parse(gunzipSync(readFileSync(join(folder, name))).toString('utf8'));
const bundle = (path: string) => bundleWorkflowCode({ workflowsPath: join(import.meta.dirname, path), logger: new DefaultLogger('ERROR') });

describe('runs that are under way when a new version is deployed', () => {
  let current: WorkflowBundleWithSourceMap;
  beforeAll(async () => {
    Runtime.install({ logger: new DefaultLogger('ERROR') });
    current = await bundle('../../workflows/index.ts');
  });

  test('there are histories of every kind of run', () => {
    expect(names.length).toBeGreaterThanOrEqual(10);
  });

  test.each(names)('%s replays without a difference', async (name) => {
    const history = historyOf(name);
    // Children are named after their parent.
    await Worker.runReplayHistory(
      { workflowBundle: current },
      history,
      history.events[0]?.workflowExecutionStartedEventAttributes?.workflowId,
    );
  });

  test('another workflow under the same name is found out', async () => {
    const broken = await bundle('./incompatible/index.ts');
    await expect(Worker.runReplayHistory({ workflowBundle: broken }, historyOf('chain.json.gz'))).rejects.toThrow(
      /[Nn]ondeterminism|TMPRL1100|[Dd]eterminism/,
    );
  });
});
