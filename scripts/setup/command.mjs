/** Runs other programs and finds them. */
import { spawn } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** A program that ended badly, with all it said. */
export class CommandFailed extends Error {
  /** @param {string} message @param {string} output */
  constructor(message, output) {
    super(message);
    this.output = output;
  }
}

/**
 * Runs a program to its end and returns what it printed. Throws when it cannot start, is aborted, runs past `seconds`,
 * or ends with another code than 0; the message ends with the last lines of stderr.
 * @param {string} program
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: Readonly<Record<string, string | undefined>>, signal?: AbortSignal, seconds?: number }} [options]
 * @returns {Promise<{ stdout: string, stderr: string }>}
 */
export function run(program, args, options = {}) {
  const limit = AbortSignal.timeout((options.seconds ?? 1800) * 1000);
  const signal = options.signal ? AbortSignal.any([options.signal, limit]) : limit;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: options.cwd, env: options.env, stdio: ['ignore', 'pipe', 'pipe'], signal });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text) => {
      stdout = (stdout + text).slice(-1_000_000);
    });
    child.stderr.setEncoding('utf8').on('data', (text) => {
      stderr = (stderr + text).slice(-100_000);
    });
    child.once('error', (error) => reject(limit.aborted ? new Error(`${program}: no end after ${options.seconds} s`) : error));
    child.once('close', (code, killed) => {
      if (code === 0) resolve({ stdout, stderr });
      else
        reject(
          new CommandFailed(
            `${program} ${args[0] ?? ''} ended with ${killed ?? `code ${code}`}: ${lastLines(stderr || stdout)}`,
            stderr || stdout,
          ),
        );
    });
  });
}

/** The end of a program's output on one line, without npm's advertisements. @param {string} text @returns {string} */
export function lastLines(text) {
  const lines = text.split('\n').map((line) => line.trim().replace(/^npm error\s*/, ''));
  const telling = lines.filter((line) => line !== '' && !/^npm (notice|warn)|^A complete log/.test(line));
  return telling.slice(-3).join(' | ').slice(-250);
}

/** @param {string} path @returns {boolean} */
export function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** Python 3: the one that is named, or on PATH. @param {Readonly<Record<string, string | undefined>>} env @returns {string} */
export function pythonOf(env) {
  const found = env['PYTHON'] || which('python3', env) || which('python', env);
  if (!found) throw new Error('no Python 3 on PATH');
  return found;
}

/**
 * Full path of a program on PATH.
 * @param {string} name
 * @param {Readonly<Record<string, string | undefined>>} env
 * @returns {string | undefined}
 */
export function which(name, env) {
  const file = process.platform === 'win32' ? `${name}.exe` : name;
  const folders = (env['PATH'] ?? '').split(delimiter).filter(Boolean);
  return folders.map((folder) => join(folder, file)).find(isExecutable);
}
