import { tableLines } from '../output.ts';
import type { NeedsOfPreset } from '../session/encoder-weights.ts';
import type { Need, WeightFile } from './needs.ts';
import type { NetworkNeed } from './networks.ts';

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

/** A table of the networks of an evaluation, and under it what is not there, where it comes from and what to do with it. */
export function networkLines(networks: readonly NetworkNeed[]): string[] {
  const rows = networks.map((need) => {
    const { network, measures, status, published, place } = need;
    const [size, licence] =
      status === 'built in' ? [undefined, 'Apache-2.0'] : [sizeOf(need) ?? published?.size ?? 'unknown', published?.licence];
    const purpose = `${measures.slice(0, 3).join(', ')}${measures.length > 3 ? ` + ${measures.length - 3}` : ''}`;
    return [network, status, size, digestOf(need), licence, place, purpose];
  });
  const columns = ['network', 'status', 'size', 'sha256 of the weights', 'licence', 'place', 'for'];
  return ['evaluate', ...tableLines(columns, rows).map((line) => `  ${line}`), ...networks.flatMap(toDo).map((line) => `  ${line}`), ''];
}

/** What is to be done by whoever wants a network. */
function toDo({ network, status, place = '', setting, problem, published, missing }: NetworkNeed): string[] {
  if (status === 'wrong') return [`✗ ${network}:`, ...(problem ?? '').split('\n').map((line) => `  ${line}`)];
  if (!published || status === 'built in') return [];
  const use = setting === undefined ? [] : [`  → --set ${setting}`];
  if (status === 'there') return use.length > 0 ? [`· ${network} is there, and is used with`, ...use] : [];
  const { hub, source, size = 'unknown', digest = 'unknown', conversion } = published;
  const mark = status === 'missing' ? '✗' : '·';
  const how = hub
    ? [`  → sostenuto weights fetch --pipeline evaluate brings ${missing.join(', ')} from ${hub.repository}`]
    : [`  → download ${source} (size ${size}; digest: ${digest})`, ...(conversion === undefined ? [] : [`  → ${conversion}`])];
  return [`${mark} ${network} is not in ${place}`, ...how, ...use];
}

const sizeOf = ({ files }: { readonly files: readonly WeightFile[] }): string | undefined =>
  files.length === 0 ? undefined : bytesText(files.reduce((sum, { bytes }) => sum + bytes, 0));

/** Of the one file, or the first piece; `--json` has them all. */
const digestOf = ({ files }: { readonly files: readonly WeightFile[] }): string | undefined => {
  const weights = files.filter(({ name }) => /\.(?:safetensors|onnx)$/.test(name));
  return weights[0]?.sha256 && `${weights[0].sha256.slice(0, 12)}${weights.length > 1 ? ` + ${weights.length - 1}` : ''}`;
};
