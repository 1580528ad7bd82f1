import { openAsBlob } from 'node:fs';
import { SostenutoError } from '../../../errors/problem.ts';
import type { Tracking } from '../tracking.ts';

export interface Call {
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** Older servers don't have it: then it is rejected as `404`, in place of the whole server. */
  readonly isNew?: boolean;
}

/** Calls of MLflow's REST interface, version 2.0 of the protocol. */
export interface Client {
  /** Version that the server says it has; undefined where a gateway hides it. */
  version(): Promise<string | undefined>;
  /** @throws SostenutoError `TRACKER_UNREACHABLE` (worth another try), `TRACKER_LOGIN`, `TRACKER_UNSUITABLE`, `TRACKER_REJECTED` */
  call(method: 'GET' | 'POST' | 'PATCH', path: string, call: Call): Promise<Answer>;
  /** Uploads a file through the server's artifact proxy. */
  upload(path: string, file: string | Blob): Promise<void>;
}
export type Answer = Readonly<Record<string, unknown>>;

const callMs = 15_000;
/** An upload may take as long as it likes while bytes move; this is for one that hangs. */
const uploadMs = 30 * 60_000;
const leastVersion = 2;

export function createClient({ uri, authorization }: Tracking, signal?: AbortSignal): Client {
  const base = uri.replace(/\/+$/, '');
  const headers = authorization === undefined ? {} : { authorization };

  async function send(path: string, init: RequestInit & { milliseconds: number }): Promise<Response> {
    const { milliseconds, ...request } = init;
    const limit = AbortSignal.timeout(milliseconds);
    try {
      return await fetch(`${base}${path}`, {
        ...request,
        headers: { ...headers, ...request.headers },
        signal: signal === undefined ? limit : AbortSignal.any([signal, limit]),
      });
    } catch (error) {
      signal?.throwIfAborted();
      const cause: unknown = error instanceof Error && error.cause instanceof Error ? error.cause : error;
      throw unreachable(base, cause instanceof Error ? cause.message : String(cause), error);
    }
  }

  async function text(path: string, init: RequestInit & { milliseconds: number }): Promise<{ status: number; body: string }> {
    const response = await send(path, init);
    try {
      return { status: response.status, body: await response.text() };
    } catch (error) {
      signal?.throwIfAborted();
      throw unreachable(base, 'the answer broke off', error);
    }
  }

  return {
    async version() {
      const { status, body } = await text('/version', { milliseconds: callMs });
      refuseStatus(base, status, body);
      const version = /^\s*(\d+)\.\d+\S*\s*$/.exec(body);
      if (version === null) return undefined;
      if (Number(version[1]) < leastVersion) throw unsuitable(base, `MLflow ${body.trim()}`);
      return body.trim();
    },
    async call(method, path, { query, body, isNew }) {
      const search = query === undefined ? '' : `?${new URLSearchParams(query)}`;
      const answer = await text(`/api/2.0/mlflow/${path}${search}`, {
        method,
        milliseconds: callMs,
        ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
      });
      refuseStatus(base, answer.status, answer.body);
      const parsed = parse(answer.body);
      if (parsed === undefined && isNew && answer.status === 404) throw rejected(base, path, '404', 'no such call');
      if (parsed === undefined) throw unsuitable(base, `${path}: status ${answer.status}, ${answer.body.slice(0, 80)}`);
      if (answer.status < 400) return parsed;
      throw rejected(base, path, String(parsed['error_code'] ?? answer.status), String(parsed['message'] ?? answer.body));
    },
    async upload(path, file) {
      const body = typeof file === 'string' ? await openAsBlob(file) : file;
      const encoded = path.split('/').map(encodeURIComponent).join('/');
      const answer = await text(`/api/2.0/mlflow-artifacts/artifacts/${encoded}`, { method: 'PUT', body, milliseconds: uploadMs });
      refuseStatus(base, answer.status, answer.body);
      if (answer.status >= 400) throw rejected(base, path, String(answer.status), answer.body);
    },
  };
}

/** MLflow's own name of what is wrong, of an error `TRACKER_REJECTED`; `404` where the server doesn't know the call. */
export const rejectionOf = (error: unknown): string | undefined =>
  error instanceof SostenutoError && error.code === 'TRACKER_REJECTED' ? error.problems[0]?.found?.split(':', 1)[0] : undefined;

function refuseStatus(uri: string, status: number, body: string): void {
  if (status === 401 || status === 403) {
    throw new SostenutoError({
      code: 'TRACKER_LOGIN',
      what: 'The MLflow server does not let this project in.',
      where: uri,
      found: `status ${status}: ${body.slice(0, 200).trim()}`,
      hint: 'MLFLOW_TRACKING_TOKEN, or MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD; of a server with --allowed-hosts, its name must be among them',
    });
  }
  if (status >= 500 || status === 429 || status === 408) throw unreachable(uri, `status ${status}: ${body.slice(0, 200).trim()}`);
}

/** An object, or what a server without the call answers: a page, or nothing. */
function parse(body: string): Answer | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

const unreachable = (where: string, found: string, cause?: unknown): SostenutoError =>
  new SostenutoError(
    {
      code: 'TRACKER_UNREACHABLE',
      what: 'The MLflow server does not answer.',
      where,
      found,
      hint: 'start it, or correct tracking.uri or MLFLOW_TRACKING_URI; what it is not told follows later',
    },
    { retryable: true, ...(cause === undefined ? {} : { cause }) },
  );
const unsuitable = (where: string, found: string): SostenutoError =>
  new SostenutoError({
    code: 'TRACKER_UNSUITABLE',
    what: 'What answers is not an MLflow server that can be used.',
    where,
    found,
    expected: `MLflow ${leastVersion}.0 or newer`,
    hint: 'correct tracking.uri or MLFLOW_TRACKING_URI',
  });
const rejected = (uri: string, path: string, code: string, message: string): SostenutoError =>
  new SostenutoError({
    code: 'TRACKER_REJECTED',
    what: 'The MLflow server refuses what it was sent.',
    where: `${uri}, ${path}`,
    found: `${code}: ${message.slice(0, 500)}`,
  });
