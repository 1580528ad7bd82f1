/**
 * Wakes the main loop. A plain promise instead of a condition: conditions are looked at by further calls into the sandbox, which cost more than
 * everything that the loop does for a node.
 */
export class Bell {
  #isRung = false;
  #waiting: { readonly wake: () => void; readonly fail: (reason: unknown) => void } | undefined;
  #broken: { readonly reason: unknown } | undefined;

  /** Something happened. */
  ring(): void {
    this.#isRung = this.#waiting === undefined;
    this.#waiting?.wake();
    this.#waiting = undefined;
  }

  /** Nobody has to wait any more: `wait` rejects from now on. */
  break(reason: unknown): void {
    this.#broken = { reason };
    this.#waiting?.fail(reason);
    this.#waiting = undefined;
  }

  /** Resolves once it has been rung since the last time. One promise: the sandbox notes the stack of each. */
  wait(): Promise<void> {
    return new Promise<void>((wake, fail) => {
      if (this.#broken !== undefined) fail(this.#broken.reason);
      else if (this.#isRung) wake();
      else this.#waiting = { wake, fail };
      this.#isRung = false;
    });
  }
}
