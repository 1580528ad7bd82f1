import { tableLines } from '../output.ts';
import type { NeedsOfPreset } from '../session/encoder-weights.ts';
import type { Need } from './needs.ts';

export const bytesText = (bytes: number): string =>
  bytes >= 1e9 ? `${(bytes / 1e9).toFixed(2)} GB` : bytes >= 1e6 ? `${(bytes / 1e6).toFixed(1)} MB` : `${Math.ceil(bytes / 1e3)} kB`;

/** A table for a preset, and under it what is missing or wrong, with the way out. */
export function needLines({ preset, needs }: NeedsOfPreset): string[] {
  const rows = needs.map((need) => [need.role, need.encoder, need.status, sizeOf(need), digestOf(need), need.licence, need.folder]);
  return [
    preset,
    ...tableLines(['for', 'encoder', 'status', 'size', 'sha256 of the weights', 'licence', 'folder'], rows).map((line) => `  ${line}`),
    ...needs.flatMap((need) => lacking(need, preset)).map((line) => `  ${line}`),
    '',
  ];
}

function lacking({ status, role, folder, missing, problem, published }: Need, preset: string): string[] {
  if (status === 'missing') {
    const source = published ? `sostenuto weights fetch --preset ${preset} brings them from ${published.repository}` : 'place them there';
    return [`✗ ${role}: ${missing.join(', ')} are not in ${folder}`, `  → ${source}`];
  }
  return status === 'wrong' ? [`✗ ${role}:`, ...(problem ?? '').split('\n').map((line) => `  ${line}`)] : [];
}

const sizeOf = ({ files }: Need): string | undefined =>
  files.length === 0 ? undefined : bytesText(files.reduce((sum, { bytes }) => sum + bytes, 0));

/** Of the one file, or the first piece; `--json` has them all. */
const digestOf = ({ files }: Need): string | undefined => {
  const weights = files.filter(({ name }) => name.endsWith('.safetensors'));
  return weights[0]?.sha256 && `${weights[0].sha256.slice(0, 12)}${weights.length > 1 ? ` + ${weights.length - 1}` : ''}`;
};
