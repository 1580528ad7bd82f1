/** Options that ffmpeg renamed between the versions in use. */
import { SostenutoError } from '../../errors/problem.ts';
import { runTool } from './tool-process.ts';
import type { MediaTools } from './tools.ts';

export interface VersionOptions {
  /** Every decoded frame once, neither doubled nor dropped: `-fps_mode` since 5.1 (libavcodec 59.37), `-vsync` before. */
  readonly everyFrame: readonly string[];
  /** Times in the unit of the file: `filter` since 6.1 (libavcodec 60.31), −1 before. */
  readonly fileTimes: readonly string[];
}

const known = new Map<string, Promise<VersionOptions>>();

/** The spelling that this ffmpeg understands; asked once a process. */
export function optionsOf(tools: MediaTools, signal?: AbortSignal): Promise<VersionOptions> {
  let options = known.get(tools.ffmpeg);
  if (!options) {
    options = ask(tools, signal);
    known.set(tools.ffmpeg, options);
    options.catch(() => known.delete(tools.ffmpeg));
  }
  return options;
}

async function ask(tools: MediaTools, signal?: AbortSignal): Promise<VersionOptions> {
  const { outputs } = await runTool({ command: tools.ffmpeg, args: ['-version'], outputs: [1], signal });
  const [major = 0, minor = 0] =
    /libavcodec\s+(\d+)\.\s*(\d+)/
      .exec(outputs[1]?.toString('latin1') ?? '')
      ?.slice(1)
      .map(Number) ?? [];
  const since = (first: number, second: number) => major > first || (major === first && minor >= second);
  return {
    everyFrame: [since(59, 37) ? '-fps_mode' : '-vsync', 'passthrough'],
    fileTimes: ['-enc_time_base', since(60, 31) ? 'filter' : '-1'],
  };
}

/**
 * A tool that doesn't know an option says nothing about the clip.
 * @throws SostenutoError FFMPEG_UNSUITABLE
 */
export function refuseOldOptions(tools: MediaTools, stderr: readonly string[]): void {
  const complaint = stderr.find((line) => /Unrecognized option|Option \S+ not found|Unknown (en|de)coder|Invalid time base/.test(line));
  if (complaint === undefined) return;
  throw new SostenutoError({
    code: 'FFMPEG_UNSUITABLE',
    what: 'This ffmpeg does not know what is asked of it',
    where: tools.ffmpeg,
    found: complaint,
    expected: 'ffmpeg 4.1 or newer with libx264 and AAC',
    hint: 'set FFMPEG_PATH to another one',
  });
}
