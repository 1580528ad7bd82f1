import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import { workflowQueue } from '../../activities/worker/queues.ts';
import { type Problem, SostenutoError } from '../../errors/problem.ts';
import { scheduleSchema } from '../schedules/declaration.ts';
import type { Config } from './config.ts';
import type { ProjectConfig } from './define.ts';
import { type Environment, readEnvironment, readTemporalProfile } from './environment.ts';
import { readTracking } from './tracking.ts';

const port = z.number().int().min(1).max(65535);
const slots = z.number().int().min(1).max(10_000);
const name = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;
const schema = z.strictObject({
  home: z.string().min(1).exactOptional(),
  temporal: z.strictObject({ address: z.string().exactOptional(), namespace: z.string().exactOptional() }).exactOptional(),
  taskQueue: z.string().regex(name, 'letters, digits and . _ -').exactOptional(),
  slots: z.strictObject({ light: slots.exactOptional(), cpu: slots.exactOptional(), train: slots.exactOptional() }).exactOptional(),
  ports: z.strictObject({ server: port.exactOptional(), ui: port.exactOptional(), web: port.exactOptional() }).exactOptional(),
  tracking: z
    .strictObject({ uri: z.string(), experiment: z.string().min(1).exactOptional(), token: z.string().min(1).exactOptional() })
    .exactOptional(),
  schedules: z.record(z.string().regex(name, 'letters, digits and . _ -'), scheduleSchema).exactOptional(),
  alerts: z.strictObject({ webhook: z.url({ protocol: /^https?$/, error: 'http://… or https://…' }) }).exactOptional(),
  pipelines: z
    .record(z.string().regex(name, 'letters, digits and . _ -'), z.strictObject({ module: z.string().min(1), export: z.string().min(1) }))
    .refine((pipelines) => Object.keys(pipelines).length > 0, 'at least one pipeline'),
}) satisfies z.ZodType<ProjectConfig>;

/** Side by side, each with its share of the cores: a second thread gains a training less than it gains another one. */
const TRAININGS_ON_PROCESSORS = 2;

/** Where the pieces lie and how strong the machine is. */
export interface Place {
  /** The configuration file. */
  readonly file: string;
  readonly packageRoot: string;
  readonly cores: number;
  /** Whether TensorFlow has a graphics card to itself. */
  readonly hasGpu: boolean;
}

/**
 * Puts file, environment and defaults together; the environment wins.
 * @throws SostenutoError `CONFIG_INVALID` with every wrong field of the file and of the environment at once.
 */
export function resolveConfig(raw: unknown, env: Environment, { file, packageRoot, cores, hasGpu }: Place): Config {
  const problems: Problem[] = [];
  const given = readEnvironment(env, problems);
  const profile = readTemporalProfile(env, problems);
  const parsed = schema.safeParse(raw);
  if (!parsed.success) problems.push(...parsed.error.issues.map((issue) => problemOf(issue, raw, file)));
  for (const [key, { pipeline }] of Object.entries(parsed.data?.schedules ?? {})) {
    if (parsed.data !== undefined && !Object.hasOwn(parsed.data.pipelines, pipeline))
      problems.push({
        code: 'CONFIG_INVALID',
        what: `The schedule "${key}" names no pipeline of this project.`,
        where: `${file}, schedules.${key}.pipeline`,
        found: pipeline,
        expected: `one of ${Object.keys(parsed.data.pipelines).join(', ')}`,
      });
  }
  const tracking = readTracking(parsed.data?.tracking, env, file, problems);
  if (!parsed.success || problems.length > 0) throw new SostenutoError(problems);
  const project: ProjectConfig = parsed.data;

  const root = dirname(file);
  const home = given.home === undefined ? resolve(root, project.home ?? '.sostenuto') : resolve(given.home);
  const address = profile.address ?? project.temporal?.address;
  const pipelines = Object.entries(project.pipelines).map(([key, location]) => {
    const url = pathToFileURL(resolve(root, location.module)).href;
    return [key, { name: key, url, export: location.export }] as const;
  });
  const alertWebhook = given.alertWebhook ?? project.alerts?.webhook;
  const ports = {
    server: given.serverPort ?? project.ports?.server,
    ui: given.uiPort ?? project.ports?.ui,
    web: given.webPort ?? project.ports?.web,
  };
  return {
    file,
    root,
    packageRoot,
    tools: join(packageRoot, '.sostenuto'),
    home,
    temporal: {
      ...(address && { address }),
      namespace: profile.namespace ?? project.temporal?.namespace ?? 'default',
      connection: profile.connection,
      ...(given.cliPath && { cliPath: resolve(given.cliPath) }),
    },
    taskQueue: project.taskQueue ?? workflowQueue(home, join(packageRoot, '.sostenuto')),
    slots: { light: 100, cpu: cores, train: hasGpu ? 1 : Math.min(TRAININGS_ON_PROCESSORS, cores), ...project.slots },
    ports: {
      ...(ports.server !== undefined && { server: ports.server }),
      ...(ports.ui !== undefined && { ui: ports.ui }),
      ...(ports.web !== undefined && { web: ports.web }),
    },
    ...(given.backend && { backend: given.backend }),
    ...(tracking && { tracking }),
    schedules: new Map(Object.entries(project.schedules ?? {})),
    ...(alertWebhook && { alertWebhook }),
    pipelines: new Map(pipelines),
    defaultPipeline: Object.keys(project.pipelines)[0] ?? '',
  };
}

function problemOf(issue: z.core.$ZodIssue, raw: unknown, file: string): Problem {
  const path = issue.path.map(String);
  const value = path.reduce<unknown>((at, key) => (typeof at === 'object' && at !== null ? Reflect.get(at, key) : undefined), raw);
  const unknown = issue.code === 'unrecognized_keys' ? issue.keys : undefined;
  return {
    code: 'CONFIG_INVALID',
    what: unknown
      ? `The configuration has unknown fields: ${unknown.join(', ')}.`
      : `The configuration's field ${path.join('.') || '(all)'} is wrong.`,
    where: `${file}${path.length > 0 ? `, ${path.join('.')}` : ''}`,
    ...(unknown
      ? { found: unknown.join(', '), expected: 'fields that defineConfig takes (cli/config/define.ts)' }
      : { found: JSON.stringify(value) ?? 'nothing', expected: issue.message }),
  };
}
