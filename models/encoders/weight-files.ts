import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SostenutoError } from '../../errors/problem.ts';

export const WHOLE = 'model.safetensors';
/** Says in which of several files each tensor lies, where a model is kept in pieces. */
export const INDEX = 'model.safetensors.index.json';

/**
 * Files of a folder's weights, the index first where they are kept in pieces: `model.safetensors`, or what its index names.
 * Throws `ENCODER_WEIGHTS` with all that are not there.
 */
export function weightFiles(folder: string): string[] {
  if (existsSync(join(folder, WHOLE))) return [WHOLE];
  const index = join(folder, INDEX);
  if (!existsSync(index))
    throw refusal(folder, 'nothing', `${WHOLE}, or ${INDEX} with its pieces`, 'weights of torch are converted with save_pretrained(…)');
  const pieces = [...new Set(Object.values(weightMap(index)))].sort();
  const missing = pieces.filter((name) => !existsSync(join(folder, name)));
  if (missing.length > 0) throw refusal(index, `no ${missing.join(', ')}`, `the ${pieces.length} files that it names, beside it`);
  return [INDEX, ...pieces];
}

/** File by tensor; a name that would lead out of the folder is refused. */
function weightMap(index: string): Record<string, string> {
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(index, 'utf8'));
  } catch (error) {
    throw refusal(index, error instanceof Error ? error.message : String(error), 'JSON');
  }
  const map: unknown = typeof json === 'object' && json !== null ? Reflect.get(json, 'weight_map') : undefined;
  const entries = typeof map === 'object' && map !== null ? Object.entries(map) : [];
  const wrong = entries.find(([, file]) => typeof file !== 'string' || !/^[\w-][\w.-]*\.safetensors$/.test(file));
  if (entries.length === 0 || wrong)
    throw refusal(index, JSON.stringify(wrong ?? map) ?? 'nothing', 'weight_map: a file name for each tensor');
  return Object.fromEntries(entries);
}

const refusal = (where: string, found: string, expected: string, hint?: string) =>
  new SostenutoError({
    code: 'ENCODER_WEIGHTS',
    what: 'The weights of this encoder are not all there.',
    where,
    found,
    expected,
    hint: hint ?? 'sostenuto weights fetch brings published ones',
  });
