import { loadClientConnectConfig } from '@temporalio/envconfig';
import { z } from 'zod';
import type { Problem } from '../../errors/problem.ts';
import type { Config } from './config.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** What the environment says, by the field it sets. An empty variable counts as unset. */
export interface FromEnvironment {
  readonly home?: string | undefined;
  readonly serverPort?: number | undefined;
  readonly uiPort?: number | undefined;
  readonly webPort?: number | undefined;
  readonly backend?: Config['backend'] | undefined;
  readonly cliPath?: string | undefined;
  readonly alertWebhook?: string | undefined;
}

const port = z.coerce.number<string>('a port number from 1 to 65535').int().min(1).max(65535);
const variables = {
  home: ['SOSTENUTO_HOME', z.string()],
  serverPort: ['SOSTENUTO_SERVER_PORT', port],
  uiPort: ['SOSTENUTO_UI_PORT', port],
  webPort: ['SOSTENUTO_WEB_PORT', port],
  backend: ['SOSTENUTO_BACKEND', z.enum(['tensorflow', 'wasm', 'cpu'], 'tensorflow, wasm or cpu')],
  cliPath: ['TEMPORAL_CLI_PATH', z.string()],
  alertWebhook: ['SOSTENUTO_ALERT_WEBHOOK', z.url({ protocol: /^https?$/, error: 'http://… or https://…' })],
} as const satisfies Record<keyof FromEnvironment, readonly [string, z.ZodType]>;

/** Reads this project's own variables; wrong values are added to `problems`. */
export function readEnvironment(env: Environment, problems: Problem[]): FromEnvironment {
  const read: Record<string, unknown> = {};
  for (const [field, [name, schema]] of Object.entries(variables)) {
    const text = env[name];
    if (text === undefined || text === '') continue;
    const parsed = schema.safeParse(text);
    if (parsed.success) read[field] = parsed.data;
    else {
      const expected = parsed.error.issues.map(({ message }) => message).join('; ');
      problems.push({ code: 'CONFIG_INVALID', what: `The environment variable ${name} is wrong.`, where: name, found: text, expected });
    }
  }
  return read;
}

/** Server, namespace, TLS and key as all Temporal tools read them: `temporal.toml`, then `TEMPORAL_*`. */
export function readTemporalProfile(
  env: Environment,
  problems: Problem[],
): { address?: string | undefined; namespace?: string | undefined; connection: Config['temporal']['connection'] } {
  try {
    const set = Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== '');
    const { connectionOptions, namespace } = loadClientConnectConfig({ overrideEnvVars: Object.fromEntries(set) });
    const { address, ...connection } = connectionOptions;
    const present = Object.fromEntries(Object.entries(connection).filter(([, value]) => value !== undefined));
    return { address, namespace, connection: present };
  } catch (error) {
    const found = error instanceof Error ? error.message : String(error);
    const hint = 'correct temporal.toml or the TEMPORAL_* variables';
    problems.push({
      code: 'CONFIG_INVALID',
      what: "Temporal's connection settings cannot be read.",
      where: 'temporal.toml, TEMPORAL_*',
      found,
      hint,
    });
    return { connection: {} };
  }
}
