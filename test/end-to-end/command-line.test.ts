import { copyFileSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test, vi } from 'vitest';
import type { RunReport } from '../../activities/messages.ts';
import { CommandLine } from '../cli/support/command-line.ts';
import { freePort, hasServer } from './fixtures/server.ts';

const isServerUp = ({ home }: CommandLine): boolean => existsSync(join(home, 'server.json'));
const statuses = ({ nodes }: RunReport): string[] => nodes.map(({ id, status }) => `${id} ${status}`);

describe.runIf(hasServer)('the command line', { timeout: 180_000 }, async () => {
  const folder = join(import.meta.dirname, 'fixtures', 'steered');
  const sostenuto = new CommandLine({ folder, ports: [await freePort(), await freePort(), await freePort()] });
  afterAll(() => sostenuto.end());

  test('start without a terminal runs the first pipeline, prints plain lines and links, and ends by itself', async () => {
    const { code, stdout, stderr } = await sostenuto.run('start');
    expect(stderr).toContain('▶ count');
    expect(stderr).toContain('✓ report');
    expect(stderr).toMatch(/hear it {2}http:\/\/127\.0\.0\.1:\d+\/steered-/);
    expect(stdout).toContain('steered done in');
    expect(stdout + stderr).not.toContain('\u001b');
    expect(code).toBe(0);
    expect(isServerUp(sostenuto)).toBe(false);
  });

  test('run prints one object last, with the fields that scripts rely on', async () => {
    const { code, stdout, json } = await sostenuto.run('run', 'steered', '--set', 'to=6', '--json');
    const run = json<RunReport>();
    expect(run).toMatchObject({
      workflowId: expect.stringMatching(/^steered-/),
      runId: expect.any(String),
      pipeline: 'steered',
      status: 'done',
      seconds: expect.any(Number),
    });
    expect(existsSync(run.report ?? '')).toBe(true);
    expect(run.nodes[0]).toEqual({
      id: 'count',
      task: 'count',
      status: 'done',
      cache: 'miss',
      key: expect.stringMatching(/^[0-9a-f]{64}$/),
      attempts: 1,
      seconds: expect.any(Number),
      outputs: { counted: { digest: expect.stringMatching(/^[0-9a-f]{64}$/), bytes: expect.any(Number) } },
    });
    expect(stdout.trimEnd().split('\n')).toHaveLength(1);
    expect(code).toBe(0);
  });

  test('--from runs a node and everything below it again', async () => {
    const { json } = await sostenuto.run('run', 'steered', '--set', 'to=6', '--from', 'report', '--json');
    expect(json<RunReport>().nodes.map(({ id, cache }) => `${id} ${cache}`)).toEqual(['count hit', 'report miss']);
  });

  test('lineage names where a result came from, by node or by a file, and compare what differs between two runs', async () => {
    const [first, second] = [
      await sostenuto.run('run', 'steered', '--set', 'to=6', '--json'),
      await sostenuto.run('run', 'steered', '--set', 'to=8', '--json'),
    ];
    const { digest = '' } = first.json<RunReport>().nodes[0]?.outputs['counted'] ?? {};
    const file = join(sostenuto.home, 'copied elsewhere');
    copyFileSync(join(sostenuto.home, 'store', 'objects', digest.slice(0, 2), digest.slice(2)), file);
    const forward = await sostenuto.here('lineage', file, '--forward', '--json');
    expect(forward.json()).toMatchObject({
      digest,
      as: expect.stringContaining('the content of'),
      steps: [{ node: 'count' }, { node: 'report' }],
    });
    const back = await sostenuto.here('lineage', `${first.json<RunReport>().workflowId}/report`, '--json');
    expect(back.json()).toMatchObject({ direction: 'back', steps: [{ node: 'report' }, { node: 'count', params: { to: 6 } }] });
    expect(await sostenuto.here('lineage', 'ffffffff', '--json')).toMatchObject({ code: 3 });

    const ids = [first, second].map(({ json }) => json<RunReport>().workflowId);
    const compared = await sostenuto.here('compare', ...ids, '--html', '--json');
    expect(compared.json()).toMatchObject({
      settings: [{ path: 'to', from: 6, to: 8 }],
      code: [],
      nodes: [{ node: 'count', standing: 'different' }, { node: 'report' }],
    });
    expect(readFileSync(compared.json<{ page: string }>().page, 'utf8')).toContain('Two runs side by side');
  });

  test('a tracker that is away changes nothing of a run; it is told once, and the run waits for it', async () => {
    vi.stubEnv('MLFLOW_TRACKING_URI', 'http://127.0.0.1:1');
    try {
      const { code, json, stderr } = await sostenuto.run('run', 'steered', '--set', 'to=7', '--json');
      expect(code).toBe(0);
      expect(stderr.match(/The MLflow server does not answer/g)).toHaveLength(1);
      const status = await sostenuto.run('tracking', 'status', '--json');
      expect(status.json()).toMatchObject({ complete: 0, waiting: [`${json<RunReport>().workflowId}/${json<RunReport>().runId}`] });
    } finally {
      vi.unstubAllEnvs();
    }
  });

  test('a failed node gives exit code 1, and what hangs on it is blocked', async () => {
    const { code, json } = await sostenuto.run('run', 'steered', '--set', 'failAt=2', '--json');
    expect(statuses(json())).toEqual(['count failed', 'report blocked']);
    expect(json<RunReport>().nodes[0]?.error).toContain('The step 2 is not wanted.');
    expect(code).toBe(1);
  });

  test('Ctrl-C ends the run with a checkpoint, and the same request goes on from there', async () => {
    const { child, finished } = sostenuto.start('run', 'steered', '--preset', 'endless', '--set', 'to=400', '--json');
    const saved = join(sostenuto.home, 'store', 'checkpoints');
    const before = new Set(readdirSync(saved));
    await vi.waitUntil(() => readdirSync(saved).some((trajectory) => !before.has(trajectory)), { timeout: 60_000 });
    child.kill('SIGINT');
    const stopped = await finished;
    expect(stopped.json<RunReport>().status).toBe('canceled');
    expect(stopped.code).toBe(130);
    expect(isServerUp(sostenuto)).toBe(false);

    const { json, code } = await sostenuto.run('resume', stopped.json<RunReport>().workflowId, '--json');
    const { digest } = json<RunReport>().nodes[0]?.outputs['counted'] ?? { digest: '' };
    const { from } = JSON.parse(readFileSync(join(sostenuto.home, 'store', 'objects', digest.slice(0, 2), digest.slice(2)), 'utf8'));
    expect(from).toBeGreaterThan(0);
    expect(code).toBe(0);
  });

  test('a gate waits for a person; --leave-at-gate says so with exit code 4', async () => {
    const left = await sostenuto.run('run', 'steered', '--set', 'gate=true', '--leave-at-gate', '--json');
    expect(statuses(left.json())).toContain('listen waiting');
    expect(left.code).toBe(4);

    const { child, finished } = sostenuto.start('run', 'steered', '--set', 'gate=true', '--json');
    const question = await new Promise<string>((seen) =>
      child.stderr?.on('data', (chunk) => {
        const command = /sostenuto (approve \S+ \S+)/.exec(String(chunk));
        if (command?.[1] !== undefined) seen(command[1]);
      }),
    );
    const answer = await sostenuto.run(...question.split(' '), '--note', 'enough', '--json');
    expect(answer.code, answer.stderr).toBe(0);
    expect((await finished).json<RunReport>().status).toBe('done');
  });

  test('--detach returns at once; somebody stays at work until the run is over', async () => {
    const started = await sostenuto.run('run', 'steered', '--set', 'to=30', '--detach', '--json');
    const { workflowId, status } = started.json<RunReport>();
    expect([status, started.code]).toEqual(['running', 0]);
    const watched = await sostenuto.run('status', workflowId, '--watch', '--json');
    expect(watched.json<RunReport>().status).toBe('done');
    expect((await sostenuto.run('status', '--json')).json<{ runs: { workflowId: string; status: string }[] }>().runs[0]).toMatchObject({
      workflowId,
      status: 'done',
    });
  });
});
