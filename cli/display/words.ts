import type { NodeStatus } from '../../activities/messages.ts';

/** `0.42 s`, `12 s`, `3 min 05 s`, `2 h 10 min`, `3 d 4 h`. */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds) || seconds < 0) return '?';
  if (seconds < 1) return `${seconds.toFixed(2)} s`;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  if (whole < 86_400) return `${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} min`;
  return `${Math.floor(whole / 86_400)} d ${Math.floor((whole % 86_400) / 3600)} h`;
}
const two = (value: number): string => String(value).padStart(2, '0');

const sizes = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
/** `512 B`, `1.5 MiB`. */
export function size(bytes: number): string {
  const power = bytes < 1024 ? 0 : Math.min(sizes.length - 1, Math.floor(Math.log2(bytes) / 10));
  const value = bytes / 1024 ** power;
  return `${power === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${sizes[power]}`;
}

/** Four significant digits, without an exponent where none is needed. */
export function figure(value: number): string {
  if (Number.isInteger(value)) return String(value);
  const magnitude = Math.abs(value);
  return magnitude >= 1e-3 && magnitude < 1e6 ? String(Number(value.toPrecision(4))) : value.toExponential(2);
}

export const statusSigns: Readonly<Record<NodeStatus, string>> = {
  pending: '·',
  ready: '◦',
  running: '▶',
  waiting: '?',
  done: '✓',
  failed: '✗',
  skipped: '–',
  blocked: '–',
  canceled: '–',
};

/** `1 run`, `3 runs`. */
export const counted = (count: number, one: string): string => `${count} ${one}${count === 1 ? '' : 's'}`;

/** Cut to a width, with an ellipsis in place of what is lost. */
export const cut = (text: string, width: number): string => (text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`);
