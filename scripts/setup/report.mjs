/** What the person sees: a line when something long begins, a line with the result of every step. */

/** @typedef {import('./types.d.ts').StepOutcome} StepOutcome */

/**
 * The lines of a finished step: what was found, where, how long it took, and what was passed over.
 * @param {StepOutcome} outcome @returns {string[]}
 */
export function linesOf(outcome) {
  const [first = '', ...more] = outcome.found.split('\n');
  const took = outcome.reused ? 'as before' : `${outcome.seconds.toFixed(1)} s`;
  const lines = [`  ${outcome.ok ? '✓' : '✗'} ${outcome.title.padEnd(13)} ${first}  (${took})`];
  const indent = ' '.repeat(18);
  for (const line of more) lines.push(indent + line);
  if (outcome.where) lines.push(indent + outcome.where);
  const showTried = !outcome.reused && outcome.tried.length > 0;
  if (showTried) lines.push(...outcome.tried.map(({ source, reason }) => `${indent}not ${source}: ${reason}`));
  return lines;
}

/**
 * Prints steps as they end. On a terminal a last line shows what is still running.
 * @param {NodeJS.WriteStream} stream
 */
export function createReporter(stream) {
  /** @type {Map<string, { text: string, since: number }>} */
  const running = new Map();
  const clear = () => stream.isTTY && stream.write('\r\x1b[2K');
  const draw = () => {
    if (!stream.isTTY || running.size === 0) return;
    const parts = [...running.values()].map(({ text, since }) => `${text} ${((performance.now() - since) / 1000).toFixed(0)} s`);
    clear();
    stream.write(`  … ${parts.join(' · ')}`.slice(0, stream.columns - 1));
  };
  const timer = stream.isTTY ? setInterval(draw, 500).unref() : undefined;
  const print = (/** @type {string} */ line) => {
    clear();
    stream.write(`${line}\n`);
    draw();
  };
  return {
    print,
    note(/** @type {string} */ title, /** @type {string} */ text) {
      running.set(title, { text: title, since: running.get(title)?.since ?? performance.now() });
      print(`  … ${title.padEnd(13)} ${text}`);
    },
    done(/** @type {StepOutcome} */ outcome) {
      running.delete(outcome.title);
      for (const line of linesOf(outcome)) print(line);
    },
    end() {
      clearInterval(timer);
      clear();
    },
  };
}
