import type { ReportedNode } from './model.ts';

/** `0.42 s`, `12.4 s`, `3 min 07 s`, `2 h 05 min`, `4 d 06 h`. */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds) || seconds < 0) return '–';
  if (seconds < 0.995) return seconds < 0.0005 ? '0 s' : `${seconds.toPrecision(2)} s`;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const two = (value: number) => String(value).padStart(2, '0');
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 48 * 60) return `${Math.floor(minutes / 60)} h ${two(minutes % 60)} min`;
  const hours = Math.round(seconds / 3600);
  return `${Math.floor(hours / 24)} d ${two(hours % 24)} h`;
}

/** Four significant digits; thousands apart; powers only where nothing else is readable. */
export function quantity(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e9)) return value.toExponential(2);
  if (Number.isInteger(value)) return value.toLocaleString('en-GB');
  return size >= 1000 ? value.toLocaleString('en-GB', { maximumFractionDigits: 1 }) : String(Number(value.toPrecision(4)));
}

export const counted = (count: number, one: string, many = `${one}s`): string => `${quantity(count)} ${count === 1 ? one : many}`;

/** What happened to a node, for its colour and its word. */
export type Outcome = 'ran' | 'reused' | 'failed' | 'waiting' | 'idle';
export function outcomeOf(node: Pick<ReportedNode, 'status' | 'cache'>): Outcome {
  if (node.status === 'done') return node.cache === 'hit' ? 'reused' : 'ran';
  if (node.status === 'failed') return 'failed';
  return node.status === 'running' || node.status === 'waiting' || node.status === 'ready' ? 'waiting' : 'idle';
}
export const outcomeWord = (node: Pick<ReportedNode, 'status' | 'cache'>): string =>
  node.status === 'done' ? (node.cache === 'hit' ? 'reused' : 'ran') : node.status;

/** A day and a time that read the same everywhere: `23 Nov 2026, 22:14 UTC`. */
export function moment(iso: string): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return iso;
  const day = date.toLocaleDateString('en-GB', { day: 'numeric', month: 'short', year: 'numeric', timeZone: 'UTC' });
  return `${day}, ${date.toISOString().slice(11, 16)} UTC`;
}

/** A name that is safe as an HTML id and as one part of a path. */
export const slug = (text: string): string => text.replace(/[^A-Za-z0-9._-]+/g, '-').replace(/^[.-]+/, '') || 'unnamed';
