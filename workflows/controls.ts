import { ApplicationFailure, condition, setHandler } from '@temporalio/workflow';
import type { Approval, NodeStatus, ProgressAnswer } from '../activities/messages.ts';
import type { Form } from '../engine/define/ports.ts';
import type { Board, BoardNode } from './board.ts';
import { approve, pause, planQuery, progressQuery, retryNode, skipNode, unpause } from './messages.ts';
import type { Run } from './run.ts';

const refuse = (message: string): never => {
  throw ApplicationFailure.nonRetryable(message, 'REFUSED');
};
const listed = (ids: readonly string[]): string =>
  ids.length === 0 ? 'none' : `${ids.slice(0, 40).join(', ')}${ids.length > 40 ? ', …' : ''}`;

function nodeOf(board: Board, input: unknown): BoardNode & { n: number } {
  const name: unknown = typeof input === 'object' && input !== null && 'node' in input ? input.node : undefined;
  if (typeof name !== 'string') return refuse(`The input must be {"node": "<id>"}, found ${JSON.stringify(input)?.slice(0, 200)}.`);
  const n = board.find(name);
  return n === undefined
    ? refuse(`There is no node "${name}". The nodes are ${listed(board.nodes.map(({ id }) => id))}.`)
    : { ...board.at(n), n };
}

function mustBe(board: Board, input: unknown, action: string, ...allowed: NodeStatus[]): void {
  const { id, status } = nodeOf(board, input);
  if (!allowed.includes(status)) refuse(`"${id}" is ${status}; only a node that is ${allowed.join(' or ')} can be ${action}.`);
}

/**
 * Answers queries and updates from the first moment on. An update that comes before there is a plan waits for it; one that can't be done is refused
 * before it enters the history where possible, always with the reason.
 */
export function answerControls(current: () => Run | undefined, planned: () => ProgressAnswer): void {
  const answer = <Input>(check: (run: Run, input: Input) => void, act: (run: Run, input: Input) => string) => ({
    validator: (input: Input): void => {
      const run = current();
      if (run !== undefined) check(run, input);
    },
    handler: async (input: Input): Promise<string> => {
      if (current() === undefined) await condition(() => current() !== undefined);
      const run = current();
      if (run === undefined) return refuse('The run has no plan.');
      check(run, input);
      const words = act(run, input);
      run.bell.ring();
      return words;
    },
  });

  const approving = answer<Approval>(
    (run, input) => checkApproval(run.board, input),
    ({ board }, { node, approved = true, by = 'unknown', note = '', answer: brought }) => {
      const { n, answer: wanted } = nodeOf(board, { node });
      if (!approved && wanted !== undefined) board.skip(n, `refused by ${by}${note === '' ? '' : `: ${note}`}`);
      else board.decide(n, { decision: { approved, by, note }, ...(brought === undefined ? {} : { answer: brought }) });
      return `${node} is ${approved ? 'approved' : 'refused'} by ${by}.`;
    },
  );
  setHandler(approve, approving.handler, {
    validator: approving.validator,
    description: 'Answers a gate: {"node": "<id>", "approved": true, "by": "<name>", "note": "<why>"}, some with "answer": {…}',
  });

  const retrying = answer<{ node: string }>(
    ({ board }, input) => mustBe(board, input, 'run again', 'failed', 'skipped'),
    ({ board }, input) => {
      board.retry(nodeOf(board, input).n);
      return `${input.node} runs again.`;
    },
  );
  setHandler(retryNode, retrying.handler, {
    validator: retrying.validator,
    description: 'Runs a failed or skipped node again: {"node": "<id>"}',
  });

  const skipping = answer<{ node: string; note?: string }>(
    ({ board }, input) => mustBe(board, input, 'skipped', 'pending', 'failed', 'waiting'),
    ({ board }, input) => {
      board.skip(nodeOf(board, input).n, input.note ?? 'skipped by an operator');
      return `${input.node} is skipped, and with it what reads its outputs.`;
    },
  );
  setHandler(skipNode, skipping.handler, {
    validator: skipping.validator,
    description: 'Gives a node up, with everything that reads its outputs: {"node": "<id>", "note": "<why>"}',
  });

  const pausing = answer<void>(
    (run) => (run.paused ? refuse('The run is paused already.') : undefined),
    (run) => {
      run.pause();
      return 'Paused: no further node starts; running processes save a checkpoint and end.';
    },
  );
  setHandler(pause, pausing.handler, {
    validator: pausing.validator,
    description: 'Starts no further node; running processes save a checkpoint and end.',
  });

  const unpausing = answer<void>(
    (run) => (run.paused ? undefined : refuse('The run is not paused.')),
    (run) => {
      run.unpause();
      return 'The run goes on.';
    },
  );
  setHandler(unpause, unpausing.handler, { validator: unpausing.validator, description: 'Goes on after a pause.' });

  setHandler(progressQuery, () => current()?.progress() ?? planned());
  setHandler(planQuery, () => current()?.board.nodes.map((node) => ({ id: node.id, p: 0, d: node.upstream })) ?? []);
}

function checkApproval(board: Board, input: Approval): void {
  const gates = board.nodes.filter(({ profile }) => profile.kind === 'gate').map(({ id }) => id);
  if (nodeOf(board, input).profile.kind !== 'gate') refuse(`"${input.node}" is no gate; the gates are: ${listed(gates)}.`);
  mustBe(board, input, 'answered', 'waiting');
  const types = { approved: 'boolean', by: 'string', note: 'string' } as const;
  for (const field of ['approved', 'by', 'note'] as const) {
    const value: unknown = input[field];
    if (value !== undefined && typeof value !== types[field])
      refuse(`The field "${field}" must be a ${types[field]}, found ${JSON.stringify(value)}.`);
  }
  const { id, answer: wanted } = nodeOf(board, input);
  if (wanted === undefined) {
    if (input.answer !== undefined) refuse(`"${id}" takes no answer, only a decision.`);
  } else if (input.approved !== false && !isReference(input.answer, wanted))
    refuse(
      `An approval of "${id}" must bring its answer: {"answer": {"form": "${wanted}", "digest": "<sha256>", "bytes": <size>}}. \`sostenuto label\` does.`,
    );
}

function isReference(value: unknown, form: Form): boolean {
  if (typeof value !== 'object' || value === null || !('form' in value && 'digest' in value && 'bytes' in value)) return false;
  const { digest, bytes } = value;
  return value.form === form && typeof digest === 'string' && /^[0-9a-f]{64}$/.test(digest) && Number.isSafeInteger(bytes);
}
