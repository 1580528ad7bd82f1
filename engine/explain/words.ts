import type { Explanation, Reason } from './explain.ts';

/** "node: runs because ...", one line. */
export function describeExplanation({ node, decision, reasons }: Explanation): string {
  if (decision === 'reused') return `${node}: reused`;
  return `${node}: runs because ${reasons.map(describeReason).join('; ')}`;
}

export function describeReason(reason: Reason): string {
  switch (reason.kind) {
    case 'forced':
      return 'it was asked to';
    case 'first':
      return 'it has not run before';
    case 'outputs-missing':
      return 'its result is no longer in the store';
    case 'param':
      return `setting ${reason.path} changed: ${shown(reason.from)} → ${shown(reason.to)}`;
    case 'item':
      return `its element changed${reason.path === '' ? '' : ` at ${reason.path}`}: ${shown(reason.from)} → ${shown(reason.to)}`;
    case 'input':
      return `input ${reason.input} changed${reason.upstream === undefined ? '' : ` (${reason.upstream.node}.${reason.upstream.output})`}`;
    case 'code':
      return describeCode(reason);
  }
}

function describeCode({ file, change, from, to }: Reason & { kind: 'code' }): string {
  const name = file.startsWith('npm:') ? `package ${file.slice('npm:'.length)}` : file;
  if (change !== 'changed') return `${name} was ${change}`;
  return file.startsWith('npm:') ? `${name} changed: ${from} → ${to}` : `${name} changed`;
}

function shown(value: unknown): string {
  const text = value === undefined ? 'nothing' : JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
