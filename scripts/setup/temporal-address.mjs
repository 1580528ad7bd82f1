/** A Temporal server that is already there: where it would be, and whether it answers. */
import { readFileSync } from 'node:fs';
import { connect as connectHttp2 } from 'node:http2';
import { connect as connectTcp } from 'node:net';
import { homedir } from 'node:os';
import { join } from 'node:path';

export const LOCAL_ADDRESS = '127.0.0.1:7233';

/** @typedef {Readonly<Record<string, string | undefined>>} Environment */

/** Where Temporal's own tools look for temporal.toml. @param {Environment} env @returns {string} */
export function tomlPath(env) {
  const home = env['HOME'] ?? homedir();
  const folder =
    process.platform === 'win32'
      ? (env['APPDATA'] ?? home)
      : process.platform === 'darwin'
        ? join(home, 'Library', 'Application Support')
        : (env['XDG_CONFIG_HOME'] ?? join(home, '.config'));
  return env['TEMPORAL_CONFIG_FILE'] ?? join(folder, 'temporalio', 'temporal.toml');
}

/**
 * `address` of a profile; only what is needed of TOML.
 * @param {string} toml @param {string} profile @returns {string | undefined}
 */
export function addressInToml(toml, profile) {
  let inside = false;
  for (const line of toml.split('\n')) {
    const table = /^\s*\[\s*([^\]]+?)\s*\]/.exec(line)?.[1];
    if (table !== undefined) inside = table.replace(/["']/g, '') === `profile.${profile}`;
    const address = inside ? /^\s*address\s*=\s*["']([^"']*)["']/.exec(line)?.[1] : undefined;
    if (address) return address;
  }
  return undefined;
}

/** The address a person asked for: the environment wins over temporal.toml. @param {Environment} env @returns {{ address: string, source: string } | undefined} */
export function givenAddress(env) {
  if (env['TEMPORAL_ADDRESS']) return { address: env['TEMPORAL_ADDRESS'], source: 'TEMPORAL_ADDRESS' };
  try {
    const address = addressInToml(readFileSync(tomlPath(env), 'utf8'), env['TEMPORAL_PROFILE'] ?? 'default');
    return address ? { address, source: 'temporal.toml' } : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Whether something listens there. Enough for an address somebody gave: it may need TLS and a key, which are the client's business.
 * @param {string} address host:port @param {number} [milliseconds] @returns {Promise<boolean>}
 */
export function listens(address, milliseconds = 2000) {
  const { hostname, port } = new URL(`tcp://${address}`);
  return new Promise((resolve) => {
    const socket = connectTcp({ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 7233), timeout: milliseconds });
    const end = (/** @type {boolean} */ answer) => {
      socket.destroy();
      resolve(answer);
    };
    socket
      .once('connect', () => end(true))
      .once('timeout', () => end(false))
      .once('error', () => end(false));
  });
}

/**
 * Whether a Temporal frontend serves there, asked by the gRPC health protocol without TLS.
 * @param {string} address host:port @param {number} [milliseconds] @returns {Promise<boolean>}
 */
export async function servesTemporal(address, milliseconds = 1000) {
  if (!(await listens(address, milliseconds))) return false;
  const service = Buffer.from('temporal.api.workflowservice.v1.WorkflowService');
  const message = Buffer.concat([Buffer.from([0x0a, service.length]), service]); // HealthCheckRequest { 1: service }
  const frame = Buffer.concat([Buffer.from([0, 0, 0, 0, message.length]), message]);
  return new Promise((resolve) => {
    const session = connectHttp2(`http://${address}`);
    const end = (/** @type {boolean} */ answer) => {
      clearTimeout(timer);
      session.destroy();
      resolve(answer);
    };
    const timer = setTimeout(() => end(false), milliseconds);
    session.on('error', () => end(false));
    const call = session.request({
      ':method': 'POST',
      ':path': '/grpc.health.v1.Health/Check',
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    /** @type {Buffer[]} */
    const parts = [];
    call.on('data', (part) => parts.push(part)).on('error', () => end(false));
    // HealthCheckResponse { 1: SERVING = 1 }
    call.once('end', () =>
      end(
        Buffer.concat(parts)
          .subarray(5)
          .equals(Buffer.from([0x08, 0x01])),
      ),
    );
    call.end(frame);
  });
}
