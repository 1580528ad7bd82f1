/** ffmpeg and ffprobe: the person's own, those on PATH, or the binaries of npm packages. */
import { chmodSync, existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { firstThatWorks, NothingWorks } from './choose.mjs';
import { isExecutable, run, which } from './command.mjs';
import { installedFolder } from './installed.mjs';
import { isAtLeast, parseFfmpegVersion } from './versions.mjs';

/** libavcodec of FFmpeg 4.0 (2018). */
const LEAST_LIBAVCODEC = '58';
/** Encoders that the demo's videos need. */
const ENCODERS = ['libx264', 'aac'];

/** @typedef {{ ffmpeg: string, ffprobe: string, version: string, libavcodec: string }} Pair */

/**
 * Both programs start, are new enough, and ffmpeg has the encoders. Throws the reason otherwise.
 * @param {string} ffmpeg @param {string} ffprobe @param {AbortSignal} [signal]
 * @returns {Promise<Pair>}
 */
export async function checkFfmpeg(ffmpeg, ffprobe, signal) {
  for (const path of [ffmpeg, ffprobe]) if (!isExecutable(path)) throw new Error(`${path} is not an executable file`);
  const options = { seconds: 20, ...(signal && { signal }) };
  const outputs = await Promise.all([
    run(ffmpeg, ['-hide_banner', '-version'], options),
    run(ffprobe, ['-hide_banner', '-version'], options),
    run(ffmpeg, ['-hide_banner', '-encoders'], options),
  ]);
  const [version, probe] = [parseFfmpegVersion(outputs[0].stdout), parseFfmpegVersion(outputs[1].stdout)];
  for (const [path, { libavcodec }] of /** @type {const} */ ([
    [ffmpeg, version],
    [ffprobe, probe],
  ])) {
    if (!isAtLeast(libavcodec, LEAST_LIBAVCODEC))
      throw new Error(`${path} is too old: libavcodec ${libavcodec}, needs ${LEAST_LIBAVCODEC} (FFmpeg 4)`);
  }
  const missing = ENCODERS.filter((name) => !new RegExp(`^ [A-Z.]{6} ${name} `, 'm').test(outputs[2].stdout));
  if (missing.length > 0) throw new Error(`${ffmpeg} has no encoder ${missing.join(', ')}`);
  return { ffmpeg, ffprobe, ...version };
}

/**
 * In the order in which they are tried.
 * @param {{ root: string, env: Readonly<Record<string, string | undefined>> }} place
 * @param {(ffmpeg: string, ffprobe: string) => Promise<Pair>} check
 * @returns {import('./types.d.ts').Candidate<Pair>[]}
 */
export function ffmpegCandidates({ root, env }, check) {
  const given = env['FFMPEG_PATH'];
  const probeOnPath = () => which('ffprobe', env);
  return [
    {
      source: 'FFMPEG_PATH',
      attempt: async () => {
        if (!given) throw new Error('not set');
        const ffmpeg = resolve(root, given);
        const beside = join(dirname(ffmpeg), 'ffprobe');
        const ffprobe = env['FFPROBE_PATH'] ? resolve(root, env['FFPROBE_PATH']) : existsSync(beside) ? beside : probeOnPath();
        return check(ffmpeg, ffprobe ?? beside);
      },
    },
    {
      source: 'PATH',
      attempt: async () => {
        const ffmpeg = which('ffmpeg', env);
        const ffprobe = probeOnPath();
        if (!ffmpeg || !ffprobe) throw new Error(`no ${ffmpeg ? 'ffprobe' : 'ffmpeg'} on PATH`);
        return check(ffmpeg, ffprobe);
      },
    },
    {
      source: 'npm package',
      attempt: async () => {
        const platform = `${process.platform}-${process.arch}`;
        const ffmpeg = join(installedFolder(root, `@ffmpeg-installer/${platform}`), 'ffmpeg');
        const ffprobe = join(installedFolder(root, `@ffprobe-installer/${platform}`), 'ffprobe');
        for (const path of [ffmpeg, ffprobe]) {
          if (!existsSync(path)) throw new Error(`no binary for ${platform}`);
          if (!isExecutable(path)) chmodSync(path, 0o755); // its install script would have done it
        }
        return check(ffmpeg, ffprobe);
      },
    },
  ];
}

/** @type {import('./types.d.ts').Step} */
export const ffmpeg = {
  name: 'ffmpeg',
  title: 'ffmpeg',
  key: ({ env }) => [env['FFMPEG_PATH'], env['FFPROBE_PATH'], which('ffmpeg', env), which('ffprobe', env)],
  run: async (setup) => {
    const check = (/** @type {string} */ one, /** @type {string} */ two) => checkFfmpeg(one, two, setup.signal);
    const { source, value, tried } = await firstThatWorks(ffmpegCandidates(setup, check), setup.signal).catch((error) => {
      if (!(error instanceof NothingWorks)) throw error;
      throw new NothingWorks('no usable ffmpeg: install FFmpeg 4 or later with ffprobe, or set FFMPEG_PATH', error.tried);
    });
    return {
      found: `${value.version} (libavcodec ${value.libavcodec}), ${source}`,
      where: value.ffmpeg,
      tried,
      value: { source, ffmpeg: value.ffmpeg, ffprobe: value.ffprobe, version: value.version },
      files: [value.ffmpeg, value.ffprobe],
    };
  },
};
