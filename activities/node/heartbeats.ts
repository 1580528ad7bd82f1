import type { Context } from '@temporalio/activity';

/** What a heartbeat says; never the checkpoint itself, because heartbeats are throttled and may be lost. */
export interface Beat {
  readonly node: string;
  readonly step?: number;
  readonly of?: number;
  /** Step of the newest checkpoint. */
  readonly checkpoint?: number;
  readonly [detail: string]: number | string | undefined;
}

/** Sends signs of life at even intervals, as long as `isAlive` says that there is life; the newest details go along. */
export class Heartbeats {
  readonly #timer: NodeJS.Timeout;
  #beat: Beat;
  isAlive: () => boolean = () => true;

  constructor(context: Context, node: string, heartbeatMs: number) {
    this.#beat = { node };
    const every = Math.max(100, Math.min(1000, heartbeatMs / 5));
    this.#timer = setInterval(() => {
      if (this.isAlive()) context.heartbeat(this.#beat);
    }, every);
  }

  /** Merges details; they leave with the next beat. */
  tell(details: Partial<Beat>): void {
    this.#beat = { ...this.#beat, ...details };
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
