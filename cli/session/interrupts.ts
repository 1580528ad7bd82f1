/** Ctrl-C and SIGTERM as something to wait for. */
export interface Interrupts {
  /** Aborted by the first one. */
  readonly signal: AbortSignal;
  /** Resolves with the first one. */
  readonly first: Promise<void>;
  end(): void;
}

/** From now on the first interrupt is an answer, and the second one ends the process. */
export function listenForInterrupts(): Interrupts {
  const controller = new AbortController();
  const listener = (): void => {
    if (controller.signal.aborted) process.exit(130);
    controller.abort();
  };
  process.on('SIGINT', listener).on('SIGTERM', listener);
  return {
    signal: controller.signal,
    first: new Promise((resolve) => controller.signal.addEventListener('abort', () => resolve(), { once: true })),
    end: () => void process.off('SIGINT', listener).off('SIGTERM', listener),
  };
}
