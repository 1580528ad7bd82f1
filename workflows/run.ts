import { defineSearchAttributeKey } from '@temporalio/common';
import {
  CancellationScope,
  condition,
  isCancellation,
  setCurrentDetails,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { CompactPlan, GroupOutcome, NodeOutcome, NodeRequest, Outputs, ProgressAnswer, RunIdentity } from '../activities/messages.ts';
import type { Artifact } from '../engine/define/ports.ts';
import { local } from './activities.ts';
import { Bell } from './bell.ts';
import { type Board, firstNews } from './board.ts';
import { detailsTable } from './details.ts';
import { executeMap, executeTask, failureOf } from './execute-node.ts';

/** Activities under way at once; the server allows 2,000. */
const activityLimit = 500;
/** Changes of the search attribute `Stage` in one execution: each is an event. */
const stageLimit = 50;

/** What started this run: a schedule, or what the starter says in the memo; a person in the UI says nothing. */
function trigger(): string {
  const { memo, searchAttributes } = workflowInfo();
  if (searchAttributes['TemporalScheduledById'] !== undefined) return 'schedule';
  const said: unknown = memo?.['trigger'];
  return typeof said === 'string' ? said : 'manual';
}

/** One run in progress: the board, what the store has of it, and the scopes in which its nodes run. */
export class Run {
  readonly plan: CompactPlan;
  readonly board: Board;
  readonly identity: RunIdentity;
  state: Artifact | undefined;
  paused: boolean;
  /** No node is started any more: the run goes on in a new execution. */
  draining = false;
  /** Rings when something happened that the main loop has to look at. */
  readonly bell = new Bell();
  /** Nodes that run. Those that can be stopped by themselves, by a pause or by the failure of a map, have a scope of their own. */
  readonly #scopes = new Map<number, CancellationScope | undefined>();
  readonly #stopped = new Set<number>();
  #stage = '';
  #stages = 0;

  constructor(plan: CompactPlan, board: Board, identity: RunIdentity, state: Artifact | undefined, paused: boolean) {
    this.plan = plan;
    this.board = board;
    this.identity = identity;
    this.state = state;
    this.paused = paused;
    CancellationScope.current().cancelRequested.catch((reason: unknown) => this.bell.break(reason));
    const { attributes } = plan;
    const pairs = attributes.flatMap(({ name, value: known }) => {
      const value = name === 'Trigger' ? trigger() : known;
      return typeof value === 'string' ? [{ key: defineSearchAttributeKey(name, 'KEYWORD'), value: value.slice(0, 200) }] : [];
    });
    if (pairs.length > 0) upsertSearchAttributes(pairs);
  }

  get running(): number[] {
    return [...this.#scopes.keys()];
  }

  /** Works until nothing can be done any more (`settled`) or the history is long enough (`drained`). */
  async work(): Promise<'settled' | 'drained'> {
    for (;;) {
      if (workflowInfo().continueAsNewSuggested) this.draining = true;
      while (this.board.wantsAdvance && !this.paused && !this.draining) {
        await this.advance();
        this.#startReady();
      }
      this.#startReady();
      setCurrentDetails(detailsTable(this.board, this.paused));
      if (this.draining && this.#scopes.size === 0) return 'drained';
      if (this.board.isSettled && !(this.plan.onFailure === 'wait' && this.board.indicesOf('failed').length > 0)) return 'settled';
      await this.bell.wait();
    }
  }

  async advance(options: { hold?: boolean } = {}): Promise<void> {
    const { board } = this;
    board.wantsAdvance = false;
    const news = firstNews(board.news);
    const hold = options.hold ?? news.length < board.news.length;
    const answer = await local.advance({
      plan: this.plan.plan,
      ...(this.state === undefined ? {} : { state: this.state }),
      run: this.identity,
      news,
      busy: board.indicesOf('ready', 'running', 'waiting'),
      ...(hold ? { hold } : {}),
    });
    this.state = answer.state;
    board.absorb(answer, news.length);
    if (hold && options.hold === undefined) board.wantsAdvance = true;
  }

  /** Hands all news over to the run's state. */
  async settleNews(): Promise<void> {
    while (this.board.news.length > 0) await this.advance({ hold: true });
  }

  /** Stops what runs in processes of its own: each saves a checkpoint and is put back. */
  pause(): void {
    this.paused = true;
    for (const [n, scope] of this.#scopes) {
      if (scope === undefined || this.board.at(n).profile.runs !== 'process') continue;
      this.#stopped.add(n);
      scope.cancel();
    }
    this.bell.ring();
  }

  unpause(): void {
    this.paused = false;
    this.bell.ring();
  }

  /** Waits for the activities that are under way, after their cancellation. */
  async drain(): Promise<void> {
    await condition(() => this.#scopes.size === 0);
  }

  progress(): ProgressAnswer {
    const final = this.board.finalStatuses();
    return {
      pipeline: this.plan.pipeline,
      status: 'running',
      paused: this.paused,
      startedAt: this.identity.startedAt,
      runId: this.identity.runId,
      plan: this.plan.plan,
      ...(this.state === undefined ? {} : { state: this.state }),
      news: this.board.news,
      nodes: this.board.nodes.map((node, n) => ({
        id: node.id,
        status: final[n] ?? node.status,
        ...(node.cache === undefined ? {} : { cache: node.cache }),
        ...(node.note === undefined ? {} : { note: node.note }),
      })),
    };
  }

  #startReady(): void {
    if (this.paused || this.draining) return;
    for (const n of this.board.indicesOf('ready')) {
      if (this.#scopes.size >= activityLimit) return;
      this.#start(n);
    }
  }

  #start(n: number): void {
    const node = this.board.at(n);
    const { profile, work } = node;
    node.status = 'running';
    if (profile.runs === 'process') this.#showStage(node.id);
    const request = this.#requestOf(n);
    const scope = profile.runs === 'process' || work !== undefined ? new CancellationScope() : undefined;
    const within = <T>(start: () => Promise<T>): Promise<T> => (scope === undefined ? start() : scope.run(start));
    this.#scopes.set(n, scope);
    const end = (): void => {
      this.#scopes.delete(n);
      this.bell.ring();
    };
    const fail = (error: unknown): void => {
      this.#failed(n, error, scope);
      end();
    };
    // Few promises: the sandbox notes the stack of each one.
    if (work === undefined) {
      const done = (outcome: NodeOutcome): void => {
        this.board.finish(n, outcome);
        end();
      };
      within(() => executeTask(profile, request)).then(done, fail);
    } else {
      const done = (elements: GroupOutcome): void => {
        this.board.finishElements(n, elements);
        end();
      };
      within(() => executeMap(profile, request, work)).then(done, fail);
    }
  }

  #failed(n: number, error: unknown, scope: CancellationScope | undefined): void {
    if (isCancellation(error)) {
      if (this.#stopped.delete(n)) this.board.putBack(n);
      else this.board.at(n).status = 'canceled';
      return;
    }
    const { message, attempts } = failureOf(error);
    this.board.fail(n, message, attempts);
    // The other groups of a map that has failed needn't go on.
    if (this.board.at(n).profile.kind === 'map') scope?.cancel();
  }

  #requestOf(n: number): NodeRequest {
    const fresh: Record<string, Outputs> = {};
    for (const up of this.board.at(n).upstream) {
      const outcome = this.board.fresh.get(up);
      if (outcome !== undefined) fresh[this.board.at(up).id] = outcome.outputs;
    }
    return {
      plan: this.plan.plan,
      ...(this.state === undefined ? {} : { state: this.state }),
      node: this.board.at(n).id,
      run: this.identity,
      fresh,
    };
  }

  #showStage(id: string): void {
    if (id === this.#stage || this.#stages >= stageLimit || !this.plan.attributes.some(({ name }) => name === 'Stage')) return;
    this.#stage = id;
    this.#stages++;
    upsertSearchAttributes([{ key: defineSearchAttributeKey('Stage', 'KEYWORD'), value: id.slice(0, 200) }]);
  }
}
