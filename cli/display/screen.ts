/** Where live lines go. */
export interface Terminal {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** Whether lines may be redrawn in place: a real terminal, and nobody asked for plain output. */
export function isAnimated(terminal: Terminal, environment: Readonly<Record<string, string | undefined>>): boolean {
  return terminal.isTTY === true && environment['TERM'] !== 'dumb' && (environment['CI'] ?? '') === '';
}

/** A block of lines that is redrawn in place. Remembers only how many lines are up. */
export class Screen {
  readonly #terminal: Terminal;
  #height = 0;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  get width(): number {
    // A terminal that doesn't know its width says 0.
    return Math.max(20, (this.#terminal.columns || 100) - 1);
  }

  /** Replaces the block. Lines must not be wider than `width`. */
  draw(lines: readonly string[]): void {
    this.#terminal.write(`${this.#back()}${lines.map((line) => `${line}\n`).join('')}`);
    this.#height = lines.length;
  }

  /** Takes the block away; what is written next stands in its place. */
  clear(): void {
    this.#terminal.write(this.#back());
    this.#height = 0;
  }

  /** Up to the first line of the block, then everything below is erased. */
  #back(): string {
    return this.#height === 0 ? '' : `\u001b[${this.#height}A\u001b[0J`;
  }
}
