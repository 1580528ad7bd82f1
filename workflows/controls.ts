import { ApplicationFailure, setHandler } from '@temporalio/workflow';
import type { NodeStatus, ProgressAnswer } from '../activities/messages.ts';
import type { BoardNode } from './board.ts';
import { approve, pause, planQuery, progressQuery, retryNode, skipNode, unpause } from './messages.ts';
import type { Run } from './run.ts';

const refuse = (message: string): never => {
  throw ApplicationFailure.nonRetryable(message, 'REFUSED');
};

/** Answers queries and updates from the first moment on; before there is a plan, updates are refused with that reason. */
export function answerControls(current: () => Run | undefined, planned: () => ProgressAnswer): void {
  const run = (): Run => current() ?? refuse('The run is still being planned; try again in a moment.');
  const nodeOf = (input: unknown): BoardNode & { n: number } => {
    const name: unknown = typeof input === 'object' && input !== null && 'node' in input ? input.node : undefined;
    if (typeof name !== 'string') return refuse(`The input must be {"node": "<id>"}, found ${JSON.stringify(input)?.slice(0, 200)}.`);
    const { board } = run();
    const n = board.find(name);
    if (n !== undefined) return { ...board.at(n), n };
    const ids = board.nodes.slice(0, 40).map(({ id }) => id);
    return refuse(`There is no node "${name}". The nodes are ${ids.join(', ')}${board.nodes.length > ids.length ? ', …' : ''}.`);
  };
  const mustBe = (input: unknown, action: string, ...allowed: NodeStatus[]): void => {
    const { id, status } = nodeOf(input);
    if (!allowed.includes(status)) refuse(`"${id}" is ${status}; only a node that is ${allowed.join(' or ')} can be ${action}.`);
  };

  setHandler(
    approve,
    ({ node, approved = true, by = 'unknown', note = '' }) => {
      const { n } = nodeOf({ node });
      run().board.decide(n, { approved, by, note });
      run().changed = true;
      return `${node} is ${approved ? 'approved' : 'refused'} by ${by}.`;
    },
    {
      description: 'Answers a gate: {"node": "<id>", "approved": true, "by": "<name>", "note": "<why>"}',
      validator: (input) => {
        if (nodeOf(input).profile.kind !== 'gate') refuse(`"${input.node}" is no gate; the gates are ${run().board.nodes.filter(({ profile }) => profile.kind === 'gate').map(({ id }) => id).join(', ') || 'none'}.`);
        mustBe(input, 'answered', 'waiting');
        for (const [field, value, type] of [['approved', input.approved, 'boolean'], ['by', input.by, 'string'], ['note', input.note, 'string']] as const) {
          if (value !== undefined && typeof value !== type) refuse(`The field "${field}" must be a ${type}, found ${JSON.stringify(value)}.`);
        }
      },
    },
  );
  setHandler(
    retryNode,
    ({ node }) => {
      run().board.retry(nodeOf({ node }).n);
      run().changed = true;
      return `${node} runs again.`;
    },
    { description: 'Runs a failed or skipped node again: {"node": "<id>"}', validator: (input) => mustBe(input, 'run again', 'failed', 'skipped') },
  );
  setHandler(
    skipNode,
    ({ node, note = 'skipped by an operator' }) => {
      run().board.skip(nodeOf({ node }).n, note);
      run().changed = true;
      return `${node} is skipped, and with it what reads its outputs.`;
    },
    {
      description: 'Gives a node up, with everything that reads its outputs: {"node": "<id>", "note": "<why>"}',
      validator: (input) => mustBe(input, 'skipped', 'pending', 'failed', 'waiting'),
    },
  );
  setHandler(
    pause,
    () => {
      run().pause();
      return 'Paused: no further node starts; running processes save a checkpoint and end.';
    },
    { description: 'Starts no further node; running processes save a checkpoint and end.', validator: () => (run().paused ? refuse('The run is paused already.') : undefined) },
  );
  setHandler(
    unpause,
    () => {
      run().unpause();
      return 'The run goes on.';
    },
    { description: 'Goes on after a pause.', validator: () => (run().paused ? undefined : refuse('The run is not paused.')) },
  );
  setHandler(progressQuery, () => current()?.progress() ?? planned());
  setHandler(planQuery, () => current()?.board.nodes.map((node) => ({ id: node.id, p: 0, d: node.upstream })) ?? []);
}
