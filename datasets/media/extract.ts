/** One clip to numbers, for a map over clips: a bad clip is a result, not an exception. */
import { SostenutoError } from '../../errors/problem.ts';
import { decodeMedia, type Frames } from './decode.ts';
import type { MediaOptions } from './probe.ts';

export interface ExtractOptions extends MediaOptions {
  readonly framesPerSecond: number;
  /** Side of the square frames. */
  readonly size: number;
  readonly sampleRate: number;
  /** Default `cover`. */
  readonly fit?: 'cover' | 'stretch';
  /** Where in the file to begin, and how much to take. Default all, up to two minutes. */
  readonly start?: number | undefined;
  readonly mostSeconds?: number | undefined;
  /** Whether a partly damaged clip is used as far as it could be decoded. Default no. */
  readonly acceptDamaged?: boolean;
}
export interface ExtractedClip {
  /** [F, size, size, 3]; undefined for a sound without picture. */
  readonly frames: Frames | undefined;
  /** Mono at `sampleRate`, sample 0 at time 0; undefined for a silent file. */
  readonly audio: Float32Array | undefined;
}
export type Extraction =
  | { readonly ok: true; readonly clip: ExtractedClip }
  | { readonly ok: false; readonly quarantined: { readonly reason: string } };

/**
 * Decodes frames and sound of a clip. Damaged and unreadable files come back as `quarantined` with the reason.
 * @throws only for what is not the clip's fault: an abort, a missing tool.
 */
export async function extractClip(path: string, options: ExtractOptions): Promise<Extraction> {
  const { framesPerSecond, size, sampleRate, fit = 'cover', start, mostSeconds, signal, tools } = options;
  try {
    const decoded = await decodeMedia(path, {
      framesPerSecond,
      size: { width: size, height: size, fit },
      sampleRate,
      start,
      mostSeconds,
      signal,
      tools,
    });
    if (decoded.damage.length > 0 && options.acceptDamaged !== true) return quarantined(`damaged: ${decoded.damage.join('; ')}`);
    return { ok: true, clip: { frames: decoded.frames, audio: decoded.audio } };
  } catch (error) {
    if (error instanceof SostenutoError && (error.code === 'MEDIA_UNREADABLE' || error.code === 'MEDIA_TOO_LARGE')) {
      return quarantined(error.problems.map((problem) => problem.found ?? problem.what).join('; '));
    }
    throw error;
  }
}

const quarantined = (reason: string): Extraction => ({ ok: false, quarantined: { reason } });
