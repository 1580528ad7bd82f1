import {
  type Advance,
  type Cache,
  type CompactNode,
  type Decided,
  type GroupOutcome,
  inheritedStatus,
  type MapWork,
  type News,
  type NodeOutcome,
  type NodeStatus,
  type Profile,
} from '../activities/messages.ts';
import type { Form } from '../engine/define/ports.ts';

/** Outcomes that the workflow keeps before it hands them to the run's state. */
const freshLimit = 24;
/** More nodes than this that become ready together are looked up in one batch first. */
const directLimit = 4;

export interface BoardNode {
  readonly id: string;
  readonly profile: Profile;
  readonly upstream: readonly number[];
  readonly downstream: number[];
  readonly question?: string;
  /** Of a gate: form of the answer that its approval has to bring. */
  readonly answer?: Form;
  status: NodeStatus;
  cache?: Cache;
  /** Shown to people: a reason, a question, a progress. */
  note?: string;
  /** Elements that have to be executed, once a map has been expanded. */
  work?: MapWork;
}

/**
 * Which nodes wait, run and are done: the workflow's whole memory of a run, without any Temporal call, so that it can be tested alone.
 * Outputs are kept only until the run's state in the store has them.
 */
export class Board {
  readonly nodes: BoardNode[];
  /** What the run's state doesn't know yet. */
  news: News[] = [];
  /** Outputs among the news, by node. */
  readonly fresh = new Map<number, NodeOutcome>();
  /** Something may be found or executed by `advance`. */
  wantsAdvance = true;
  readonly #index: ReadonlyMap<string, number>;

  constructor(nodes: readonly CompactNode[], profiles: readonly Profile[]) {
    this.nodes = nodes.map((node) => {
      const profile = profiles[node.p];
      if (profile === undefined) throw new RangeError(`node ${node.id} has no profile ${node.p}`);
      return {
        id: node.id,
        profile,
        upstream: node.d ?? [],
        downstream: [],
        status: node.s ?? 'pending',
        ...(node.q === undefined ? {} : { question: node.q }),
        ...(node.a === undefined ? {} : { answer: node.a }),
        ...(node.c === undefined ? {} : { cache: node.c }),
      };
    });
    this.#index = new Map(this.nodes.map((node, n) => [node.id, n]));
    this.nodes.forEach((node, n) => {
      for (const up of node.upstream) this.at(up).downstream.push(n);
    });
  }

  at(n: number): BoardNode {
    const node = this.nodes[n];
    if (node === undefined) throw new RangeError(`no node ${n}`);
    return node;
  }

  find(id: string): number | undefined {
    return this.#index.get(id);
  }

  indicesOf(...statuses: NodeStatus[]): number[] {
    return this.nodes.flatMap((node, n) => (statuses.includes(node.status) ? [n] : []));
  }

  /** Takes in what `advance` found out. The news it was given are in the state now. */
  absorb(answer: Advance, told: number): void {
    for (const news of this.news.splice(0, told)) if ('outcome' in news) this.fresh.delete(this.#index.get(news.node) ?? -1);
    for (const n of answer.hits) this.#settle(n, 'done', 'hit');
    for (const n of answer.ran) this.#settle(n, 'done', 'miss');
    for (const { n, message } of answer.failed) {
      this.#settle(n, 'failed');
      this.at(n).note = message;
    }
    for (const { n, map } of answer.ready) {
      const node = this.at(n);
      node.status = 'ready';
      if (map !== undefined) node.work = map;
    }
    for (const n of answer.gates) if (this.at(n).status === 'pending') this.at(n).status = 'waiting';
    if (answer.more) this.wantsAdvance = true;
  }

  /** A node has its outputs. What hangs on it alone and is small starts without a look-up: it looks up itself. */
  finish(n: number, outcome: NodeOutcome): void {
    this.news.push({ node: this.at(n).id, outcome });
    this.fresh.set(n, outcome);
    this.#settle(n, 'done', outcome.cache);
    const unlocked = this.at(n).downstream.filter((d) => this.#isUnlocked(d));
    const direct =
      outcome.cache === 'miss' &&
      unlocked.length <= directLimit &&
      this.fresh.size <= freshLimit &&
      unlocked.every((d) => this.#canStartDirectly(d));
    if (direct) for (const d of unlocked) this.at(d).status = 'ready';
    else if (unlocked.length > 0 || this.fresh.size > freshLimit) this.wantsAdvance = true;
  }

  /** All groups of a map are through; `advance` puts the lists together. */
  finishElements(n: number, elements: GroupOutcome): void {
    this.news.push({ node: this.at(n).id, elements });
    this.at(n).status = 'pending';
    delete this.at(n).work;
    this.wantsAdvance = true;
  }

  fail(n: number, message: string, attempts: number): void {
    this.news.push({ node: this.at(n).id, failed: message, attempts });
    this.#settle(n, 'failed');
    this.at(n).note = message;
    if (this.news.length > freshLimit) this.wantsAdvance = true;
  }

  skip(n: number, why: string): void {
    this.news.push({ node: this.at(n).id, skipped: why });
    this.#settle(n, 'skipped');
    this.at(n).note = why;
    this.wantsAdvance = true;
  }

  decide(n: number, decided: Decided): void {
    this.news.push({ node: this.at(n).id, ...decided });
    this.at(n).status = 'pending';
    this.wantsAdvance = true;
  }

  /** A failed or skipped node gets another chance, and with it everything that it held up. */
  retry(n: number): void {
    this.news.push({ node: this.at(n).id, retry: true });
    this.#again(n);
  }

  /** A running node was stopped by a pause; it goes on from its checkpoint later. */
  putBack(n: number): void {
    this.#again(n);
  }

  /** Nothing runs, nothing can start, nobody is asked. */
  get isSettled(): boolean {
    return (
      !this.wantsAdvance && !this.nodes.some((node) => node.status === 'ready' || node.status === 'running' || node.status === 'waiting')
    );
  }

  /** The status of every node, where one that never ran says why: what it reads from failed or was skipped. */
  finalStatuses(): NodeStatus[] {
    const final: NodeStatus[] = [];
    for (const { status, upstream } of this.nodes)
      final.push(status === 'pending' ? (inheritedStatus(upstream.map((up) => final[up] ?? 'pending')) ?? status) : status);
    return final;
  }

  #again(n: number): void {
    const node = this.at(n);
    node.status = 'pending';
    delete node.note;
    delete node.work;
    this.wantsAdvance = true;
  }

  #settle(n: number, status: NodeStatus, cache?: Cache): void {
    const node = this.at(n);
    node.status = status;
    delete node.note;
    delete node.work;
    if (cache !== undefined) node.cache = cache;
  }

  #isUnlocked(n: number): boolean {
    const node = this.at(n);
    return node.status === 'pending' && node.upstream.every((up) => this.at(up).status === 'done');
  }

  #canStartDirectly(n: number): boolean {
    const { kind, runs } = this.at(n).profile;
    return kind === 'task' && runs !== 'local';
  }
}

/** The first news that fit into one payload. */
export function firstNews(news: readonly News[], bytes = 16_000): News[] {
  let size = 0;
  const first = news.findIndex((item) => {
    size += JSON.stringify(item).length;
    return size > bytes;
  });
  return first < 0 ? [...news] : news.slice(0, Math.max(1, first));
}
