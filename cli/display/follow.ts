import { boardLines, changeLines } from './lines.ts';
import { followPaces, type Paces } from './pace.ts';
import { isAnimated, Screen, type Terminal } from './screen.ts';
import type { RunSnapshot } from './snapshot.ts';

/** Plain output says how a long node is doing this often. */
const plainEveryMs = 5000;

/** Shows a run as it goes: redrawn lines in a terminal, a line a change elsewhere. */
export class Follower {
  readonly #terminal: Terminal;
  readonly #screen: Screen | undefined;
  #last: RunSnapshot | undefined;
  #paces: Paces = new Map();
  #saidAt = 0;

  constructor(terminal: Terminal, environment: Readonly<Record<string, string | undefined>>) {
    this.#terminal = terminal;
    this.#screen = isAnimated(terminal, environment) ? new Screen(terminal) : undefined;
  }

  show(snapshot: RunSnapshot): void {
    this.#paces = followPaces(this.#paces, snapshot);
    if (this.#screen) this.#screen.draw(boardLines(snapshot, this.#paces, this.#screen.width));
    else {
      const isDue = snapshot.takenAt - this.#saidAt >= plainEveryMs;
      for (const line of changeLines(this.#last, snapshot, this.#paces, isDue)) this.#terminal.write(`${line}\n`);
      if (isDue) this.#saidAt = snapshot.takenAt;
    }
    this.#last = snapshot;
  }

  /** Writes a line that stays. */
  note(line: string): void {
    this.#screen?.clear();
    this.#terminal.write(`${line}\n`);
  }

  /** Takes live lines away, so that a summary can stand in their place. */
  end(): void {
    this.#screen?.clear();
  }
}
