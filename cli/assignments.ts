import { type Problem, SostenutoError } from '../errors/problem.ts';

type Fields = Record<string, unknown>;

/**
 * Settings from `path=value` words: `textToAudio.steps=100` becomes `{textToAudio: {steps: 100}}`. A value that reads as JSON is taken
 * as such (numbers, true, null, lists, objects, "quoted text"), anything else is a text.
 * @throws SostenutoError `BAD_USAGE` with every word that cannot be understood.
 */
export function settingsFrom(words: readonly string[]): Fields {
  const settings: Fields = {};
  const problems = words.flatMap((word): Problem[] => {
    const at = word.indexOf('=');
    const path = word.slice(0, at).split('.');
    if (at < 1 || path.some((name) => name === '' || name === '__proto__'))
      return [bad(word, 'The option --set needs path=value.', 'for example textToAudio.steps=100')];
    const clash = assign(settings, path, parsed(word.slice(at + 1)));
    return clash === undefined ? [] : [bad(word, `"${clash}" is set twice, to a value and to fields of it.`, 'one of them')];
  });
  if (problems.length > 0) throw new SostenutoError(problems);
  return settings;
}

const bad = (found: string, what: string, expected: string): Problem => ({ code: 'BAD_USAGE', what, where: '--set', found, expected });

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Sets the value; returns the path of a value that is in the way. */
function assign(settings: Fields, path: readonly string[], value: unknown): string | undefined {
  let at = settings;
  for (const [depth, name] of path.entries()) {
    const known = Object.hasOwn(at, name) ? at[name] : undefined;
    if (depth === path.length - 1) {
      if (isFields(known) && !isFields(value)) return path.join('.');
      at[name] = value;
    } else if (known === undefined) {
      const next: Fields = {};
      at[name] = next;
      at = next;
    } else if (isFields(known)) at = known;
    else return path.slice(0, depth + 1).join('.');
  }
  return undefined;
}

const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);
